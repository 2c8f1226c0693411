"""Sending transactions: every type, queues of one sender, and each refusal with words clients recognise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.devnet.programs import ECHO, LOG_INPUT, REVERT_WITH_INPUT, WANTS_GAS, creation_code, word
from tests.devnet.signing import ETHER, GWEI, Wallet
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc, RpcFailure, wait_for

RECIPIENT = "0x" + "ab" * 20


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, 2),
        ({"type": 1, "gasPrice": 2 * GWEI, "maxFeePerGas": None, "maxPriorityFeePerGas": None}, 1),
        ({"type": None, "gasPrice": 2 * GWEI, "maxFeePerGas": None, "maxPriorityFeePerGas": None}, 0),
    ],
)
def test_every_fee_type_is_mined_and_reported_as_signed(rpc: Rpc, wallet: Wallet, fields: Any, kind: int) -> None:
    before = rpc.integer("eth_getBalance", wallet.address, "latest")
    transaction_hash = wallet.send(to=RECIPIENT, value=5, **fields)
    receipt = rpc.receipt(transaction_hash)
    transaction = rpc("eth_getTransactionByHash", transaction_hash)
    assert (receipt["type"], transaction["type"]) == (hex(kind), hex(kind))
    assert (receipt["status"], receipt["gasUsed"]) == ("0x1", hex(21_000))
    assert (transaction["from"], transaction["to"]) == (wallet.address.lower(), RECIPIENT)
    assert (transaction["value"], transaction["nonce"]) == ("0x5", "0x0")
    assert transaction["gasPrice"] == receipt["effectiveGasPrice"]
    spent = before - rpc.integer("eth_getBalance", wallet.address, "latest")
    assert spent == 5 + 21_000 * int(receipt["effectiveGasPrice"], 16)


def test_one_sender_fills_a_block_with_many_transactions(fresh_rpc: Rpc, fresh_wallet: Wallet) -> None:
    fresh_rpc("evm_setAutomine", False)
    hashes = [fresh_wallet.send(to=RECIPIENT, value=1) for _ in range(40)]
    assert fresh_rpc.integer("eth_getTransactionCount", fresh_wallet.address, "pending") == 40
    assert fresh_rpc.integer("eth_getTransactionCount", fresh_wallet.address, "latest") == 0
    fresh_rpc("evm_mine")
    block = fresh_rpc("eth_getBlockByNumber", "latest", False)
    assert block["transactions"] == hashes
    assert fresh_rpc.integer("eth_getBalance", RECIPIENT) == 40


def test_transactions_that_arrive_out_of_order_wait_for_the_gap(rpc: Rpc, wallet: Wallet) -> None:
    late = [rpc("eth_sendRawTransaction", wallet.sign(nonce=nonce)) for nonce in (2, 1)]
    assert rpc.integer("eth_getTransactionCount", wallet.address, "pending") == 0
    assert all(rpc("eth_getTransactionReceipt", transaction_hash) is None for transaction_hash in late)
    waiting = rpc("eth_getTransactionByHash", late[0])
    assert (waiting["blockHash"], waiting["blockNumber"], waiting["transactionIndex"]) == (None, None, None)
    rpc("eth_sendRawTransaction", wallet.sign(nonce=0))
    assert all(rpc.receipt(transaction_hash)["status"] == "0x1" for transaction_hash in late)
    assert rpc.integer("eth_getTransactionCount", wallet.address, "latest") == 3


def test_a_waiting_transaction_is_replaced_by_one_that_pays_a_tenth_more(rpc: Rpc, wallet: Wallet) -> None:
    first = rpc("eth_sendRawTransaction", wallet.sign(nonce=1, maxFeePerGas=100 * GWEI, maxPriorityFeePerGas=GWEI))
    with pytest.raises(RpcFailure, match="replacement transaction underpriced"):
        rpc("eth_sendRawTransaction", wallet.sign(nonce=1, maxFeePerGas=109 * GWEI, maxPriorityFeePerGas=2 * GWEI))
    second = rpc("eth_sendRawTransaction", wallet.sign(nonce=1, maxFeePerGas=110 * GWEI, maxPriorityFeePerGas=2 * GWEI))
    rpc("eth_sendRawTransaction", wallet.sign(nonce=0))
    assert rpc.receipt(second)["status"] == "0x1"
    assert rpc("eth_getTransactionByHash", first) is None


def test_arrival_decides_the_order_in_a_block_not_the_tip(fresh_devnet: Devnet, fresh_rpc: Rpc) -> None:
    wallets = [Wallet.funded(fresh_rpc, fresh_devnet) for _ in range(3)]
    fresh_rpc("evm_setAutomine", False)
    hashes = [wallet.send(maxPriorityFeePerGas=tip * GWEI) for tip, wallet in enumerate(wallets, start=1)]
    hashes.append(wallets[0].send(maxPriorityFeePerGas=9 * GWEI))
    fresh_rpc("evm_mine")
    assert fresh_rpc("eth_getBlockByNumber", "latest", False)["transactions"] == hashes


def test_a_block_takes_no_more_gas_than_its_limit(fresh_rpc: Rpc, fresh_wallet: Wallet) -> None:
    fresh_rpc("evm_setAutomine", False)
    hashes = [fresh_wallet.send(gas=29_990_000, maxFeePerGas=10 * GWEI) for _ in range(2)]
    for transaction_hash in hashes:
        # The first leaves 29,979,000 of the 30,000,000: the second limit does not fit beside what the first used.
        fresh_rpc("evm_mine")
        assert fresh_rpc("eth_getBlockByNumber", "latest", False)["transactions"] == [transaction_hash]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"chainId": 1}, "invalid chain id for signer: have 1 want 31337"),
        ({"gas": 20_999}, "intrinsic gas too low: gas 20999, minimum needed 21000"),
        ({"gas": 30_000_001}, "exceeds block gas limit"),
        ({"data": "0x" + "ff" * 1000, "gas": 50_000}, "intrinsic gas too low: gas 50000, minimum needed 61000"),
        ({"value": 10 * ETHER}, r"insufficient funds for gas \* price \+ value"),
        ({"maxFeePerGas": 1, "maxPriorityFeePerGas": 1}, "underpriced: max fee per gas less than block base fee"),
        ({"maxFeePerGas": GWEI, "maxPriorityFeePerGas": 2 * GWEI}, "max priority fee per gas higher than max fee"),
        ({"to": None, "data": "0x" + "00" * 49_153, "gas": 3_000_000}, "max initcode size exceeded"),
        ({"data": "0x" + "00" * 131_072, "gas": 3_000_000}, "oversized data"),
    ],
)
def test_an_impossible_transaction_is_refused_with_the_reason(
    rpc: Rpc, wallet: Wallet, fields: Any, message: str
) -> None:
    with pytest.raises(RpcFailure, match=message) as caught:
        wallet.send(**fields)
    assert caught.value.code == -32000


def test_a_used_nonce_is_too_low(rpc: Rpc, wallet: Wallet) -> None:
    rpc.receipt(wallet.send())
    with pytest.raises(RpcFailure, match=r"nonce too low: address 0x[0-9a-f]{40}, tx: 0 state: 1"):
        rpc("eth_sendRawTransaction", wallet.sign(nonce=0))


def test_the_same_bytes_twice_are_already_known(rpc: Rpc, wallet: Wallet) -> None:
    raw = wallet.sign(nonce=5)
    rpc("eth_sendRawTransaction", raw)
    with pytest.raises(RpcFailure, match="already known"):
        rpc("eth_sendRawTransaction", raw)


def test_what_waits_counts_against_the_balance(rpc: Rpc, wallet: Wallet) -> None:
    rpc("eth_sendRawTransaction", wallet.sign(nonce=1, value=6 * ETHER))
    with pytest.raises(RpcFailure, match=r"insufficient funds .* for transactions that wait"):
        rpc("eth_sendRawTransaction", wallet.sign(nonce=2, value=6 * ETHER))


@pytest.mark.parametrize("raw", ["0x", "0x00", "0x02", "0xc0", "0x02c0", "0x7fc0", "0xff", "0x04deadbeef", "0xf8"])
def test_bytes_that_are_no_transaction_are_refused(rpc: Rpc, raw: str) -> None:
    with pytest.raises(RpcFailure, match="invalid transaction") as caught:
        rpc("eth_sendRawTransaction", raw)
    assert caught.value.code == -32000


def test_a_blob_transaction_is_refused(rpc: Rpc) -> None:
    with pytest.raises(RpcFailure, match="takes no blob transactions"):
        rpc("eth_sendRawTransaction", "0x03c0")


def test_a_changed_byte_in_the_signature_never_spends_the_signers_money(rpc: Rpc, wallet: Wallet) -> None:
    raw = bytearray.fromhex(wallet.sign(value=ETHER)[2:])
    raw[-40] ^= 1
    with pytest.raises(RpcFailure):
        rpc("eth_sendRawTransaction", "0x" + raw.hex())


def test_a_failing_transaction_is_mined_with_status_zero_and_keeps_its_fee(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(REVERT_WITH_INPUT)
    receipt = rpc.receipt(wallet.send(to=contract, data="0x1234", gas=100_000))
    assert (receipt["status"], receipt["logs"]) == ("0x0", [])
    assert 21_000 < int(receipt["gasUsed"], 16) < 22_000


def test_a_deployment_reports_its_address_and_leaves_code(rpc: Rpc, wallet: Wallet) -> None:
    assert rpc("eth_getCode", wallet.deploy(LOG_INPUT), "latest") == "0x" + LOG_INPUT


def test_a_development_account_sends_without_a_key(devnet: Devnet, rpc: Rpc) -> None:
    sender = devnet.accounts[5].address
    creation = rpc.receipt(rpc("eth_sendTransaction", {"from": sender, "data": creation_code(WANTS_GAS)}))
    call = {"from": sender, "to": creation["contractAddress"]}
    assert rpc.receipt(rpc("eth_sendTransaction", call))["status"] == "0x1"
    legacy = {"from": sender, "to": RECIPIENT, "gasPrice": rpc("eth_gasPrice"), "value": "0x1"}
    assert rpc.receipt(rpc("eth_sendTransaction", legacy))["type"] == "0x0"
    with pytest.raises(RpcFailure, match="unknown account"):
        rpc("eth_sendTransaction", {"from": RECIPIENT, "to": sender})
    with pytest.raises(RpcFailure, match="chainId does not match"):
        rpc("eth_sendTransaction", {"from": sender, "to": sender, "chainId": "0x1"})


def test_a_batch_of_raw_transactions_is_mined(rpc: Rpc, wallet: Wallet) -> None:
    batch = [rpc.request("eth_sendRawTransaction", wallet.sign(nonce=nonce, to=RECIPIENT)) for nonce in range(10)]
    hashes = [answer["result"] for answer in rpc.post(batch)]
    wait_for(lambda: rpc.integer("eth_getTransactionCount", wallet.address, "latest") == 10)
    assert all(rpc.receipt(transaction_hash)["status"] == "0x1" for transaction_hash in hashes)


def test_storage_and_logs_follow_an_access_list_transaction(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(LOG_INPUT)
    entry = {"address": contract, "storageKeys": ["0x" + word(3)]}
    receipt = rpc.receipt(wallet.send(to=contract, data="0x" + word(1) + word(2), gas=100_000, accessList=[entry]))
    assert receipt["logs"][0]["topics"] == ["0x" + word(1)]
    transaction = rpc("eth_getTransactionByHash", receipt["transactionHash"])
    assert transaction["accessList"] == [entry]


def test_a_set_code_transaction_delegates_an_account(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(ECHO)
    authorization = wallet.authorize(contract, nonce=wallet.nonce + 1)
    receipt = rpc.receipt(wallet.send(type=4, gas=100_000, authorizationList=[authorization]))
    assert (receipt["type"], receipt["status"]) == ("0x4", "0x1")
    assert rpc("eth_getCode", wallet.address) == "0xef0100" + contract[2:]
    assert rpc("eth_call", {"to": wallet.address, "data": "0x1234"}) == "0x1234"
    listed = rpc("eth_getTransactionByHash", receipt["transactionHash"])["authorizationList"]
    assert (listed[0]["address"], listed[0]["nonce"]) == (contract, hex(wallet.nonce))
    # The authorization used up a nonce of its own.
    assert rpc.integer("eth_getTransactionCount", wallet.address, "pending") == wallet.nonce + 1
