"""Determinism classes of strangers: read exactly, or refused with ClassError, whatever the bytes are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.attestation import checksum_address
from node.generation.base import Sampling
from verifier.classes import Calibration, OutputClass, Trial
from verifier.errors import ClassError

CLASS = OutputClass(
    project=checksum_address(bytes(range(20))),
    manifest_digest=b"m" * 32,
    checkpoint_digest=b"c" * 32,
    task="flow",
    sampling=Sampling("euler", steps=20),
    hash="phash",
    threshold=4,
    appeal_threshold=6,
    code_hash=b"s" * 32,
    calibration=Calibration(b"d" * 32, (Trial("honest", 4000, 0), Trial("int8", 4000, 0)), (Trial("honest", 40, 1),)),
)


def document() -> dict[str, Any]:
    found: dict[str, Any] = cbor2.loads(CLASS.to_bytes())
    return found


def changed(**changes: Any) -> bytes:
    return cbor2.dumps({**document(), **changes}, canonical=True)


def test_a_class_survives_its_description_and_its_file() -> None:
    assert OutputClass.from_bytes(CLASS.to_bytes()) == CLASS
    assert OutputClass.from_json(CLASS.to_json()) == CLASS
    assert CLASS.digest == hashlib.sha256(CLASS.to_bytes()).digest()
    assert len(CLASS.to_bytes()) < 1024


def test_the_file_shows_what_the_description_holds() -> None:
    shown = json.loads(CLASS.to_json())
    assert shown.keys() == document().keys()
    assert shown["manifest_digest"] == "0x" + "6d" * 32
    assert shown["sampling"]["steps"] == 20
    assert shown["calibration"]["trials"][1] == {"name": "int8", "comparisons": 4000, "errors": 0}


@given(
    st.integers(0, 80),
    st.integers(0, 80),
    st.binary(min_size=32, max_size=32),
    st.lists(st.builds(Trial, st.text("abc-09", min_size=1), st.integers(9, 1 << 62), st.integers(0, 9)), max_size=5),
)
def test_any_class_survives(threshold: int, appeal: int, digest: bytes, trials: list[Trial]) -> None:
    unique = tuple({trial.name: trial for trial in trials}.values())
    calibration = Calibration(digest, unique, unique[:2])
    made = replace(CLASS, threshold=threshold, appeal_threshold=appeal, code_hash=digest, calibration=calibration)
    assert OutputClass.from_bytes(made.to_bytes()) == made == OutputClass.from_json(made.to_json())


@pytest.mark.parametrize("threshold", [-1, 81, 256, True, 4.0, "4"])
@pytest.mark.parametrize("name", ["threshold", "appeal_threshold"])
def test_a_threshold_that_random_digests_could_meet_is_refused(name: str, threshold: Any) -> None:
    with pytest.raises(ClassError, match=f"{name} = .*, expected 0 to 80"):
        replace(CLASS, **{name: threshold})


HOSTILE = [
    (b"", "cut short, at byte 0"),
    (b"\x81" * 10000, "10000 bytes"),
    (b"\x81" * 100, "nested deeper"),
    (CLASS.to_bytes() + b"\x00", "1 bytes too many"),
    (CLASS.to_bytes()[:-1], "cut short"),
    (cbor2.dumps([1]), "expected values by name"),
    (cbor2.dumps({}), "missing appeal_threshold, calibration"),
    (changed(extra=1), "unknown .*extra"),
    (changed(version=2), "version 2, expected 1"),
    (changed(threshold=4.0), "a float"),
    (changed(threshold=True), "a float or a simple value"),
    (changed(threshold=1 << 60), "expected 0 to 80"),
    (changed(project=b"p" * 21), "project has 21 bytes, expected 20"),
    (changed(project="0x" + "70" * 20), "not canonical"),
    (changed(manifest_digest=b"m" * 31), "manifest_digest has 31 bytes, expected 32"),
    (changed(code_hash=5), "code_hash is 5"),
    (changed(task=b"flow"), "task is b'flow', expected text"),
    (changed(task="flów"), "printable ASCII"),
    (changed(hash=""), "0 characters"),
    (changed(hash="h" * 129), "129 characters"),
    (changed(sampling=[]), "sampling is"),
    (changed(sampling={**document()["sampling"], "steps": 0}), "sampling: 0 steps"),
    (changed(sampling={**document()["sampling"], "steps": "5"}), "sampling: steps = '5', expected 0 to"),
    (changed(sampling={**document()["sampling"], "dtype": 5}), "sampling: dtype is 5, expected text"),
    (changed(sampling={**document()["sampling"], "steps": [5]}), r"sampling: steps = \[5\], expected 0 to"),
    (changed(sampling={**document()["sampling"], "more": 0}), "unknown .*more"),
    (changed(calibration={"data_root": b"d" * 32}), "missing appeal_trials, trials"),
    (changed(calibration={"data_root": b"d" * 32, "trials": 5, "appeal_trials": []}), "no list"),
    (changed(calibration={"data_root": b"d" * 32, "trials": [5], "appeal_trials": []}), "trial is 5"),
    (cbor2.dumps(dict(reversed(document().items()))), "not canonical"),
    (bytes.fromhex("d81c81d81d00"), "tag 28"),
]


@pytest.mark.parametrize(("data", "words"), HOSTILE)
def test_descriptions_of_strangers_are_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(ClassError, match=words):
        OutputClass.from_bytes(data)


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (("honest", 5, 6), "errors = 6, expected 0 to 5"),
        (("honest", -1, 0), "comparisons = -1"),
        (("honest", True, 0), "comparisons = True"),
        (("", 5, 0), "0 characters"),
    ],
)
def test_impossible_counts_are_refused(trial: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ClassError, match=words):
        Trial(*trial)


def test_a_class_whose_description_nobody_would_read_is_not_made() -> None:
    def trials(count: int) -> tuple[Trial, ...]:
        return tuple(Trial(f"{'cheat' * 20}-{number}", 1, 0) for number in range(count))

    longest = replace(CLASS, calibration=Calibration(b"d" * 32, trials(55)))
    assert OutputClass.from_json(longest.to_json()) == OutputClass.from_bytes(longest.to_bytes()) == longest
    with pytest.raises(ClassError, match=r"a description of \d{4,5} bytes, at most 8192"):
        replace(CLASS, calibration=Calibration(b"d" * 32, trials(65)))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"threshold": 4', '"threshold": 9, "threshold": 4', "a class file with 'threshold' twice"),
        ('"steps": 20', '"steps": 10, "steps": 20', "a class file with 'steps' twice"),
        ('"steps": 20', '"steps": "20"', "sampling: steps = '20', expected 0 to"),
        ('"steps": 20', '"steps": 20.0', "sampling: steps = 20.0, expected 0 to"),
        ('"steps": 20', '"steps": 1' + "0" * 4000, r"sampling: steps = 10{79}, expected"),
        ('"version": 1', '"version": 1' + "0" * 4000, r"version 10{79}, expected 1"),
    ],
)
def test_a_class_file_is_refused_in_a_short_sentence(before: str, after: str, words: str) -> None:
    text = CLASS.to_json()
    assert before in text
    with pytest.raises(ClassError, match=words) as caught:
        OutputClass.from_json(text.replace(before, after))
    assert len(str(caught.value)) < 200


def test_a_trial_is_reported_once() -> None:
    with pytest.raises(ClassError, match="trials repeat: honest, honest"):
        Calibration(b"d" * 32, (Trial("honest", 1, 0), Trial("honest", 2, 0)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 20000,
        "[]",
        "null",
        "NaN",
        b"\xff\xfe\x00",
        " " * 40000,
        CLASS.to_json().replace("0x6d6d", "0xzz6d"),
        CLASS.to_json().replace("0x6d6d", "6d6d"),
        CLASS.to_json().replace('"threshold": 4', '"threshold": 4.5'),
        CLASS.to_json().replace('"threshold": 4', '"threshold": ' + "9" * 5000),
        CLASS.to_json().replace('"steps": 20', '"steps": true'),
        CLASS.to_json().replace('"flow"', '"\\ud800"'),
        CLASS.to_json().replace('"task"', '"\\ud800"'),
    ],
)
def test_class_files_of_strangers_are_refused(text: str | bytes) -> None:
    with pytest.raises(ClassError) as caught:
        OutputClass.from_json(text)
    str(caught.value).encode()


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_whatever_make_anything_but_a_class_or_a_class_error(noise: bytes, place: int) -> None:
    description = CLASS.to_bytes()
    for data in (noise, description[:place] + noise + description[place + len(noise) :]):
        try:
            assert OutputClass.from_bytes(data).to_bytes() == data
        except ClassError as error:
            str(error).encode()
