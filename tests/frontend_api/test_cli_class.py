"""`class register` refuses a file that nobody could work with before it looks at a chain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.reverts.court import Court_BadParameter
from tests.support.command_line import Command
from tests.verifier.test_classes import CLASS

TEXT = CLASS.to_json()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (replace(CLASS, hash="md5").to_json(), "hash 'md5' is unknown; known hashes: "),
        (replace(CLASS, hash="tokens").to_json(), "hash tokens is of text, sampler euler makes image"),
        (TEXT.replace('"steps": 20', '"steps": 1, "steps": 20'), "a class file with 'steps' twice"),
    ],
)
def test_a_class_without_answers_is_not_registered(swarmproof: Command, tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "class.json"
    file.write_text(text)
    outcome = swarmproof("class", "register", file)
    assert outcome.exit_code == 2, outcome.stderr
    assert words in outcome.stderr.replace("\n", " ")


@pytest.mark.parametrize("window", ["work", "commit", "reveal", "appeal"])
def test_a_window_fits_the_contract(swarmproof: Command, window: str) -> None:
    outcome = swarmproof("class", "register", "class.json", f"--{window}-seconds", 1 << 32)
    assert outcome.exit_code == 2
    assert "4294967295" in outcome.stderr


def test_a_parameter_is_refused_in_words_that_fit_a_court_and_a_class() -> None:
    assert "the court does not take this verifierFee" in str(Court_BadParameter("verifierFee"))
