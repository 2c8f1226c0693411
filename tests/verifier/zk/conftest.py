"""A digits checkpoint that was trained for real, and its circuit: built once, with a reference string for tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.checkpoint import Checkpoint, dequantise, genesis, quantise
from node.manifest import LocalTraining, Manifest
from node.tasks.digits import DigitsTask
from node.tasks.splits import Split
from node.training import Trainer
from verifier.zk import circuit as circuits
from verifier.zk import proving
from verifier.zk.circuit import Circuit
from verifier.zk.head import Head, head_of
from verifier.zk.scoring import ProofFile


@pytest.fixture(scope="session")
def task() -> DigitsTask:
    """The task."""
    return DigitsTask(data_dir=None, options={})


@pytest.fixture(scope="session")
def manifest(task: DigitsTask) -> Manifest:
    """One seat with all the data, which trains for one long round."""
    local = LocalTraining("adamw", steps=100, batch_size=64, learning_rate_millionths=5000)
    return task.default_manifest(shard_count=1, byzantine=0, local=local)


@pytest.fixture(scope="session")
def checkpoint(task: DigitsTask, manifest: Manifest) -> Checkpoint:
    """What the round ended with."""
    start = genesis(manifest)
    shard = task.shards(1, Split.parse("iid"), 0)[0]
    step = Trainer(task, manifest, shard, seat=1, seed=0).pseudo_gradient(start.theta, 1)
    theta = quantise(dequantise(start.theta, manifest) - step, manifest)
    return Checkpoint(manifest.digest, 1, start.digest, theta)


@pytest.fixture(scope="session")
def head(checkpoint: Checkpoint, manifest: Manifest) -> Head:
    """Its head."""
    return head_of(checkpoint, manifest)


@pytest.fixture(scope="session")
def srs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reference string."""
    path = tmp_path_factory.mktemp("srs") / "test.srs"
    circuits.make_test_srs(path)
    return path


@pytest.fixture(scope="session")
def circuit(head: Head, srs: Path, tmp_path_factory: pytest.TempPathFactory) -> Circuit:
    """The head's circuit. Tests must not change its folder."""
    return circuits.build(head, tmp_path_factory.mktemp("zk") / "circuit", srs)


@pytest.fixture(scope="session")
def image(task: DigitsTask) -> list[int]:
    """A held-out digit."""
    pixels: list[int] = task.test.inputs[0].tolist()
    return pixels


@pytest.fixture(scope="session")
def proof(circuit: Circuit, image: list[int]) -> ProofFile:
    """A proof of what the head answers for it."""
    return proving.prove(circuit, image)
