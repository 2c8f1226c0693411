"""What counts as proven; the prover itself runs with `make prove`."""

from __future__ import annotations

from typing import Any

from scripts.prove_contracts import CHECKS, checks_in, outcomes

SOURCE = """
contract FirstSymbolic {
    function check_this(uint256 x) public pure {}
    function helper() private pure {}
}

contract SecondSymbolic is Base {
    function check_this() public pure {}
    function check_that() public pure {}
}
"""


def result(name: str, exitcode: int = 0, loops: int = 0) -> dict[str, Any]:
    return {"name": name, "exitcode": exitcode, "num_bounded_loops": loops}


def test_checks_are_named_after_their_contracts() -> None:
    assert checks_in(SOURCE) == {"FirstSymbolic.check_this", "SecondSymbolic.check_this", "SecondSymbolic.check_that"}


def test_every_file_of_checks_has_some() -> None:
    assert all(checks_in(path.read_text("utf-8")) for path in CHECKS.glob("*.t.sol"))


def test_what_failed_or_was_not_explored_to_its_end_is_not_proven() -> None:
    results = [result("check_a(uint256)"), result("check_b()", exitcode=1), result("check_c()", loops=1)]
    proven = outcomes({"test_results": {"test/symbolic/Counts.t.sol:FirstSymbolic": results}})
    assert proven == {"FirstSymbolic.check_a": True, "FirstSymbolic.check_b": False, "FirstSymbolic.check_c": False}
