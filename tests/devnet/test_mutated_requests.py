"""Sound requests with something changed in them: deeper into every method than plain nonsense comes."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.devnet.programs import LOG_INPUT, word
from tests.devnet.signing import Wallet
from tests.devnet.test_hostile import HASH, SEEDS, nonsense
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc

ROUNDS = 20


def sound_requests(rpc: Rpc, devnet: Devnet) -> dict[str, list[Any]]:
    """Parameters that every method here accepts, with every member there is."""
    wallet = Wallet.funded(rpc, devnet)
    contract = wallet.deploy(LOG_INPUT)
    receipt = rpc.receipt(wallet.send(to=contract, data="0x" + word(1) + word(2), gas=100_000))
    account, number = devnet.accounts[0].address, receipt["blockNumber"]
    call = {
        "from": account,
        "to": contract,
        "data": "0x" + word(1) + word(2),
        "value": "0x0",
        "gas": "0x30000",
        "maxFeePerGas": "0x77359400",
        "maxPriorityFeePerGas": "0x1",
        "accessList": [{"address": contract, "storageKeys": [HASH]}],
    }
    permission = wallet.authorize(contract, nonce=0)
    listed = {"chainId": hex(devnet.chain_id), "address": contract, "nonce": "0x0", "yParity": hex(permission.y_parity)}
    authorized = call | {"authorizationList": [listed | {"r": hex(permission.r), "s": hex(permission.s)}]}
    state = {contract: {"balance": "0x1", "nonce": "0x1", "code": "0x00", "stateDiff": {HASH: HASH}}}
    block = {"number": "0x5", "time": "0x9", "gasLimit": "0x100000", "feeRecipient": contract, "baseFeePerGas": "0x1"}
    logs = {"fromBlock": "0x0", "toBlock": "latest", "address": [contract], "topics": [[HASH], None]}
    trace = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
    typed = {
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}],
            "Order": [{"name": "amount", "type": "uint256"}, {"name": "items", "type": "Item[]"}],
            "Item": [{"name": "content", "type": "bytes"}],
        },
        "primaryType": "Order",
        "domain": {"name": "shop"},
        "message": {"amount": 1, "items": [{"content": "0x12"}]},
    }
    return {
        "debug_traceBlockByNumber": [number, trace],
        "debug_traceCall": [call, "latest", trace | {"stateOverrides": state, "blockOverrides": block}],
        "debug_traceTransaction": [receipt["transactionHash"], trace],
        "eth_call": [call, "latest", state, block],
        "eth_createAccessList": [call, "latest", state],
        "eth_estimateGas": [authorized, "latest", state],
        "eth_feeHistory": ["0x5", "latest", [10, 20.5]],
        "eth_getBlockByNumber": [number, True],
        "eth_getLogs": [logs],
        "eth_getProof": [contract, ["0x0", HASH], {"blockHash": receipt["blockHash"]}],
        "eth_getStorageAt": [contract, "0x0", {"blockNumber": number}],
        "eth_getTransactionByBlockNumberAndIndex": [number, "0x0"],
        "eth_newFilter": [logs],
        "eth_sendRawTransaction": [wallet.sign()],
        "eth_sendTransaction": [call],
        "eth_sign": [account, "0x1234"],
        "eth_signTransaction": [call | {"nonce": "0x0", "chainId": hex(devnet.chain_id)}],
        "eth_signTypedData_v4": [account, typed],
        "evm_increaseTime": ["0x1"],
        "evm_mine": [{"blocks": 1}],
        "hardhat_setBalance": [contract, "0x1"],
        "hardhat_setCode": [contract, "0x00"],
        "hardhat_setNonce": [contract, "0x99"],
        "hardhat_setStorageAt": [contract, "0x0", HASH],
    }


def mutated(source: random.Random, value: Any) -> Any:
    """The value with one thing in it changed."""
    if source.random() < 0.15 or not isinstance(value, list | dict | str) or not value:
        return nonsense(source)
    if isinstance(value, str):
        place = source.randrange(len(value))
        return value[:place] + source.choice(["", "f", "0", "g", "é", "ffff"]) + value[place + 1 :]
    chosen: Any = source.randrange(len(value)) if isinstance(value, list) else source.choice(list(value))
    changed: Any = value.copy()
    changed[chosen] = mutated(source, value[chosen])
    return changed


@pytest.mark.parametrize("seed", SEEDS)
def test_no_mutation_of_a_sound_request_is_a_fault_of_the_devnet(
    fresh_devnet: Devnet, fresh_rpc: Rpc, seed: int
) -> None:
    source = random.Random(seed)
    requests = sound_requests(fresh_rpc, fresh_devnet)
    for method, params in requests.items():
        assert "result" in fresh_rpc.post(fresh_rpc.request(method, *params)), method
    for method, params in requests.items():
        for _ in range(ROUNDS):
            changed = mutated(source, params)
            body = fresh_rpc.request(method, *(changed if isinstance(changed, list) else [changed]))
            answer = fresh_rpc.http.post("/", content=json.dumps(body)).json()
            assert answer.get("error", {}).get("code") != -32603, body
    assert fresh_rpc("evm_mine") == "0x0"
