"""docs/contracts.md names every call, event and error of the contracts, and the gas on record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.abi import ARTIFACTS
from contracts.reverts.attendance import AttendanceReverted
from contracts.reverts.base import TypedRevert
from contracts.reverts.court import CourtReverted
from contracts.reverts.disputes import DisputesReverted
from contracts.reverts.factory import FactoryReverted
from contracts.reverts.project import ProjectReverted
from contracts.reverts.registry import RegistryReverted
from tests.support.markdown import DOCS, ROOT, Document

PAGE = Document(DOCS / "contracts.md")
CONTRACTS = ("PeerRegistry", "ProjectFactory", "TrainingProject", "Attendance", "Disputes", "OutputCourt")


def abi(contract: str, kind: str) -> list[str]:
    """Names of the contract's own entries of a kind."""
    artifact: dict[str, Any] = json.loads((ARTIFACTS / f"{contract}.json").read_text(encoding="utf-8"))
    return [entry["name"] for entry in artifact["abi"] if entry["type"] == kind]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_call_and_event_is_documented(contract: str) -> None:
    calls = PAGE.section("Calls").split(f"| `{contract}` | does |")[1].partition("\n\n")[0]
    for name in abi(contract, "function"):
        assert f"`{name}(" in calls or f"`{name}`" in calls or name == "eip712Domain", name
    row = next(line for line in PAGE.section("Events").splitlines() if line.startswith(f"| `{contract}`"))
    for name in abi(contract, "event"):
        assert name in row or name.startswith("EIP712"), name


@pytest.mark.parametrize(
    "kind", [AttendanceReverted, CourtReverted, DisputesReverted, FactoryReverted, ProjectReverted, RegistryReverted]
)
def test_every_error_is_documented(kind: type[TypedRevert]) -> None:
    assert kind.__subclasses__()
    for error in kind.__subclasses__():
        assert f"`{error.__name__}`" in PAGE.section("Errors")


def test_gas_is_what_the_snapshot_says() -> None:
    figures = json.loads((ROOT / "tests" / "contracts" / "gas_snapshot.json").read_text(encoding="utf-8"))
    sizes = [figures[f"{count} seats"] for count in (8, 16, 64)]
    section = PAGE.section("Gas")
    rows = {
        "open, and finalize the round before": "later round: open",
        "commit, each": "later round: commit",
        "reveal, each": "later round: reveal",
        "accept": "later round: accept",
        "finalize alone": "later round: finalize",
        "whole round": "later round: whole",
        "batched: post commits": "batched round: post commits",
        "batched: reveal": "batched round: reveal batch",
        "batched: whole round, each seat": "batched round: each",
    }
    for row, name in rows.items():
        assert f"| {row} | {' | '.join(f'{each[name]:,}' for each in sizes)} |" in section
    claims = [f"{each['first round: claim, holder']:,}, {each['later round: claim, holder']:,}" for each in sizes]
    assert f"| claim, first and later | {' | '.join(claims)} |" in section
    few = sizes[0]
    assert f"{few['deploy']:,}, creating a project {few['create project']:,}" in section


def test_gas_of_the_court_is_what_the_snapshot_says() -> None:
    figures = json.loads((ROOT / "tests" / "contracts" / "court_gas_snapshot.json").read_text(encoding="utf-8"))
    section = PAGE.section("Gas").partition("A job with three verifiers")[2]
    for kind, column in (("collected", 1), ("each alone", 2)):
        for name, gas in figures.items():
            if not name.startswith(f"{kind}: "):
                continue
            row = next(line for line in section.splitlines() if line.startswith(f"| {name.partition(': ')[2]} |"))
            assert row.split("|")[column + 1].strip() == f"{gas:,}", name
