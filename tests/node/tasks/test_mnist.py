"""The MNIST task: on small files made here, and on the real ones where they are."""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from node.errors import TaskError
from node.tasks import Split, load_task
from node.tasks.idx import MalformedIdx
from node.training import check_parameters

MNIST_DIR = Path(os.environ.get("SWARMPROOF_MNIST_DIR", Path(__file__).parents[4] / "shared" / "data" / "mnist"))
TRAIN_IMAGES_MD5 = "6bbc9ace898e44ae57da46a324031adb"  # of the uncompressed file, header included


def _write_idx(path: Path, array: np.ndarray) -> None:
    path.write_bytes(struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for part, count in (("train", 40), ("t10k", 10)):
        pixels = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        _write_idx(tmp_path / f"{part}-images-idx3-ubyte", pixels)
        _write_idx(tmp_path / f"{part}-labels-idx1-ubyte", (np.arange(count) % 10).astype(np.uint8))
    return tmp_path


def test_images_and_labels_are_read_from_the_folder(folder: Path) -> None:
    task = load_task("mnist", data_dir=folder)
    shards = task.shards(4, Split(), 0)
    assert [len(shard) for shard in shards] == [10] * 4
    assert shards[0].inputs.shape == (10, 784)
    check_parameters(task.model(), task.default_manifest())


def test_no_configured_folder_is_one_clear_sentence() -> None:
    with pytest.raises(TaskError, match="no data folder is configured") as caught:
        load_task("mnist")
    assert caught.value.exit_code == 2


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"data folder .*absent does not exist"):
        load_task("mnist", data_dir=tmp_path / "absent")


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(TaskError, match="t10k-images-idx3-ubyte"):
        load_task("mnist", data_dir=folder)


def test_more_labels_than_images_are_refused(folder: Path) -> None:
    _write_idx(folder / "train-labels-idx1-ubyte", np.zeros(41, dtype=np.uint8))
    with pytest.raises(MalformedIdx, match="40 x 28 x 28, expected 41 x 28 x 28"):
        load_task("mnist", data_dir=folder)


def test_a_label_that_is_no_digit_is_refused(folder: Path) -> None:
    _write_idx(folder / "train-labels-idx1-ubyte", np.full(40, 10, dtype=np.uint8))
    with pytest.raises(MalformedIdx, match="largest label is 10, expected at most 9"):
        load_task("mnist", data_dir=folder)


@pytest.mark.skipif(not MNIST_DIR.is_dir(), reason=f"no MNIST files in {MNIST_DIR} (set SWARMPROOF_MNIST_DIR)")
def test_the_real_training_images_are_read_byte_for_byte() -> None:
    task = load_task("mnist", data_dir=MNIST_DIR)
    train = task._train  # type: ignore[attr-defined]
    header = struct.pack(">HBB3I", 0, 8, 3, 60000, 28, 28)
    found = hashlib.md5(header + train.pixels.tobytes(), usedforsecurity=False).hexdigest()
    assert found == TRAIN_IMAGES_MD5
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
