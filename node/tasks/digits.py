"""Task `digits`: 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn. Needs no files and no network.

Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from node.manifest import Q16_ONE, LocalTraining
from node.tasks.base import Options
from node.tasks.perceptron import Images, ImageTask

TEST_EXAMPLES = 360
SPLIT_SEED = 0


class DigitsTask(ImageTask):
    """Digits, pixels 0 to 16. The same 360 examples are held out for every peer and project."""

    name = "digits"
    default_width = 64
    pixel_mean = 4.9
    pixel_deviation = 6.0

    def __init__(self, *, data_dir: Path | None, options: Options) -> None:
        train, test = digits_images()
        super().__init__(train, test, options=options)

    def proposal(self) -> dict[str, Any]:
        """Tuned for 8 seats of which 2 flip signs or labels: 8 rounds reach 0.96."""
        return {
            "tensors": self.tensors(256),
            "shard_count": 8,
            "byzantine": 2,
            "alpha_q16": Q16_ONE * 5 // 4,
            "beta_q16": Q16_ONE * 7 // 10,
            "local": LocalTraining("adamw", steps=30, batch_size=32, learning_rate_millionths=3000),
        }


def digits_images() -> tuple[Images, Images]:
    """The training images and the held-out ones, pixels 0 to 16."""
    from sklearn.datasets import load_digits  # takes a second to import: only who trains on digits waits for it

    bunch = load_digits()
    pixels, labels = bunch.data.astype(np.uint8), bunch.target.astype(np.uint8)
    order = np.random.Generator(np.random.PCG64(SPLIT_SEED)).permutation(len(labels))
    test, train = np.sort(order[:TEST_EXAMPLES]), np.sort(order[TEST_EXAMPLES:])
    return Images(pixels[train], labels[train]), Images(pixels[test], labels[test])
