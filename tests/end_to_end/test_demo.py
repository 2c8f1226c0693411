"""The demonstration as people run it: the command, its JSON, and that training, pay and audit end as they must."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MNIST = Path(os.environ.get("SWARMPROOF_MNIST_DIR", Path(__file__).parents[3] / "shared" / "data" / "mnist"))


def demo(*options: str) -> dict[str, Any]:
    """Run `swarmproof demo --json` and return the object it prints."""
    command = [sys.executable, "-m", "frontend_api", "demo", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def of_role(document: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [peer for peer in document["peers"] if peer["role"] == role]


def earned(peers: list[dict[str, Any]]) -> int:
    return sum(int(peer["earned"]) for peer in peers)


@pytest.mark.parametrize(
    ("peers", "rounds", "signatures", "accuracy"),
    [(6, 4, 5, 0.8), pytest.param(8, 8, 6, 0.93, marks=pytest.mark.slow)],
)
def test_digits_with_two_attackers(peers: int, rounds: int, signatures: int, accuracy: float) -> None:
    document = demo("--peers", str(peers), "--attackers", "2", "--rounds", str(rounds), "--task", "digits")
    assert set(document) >= {
        *("task", "accuracy", "rounds_finalized", "checkpoint", "peers", "audit", "court", "gas", "bytes", "seconds"),
    }
    assert document["task"] == "digits"
    assert document["accuracy"] >= accuracy
    assert document["rounds_finalized"] == rounds
    assert document["checkpoint"]["round"] == rounds
    assert document["checkpoint"]["cid"].startswith("bafkrei")
    assert document["audit"]["verdict"] == "accept"
    assert document["audit"]["rounds"] == rounds
    assert document["failures"] == []
    honest, attackers = of_role(document, "honest"), of_role(document, "attacker")
    assert [peer["attack"] for peer in attackers] == ["sign-flip", "label-flip"]
    # Weight 0 and no pay in every round after the first; in the first everybody starts from the same blank state.
    for attacker in attackers:
        assert sum(attacker["zero_reasons"].values()) >= rounds - 1
        # Spot checks find both: one does not send what it trained, the other trains on labels that are not its own.
        assert attacker["zero_reasons"].get("failed-check", 0) >= rounds // 2
    assert not any("failed-check" in peer["zero_reasons"] for peer in honest)
    assert all(int(peer["earned"]) > 0 and peer["claimed"] == peer["earned"] for peer in honest)
    # A full honest round, against 233k + 94k a seat + 9.3k a signature: at most a fifth more.
    assert document["gas"]["per_round"] <= 1.2 * (233_000 + peers * 94_000 + signatures * 9_300)


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_dir(), reason=f"the MNIST files are not at {MNIST}; SWARMPROOF_MNIST_DIR names them")
def test_mnist_with_three_attackers_of_eight() -> None:
    options = ("--task", "mnist", "--data-dir", str(MNIST), "--peers", "8", "--attackers", "3", "--rounds", "20")
    document = demo(*options)
    assert document["accuracy"] >= 0.94
    assert document["audit"]["verdict"] == "accept"
    assert document["failures"] == []
    assert earned(of_role(document, "attacker")) * 10 <= earned(document["peers"])
    assert document["bytes"]["bits_per_parameter_per_round"] <= 0.17
