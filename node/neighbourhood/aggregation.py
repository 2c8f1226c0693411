"""A round's decision of one peer: how much each neighbour's model weighs, and their weighted mean. Integers only.

Shape legend: k = neighbours whose model is here, d = parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from node.aggregation.fixed_point import Q16_ONE, rshift_round_in_place
from node.aggregation.sybilwall_score import sybilwall_weights
from node.neighbourhood.history import cosines_q30
from node.neighbourhood.records import Records

Int32 = npt.NDArray[np.int32]


def neighbourhood_weights(records: Records, present: Sequence[str]) -> tuple[int, ...]:
    """Q16 weights (k + 1,) of the `present` neighbours, in their order, and of the own model; they sum to 2^16.

    Everybody else on record, distant peers and neighbours that are late, takes part in the comparison only.
    """
    others = sorted(set(records) - set(present))
    histories = [records[author].history for author in (*present, *others)]
    return sybilwall_weights(cosines_q30(histories), len(present))


def mean_model(models: Sequence[Int32], weights_q16: Sequence[int]) -> Int32:
    """Weighted mean int32 (d,) of models int32 (k + 1, d), rounded to the nearest, halves upward.

    Raises ValueError unless the weights are not negative and sum to 2^16: then the mean stays within int32.
    """
    if sum(weights_q16) != Q16_ONE or min(weights_q16) < 0:
        raise ValueError(f"weights {tuple(weights_q16)}, expected numbers from 0 on that sum to {Q16_ONE}")
    total = np.zeros(models[0].shape, dtype=np.int64)
    for model, weight in zip(models, weights_q16, strict=True):
        if weight:
            total += model.astype(np.int64) * weight
    rshift_round_in_place(total, 16)
    return total.astype(np.int32)
