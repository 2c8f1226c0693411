"""Task `mnist`: 70,000 handwritten digits of 28 x 28 pixels, read from IDX files in a folder of your choice.

Source: LeCun, Cortes and Burges, the MNIST database; the last 10,000 are its own test set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from node.errors import TaskError
from node.manifest import LocalTraining, Manifest
from node.tasks.base import Options
from node.tasks.idx import MalformedIdx, find_idx, read_idx
from node.tasks.perceptron import Images, ImageTask

SIDE = 28


class MnistTask(ImageTask):
    """MNIST, pixels 0 to 255. Option `width`: hidden units."""

    name = "mnist"
    default_width = 128
    pixel_mean = 33.3
    pixel_deviation = 78.6

    def __init__(self, *, data_dir: Path | None, options: Options) -> None:
        if data_dir is None:
            raise TaskError("task mnist needs a folder with the MNIST IDX files, but no data folder is configured")
        if not data_dir.is_dir():
            raise TaskError(f"data folder {data_dir} does not exist; task mnist reads the MNIST IDX files from it")
        super().__init__(_load(data_dir, "train"), _load(data_dir, "t10k"), options=options)

    def default_manifest(self, **overrides: Any) -> Manifest:
        """For 8 peers of which 3 attack: 20 rounds reach 0.95."""
        settings: dict[str, Any] = {
            "task": self.name,
            "tensors": self.tensors(64, {}),
            "rule": "multi-krum(f=2,keep=4)",
            "byzantine": 2,
            "alpha_q16": 1 << 16,
            "shard_count": 8,
            "local": LocalTraining(),
            "task_options": {"width": self.width},
        }
        return Manifest(**{**settings, **overrides})


def _load(folder: Path, part: str) -> Images:
    """Read images and labels of one part; raises MalformedIdx unless they fit each other."""
    labels_file = find_idx(folder, f"{part}-labels-idx1-ubyte")
    labels = read_idx(labels_file, (None,))
    pixels = read_idx(find_idx(folder, f"{part}-images-idx3-ubyte"), (len(labels), SIDE, SIDE))
    if labels.max() >= MnistTask.class_count:
        raise MalformedIdx(labels_file, "largest label", int(labels.max()), f"at most {MnistTask.class_count - 1}")
    return Images(pixels.reshape(len(labels), SIDE * SIDE), labels)
