"""State, proofs, logs, fees, the pool, and sending."""

from __future__ import annotations

from tests.devnet.conformance import shapes
from tests.devnet.conformance.blocks import hash_of
from tests.devnet.conformance.scene import ACCESS_LIST, LEGACY, NOBODY, Expressions, Scene
from tests.devnet.programs import word
from tests.devnet.signing import ETHER, GWEI
from tests.devnet.test_proofs import verify

EXPRESSIONS = Expressions()
stands_for = EXPRESSIONS.stands_for


@stands_for("eth_getBalance", "get-balance", "get-balance-blockhash", "get-balance-block-hash-object")
@stands_for("eth_getBalance", "get-balance-block-hash-object-require-canonical", "get-balance-block-number-object")
@stands_for("eth_getBalance", "get-balance-default-block", "get-balance-unknown-account")
def balance(scene: Scene) -> None:
    sent = scene.sent["dynamic fee"].receipt
    before = hex(int(sent["blockNumber"], 16) - 1)
    paid = int(sent["gasUsed"], 16) * int(sent["effectiveGasPrice"], 16)
    expected = scene.rpc.integer("eth_getBalance", scene.wallet.address, before) - paid
    canonical = {"blockHash": sent["blockHash"], "requireCanonical": True}
    names = [sent["blockNumber"], sent["blockHash"], {"blockHash": sent["blockHash"]}, canonical]
    for name in [*names, {"blockNumber": sent["blockNumber"]}]:
        assert scene.rpc.integer("eth_getBalance", scene.wallet.address, name) == expected
    assert scene.ask("eth_getBalance", scene.wallet.address) == scene.ask(
        "eth_getBalance", scene.wallet.address, "latest"
    )
    assert scene.ask("eth_getBalance", NOBODY, "latest") == "0x0"


@stands_for(
    "eth_getCode", "get-code", "get-code-default-block", "get-code-unknown-account", "get-code-eip7702-delegation"
)
def code(scene: Scene) -> None:
    for tags in ((), ("latest",)):
        shapes.any_data(scene.ask("eth_getCode", scene.contracts["echo"], *tags))
        assert scene.ask("eth_getCode", NOBODY, *tags) == "0x"
    delegated = "0xef0100" + scene.contracts["echo"][2:]
    assert scene.ask("eth_getCode", scene.wallet.address, "latest") == delegated


@stands_for("eth_getTransactionCount", "get-nonce", "get-account-nonce", "get-nonce-default-block")
@stands_for("eth_getTransactionCount", "get-nonce-unknown-account")
def nonce(scene: Scene) -> None:
    for tags in ((), ("latest",), ("pending",)):
        assert scene.rpc.integer("eth_getTransactionCount", scene.wallet.address, *tags) == scene.wallet.nonce
    assert scene.ask("eth_getTransactionCount", scene.wallet.address, "0x0") == "0x0"
    assert scene.ask("eth_getTransactionCount", NOBODY, "latest") == "0x0"


@stands_for("eth_getStorageAt", "get-storage", "get-storage-default-block", "get-storage-unknown-account")
def storage(scene: Scene) -> None:
    for slot in ("0x1", "0x01", "0x" + word(1)):
        for tags in ((), ("latest",)):
            assert scene.ask("eth_getStorageAt", scene.contracts["store"], slot, *tags) == "0x" + word(0x2A)
    assert scene.ask("eth_getStorageAt", NOBODY, "0x1", "latest") == "0x" + word(0)


@stands_for("eth_getStorageAt", "get-storage-invalid-key", "get-storage-invalid-key-too-large")
def storage_of_a_malformed_slot(scene: Scene) -> None:
    words = "unable to decode storage key"
    for slot in ("0xasdf", "0x" + "0" * 65):
        scene.fails("eth_getStorageAt", scene.contracts["store"], slot, "latest", code=-32000, words=words)


@stands_for("eth_getProof", "get-account-proof", "get-account-proof-latest", "get-account-proof-default-block")
@stands_for("eth_getProof", "get-account-proof-blockhash", "get-account-proof-block-hash-object")
@stands_for("eth_getProof", "get-account-proof-with-storage")
def proof(scene: Scene) -> None:
    head = scene.ask("eth_getBlockByNumber", "latest", False)
    for slots in ([], ["0x1", "0x2"]):
        expected = verify(scene.rpc, scene.contracts["store"], slots, head["number"])
        shapes.PROOF(expected)
        for tags in ((), ("latest",), (head["hash"],), ({"blockHash": head["hash"]},)):
            assert scene.ask("eth_getProof", scene.contracts["store"], slots, *tags) == expected


@stands_for("eth_getLogs", "contract-addr", "no-topics", "topic-exact-match", "topic-wildcard", "topic-null-wildcard")
@stands_for("eth_getLogs", "filter-with-blockHash", "filter-with-blockHash-and-topics")
def logs(scene: Scene) -> None:
    one, other = (scene.sent[name].receipt for name in ("log", "other log"))
    span = {"fromBlock": one["blockNumber"], "toBlock": other["blockNumber"]}
    both = one["logs"] + other["logs"]
    address, topics = {"address": scene.contracts["log"]}, ["0x" + word(1), "0x" + word(2)]
    selections: list[tuple[dict[str, object], list[object]]] = [
        (span, both),
        (span | address, both),
        (span | {"address": [scene.contracts["log"]], "topics": []}, both),
        (span | {"topics": [topics[0]]}, one["logs"]),
        (span | {"topics": [None]}, both),
        (span | {"topics": [topics]}, both),
        ({"blockHash": other["blockHash"]}, other["logs"]),
        ({"blockHash": other["blockHash"], "topics": [topics[0]]}, []),
        ({"blockHash": other["blockHash"], "topics": [topics[1]]}, other["logs"]),
    ]
    for wanted, expected in selections:
        found = scene.ask("eth_getLogs", wanted)
        shapes.LOGS(found)
        assert found == expected, wanted


@stands_for("eth_getLogs", "filter-error-future-block-range", "filter-error-fully-future-block-range")
@stands_for("eth_getLogs", "filter-error-future-block-to-latest", "filter-error-reversed-block-range")
@stands_for("eth_getLogs", "filter-error-invalid-blockHash-and-range")
def refused_ranges(scene: Scene) -> None:
    beyond, reversed_range = "block range extends beyond current head block", "invalid block range params"
    refusals: list[tuple[dict[str, object], str]] = [
        ({"fromBlock": "0x1", "toBlock": "0xffffff"}, beyond),
        ({"fromBlock": "0xfffffe", "toBlock": "0xffffff"}, beyond),
        ({"fromBlock": "0xffffff", "toBlock": "latest"}, reversed_range),
        ({"address": None, "topics": None, "fromBlock": "0x2", "toBlock": "0x1"}, reversed_range),
        ({"blockHash": "0x" + "11" * 32, "fromBlock": "0x1"}, "cannot specify both BlockHash and FromBlock/ToBlock"),
    ]
    for wanted, words in refusals:
        scene.fails("eth_getLogs", wanted, code=-32602, words=words)


@stands_for("eth_chainId", "get-chain-id")
@stands_for("eth_syncing", "check-syncing")
@stands_for("eth_gasPrice", "get-current-gas-price")
@stands_for("eth_blobBaseFee", "get-current-blobfee")
def standing(scene: Scene) -> None:
    assert scene.ask("eth_chainId") == hex(scene.devnet.chain_id)
    assert scene.ask("eth_syncing") is False
    base_fee = int(scene.ask("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
    assert scene.rpc.integer("eth_gasPrice") >= base_fee * 7 // 8
    assert scene.ask("eth_blobBaseFee") == "0x1"


@stands_for("eth_feeHistory", "fee-history")
def fee_history(scene: Scene) -> None:
    sent = scene.sent["dynamic fee"].receipt
    found = scene.ask("eth_feeHistory", "0x1", sent["blockNumber"], [95, 99])
    shapes.FEE_HISTORY(found)
    following = [hex(int(sent["blockNumber"], 16) + step) for step in (0, 1)]
    blocks = [scene.ask("eth_getBlockByNumber", number, False) for number in following]
    assert found["oldestBlock"] == sent["blockNumber"]
    assert found["baseFeePerGas"] == [block["baseFeePerGas"] for block in blocks]
    assert found["gasUsedRatio"] == [int(blocks[0]["gasUsed"], 16) / int(blocks[0]["gasLimit"], 16)]
    tip = int(sent["effectiveGasPrice"], 16) - int(blocks[0]["baseFeePerGas"], 16)
    assert found["reward"] == [[hex(tip), hex(tip)]]


@stands_for("eth_sendRawTransaction", "send-legacy-transaction", "send-access-list-transaction")
@stands_for("eth_sendRawTransaction", "send-dynamic-fee-transaction", "send-dynamic-fee-access-list-transaction")
@stands_for("eth_sendRawTransaction", "send-authorization-list-tx", "send-setcode-tx")
def sending(scene: Scene) -> None:
    for sent in scene.sent.values():
        assert sent.hash == hash_of(sent.raw)
        assert scene.ask("eth_getRawTransactionByHash", sent.hash) == sent.raw


@stands_for("eth_sendRawTransaction", "send-insufficient-funds", "send-intrinsic-gas-too-low", "send-nonce-too-low")
@stands_for("eth_sendRawTransaction", "send-tip-above-fee-cap", "send-tx-gas-exceeds-block-limit")
def refused_transactions(scene: Scene) -> None:
    refusals: list[tuple[dict[str, object], str]] = [
        ({"value": 100 * ETHER}, r"insufficient funds for gas \* price \+ value"),
        ({"gas": 20_999}, "intrinsic gas too low"),
        ({"nonce": 0}, "nonce too low"),
        ({"maxFeePerGas": 2 * GWEI, "maxPriorityFeePerGas": 3 * GWEI}, "max priority fee per gas higher than max fee"),
        ({"gas": 30_000_001}, "exceeds block gas limit"),
    ]
    for fields, words in refusals:
        scene.fails("eth_sendRawTransaction", scene.wallet.sign(**fields), code=-32000, words=words)


@stands_for("eth_sendRawTransaction", "send-already-known", "send-replacement-underpriced")
@stands_for("txpool_content", "get-content")
@stands_for("txpool_status", "get-status")
def pool(scene: Scene) -> None:
    scene.ask("evm_setAutomine", False)
    try:
        first, gap = scene.wallet.sign(**ACCESS_LIST), scene.wallet.sign(nonce=scene.wallet.nonce + 2)
        for raw in (first, gap):
            assert scene.ask("eth_sendRawTransaction", raw) == hash_of(raw)
        scene.fails("eth_sendRawTransaction", first, code=-32000, words="already known")
        cheaper = scene.wallet.sign(**LEGACY, value=1)
        scene.fails("eth_sendRawTransaction", cheaper, code=-32000, words="replacement transaction underpriced")
        content = scene.ask("txpool_content")
        assert content.keys() == {"pending", "queued"}
        for part, raw in (("pending", first), ("queued", gap)):
            (found,) = content[part][scene.wallet.address].values()
            shapes.TRANSACTION(found)
            assert found["hash"] == hash_of(raw)
        assert scene.ask("txpool_status") == {"pending": "0x1", "queued": "0x1"}
    finally:
        scene.ask("evm_revert", scene.ask("evm_snapshot"))
        scene.ask("evm_setAutomine", True)
