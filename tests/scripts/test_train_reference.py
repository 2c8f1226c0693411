"""A swarm in one process that leaves checkpoints behind."""

from __future__ import annotations

import json
from pathlib import Path

from node.checkpoint import Checkpoint
from node.generation import Sampling
from node.generation.models import load_model
from node.generation.task import require_generative
from node.manifest import LocalTraining, Manifest
from node.tasks import load_task
from node.training import one_thread
from scripts.train_reference import Swarm, train

OPTIONS: dict[str, int | str] = {"dataset": "digits", "width": 24, "blocks": 1}


def trained(folder: Path) -> list[dict[str, object]]:
    task = load_task("flow", options=OPTIONS)
    local = LocalTraining("adamw", steps=8, batch_size=16, learning_rate_millionths=5000)
    manifest = task.default_manifest(shard_count=5, byzantine=1, local=local)
    with one_thread():
        return train(Swarm(task, manifest, ("sign-flip",)), 4, 2, folder)


def test_checkpoints_are_a_projects_and_the_same_each_time_and_attackers_have_no_weight(tmp_path: Path) -> None:
    lines, again = trained(tmp_path / "first"), trained(tmp_path / "again")
    assert [line["cid"] for line in lines] == [line["cid"] for line in again]
    assert [line["round"] for line in lines] == [2, 4]
    assert lines[1]["loss"] < lines[0]["loss"]  # type: ignore[operator]
    assert [line["weights"][4] for line in lines] == [0, 0]  # type: ignore[index]
    assert json.loads((tmp_path / "first" / "checkpoints.json").read_text())[1]["cid"] == lines[1]["cid"]
    manifest = Manifest.from_bytes((tmp_path / "first" / "manifest.cbor").read_bytes())
    checkpoint = Checkpoint.from_bytes((tmp_path / "first" / str(lines[1]["file"])).read_bytes(), manifest)
    assert "0x" + checkpoint.digest.hex() == lines[1]["digest"]
    task = require_generative(load_task(manifest.task, options=manifest.task_options))
    model = load_model(task, manifest, checkpoint)
    assert task.generate(model, ["3"], [bytes(32)], Sampling("euler", 4))[0].content.shape == (8, 8)
