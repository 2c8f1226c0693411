"""`swarmproof calibrate` on the digits that flow draws before anybody trained it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from node.checkpoint import genesis
from node.tasks.registry import load_task
from tests.support.command_line import Command
from verifier.calibration import report
from verifier.classes import OutputClass


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints of a model that never learned."""
    folder = tmp_path_factory.mktemp("reference")
    manifest = load_task("flow").default_manifest()
    first = genesis(manifest)
    second = replace(first, round=1, previous_digest=first.digest, theta=(first.theta * np.int32(2)).copy())
    (folder / "manifest.cbor").write_bytes(manifest.to_bytes())
    for checkpoint in (first, second):
        (folder / f"round-{checkpoint.round:04}.checkpoint").write_bytes(checkpoint.to_bytes())
    return folder


@pytest.fixture
def few(reference: Path) -> tuple[str, ...]:
    """Options of a calibration that takes a second."""
    return ("--reference", str(reference), "--output", "calibration", "--jobs", "8", "--cheat", "int4")


def test_a_class_is_calibrated_and_written(
    swarmproof: Command, few: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "draw", lambda figures, folder: [])
    done = swarmproof("calibrate", *few, "--cheat", "older-checkpoint", "--compare", "phash", "--json")
    assert done.exit_code == 0, done.stderr
    class_ = OutputClass.from_json(Path("calibration/class.json").read_bytes())
    assert (class_.task, class_.hash) == ("flow", "periodic")
    assert done.document["class"] == json.loads(class_.to_json())
    assert [entry["hash"] for entry in done.document["hashes"]] == ["periodic", "phash", "appeal"]
    assert [cheat["name"] for cheat in done.document["hashes"][0]["cheats"]] == ["int4", "older-checkpoint"]
    again = swarmproof("calibrate", *few, "--least-threshold", 60, "--compare", "phash")
    assert again.rows[0] == ["rate", "errors", "of", "upper bound", "to stay below", "proven"]
    assert len(again.rows) == 1 + 2 * 2
    raised = OutputClass.from_json(Path("calibration/class.json").read_bytes())
    assert (raised.threshold, raised.appeal_threshold) == (60, 60)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--task", "text"), "is of task flow, not text"),
        (("--round", "7"), "no checkpoint of round 7; rounds there are: 0, 1"),
        (("--hash", "md5"), "hash 'md5' is unknown"),
        (("--hash", "tokens"), "hash tokens takes text, task flow makes images"),
        (("--cheat", "int2"), "unknown cheat 'int2'"),
        (("--jobs", "9"), "9 jobs, expected an even number"),
        (("--steps", "5000"), "5000 steps"),
        (("--prompts", "missing.txt"), "prompts missing.txt cannot be read"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(
    swarmproof: Command, few: tuple[str, ...], options: tuple[str, ...], words: str
) -> None:
    done = swarmproof("calibrate", *few, *options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not Path("calibration").exists()


def test_a_folder_without_a_model_is_refused(swarmproof: Command, tmp_path: Path) -> None:
    done = swarmproof("calibrate", "--reference", tmp_path, "--output", "calibration")
    assert done.exit_code == 2
    assert "manifest.cbor cannot be read: No such file" in done.stderr
