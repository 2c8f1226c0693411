"""Runs of a stream that end where a flag is set: how both index codes find their symbols.

Shape legend: m = runs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int32] | npt.NDArray[np.int64]


def runs(closing: npt.NDArray[np.bool_]) -> tuple[Offsets, Offsets]:
    """Offset of the last element of each run, and the number of its elements, (m,) each; what follows is no run.

    int32 where that is wide enough: a parser's memory is counted.
    """
    ends: Offsets = np.flatnonzero(closing)
    if len(closing) <= np.iinfo(np.int32).max:
        ends = ends.astype(np.int32)
    lengths = ends.copy()
    lengths[1:] -= ends[:-1]
    lengths[:1] += 1
    return ends, lengths
