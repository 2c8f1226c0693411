"""A campaign: what it counts, and a small one with every part real."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.attestation import checksum_address
from contracts.court_values import ClassTerms, JobTerms, JobVerdict, Opening
from node.checkpoint import Checkpoint, genesis
from node.rounds.round_history import Place
from node.tasks.registry import load_task
from scripts.court_campaign.__main__ import main
from scripts.court_campaign.document import markdown
from scripts.court_campaign.figures import cheats_together, gas_figures, kind_figures, summary
from scripts.court_campaign.jobs import Hearing, order_of
from scripts.court_campaign.settings import HONEST, CampaignSettings
from scripts.court_campaign.stage import linked_checkpoints
from tests.verifier.test_classes import CLASS
from verifier.calibration.reference import read_reference
from verifier.classes import OutputClass
from verifier.court.job import Commitment, Decision, Ending, Job, JobRound, Opened, RegisteredClass

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


class PricedChain:
    """Every transaction costs what its hash says."""

    async def gas_used(self, transaction_hash: bytes) -> int:
        return transaction_hash[0]


def ended_job(*, decided: int, ended: int, revealed: int | None = None) -> Job:
    """An accepted job of one member, whose steps were these transactions."""

    def at(transaction: int) -> Place:
        return Place(1, 0, bytes([transaction] * 32))

    promises = {0: Commitment(0, NOBODY, bytes(32), at(2)), 1: Commitment(1, NOBODY, bytes(32), at(3))}
    opened = {0: Opened(Opening(0, 0, bytes(32), bytes(32)), NOBODY, at(revealed or decided))}
    terms = JobTerms(bytes(32), NOBODY, NOBODY, 1, bytes(32), bytes(32), bytes(32))
    class_ = RegisteredClass(bytes(32), ClassTerms(bytes(32), 8, 8, 1, 106, 1, 9, 9, 9, 9), b"", 0, at(0))
    names = {item.name: 0 for item in fields(Decision)}
    decision = Decision(**{**names, "verdict": JobVerdict.ACCEPT, "distances": (0,), "place": at(decided)})  # type: ignore[arg-type]
    first = JobRound(0, 3, 8, 1, 1, 9, 9, at(2), drawn=at(3), commitments=promises, openings=opened, decision=decision)
    ending = Ending(JobVerdict.ACCEPT, 0, 0, 0, at(ended))
    return Job(1, bytes(32), terms, class_, b"", 9, 1, at(1), seed_drawn=at(2), rounds=(first,), ending=ending)


async def test_gas_is_counted_by_the_steps_that_a_job_took() -> None:
    jobs = [ended_job(decided=4, ended=4), ended_job(decided=5, ended=6, revealed=7)]
    found = await gas_figures(PricedChain(), [(Hearing(HONEST, "1"), job) for job in jobs])  # type: ignore[arg-type]
    medians = {step: figures["median"] for step, figures in found["steps"].items()}
    expected = {"submit": 1, "work": 2, "commit": 3, "reveal": 7, "decide and finalize": 4, "decide": 5, "finalize": 6}
    assert medians == expected
    assert found["steps"]["decide and finalize"]["count"] == 1
    assert found["total"] == {"count": 2, "least": 10, "median": 17, "p99": 24, "largest": 24}


@pytest.mark.slow
def test_a_small_campaign_ends_as_it_must(reference: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    options: Mapping[str, object] = {
        "--reference": reference,
        "--class-file": class_of(reference, tmp_path / "class.json"),
        "--output": output,
        "--name": "digits",
        "--jobs": 3,
        "--cheat": "copied-digest",
        "--cheat-jobs": 1,
        "--verifiers": 3,
        "--work-dir": tmp_path / "work",
    }
    assert main([str(part) for option in options.items() for part in option]) == 0
    found = json.loads((output / "digits.json").read_text())
    counted = {item["kind"]: (item["jobs"], item["verdicts"]) for item in found["kinds"]}
    assert counted == {HONEST: (3, {"accept": 3}), "copied-digest": (1, {"reject-disagreement": 1})}
    assert found["gas"]["jobs"] == 3
    assert found["gas"]["steps"]["commit"]["count"] == 3
    page = (output / "digits.md").read_text()
    assert page == markdown(found)
    assert page.startswith("# Jobs through the output court: `flow`")
