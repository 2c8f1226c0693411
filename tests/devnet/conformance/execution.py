"""Calls, estimates, access lists, and traces of calls."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_utils.address import to_checksum_address

from tests.devnet.conformance import shapes
from tests.devnet.conformance.scene import NO_HASH, NOBODY, Expressions, Scene
from tests.devnet.programs import creation_code, word

EXPRESSIONS = Expressions()
stands_for = EXPRESSIONS.stands_for
# Init code that returns the price of gas.
RETURN_GAS_PRICE = "0x3a5f5260205ff3"
CALL_TRACER = {"tracer": "callTracer"}
PANIC = "0x4e487b71" + word(1)
REASON = "0x08c379a0" + encode(["string"], ["user error"]).hex()


@stands_for("eth_call", "call-simple-transfer", "call-omitted-block", "call-unfunded-sender", "call-type-unknown")
def call_of_an_account(scene: Scene) -> None:
    for tags in ((), ("latest",)):
        assert scene.ask("eth_call", {"from": scene.wallet.address, "to": NOBODY, "value": "0x1"}, *tags) == "0x"
        assert scene.ask("eth_call", {"from": NOBODY, "to": "0x" + "78" * 20}, *tags) == "0x"
        assert scene.ask("eth_call", {"to": NOBODY, "type": "0x7f"}, *tags) == "0x"


@stands_for("eth_call", "call-contract", "call-simple-contract", "call-block-hash-object")
def call_of_a_contract(scene: Scene) -> None:
    head = scene.ask("eth_getBlockByNumber", "latest", False)
    for tag in ("latest", {"blockHash": head["hash"]}, {"blockNumber": head["number"]}, head["hash"]):
        assert scene.ask("eth_call", scene.contract("echo", "0x1234"), tag) == "0x1234"
        assert scene.ask("eth_call", scene.contract("load", "0x" + word(1)), tag) == "0x" + word(0)


@stands_for("eth_call", "call-callenv")
def call_sees_its_block(scene: Scene) -> None:
    head = scene.ask("eth_getBlockByNumber", "latest", False)
    answer = scene.ask("eth_call", scene.contract("context"), head["number"])
    words = [int(answer[2 + 64 * index : 66 + 64 * index], 16) for index in range(4)]
    expected = [int(head[name], 16) for name in ("timestamp", "number", "mixHash")]
    assert words == [*expected[:2], scene.devnet.chain_id, expected[2]]


@stands_for("eth_call", "call-callenv-options-eip1559", "call-type-legacy-with-fee-fields")
def call_with_fees(scene: Scene) -> None:
    head = scene.ask("eth_getBlockByNumber", "latest", False)
    fees = {"maxFeePerGas": hex(2 * 10**9), "maxPriorityFeePerGas": "0xb"}
    request = {"from": scene.wallet.address, "data": RETURN_GAS_PRICE, "gas": "0x186a0"}
    expected = int(head["baseFeePerGas"], 16) + 0xB
    for kind in ({}, {"type": "0x0"}):
        answer = scene.ask("eth_call", request | fees | kind, head["number"])
        assert answer == "0x" + word(expected)
    assert scene.ask("eth_call", request, head["number"]) == "0x" + word(0)


@stands_for("eth_call", "call-type-legacy-with-access-list")
def call_with_an_access_list(scene: Scene) -> None:
    # BALANCE of an address, then the gas that is left.
    request = {"from": scene.wallet.address, "gas": "0x30d40", "data": f"0x73{NOBODY[2:]}31505a5f5260205ff3"}
    listed = request | {"accessList": [{"address": NOBODY, "storageKeys": []}]}
    plain, cold = (int(scene.ask("eth_call", item, "latest"), 16) for item in (listed, request))
    assert scene.rpc.integer("eth_call", listed | {"type": "0x0"}, "latest") == plain
    # The list costs 2,400 and saves the difference between a cold and a warm account, 2,600 - 100 (EIP-2930).
    assert plain - cold == 2_500 - 2_400


@stands_for("eth_call", "call-revert-abi-error", "call-revert-abi-panic")
@stands_for("eth_estimateGas", "estimate-failed-call")
def reverts(scene: Scene) -> None:
    for method in ("eth_call", "eth_estimateGas"):
        for data, words in (
            (REASON, "execution reverted: user error"),
            (PANIC, r"execution reverted: assert\(false\)"),
            ("0x77726f6e67", "execution reverted"),
        ):
            scene.fails(method, scene.contract("revert", data), code=3, words=words)


@stands_for("eth_estimateGas", "estimate-simple-transfer", "estimate-unfunded-sender", "estimate-blockhash")
def estimate_of_a_transfer(scene: Scene) -> None:
    head = scene.ask("eth_getBlockByNumber", "latest", False)
    transfer = {"from": scene.wallet.address, "to": NOBODY, "value": "0x1"}
    for tags in ((), ("latest",), (head["hash"],), ({"blockHash": head["hash"]},)):
        assert scene.ask("eth_estimateGas", transfer, *tags) == "0x5208"
    assert scene.ask("eth_estimateGas", {"from": NOBODY, "to": "0x" + "78" * 20}) == "0x5208"


@stands_for("eth_estimateGas", "estimate-simple-contract", "estimate-successful-call")
def estimate_suffices(scene: Scene) -> None:
    request = scene.contract("store", "0x" + word(9) + word(9), **{"from": scene.wallet.address})
    gas = scene.rpc.integer("eth_estimateGas", request)
    assert scene.ask("eth_call", request | {"gas": hex(gas)}) == "0x"
    scene.fails("eth_call", request | {"gas": hex(gas * 98 // 100)}, code=-32000, words="out of gas")


@stands_for("eth_estimateGas", "estimate-eip7623-calldata-floor")
def estimate_counts_the_floor(scene: Scene) -> None:
    # 21,000 and ten a token, of which a byte that is not zero counts four (EIP-7623).
    assert scene.rpc.integer("eth_estimateGas", {"to": NOBODY, "data": "0x" + "ff" * 1_000}) == 21_000 + 10 * 4 * 1_000


@stands_for("eth_estimateGas", "estimate-with-eip7702", "estimate-eip7623-floor-with-authorization")
def estimate_of_an_authorization(scene: Scene) -> None:
    authority = Account.create()
    signed = authority.sign_authorization(
        {"chainId": scene.devnet.chain_id, "address": to_checksum_address(scene.contracts["echo"]), "nonce": 0}
    )
    quantities = {"chainId": signed.chain_id, "nonce": 0, "yParity": signed.y_parity, "r": signed.r, "s": signed.s}
    listed = {"address": scene.contracts["echo"], **{name: hex(value) for name, value in quantities.items()}}
    request = {"from": scene.wallet.address, "to": NOBODY, "authorizationList": [listed]}
    # An authority without an account costs 25,000 (EIP-7702), less than a long input's floor does (EIP-7623).
    assert scene.rpc.integer("eth_estimateGas", request) == 21_000 + 25_000
    long_input = {"data": "0x" + "ff" * 2_000}
    assert scene.rpc.integer("eth_estimateGas", request | long_input) == 21_000 + 10 * 4 * 2_000
    assert scene.ask("eth_call", request | {"to": authority.address, "data": "0x1234"}) == "0x1234"
    assert scene.ask("eth_call", {"to": authority.address, "data": "0x1234"}) == "0x"
    words = "EIP-7702 transaction cannot be used to create contract"
    scene.fails("eth_call", request | {"to": None}, code=-32000, words=words)


@stands_for(
    "eth_createAccessList", "create-al-simple-transfer", "create-al-value-transfer", "create-al-unfunded-sender"
)
@stands_for("eth_createAccessList", "create-al-simple-contract", "create-al-omitted-block", "create-al-blockhash")
def access_list_of_what_touches_nothing(scene: Scene) -> None:
    head = scene.ask("eth_getBlockByNumber", "latest", False)
    transfer = {"from": scene.wallet.address, "to": NOBODY, "value": "0xa"}
    for request in (transfer, {"from": NOBODY, "to": "0x" + "78" * 20}, scene.contract("echo", "0x12")):
        for tags in ((), ("latest",), (head["hash"],)):
            found = scene.ask("eth_createAccessList", request, *tags)
            shapes.ACCESS_LIST_RESULT(found)
            assert found["accessList"] == []
    assert scene.ask("eth_createAccessList", transfer)["gasUsed"] == "0x5208"


@stands_for("eth_createAccessList", "create-al-contract", "create-al-contract-eip1559", "create-al-multiple-reads")
def access_list_of_slots(scene: Scene) -> None:
    request = scene.contract("store", "0x" + word(5) + word(6), **{"from": scene.wallet.address})
    for fees in ({}, {"gasPrice": "0x77359400"}, {"maxFeePerGas": "0x77359400"}):
        found = scene.ask("eth_createAccessList", request | fees, "latest")
        shapes.ACCESS_LIST_RESULT(found)
        assert found["accessList"] == [{"address": scene.contracts["store"], "storageKeys": ["0x" + word(5)]}]
        assert scene.ask("eth_call", request | {"accessList": found["accessList"], "gas": found["gasUsed"]}) == "0x"
    # Two slots of itself and the balance of somebody else.
    code = f"0x5f54600154505073{NOBODY[2:]}3150"
    found = scene.ask("eth_createAccessList", {"to": "0x" + "79" * 20}, "latest", {"0x" + "79" * 20: {"code": code}})
    assert [(entry["address"], len(entry["storageKeys"])) for entry in found["accessList"]] == [
        (NOBODY, 0),
        ("0x" + "79" * 20, 2),
    ]


@stands_for("eth_createAccessList", "create-al-abi-revert")
def access_list_of_a_failure(scene: Scene) -> None:
    # SLOAD 0x42ff, then revert.
    request, code = {"to": "0x" + "79" * 20}, "0x6142ff545f5ffd"
    found = scene.ask("eth_createAccessList", request, "latest", {"0x" + "79" * 20: {"code": code}})
    assert found["error"] == "execution reverted"
    assert found["accessList"] == [{"address": "0x" + "79" * 20, "storageKeys": ["0x" + word(0x42FF)]}]


def top(scene: Scene, name: str, **configuration: bool) -> Any:
    """The frame of a transaction of the scene."""
    options = CALL_TRACER | ({"tracerConfig": configuration} if configuration else {})
    found = scene.ask("debug_traceTransaction", scene.sent[name].hash, options)
    shapes.frame(found)
    assert found["from"] == scene.wallet.address.lower()
    assert found["gasUsed"] == scene.sent[name].receipt["gasUsed"]
    return found


@stands_for("debug_traceTransaction", "calltracer-simple-transfer", "calltracer-contract-call", "calltracer-create")
def trace_of_one_frame(scene: Scene) -> None:
    assert top(scene, "dynamic fee")["value"] == "0x3"
    assert top(scene, "legacy input")["output"] == "0x5544"
    created = top(scene, "legacy create")
    assert (created["type"], created["to"]) == ("CREATE", scene.sent["legacy create"].receipt["contractAddress"])
    assert created["input"] == scene.ask("eth_getTransactionByHash", scene.sent["legacy create"].hash)["input"]


@stands_for("debug_traceTransaction", "calltracer-nested-calls", "calltracer-only-top-call", "calltracer-with-log")
@stands_for("debug_traceTransaction", "calltracer-only-top-call-with-log")
def trace_of_nested_frames(scene: Scene) -> None:
    (inner,) = top(scene, "nested")["calls"]
    assert (inner["type"], inner["from"], inner["to"]) == ("CALL", scene.contracts["call"], scene.contracts["log"])
    assert "calls" not in top(scene, "nested", onlyTopCall=True)
    (log,) = top(scene, "nested", withLog=True)["calls"][0]["logs"]
    assert log["topics"] == ["0x" + word(0)]
    # From the code of one account: STATICCALL and DELEGATECALL of the echo, CREATE of an empty contract.
    echo = scene.contracts["echo"][2:]
    code = f"0x5f5f5f5f73{echo}5afa505f5f5f5f73{echo}5af4505f5f5ff000"
    options = CALL_TRACER | {"stateOverrides": {NOBODY: {"code": code}}}
    frames = scene.ask("debug_traceCall", {"to": NOBODY}, "latest", options)["calls"]
    shapes.list_of(shapes.frame)(frames)
    assert [(item["type"], item["from"]) for item in frames] == [
        ("STATICCALL", NOBODY),
        ("DELEGATECALL", NOBODY),
        ("CREATE", NOBODY),
    ]
    assert [item["to"] for item in frames[:2]] == ["0x" + echo] * 2
    both = top(scene, "log", withLog=True, onlyTopCall=True)
    assert both["logs"][0]["data"] == scene.sent["log"].receipt["logs"][0]["data"]


@stands_for("debug_traceTransaction", "calltracer-revert-reason")
def trace_of_a_revert(scene: Scene) -> None:
    found = top(scene, "reverted")
    assert (found["error"], found["output"]) == ("execution reverted", "0x08c379a0")


@stands_for("debug_traceTransaction", "trace-unknown-tx")
def trace_of_nothing(scene: Scene) -> None:
    scene.fails("debug_traceTransaction", NO_HASH, CALL_TRACER, code=-32000, words="transaction not found")


@stands_for("debug_traceCall", "calltracer-nested", "calltracer-only-top-call", "calltracer-block-param-hash")
@stands_for("debug_traceCall", "calltracer-revert", "calltracer-state-override")
def trace_of_a_call(scene: Scene) -> None:
    head = scene.ask("eth_getBlockByNumber", "latest", False)
    request = scene.contract("call", "0x" + word(int(scene.contracts["revert"], 16)))
    for tag in ("latest", head["hash"]):
        found = scene.ask("debug_traceCall", request, tag, CALL_TRACER)
        shapes.frame(found)
        assert [inner["error"] for inner in found["calls"]] == ["execution reverted"]
    only = scene.ask("debug_traceCall", request, "latest", CALL_TRACER | {"tracerConfig": {"onlyTopCall": True}})
    assert "calls" not in only
    failing = scene.ask("debug_traceCall", scene.contract("revert", REASON), "latest", CALL_TRACER)
    assert (failing["error"], failing["revertReason"]) == ("execution reverted", "user error")
    overrides = {"stateOverrides": {NOBODY: {"code": "0x" + creation_code("00")[2:]}}}
    changed = scene.ask("debug_traceCall", {"to": NOBODY}, "latest", CALL_TRACER | overrides)
    assert changed["output"] == "0x00"


@stands_for("debug_traceCall", "calltracer-invalid-block")
@stands_for("debug_traceBlockByNumber", "trace-block-invalid-number")
@stands_for("debug_traceBlockByHash", "trace-block-not-found")
def trace_in_no_block(scene: Scene) -> None:
    scene.fails("debug_traceCall", {"to": NOBODY}, "0xffffff", CALL_TRACER, code=-32000, words="not found")
    scene.fails("debug_traceBlockByNumber", "0xffffff", CALL_TRACER, code=-32000, words="block 0xffffff not found")
    scene.fails("debug_traceBlockByHash", NO_HASH, CALL_TRACER, code=-32000, words=f"block {NO_HASH} not found")


@stands_for("debug_traceBlockByNumber", "calltracer-block-with-log", "calltracer-block-with-transactions")
@stands_for("debug_traceBlockByNumber", "calltracer-block-with-reverted-tx", "debug-trace-callTracer")
@stands_for("debug_traceBlockByHash", "calltracer-block-with-transactions")
def trace_of_a_block(scene: Scene) -> None:
    for name in ("log", "reverted", "nested", "set code"):
        sent = scene.sent[name].receipt
        expected = [{"txHash": sent["transactionHash"], "result": top(scene, name)}]
        assert scene.ask("debug_traceBlockByNumber", sent["blockNumber"], CALL_TRACER) == expected
        assert scene.ask("debug_traceBlockByHash", sent["blockHash"], CALL_TRACER) == expected


@stands_for("debug_traceBlockByNumber", "trace-genesis", "debug-trace-genesis-block")
@stands_for("debug_traceBlockByHash", "trace-genesis")
def trace_of_genesis(scene: Scene) -> None:
    genesis = scene.ask("eth_getBlockByNumber", "0x0", False)["hash"]
    for method, name in (("Number", "0x0"), ("Hash", genesis)):
        scene.fails(f"debug_traceBlockBy{method}", name, CALL_TRACER, code=-32000, words="genesis is not traceable")
