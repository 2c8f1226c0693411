"""Traces of opcodes: what each found and what it cost."""

from __future__ import annotations

from typing import Any

from tests.devnet.conformance import shapes
from tests.devnet.conformance.scene import NOBODY, Expressions, Scene
from tests.devnet.programs import word

EXPRESSIONS = Expressions()
stands_for = EXPRESSIONS.stands_for


def check_log(answer: Any, *, gas_limit: int, gas_used: int, floor: int = 0) -> list[dict[str, Any]]:
    """The shape, and costs that add up: what came before any code, and every opcode of the outermost frame.

    `floor`: what the input costs at least (EIP-7623).
    """
    assert answer.keys() == {"gas", "failed", "returnValue", "structLogs"}
    assert answer["gas"] == gas_used
    shapes.any_data(answer["returnValue"])
    entries: list[dict[str, Any]] = answer["structLogs"]
    for entry in entries:
        assert {"pc", "op", "gas", "gasCost", "depth"} <= entry.keys()
        shapes.list_of(shapes.quantity)(entry.get("stack", []))
        shapes.list_of(shapes.hash32)(entry.get("memory", []))
        for slot, value in entry.get("storage", {}).items():
            shapes.hash32(slot)
            shapes.hash32(value)
    before = gas_limit - entries[0]["gas"] if entries else gas_used
    if all(entry["depth"] == 1 for entry in entries):
        assert max(floor, before + sum(entry["gasCost"] for entry in entries)) == gas_used
    return entries


def log_of(scene: Scene, name: str, **options: bool) -> list[dict[str, Any]]:
    """The log of a transaction of the scene."""
    sent = scene.sent[name]
    found = scene.ask("eth_getTransactionByHash", sent.hash)
    given = bytes.fromhex(found["input"][2:])
    floor = 21_000 + 10 * (4 * len(given) - 3 * given.count(0))
    answer = scene.ask("debug_traceTransaction", sent.hash, *([options] if options else []))
    assert answer["failed"] == (sent.receipt["status"] == "0x0")
    used = int(sent.receipt["gasUsed"], 16)
    return check_log(answer, gas_limit=int(found["gas"], 16), gas_used=used, floor=floor)


@stands_for("debug_traceTransaction", "trace-legacy-transfer", "trace-contract-call")
def log_of_a_transaction(scene: Scene) -> None:
    assert log_of(scene, "legacy") == []
    assert [entry["op"] for entry in log_of(scene, "store")] == [
        *("PUSH1", "CALLDATALOAD", "PUSH0", "CALLDATALOAD", "SSTORE", "STOP"),
    ]
    assert log_of(scene, "reverted")[-1]["op"] == "REVERT"
    nested = log_of(scene, "nested")
    call = next(entry for entry in nested if entry["op"] == "CALL")
    inside = next(entry for entry in nested if entry["depth"] == 2)
    # The account of the call was cold (EIP-2929), and what it was given counts as cost.
    assert call["gasCost"] == inside["gas"] + 2_600


@stands_for("debug_traceBlockByNumber", "trace-block-with-transactions")
@stands_for("debug_traceBlockByHash", "trace-block-with-transactions")
def log_of_a_block(scene: Scene) -> None:
    sent = scene.sent["log"].receipt
    result = scene.ask("debug_traceTransaction", sent["transactionHash"])
    for method, name in (("Number", sent["blockNumber"]), ("Hash", sent["blockHash"])):
        answer = scene.ask(f"debug_traceBlockBy{method}", name)
        assert answer == [{"txHash": sent["transactionHash"], "result": result}]


@stands_for("debug_traceBlockByNumber", "trace-block-memory-encoding", "trace-block-return-data-behavior")
@stands_for("debug_traceBlockByNumber", "trace-block-storage-encoding", "trace-block-storage-snapshot-timing")
def parts_of_entries(scene: Scene) -> None:
    assert all("memory" not in entry and "returnData" not in entry for entry in log_of(scene, "reverted"))
    assert log_of(scene, "reverted", enableMemory=True)[-1]["memory"] == ["0x08c379a0" + "00" * 28]
    assert all("stack" not in entry for entry in log_of(scene, "store", disableStack=True))
    stored = [entry["storage"] for entry in log_of(scene, "store") if "storage" in entry]
    assert stored == [{"0x" + word(1): "0x" + word(0x2A)}]
    assert all("storage" not in entry for entry in log_of(scene, "store", disableStorage=True))


@stands_for("debug_traceCall", "trace-call-omitted-block", "trace-call-opcode-default", "traceCall-structLogs-gas")
def log_of_a_call(scene: Scene) -> None:
    # Call the echo, which returns nothing, then load a slot twice as large as the first.
    echo = scene.contracts["echo"][2:]
    code = f"0x60015f525f5f60205f73{echo}5afa50600154"
    options = {"stateOverrides": {NOBODY: {"code": code, "state": {"0x" + word(1): "0x" + word(7)}}}}
    for tags in (("latest",), (None,)):
        answer = scene.ask(
            "debug_traceCall", {"to": NOBODY, "gas": "0x100000"}, *tags, options | {"enableReturnData": True}
        )
        entries = check_log(answer, gas_limit=0x100000, gas_used=answer["gas"])
        last = entries[-1]
        assert (last["op"], last["stack"], last["returnData"]) == ("STOP", ["0x7"], "0x" + word(1))
        assert entries[-2]["storage"] == {"0x" + word(1): "0x" + word(7)}
    plain = scene.ask("debug_traceCall", scene.contract("echo", "0x1234"))
    assert (plain["failed"], plain["returnValue"]) == (False, "0x1234")
    words = "the trace has more than 200000 steps"
    scene.fails("debug_traceCall", {"data": "0x5b5f56"}, code=-32005, words=words)
