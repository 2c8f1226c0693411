"""web3.py, the client the project uses: a real contract deployed, called, refused and listened to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from web3 import AsyncHTTPProvider, AsyncWeb3, HTTPProvider, Web3, WebSocketProvider
from web3.exceptions import ContractCustomError

from tests.support.devnet import Devnet

TOKEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "contracts" / "artifacts" / "SwarmToken.json").read_text(encoding="utf-8")
)
SUPPLY = 1_000
RECIPIENT = "0x00000000000000000000000000000000000000AA"
# ERC20InsufficientBalance(address,uint256,uint256), EIP-6093.
INSUFFICIENT_BALANCE = "0xe450d38c"


def test_web3_deploys_calls_estimates_and_reads_events(devnet: Devnet) -> None:
    web3: Any = Web3(HTTPProvider(devnet.rpc_url))
    owner: Any = Account.from_key(devnet.accounts[7].private_key)
    web3.eth.default_account = owner.address

    def send(call: Any) -> Any:
        transaction = call.build_transaction(
            {"from": owner.address, "nonce": web3.eth.get_transaction_count(owner.address)}
        )
        sent = web3.eth.send_raw_transaction(owner.sign_transaction(transaction).raw_transaction)
        return web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.02)

    factory = web3.eth.contract(abi=TOKEN["abi"], bytecode=TOKEN["bytecode"])
    address = send(factory.constructor(owner.address, SUPPLY))["contractAddress"]
    token = web3.eth.contract(address=address, abi=TOKEN["abi"])
    receipt = send(token.functions.transfer(RECIPIENT, 7))
    assert receipt["type"] == 2
    assert token.functions.balanceOf(RECIPIENT).call() == 7
    assert token.functions.balanceOf(owner.address).call(block_identifier=receipt["blockNumber"] - 1) == SUPPLY
    events = token.events.Transfer().get_logs(from_block=receipt["blockNumber"])
    assert [(event["args"]["to"], event["args"]["value"]) for event in events] == [(RECIPIENT, 7)]
    transfer = token.functions.transfer(RECIPIENT, SUPPLY)
    for refused in (transfer.call, transfer.estimate_gas):
        with pytest.raises(ContractCustomError) as caught:
            refused({"from": owner.address})
        assert str(caught.value.data).startswith(INSUFFICIENT_BALANCE)


async def test_async_web3_reads_blocks_fees_and_filters(devnet: Devnet) -> None:
    web3 = AsyncWeb3(AsyncHTTPProvider(devnet.rpc_url))
    try:
        assert await web3.eth.chain_id == devnet.chain_id
        block = await web3.eth.get_block("latest", full_transactions=True)
        assert (await web3.eth.get_block(block["hash"]))["number"] == block["number"]
        history = await web3.eth.fee_history(2, "latest", [50.0])
        assert len(history["baseFeePerGas"]) == 3
        seen = await web3.eth.filter("latest")
        sender, recipient = (account.address for account in devnet.accounts[8:10])
        sent = await web3.eth.send_transaction({"from": sender, "to": recipient, "value": Web3.to_wei(1, "wei")})
        receipt = await web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.02)
        new_hashes: list[Any] = list(await seen.get_new_entries())
        assert receipt["blockHash"] in new_hashes
    finally:
        await web3.provider.disconnect()


async def test_async_web3_hears_of_heads_and_logs_over_a_websocket(devnet: Devnet) -> None:
    async with AsyncWeb3(WebSocketProvider(devnet.rpc_url.replace("http", "ws"))) as web3:
        heads = await web3.eth.subscribe("newHeads")
        arrivals = await web3.eth.subscribe("newPendingTransactions")
        sender, recipient = (account.address for account in devnet.accounts[10:12])
        sent = await web3.eth.send_transaction({"from": sender, "to": recipient, "value": Web3.to_wei(1, "wei")})
        told: dict[Any, list[Any]] = {heads: [], arrivals: []}
        async for message in web3.socket.process_subscriptions():
            told[message["subscription"]].append(message["result"])
            if told[heads] and sent in told[arrivals]:
                break
        assert (await web3.eth.get_block(told[heads][0]["number"]))["hash"] == told[heads][0]["hash"]
        assert await web3.eth.unsubscribe(heads)
