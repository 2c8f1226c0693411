"""Task `mnist`: 70,000 handwritten digits of 28 x 28 pixels, read from IDX files in a folder of your choice.

Source: LeCun, Cortes and Burges, the MNIST database; the last 10,000 are its own test set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from node.errors import TaskError
from node.manifest import Q16_ONE, LocalTraining
from node.tasks.base import Options
from node.tasks.idx import MalformedIdx, find_idx, read_idx
from node.tasks.perceptron import Images, ImageTask

SIDE = 28


class MnistTask(ImageTask):
    """MNIST, pixels 0 to 255. Option `width`: hidden units."""

    name = "mnist"
    default_width = 128
    pixel_mean = 0.0  # a blank pixel stays 0 and has no gradient: it takes no place in a message
    pixel_deviation = 60.0

    def __init__(self, *, data_dir: Path | None, options: Options) -> None:
        train, test = mnist_images(self.name, data_dir)
        super().__init__(train, test, options=options)

    def proposal(self) -> dict[str, Any]:
        """Tuned for 8 seats of which 3 flip signs or labels or send noise: 20 rounds reach 0.96."""
        return {
            "tensors": self.tensors(64),
            "shard_count": 8,
            "byzantine": 3,
            "alpha_q16": Q16_ONE,
            "beta_q16": Q16_ONE * 4 // 5,
            "local": LocalTraining("adamw", steps=60, batch_size=64, learning_rate_millionths=2000),
        }


def mnist_images(task: str, data_dir: Path | None) -> tuple[Images, Images]:
    """The training images and the held-out ones, pixels 0 to 255. `task`: who asks. Raises TaskError, MalformedIdx."""
    if data_dir is None:
        raise TaskError(f"task {task} needs a folder with the MNIST IDX files, but no data folder is configured")
    if not data_dir.is_dir():
        raise TaskError(f"data folder {data_dir} does not exist; task {task} reads the MNIST IDX files from it")
    return _load(data_dir, "train"), _load(data_dir, "t10k")


def _load(folder: Path, part: str) -> Images:
    """Read images and labels of one part; raises MalformedIdx unless they fit each other."""
    labels_file = find_idx(folder, f"{part}-labels-idx1-ubyte")
    labels = read_idx(labels_file, (None,))
    pixels = read_idx(find_idx(folder, f"{part}-images-idx3-ubyte"), (len(labels), SIDE, SIDE))
    if labels.max() >= MnistTask.class_count:
        raise MalformedIdx(labels_file, "largest label", int(labels.max()), f"at most {MnistTask.class_count - 1}")
    return Images(pixels.reshape(len(labels), SIDE * SIDE), labels)
