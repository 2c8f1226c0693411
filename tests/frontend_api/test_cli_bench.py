"""`swarmproof bench`."""

from __future__ import annotations

from tests.support.command_line import Command


def test_every_method_compares_the_same_pairs(swarmproof: Command) -> None:
    outcome = swarmproof("bench", "hamming", "--count", 1000, "--bits", 64, "--repeats", 1, "--json")
    assert outcome.exit_code == 0
    document = outcome.document
    assert (document["bits"], document["digests"], document["comparisons"]) == (64, 46, 1035)
    assert sum(document["histogram"].values()) == 1035
    assert document["methods"][0]["name"] == "pair_histogram"
    assert all(method["seconds"] > 0 and method["ratio"] > 0 for method in document["methods"])


def test_without_json_there_are_two_tables(swarmproof: Command) -> None:
    rows = swarmproof("bench", "hamming", "--count", 1000, "--repeats", 1).rows
    assert rows[0] == ["distance", "pairs"]
    assert ["method", "threads", "seconds", "processor seconds", "billions a second", "times as long"] in rows
    assert {"pair_histogram", "numpy"} <= {row[0] for row in rows}


def test_other_lengths_are_refused(swarmproof: Command) -> None:
    outcome = swarmproof("bench", "hamming", "--bits", 100)
    assert outcome.exit_code == 2
    assert "no length of digests: 64, 256, 1024" in outcome.stderr
