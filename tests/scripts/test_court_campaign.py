"""A campaign: what it counts, and a small one with every part real."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.attestation import checksum_address
from node.checkpoint import Checkpoint, genesis
from node.tasks.registry import load_task
from scripts.court_campaign.__main__ import main
from scripts.court_campaign.document import markdown
from scripts.court_campaign.figures import cheats_together, kind_figures, summary
from scripts.court_campaign.jobs import Hearing, order_of
from scripts.court_campaign.settings import HONEST, CampaignSettings
from scripts.court_campaign.stage import linked_checkpoints
from tests.verifier.test_classes import CLASS
from verifier.calibration.reference import read_reference
from verifier.classes import OutputClass

TASK = load_task("flow", options={"dataset": "digits", "width": 8, "blocks": 1})
NOBODY = checksum_address(bytes(20))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A model that has learned nothing, in two versions."""
    folder = tmp_path / "reference"
    folder.mkdir()
    manifest = TASK.default_manifest()
    (folder / "manifest.cbor").write_bytes(manifest.to_bytes())
    older = genesis(manifest)
    newer = Checkpoint(manifest.digest, 5, bytes(32), (older.theta + 1).astype(np.int32))
    for checkpoint in (older, newer):
        (folder / f"round-{checkpoint.round:04}.checkpoint").write_bytes(checkpoint.to_bytes())
    return folder


def class_of(reference: Path, path: Path) -> Path:
    """A class file of the newest checkpoint."""
    found = read_reference(reference)
    class_: OutputClass = replace(
        CLASS,
        project=NOBODY,
        manifest_digest=found.manifest.digest,
        checkpoint_digest=found.newest.digest,
        sampling=TASK.default_sampling,  # type: ignore[attr-defined]
        hash="periodic",
        threshold=40,
    )
    path.write_text(class_.to_json())
    return path


def settings(folder: Path, **changes: Any) -> CampaignSettings:
    return CampaignSettings(folder, folder, folder, **changes)


def test_jobs_begin_honest_and_cheats_are_spread_among_honest_ones(tmp_path: Path) -> None:
    chosen = settings(tmp_path, jobs=9, cheats=("int8", "no-commit"), cheat_jobs=2)
    hearings = order_of(chosen, TASK, ("1", "2"))  # type: ignore[arg-type]
    kinds = [item.kind for item in hearings]
    assert kinds == [HONEST, *("no-commit", HONEST) * 2, *("int8", HONEST) * 2, *(HONEST,) * 4]
    assert [item.prompt for item in hearings[:3]] == ["1", "2", "1"]


def test_the_newest_checkpoint_leads_to_the_one_kept_before(reference: Path) -> None:
    found = read_reference(reference)
    older, newest = linked_checkpoints(found)
    assert newest.previous_digest == older.digest
    assert np.array_equal(newest.theta, found.newest.theta)


def test_a_class_of_another_model_is_refused(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "class.json"
    file.write_text(replace(CLASS, checkpoint_digest=b"x" * 32).to_json())
    options = ("--reference", reference, "--class-file", file, "--output", tmp_path / "out", "--verifiers", 3)
    assert main([str(option) for option in options]) == 2
    assert "is not of checkpoint 5" in capsys.readouterr().err


def test_no_jobs_have_no_figures() -> None:
    found = kind_figures("int8", [(Hearing(HONEST, "1"), None)])  # type: ignore[list-item]
    assert (found["jobs"], found["bound"], found["distances"]) == (0, None, None)
    assert summary([]) is None


def test_cheats_are_bounded_together() -> None:
    kinds: list[dict[str, Any]] = [
        {"kind": HONEST, "jobs": 100, "errors": 7},
        {"kind": "int8", "jobs": 30, "errors": 0},
        {"kind": "int4", "jobs": 29, "errors": 0},
    ]
    found = cheats_together(kinds)
    assert (found["jobs"], found["errors"]) == (59, 0)
    assert found["bound"] == pytest.approx(1 - 0.05 ** (1 / 59))


@pytest.mark.slow
def test_a_small_campaign_ends_as_it_must(reference: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    options: Mapping[str, object] = {
        "--reference": reference,
        "--class-file": class_of(reference, tmp_path / "class.json"),
        "--output": output,
        "--jobs": 3,
        "--cheat": "copied-digest",
        "--cheat-jobs": 1,
        "--verifiers": 3,
        "--work-dir": tmp_path / "work",
    }
    assert main([str(part) for option in options.items() for part in option]) == 0
    found = json.loads((output / "court.json").read_text())
    counted = {item["kind"]: (item["jobs"], item["verdicts"]) for item in found["kinds"]}
    assert counted == {HONEST: (3, {"accept": 3}), "copied-digest": (1, {"reject-disagreement": 1})}
    assert found["gas"]["jobs"] == 3
    assert found["gas"]["steps"]["commit"]["count"] == 3
    assert (output / "court.md").read_text() == markdown(found)
