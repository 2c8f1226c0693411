"""Which digit an image shows, by the training image that is nearest: a judge without parameters or training.

Shape legend: M = images to judge, R = reference images, F = pixels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def nearest_labels(
    pixels: npt.NDArray[np.uint8], references: npt.NDArray[np.uint8], labels: npt.NDArray[np.integer]
) -> npt.NDArray[np.int64]:
    """The label of the nearest of `references` (R, F) to each of `pixels` (M, F), the first among equals: int64 (M,).

    Exact: squared distances of 8-bit pixels are integers that float64 holds up to 10^11 pixels.
    """
    known = references.astype(np.float64)
    distances = (known**2).sum(axis=1) - 2 * (pixels.astype(np.float64) @ known.T)
    nearest: npt.NDArray[np.int64] = labels[distances.argmin(axis=1)].astype(np.int64)
    return nearest
