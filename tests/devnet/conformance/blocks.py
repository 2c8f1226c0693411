"""Blocks, headers, transactions, receipts, and their bytes."""

from __future__ import annotations

from typing import Any

import rlp
from eth_hash.auto import keccak

from tests.devnet.conformance import shapes
from tests.devnet.conformance.scene import NO_HASH, Expressions, Scene, Sent

EXPRESSIONS = Expressions()
stands_for = EXPRESSIONS.stands_for
EMPTY_REQUESTS = "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def hash_of(raw: str) -> str:
    """keccak-256 of hexadecimal data."""
    return "0x" + keccak(bytes.fromhex(raw[2:])).hex()


def check_block(scene: Scene, block: Any) -> None:
    """Shape, and the hash of the header's bytes."""
    shapes.BLOCK(block)
    assert hash_of(scene.ask("debug_getRawHeader", block["number"])) == block["hash"]
    assert len(bytes.fromhex(scene.ask("debug_getRawBlock", block["number"])[2:])) == int(block["size"], 16)


def check_transaction(scene: Scene, sent: Sent, found: Any) -> None:
    """Shape, and the hash of the bytes that were signed."""
    shapes.TRANSACTION(found)
    assert hash_of(sent.raw) == found["hash"] == sent.hash
    assert found["from"] == scene.wallet.address.lower()
    assert (found["blockHash"], found["blockNumber"]) == (sent.receipt["blockHash"], sent.receipt["blockNumber"])


@stands_for("eth_blockNumber", "simple-test")
def block_number(scene: Scene) -> None:
    number = scene.ask("eth_blockNumber")
    shapes.quantity(number)
    assert scene.ask("eth_getBlockByNumber", number, False) is not None


@stands_for("eth_getBlockByNumber", "get-block-n", "get-block-n-hex", "get-block-n-number", "get-genesis", "get-latest")
@stands_for("eth_getBlockByNumber", "get-safe", "get-finalized", "get-block-prague-fork")
def block_by_number(scene: Scene) -> None:
    number = scene.sent["log"].receipt["blockNumber"]
    for tag in (number, int(number, 16), "0x0", "earliest", "latest", "safe", "finalized"):
        for full in (True, False):
            block = scene.ask("eth_getBlockByNumber", tag, full)
            check_block(scene, block)
    block = scene.ask("eth_getBlockByNumber", number, True)
    check_transaction(scene, scene.sent["log"], block["transactions"][0])


@stands_for("eth_getBlockByNumber", "get-block-eip7685-requests")
def block_of_no_requests(scene: Scene) -> None:
    assert scene.ask("eth_getBlockByNumber", "latest", False)["requestsHash"] == EMPTY_REQUESTS


@stands_for("eth_getBlockByNumber", "get-block-notfound")
@stands_for("eth_getHeaderByNumber", "get-header-notfound")
@stands_for("eth_getBlockReceipts", "get-block-receipts-future")
def no_such_height(scene: Scene) -> None:
    assert scene.ask("eth_getBlockByNumber", "0xffffff", True) is None
    assert scene.ask("eth_getHeaderByNumber", "0xffffff") is None
    assert scene.ask("eth_getBlockReceipts", "0xffffff") is None


@stands_for("eth_getBlockByHash", "get-block-by-hash")
def block_by_hash(scene: Scene) -> None:
    wanted = scene.sent["store"].receipt["blockHash"]
    block = scene.ask("eth_getBlockByHash", wanted, True)
    check_block(scene, block)
    assert block["hash"] == wanted
    parent = scene.ask("eth_getBlockByHash", block["parentHash"], False)
    assert int(parent["number"], 16) == int(block["number"], 16) - 1


@stands_for("eth_getBlockByHash", "get-block-by-empty-hash", "get-block-by-notfound-hash")
@stands_for("eth_getBlockReceipts", "get-block-receipts-empty", "get-block-receipts-not-found")
def no_such_hash(scene: Scene) -> None:
    for block_hash in (NO_HASH, "0x" + "00" * 32):
        assert scene.ask("eth_getBlockByHash", block_hash, True) is None
        assert scene.ask("eth_getBlockReceipts", block_hash) is None


@stands_for("eth_getHeaderByNumber", "get-header-by-number", "get-genesis", "get-latest", "get-safe", "get-finalized")
@stands_for("eth_getHeaderByNumber", "get-header-prague-fork")
def header(scene: Scene) -> None:
    for tag in ("0x0", "0x1", "latest", "safe", "finalized"):
        found = scene.ask("eth_getHeaderByNumber", tag)
        shapes.HEADER(found)
        block = scene.ask("eth_getBlockByHash", found["hash"], False)
        assert found.items() <= block.items()
        assert scene.ask("eth_getHeaderByHash", found["hash"]) == found


@stands_for("eth_getBlockTransactionCountByHash", "get-block-n", "get-genesis")
@stands_for("eth_getBlockTransactionCountByNumber", "get-block-n", "get-genesis")
def transaction_count(scene: Scene) -> None:
    for tag in ("0x0", scene.sent["log"].receipt["blockNumber"]):
        block = scene.ask("eth_getBlockByNumber", tag, False)
        count = hex(len(block["transactions"]))
        assert scene.ask("eth_getBlockTransactionCountByNumber", tag) == count
        assert scene.ask("eth_getBlockTransactionCountByHash", block["hash"]) == count


@stands_for("eth_getTransactionByBlockHashAndIndex", "get-block-n")
@stands_for("eth_getTransactionByBlockNumberAndIndex", "get-block-n")
def transaction_by_index(scene: Scene) -> None:
    sent = scene.sent["dynamic fee"]
    for method, block in (("Hash", sent.receipt["blockHash"]), ("Number", sent.receipt["blockNumber"])):
        found = scene.ask(f"eth_getTransactionByBlock{method}AndIndex", block, "0x0")
        check_transaction(scene, sent, found)
        assert scene.ask(f"eth_getTransactionByBlock{method}AndIndex", block, "0x64") is None
        assert scene.ask(f"eth_getRawTransactionByBlock{method}AndIndex", block, "0x0") == sent.raw


KINDS = {
    "get-access-list": ("access list", shapes.ACCESS_LIST_TRANSACTION),
    "get-authlist-tx": ("set code", shapes.SET_CODE_TRANSACTION),
    "get-dynamic-fee": ("dynamic fee", shapes.DYNAMIC_FEE_TRANSACTION),
    "get-legacy-create": ("legacy create", shapes.LEGACY_TRANSACTION),
    "get-legacy-input": ("legacy input", shapes.LEGACY_TRANSACTION),
    "get-legacy-tx": ("legacy", shapes.LEGACY_TRANSACTION),
    "get-setcode-tx": ("set code", shapes.SET_CODE_TRANSACTION),
}


@stands_for("eth_getTransactionByHash", *KINDS)
def transaction(scene: Scene) -> None:
    for kind, shape in KINDS.values():
        found = scene.ask("eth_getTransactionByHash", scene.sent[kind].hash)
        shape(found)
        check_transaction(scene, scene.sent[kind], found)


@stands_for("eth_getTransactionReceipt", "get-access-list", "get-auth-list", "get-dynamic-fee", "get-legacy-contract")
@stands_for("eth_getTransactionReceipt", "get-legacy-input", "get-legacy-receipt", "get-setcode-tx")
def receipt(scene: Scene) -> None:
    types = {"access list": "0x1", "set code": "0x4", "dynamic fee": "0x2"}
    for kind, sent in scene.sent.items():
        found = scene.ask("eth_getTransactionReceipt", sent.hash)
        shapes.RECEIPT(found)
        assert found["status"] == ("0x0" if kind == "reverted" else "0x1")
        assert found["type"] == types.get(kind, found["type"])
    created = scene.sent["legacy create"].receipt
    assert scene.ask("eth_getCode", created["contractAddress"]) != "0x"
    assert created["to"] is None


@stands_for("eth_getTransactionReceipt", "get-notfound-tx")
def no_receipt(scene: Scene) -> None:
    assert scene.ask("eth_getTransactionReceipt", NO_HASH) is None


@stands_for("eth_getBlockReceipts", "get-block-receipts-0", "get-block-receipts-n", "get-block-receipts-latest")
@stands_for("eth_getBlockReceipts", "get-block-receipts-by-hash")
def block_receipts(scene: Scene) -> None:
    sent = scene.sent["log"].receipt
    for tag in (sent["blockNumber"], sent["blockHash"]):
        found = scene.ask("eth_getBlockReceipts", tag)
        shapes.list_of(shapes.RECEIPT)(found)
        assert found == [sent]
    assert scene.ask("eth_getBlockReceipts", "0x0") == []
    shapes.list_of(shapes.RECEIPT)(scene.ask("eth_getBlockReceipts", "latest"))


@stands_for("eth_getRawTransactionByHash", "get-legacy-tx", "get-notfound-tx", "get-empty-tx")
@stands_for("debug_getRawTransaction", "get-tx", "get-notfound-tx")
def raw_transaction(scene: Scene) -> None:
    for method in ("eth_getRawTransactionByHash", "debug_getRawTransaction"):
        for sent in scene.sent.values():
            assert scene.ask(method, sent.hash) == sent.raw
        for missing in (NO_HASH, "0x" + "00" * 32):
            assert scene.ask(method, missing) is None


@stands_for("debug_getRawTransaction", "get-invalid-hash")
@stands_for("debug_getRawBlock", "get-invalid-number")
@stands_for("debug_getRawHeader", "get-invalid-number")
@stands_for("debug_getRawReceipts", "get-invalid-number")
def raw_of_what_is_malformed(scene: Scene) -> None:
    scene.fails("debug_getRawTransaction", "10" * 32, code=-32602, words="0x-prefixed")
    for method in ("debug_getRawBlock", "debug_getRawHeader", "debug_getRawReceipts"):
        scene.fails(method, "2", code=-32602, words="hexadecimal quantity")


@stands_for("debug_getRawHeader", "get-block-n", "get-genesis")
@stands_for("debug_getRawBlock", "get-block-n", "get-genesis")
def raw_block(scene: Scene) -> None:
    for tag in ("0x0", scene.sent["set code"].receipt["blockNumber"]):
        block = scene.ask("eth_getBlockByNumber", tag, False)
        header_bytes = scene.ask("debug_getRawHeader", tag)
        assert hash_of(header_bytes) == block["hash"]
        decoded = rlp.decode(bytes.fromhex(scene.ask("debug_getRawBlock", tag)[2:]))
        assert rlp.encode(decoded[0]).hex() == header_bytes[2:]
        hashes = ["0x" + keccak(item if isinstance(item, bytes) else rlp.encode(item)).hex() for item in decoded[1]]
        assert hashes == block["transactions"]


@stands_for("debug_getRawReceipts", "get-block-n", "get-genesis", "get-block-hash")
def raw_receipts(scene: Scene) -> None:
    sent = scene.sent["log"].receipt
    for tag in (sent["blockNumber"], sent["blockHash"]):
        (raw,) = scene.ask("debug_getRawReceipts", tag)
        assert raw.startswith("0x02")
        status, gas, bloom, logs = rlp.decode(bytes.fromhex(raw[4:]))
        assert (status, int.from_bytes(gas, "big")) == (b"\x01", int(sent["cumulativeGasUsed"], 16))
        assert "0x" + bloom.hex() == sent["logsBloom"]
        assert "0x" + logs[0][0].hex() == scene.contracts["log"]
    assert scene.ask("debug_getRawReceipts", "0x0") == []
