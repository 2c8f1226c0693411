"""Rounding is forgiven; another direction, another length and a doctored optimizer are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from node.checks.compare import HASH_BITS, Distance, distance, distances
from node.manifest import LocalTraining
from node.training import LocalState
from tests.node.codec.layouts import MIXED, Float32, normal_vector

KEY = bytes(range(32))
BOUND = MIXED.checks.distance_bits
START = LocalState(normal_vector(MIXED, seed=1), (normal_vector(MIXED, seed=2), np.abs(normal_vector(MIXED, seed=3))))
END = replace(START, parameters=START.parameters + normal_vector(MIXED, seed=4, deviation=0.001))


def within(theirs: LocalState, local: LocalTraining = MIXED.local) -> bool:
    return all(item.within(BOUND) for item in distances(START, END, theirs, local, KEY))


def noise(vector: Float32, size: float) -> Float32:
    return (vector * (1 + size * np.random.Generator(np.random.PCG64(0)).standard_normal(len(vector)))).astype(
        np.float32
    )


def test_equal_states_are_at_distance_zero() -> None:
    assert distances(START, END, END, MIXED.local, KEY) == (Distance(0, 0.0), Distance(0, 0.0))


def test_rounding_in_every_number_is_forgiven() -> None:
    rounded = LocalState(noise(END.parameters, 1e-6), tuple(noise(moment, 1e-4) for moment in END.moments))
    assert within(rounded)


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.9, 1.1, 2.0, -1.0])
def test_a_way_of_another_length_is_not(factor: float) -> None:
    way = END.parameters - START.parameters
    assert not within(replace(END, parameters=START.parameters + np.float32(factor) * way))


def test_a_step_aside_is_not() -> None:
    aside = normal_vector(MIXED, seed=5, deviation=0.0003)
    assert not within(replace(END, parameters=END.parameters + aside))


def test_one_second_moment_set_to_zero_is_seen() -> None:
    first, second = END.moments
    doctored = second.copy()
    doctored[7] = 0
    assert not within(replace(END, moments=(first, doctored)))
    assert not within(replace(END, moments=(first, -second)))


def test_momentum_is_compared_as_it_is() -> None:
    momentum = LocalTraining("sgd")
    assert within(END, momentum)
    assert not within(replace(END, moments=(-END.moments[0], END.moments[1])), momentum)


def test_the_last_state_comes_without_moments() -> None:
    assert len(distances(START, END, replace(END, moments=()), MIXED.local, KEY)) == 1


def test_zeros_and_infinities_are_as_far_as_can_be_from_anything_else() -> None:
    zeros, ones = np.zeros(9, dtype=np.float32), np.ones(9, dtype=np.float32)
    endless = np.full(9, np.inf, dtype=np.float32)
    assert distance(zeros, zeros, KEY) == Distance(0, 0.0)
    for other in (zeros, endless):
        assert distance(ones, other, KEY).bits == HASH_BITS
