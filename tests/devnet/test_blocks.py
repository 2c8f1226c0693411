"""Blocks, receipts and fee history: consistent with each other and with the hash they carry."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import rlp
from eth_hash.auto import keccak

from tests.devnet.programs import LOG_INPUT, word
from tests.devnet.signing import GWEI, Wallet
from tests.support.rpc import Rpc, RpcFailure

# Order of the header's fields under Prague: EIP-1559, 4895, 4844, 4788, 7685 append to the yellow paper's fifteen.
HEADER_FIELDS = {
    "parentHash": "data",
    "sha3Uncles": "data",
    "miner": "data",
    "stateRoot": "data",
    "transactionsRoot": "data",
    "receiptsRoot": "data",
    "logsBloom": "data",
    "difficulty": "quantity",
    "number": "quantity",
    "gasLimit": "quantity",
    "gasUsed": "quantity",
    "timestamp": "quantity",
    "extraData": "data",
    "mixHash": "data",
    "nonce": "data",
    "baseFeePerGas": "quantity",
    "withdrawalsRoot": "data",
    "blobGasUsed": "quantity",
    "excessBlobGas": "quantity",
    "parentBeaconBlockRoot": "data",
    "requestsHash": "data",
}


def header_hash(block: dict[str, Any]) -> str:
    """The hash of a block, from its JSON alone."""
    fields = []
    for name, form in HEADER_FIELDS.items():
        if form == "quantity":
            value = int(block[name], 16)
            fields.append(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        else:
            fields.append(bytes.fromhex(block[name][2:]))
    return "0x" + keccak(rlp.encode(fields)).hex()


def test_a_blocks_hash_is_the_hash_of_its_fields(rpc: Rpc, wallet: Wallet) -> None:
    rpc.receipt(wallet.send())
    head = rpc.integer("eth_blockNumber")
    for number in (0, 1, head):
        block = rpc("eth_getBlockByNumber", hex(number), False)
        assert header_hash(block) == block["hash"]
        assert rpc("eth_getBlockByHash", block["hash"], False) == block


def test_blocks_form_a_chain_with_strictly_increasing_times(rpc: Rpc, wallet: Wallet) -> None:
    for _ in range(3):
        rpc.receipt(wallet.send())
    head = rpc.integer("eth_blockNumber")
    blocks = [rpc("eth_getBlockByNumber", hex(number), False) for number in range(head + 1)]
    for parent, child in pairwise(blocks):
        assert child["parentHash"] == parent["hash"]
        assert int(child["timestamp"], 16) > int(parent["timestamp"], 16)


def test_block_transactions_and_receipts_tell_one_story(fresh_rpc: Rpc, fresh_wallet: Wallet) -> None:
    contract = fresh_wallet.deploy(LOG_INPUT)
    fresh_rpc("evm_setAutomine", False)
    calls = ["0x" + word(topic) + word(topic + 100) for topic in range(3)]
    hashes = [fresh_wallet.send(to=contract, data=data, gas=100_000) for data in calls]
    fresh_rpc("evm_mine")
    block = fresh_rpc("eth_getBlockByNumber", "latest", True)
    number = block["number"]
    receipts = fresh_rpc("eth_getBlockReceipts", number)
    assert [transaction["hash"] for transaction in block["transactions"]] == hashes
    assert receipts == [fresh_rpc("eth_getTransactionReceipt", transaction_hash) for transaction_hash in hashes]
    assert fresh_rpc("eth_getBlockReceipts", block["hash"]) == receipts
    assert fresh_rpc("eth_getBlockTransactionCountByNumber", number) == "0x3"
    assert fresh_rpc("eth_getBlockTransactionCountByHash", block["hash"]) == "0x3"
    gas = 0
    for index, receipt in enumerate(receipts):
        gas += int(receipt["gasUsed"], 16)
        assert int(receipt["cumulativeGasUsed"], 16) == gas
        assert [receipt["transactionIndex"], receipt["logs"][0]["logIndex"]] == [hex(index), hex(index)]
        assert receipt["logs"][0]["blockTimestamp"] == block["timestamp"]
        for method, name in (("ByBlockNumberAndIndex", number), ("ByBlockHashAndIndex", block["hash"])):
            assert fresh_rpc(f"eth_getTransaction{method}", name, hex(index)) == block["transactions"][index]
    assert int(block["gasUsed"], 16) == gas
    assert fresh_rpc("eth_getTransactionByBlockNumberAndIndex", number, "0x3") is None
    logs_bloom = 0
    for receipt in receipts:
        logs_bloom |= int(receipt["logsBloom"], 16)
    assert int(block["logsBloom"], 16) == logs_bloom != 0


def test_what_does_not_exist_is_null(rpc: Rpc) -> None:
    nothing = "0x" + "11" * 32
    assert rpc("eth_getBlockByNumber", "0xffffff", False) is None
    assert rpc("eth_getBlockByHash", nothing, True) is None
    assert rpc("eth_getTransactionByHash", nothing) is None
    assert rpc("eth_getTransactionReceipt", nothing) is None
    assert rpc("eth_getBlockReceipts", "0xffffff") is None
    assert rpc("eth_getBlockTransactionCountByHash", nothing) is None


def test_every_tag_names_a_block(rpc: Rpc) -> None:
    assert rpc("eth_getBlockByNumber", "earliest", False)["number"] == "0x0"
    for tag in ("latest", "safe", "finalized", "pending"):
        assert int(rpc("eth_getBlockByNumber", tag, False)["number"], 16) > 0


def test_fee_history_reports_what_blocks_and_receipts_say(rpc: Rpc, wallet: Wallet) -> None:
    receipt = rpc.receipt(wallet.send(maxPriorityFeePerGas=3 * GWEI))
    number = int(receipt["blockNumber"], 16)
    history = rpc("eth_feeHistory", "0x2", hex(number), [0, 50, 100])
    blocks = [rpc("eth_getBlockByNumber", hex(height), False) for height in (number - 1, number)]
    assert history["oldestBlock"] == hex(number - 1)
    assert history["baseFeePerGas"][:2] == [block["baseFeePerGas"] for block in blocks]
    assert len(history["baseFeePerGas"]) == 3
    assert history["gasUsedRatio"] == [int(block["gasUsed"], 16) / 30_000_000 for block in blocks]
    assert history["reward"][1] == [hex(3 * GWEI)] * 3
    assert "reward" not in rpc("eth_feeHistory", "0x1", "latest")
    whole = rpc("eth_feeHistory", hex(5000), hex(number))
    assert whole["oldestBlock"] == hex(max(0, number - 1023))


def test_suggested_fees_enter_the_next_block(rpc: Rpc, wallet: Wallet) -> None:
    price = rpc.integer("eth_gasPrice")
    fees = {"type": None, "gasPrice": price, "maxFeePerGas": None, "maxPriorityFeePerGas": None}
    assert rpc.receipt(wallet.send(**fees))["status"] == "0x1"
    tip = rpc.integer("eth_maxPriorityFeePerGas")
    base_fee = int(rpc("eth_getBlockByNumber", "pending", False)["baseFeePerGas"], 16)
    sent = wallet.send(maxFeePerGas=2 * base_fee + tip, maxPriorityFeePerGas=tip)
    assert rpc.receipt(sent)["status"] == "0x1"


def test_small_questions_have_small_answers(rpc: Rpc) -> None:
    assert rpc("eth_chainId") == "0x7a69"
    assert rpc("net_version") == "31337"
    assert rpc("eth_syncing") is False
    assert rpc("net_listening") is True
    assert rpc("web3_clientVersion").startswith("swarmproof-devnet/v")
    assert rpc("web3_sha3", "0x68656c6c6f") == "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"
    assert len(rpc("eth_accounts")) == 20
    with pytest.raises(RpcFailure, match="eth_mining does not exist"):
        rpc("eth_mining")
