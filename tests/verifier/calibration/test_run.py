"""A whole calibration: what it finds, that it goes on, that it can be checked, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from node.errors import StateError
from node.merkle import PositionTree
from tests.verifier.calibration import tiny
from tests.verifier.calibration.conftest import PLAN, small_calibration
from verifier.calibration import report
from verifier.calibration.calibrated import Calibrated, claims
from verifier.calibration.plan import Plan, usual_cheats, usual_prompts
from verifier.calibration.run import DIGESTS_FILE
from verifier.classes import OutputClass
from verifier.errors import CalibrationError

Found = tuple[Calibrated, list[Path]]


def test_honest_outputs_pass_and_no_cheat_does(calibrated: Found) -> None:
    periodic, appeal = calibrated[0].of_class
    for figures in (periodic, appeal):
        assert figures.honest.errors == figures.committees.errors == 0
        assert 0 < figures.threshold < 40
        assert [cheat.name for cheat in figures.cheats] == ["half-steps", "int8", "older-checkpoint", "other-seed"]
        assert all(cheat.accepted.errors == 0 for cheat in figures.cheats)
    assert calibrated[0].samples.impossible == ("other-sampler: images are made with one only",)
    assert {cheat.name: cheat.accepted.comparisons for cheat in periodic.cheats}["other-seed"] == 24


def test_few_jobs_prove_nothing_and_say_so(calibrated: Found) -> None:
    found = list(claims(calibrated[0]))
    assert len(found) == 2 * 6
    assert not any(claim.proven for claim in found)
    assert found[0].bound == pytest.approx(1 - 0.05 ** (1 / 20))


def test_the_class_file_holds_thresholds_and_counts(calibrated: Found) -> None:
    class_ = OutputClass.from_json(calibrated[1][0].read_bytes())
    assert class_ == calibrated[0].class_
    assert class_.checkpoint_digest == tiny.CHECKPOINT
    assert class_.threshold == calibrated[0].of_class[0].threshold
    assert [trial.name for trial in class_.calibration.trials][:2] == ["honest", "half-steps"]


def test_the_report_names_hashes_cheats_and_bounds(calibrated: Found) -> None:
    page, document = calibrated[1][2].read_text(), json.loads(calibrated[1][1].read_text())
    for word in ("`periodic`", "`phash`", "`appeal`", "`int8`", calibrated[0].class_.calibration.data_root.hex()):
        assert word in page
    assert [entry["hash"] for entry in document["hashes"]] == ["periodic", "phash", "appeal"]
    assert document["hashes"][1]["all_pairs"]["pairs"] == 4 * 3 + 6
    assert {path.suffix for path in calibrated[1]} == {".json", ".md", ".png", ".svg"}


def test_the_data_root_binds_every_digest(calibrated: Found) -> None:
    samples = calibrated[0].samples
    lines = [json.loads(line) for line in (calibrated[1][0].parent / DIGESTS_FILE).read_text().splitlines()]
    leaves = []
    for source, name in samples.digests:
        for line in (line for line in lines if line["cell"]["source"] == source):
            first = line["cell"]["first"]
            for job, digits in enumerate(line["result"][name], start=first):
                leaves.append(f"{source} {name} {job} ".encode() + bytes.fromhex(digits))
    assert samples.root() == PositionTree(leaves).root == calibrated[0].class_.calibration.data_root


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time of a small calibration goes into drawing it."""
    monkeypatch.setattr(report, "draw", lambda figures, folder: [])


@pytest.mark.usefixtures("no_plots")
def test_what_is_made_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    generate = tiny.TinyTask.generate

    def watched(self: tiny.TinyTask, model: Any, prompts: Any, seeds: Any, sampling: Any) -> Any:
        if len(asked) == 30:
            raise KeyboardInterrupt
        asked.append(len(seeds))
        return generate(self, model, prompts, seeds, sampling)

    changes = {"jobs": 8, "cheats": ("int8",), "cheat_jobs": 4, "hashes": ("periodic",)}
    monkeypatch.setattr(tiny.TinyTask, "generate", watched)
    whole, _ = small_calibration(tmp_path / "whole", **changes)
    before = len(asked)
    again, _ = small_calibration(tmp_path / "whole", **changes)
    assert len(asked) == before
    with pytest.raises(KeyboardInterrupt):
        small_calibration(tmp_path / "stopped", **changes | {"cheats": ("int8", "int4"), "jobs": 20})
    monkeypatch.setattr(tiny.TinyTask, "generate", generate)
    resumed, _ = small_calibration(tmp_path / "stopped", **changes)
    assert whole.class_ == again.class_ == resumed.class_


@pytest.mark.usefixtures("no_plots")
def test_a_record_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    changes = {"jobs": 8, "cheats": (), "hashes": ("periodic",)}
    small_calibration(tmp_path, **changes)
    path = tmp_path / DIGESTS_FILE
    lines = path.read_text().splitlines()
    document = json.loads(lines[1])
    document["result"]["periodic"][0] = "xyz"
    path.write_text("\n".join([lines[0], json.dumps(document), *lines[2:]]) + "\n")
    with pytest.raises(StateError, match="periodic is not 8 digests of 64 hexadecimal digits"):
        small_calibration(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"jobs": 7}, "7 jobs, expected an even number of at least 8"),
        ({"cheat_jobs": 0}, "0 jobs a cheat"),
        ({"smallest_batch": 7}, "smallest batch of 7, expected 1 to 6"),
        ({"least_threshold": 81}, "least threshold 81, expected 0 to 80"),
        ({"prompts": ()}, "needs a prompt and a hash"),
        ({"hashes": ("tokens",)}, "hash tokens takes text, task tiny makes images"),
        ({"hashes": ("md5",)}, "hash 'md5' is unknown"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_made(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(CalibrationError, match=words):
        small_calibration(tmp_path, **changes)
    assert list(tmp_path.iterdir()) == []


def test_no_two_jobs_share_a_seed_and_every_prompt_has_its_turn() -> None:
    plan = Plan(**PLAN | {"jobs": 4000})
    assert len({*plan.job_seeds(0, 4000), *plan.job_keys(0, 4000)}) == 8000
    assert np.unique(plan.job_prompts(2000, 4000), return_counts=True)[1].tolist() == [200] * 10
    assert Plan(**PLAN | {"seed": 1}).job_seeds(0, 1) != plan.job_seeds(0, 1)


def test_usual_prompts_and_cheats_are_of_the_task() -> None:
    assert usual_prompts("flow") == tuple("0123456789")
    assert all(prompt.endswith(":\n") for prompt in usual_prompts("text"))
    assert "cooler" in usual_cheats("text")
    assert "cooler" not in usual_cheats("image")
    with pytest.raises(CalibrationError, match="no prompts are known for task digits"):
        usual_prompts("digits")
