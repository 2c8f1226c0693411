"""Two machines that share no code, py-evm and anvil, run the same transactions: gas, logs, frames, lists, estimates."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from eth_account import Account

from tests.devnet.conformance.scene import Scene
from tests.devnet.programs import word
from tests.devnet.test_anvil import needs_anvil
from tests.support.devnet import running_devnet
from tests.support.rpc import Rpc

KEY = "0x" + "11" * 32
NAMES = ("status", "type", "gasUsed", "to", "contractAddress", "logsBloom")


def seen(engine: str) -> dict[str, Any]:
    """What a machine says about the same transactions of the same account."""
    with running_devnet(engine=engine, heartbeat_seconds=0) as devnet, closing(Rpc(devnet.rpc_url)) as rpc:
        scene = Scene(devnet, rpc)
        sender = {"from": scene.wallet.address}
        store = scene.contract("store", "0x" + word(5) + word(6), **sender)
        outer = scene.contract("call", "0x" + word(int(scene.contracts["store"], 16)), **sender)
        transfer = {"to": scene.wallet.address, **sender}
        # No estimate of the outer call: it goes on when the inner one fails, so that less gas "works" as well.
        answers: dict[str, Any] = {
            "list of store": rpc("eth_createAccessList", store),
            "list of outer": rpc("eth_createAccessList", outer),
            "list of transfer": rpc("eth_createAccessList", transfer),
            "estimate of store": rpc("eth_estimateGas", store),
            "estimate of transfer": rpc("eth_estimateGas", transfer),
        }
        options = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
        for name, sent in scene.sent.items():
            answers[f"receipt {name}"] = {key: sent.receipt[key] for key in NAMES}
            outermost = rpc("debug_traceTransaction", sent.hash, options)
            # anvil counts the gas of the outermost frame without what comes before it.
            answers[f"frames {name}"] = placeless(outermost) | {"gas": None}
        return answers


def placeless(frame: dict[str, Any]) -> dict[str, Any]:
    """A frame whose logs do not say where they stand."""
    logs = [{key: log[key] for key in ("address", "topics", "data")} for log in frame.get("logs", [])]
    return frame | {"logs": logs, "calls": [placeless(inner) for inner in frame.get("calls", [])]}


@needs_anvil
def test_both_engines_say_the_same_of_the_same_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "create", lambda: Account.from_key(KEY))
    ours, theirs = seen("py-evm"), seen("anvil")
    assert len(ours) > 25
    assert {name: answer for name, answer in ours.items() if answer != theirs[name]} == {}
