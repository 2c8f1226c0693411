"""Findings of Slither against the reasons on record; Slither itself runs with `make analyze`."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import SwarmProofError
from scripts.slither_contracts import REASONS, Finding, complaints, read_findings, read_reasons


def element(kind: str, name: str, parent: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "type_specific_fields": {"parent": parent}}


CONTRACT = element("contract", "Registry")
FUNCTION = element("function", "slash", CONTRACT)


def report(*elements: dict[str, Any], impact: str = "High") -> dict[str, Any]:
    item = {"check": "reentrancy-no-eth", "impact": impact, "elements": list(elements)}
    return {"success": True, "results": {"detectors": [item]}}


def test_a_finding_is_its_function_and_all_its_expressions() -> None:
    nodes = [element("node", "token.transfer(to)", FUNCTION), element("node", "left = 0", FUNCTION)]
    wanted = [Finding("reentrancy-no-eth", "Registry.slash", "left = 0; token.transfer(to)")]
    assert read_findings(report(FUNCTION, *nodes)) == wanted
    assert read_findings(report(FUNCTION, *reversed(nodes))) == wanted


def test_a_variable_is_found_by_the_function_it_is_in() -> None:
    found = read_findings(report(element("variable", "none", FUNCTION)))
    assert found == [Finding("reentrancy-no-eth", "Registry.slash", "none")]


def test_findings_about_contracts_are_found_by_their_name() -> None:
    assert read_findings(report(CONTRACT)) == [Finding("reentrancy-no-eth", "Registry", "")]


def test_findings_of_low_impact_do_not_count() -> None:
    assert read_findings(report(FUNCTION, impact="Low")) == []


def test_findings_without_reason_and_reasons_without_finding_are_told() -> None:
    known, new, gone = (Finding("detector", "Registry.slash", name) for name in ("known", "new", "gone"))
    assert complaints([known], [known]) == []
    assert complaints([known, new], [known, gone]) == [
        "without a reason: detector in Registry.slash: new",
        "not found any more: detector in Registry.slash: gone",
    ]


def test_every_reason_on_record_is_told_once() -> None:
    text = REASONS.read_text("utf-8")
    assert read_reasons(text)
    with pytest.raises(SwarmProofError, match="twice"):
        read_reasons(text + text[text.index("[[finding]]") :])
