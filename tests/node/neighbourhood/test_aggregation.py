"""A round's decision of one peer."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.fixed_point import Q16_ONE
from node.neighbourhood.aggregation import mean_model, neighbourhood_weights
from node.neighbourhood.records import NOBODY, Records, heard_directly, heard_of

LIMITS = np.iinfo(np.int32)


def history(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.random.default_rng(seed).integers(-30000, 30000, 1024).astype(np.int16)


def with_neighbours(*seeds: int) -> Records:
    records = NOBODY
    for place, seed in enumerate(seeds):
        records = heard_directly(records, f"n{place}", round=1, history=history(seed))
    return records


def test_two_sybils_next_door_weigh_nothing() -> None:
    weights = neighbourhood_weights(with_neighbours(1, 2, 7, 7), ["n0", "n1", "n2", "n3"])
    assert weights[2:4] == (0, 0)
    assert weights[0] == weights[1] > 0


def test_a_record_from_afar_unmasks_a_lone_sybil() -> None:
    records = with_neighbours(1, 2, 7)
    present = ["n0", "n1", "n2"]
    assert neighbourhood_weights(records, present)[2] > 0
    records = heard_of(records, "x", own="me", sender="n0", round=1, sender_distance=1, history=history(7))
    assert neighbourhood_weights(records, present)[2] == 0


def test_a_neighbour_that_is_late_is_compared_and_not_averaged() -> None:
    weights = neighbourhood_weights(with_neighbours(1, 7, 7), ["n0", "n1"])
    assert len(weights) == 3
    assert weights[1] == 0


def test_without_neighbours_the_own_model_stays() -> None:
    assert neighbourhood_weights(NOBODY, []) == (Q16_ONE,)


def test_the_mean_is_exact_and_rounds_halves_upward() -> None:
    models = [np.array([3, -3, LIMITS.max, LIMITS.min], dtype=np.int32), np.zeros(4, dtype=np.int32)]
    half = Q16_ONE // 2
    assert mean_model(models, (half, half)).tolist() == [2, -1, 1 << 30, -(1 << 30)]
    assert mean_model([models[0]], (Q16_ONE,)).tolist() == models[0].tolist()


@pytest.mark.parametrize("weights", [(Q16_ONE, 1), (Q16_ONE + 1, -1), (0, 0)])
def test_weights_that_do_not_make_a_mean_are_refused(weights: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="sum to"):
        mean_model([np.zeros(1, dtype=np.int32)] * 2, weights)
