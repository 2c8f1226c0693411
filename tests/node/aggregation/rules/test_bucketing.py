"""Bucketing: who shares a bucket, and what the buckets are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from node.aggregation.fixed_point import Q16_ONE
from node.aggregation.rules.bucketing import Bucketing, buckets
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import peers
from tests.node.aggregation.vectors import clipped, context_of, gram_of


def test_everybody_is_in_one_bucket_and_the_last_may_hold_fewer() -> None:
    found = buckets(range(1, 12), b"x" * 32, size=3)
    assert [len(bucket) for bucket in found] == [3, 3, 3, 2]
    assert sorted(i for bucket in found for i in bucket) == list(range(11))


def test_all_orders_are_equally_likely() -> None:
    seeds = [number.to_bytes(32, "big") for number in range(6000)]
    counts = Counter(tuple(order for bucket in buckets((4, 7, 9), seed, size=1) for order in bucket) for seed in seeds)
    assert len(counts) == 6
    assert all(850 < count < 1150 for count in counts.values())  # 1,000 with a deviation of 29


def test_buckets_follow_seats_and_not_places() -> None:
    seats, seed = (3, 5, 8, 13, 21), b"y" * 32
    names = [{seats[i] for i in bucket} for bucket in buckets(seats, seed, size=2)]
    backward = seats[::-1]
    assert [{backward[i] for i in bucket} for bucket in buckets(backward, seed, size=2)] == names


def test_the_gram_is_that_of_the_means() -> None:
    vectors = peers(7)
    context = replace(context_of(7, histories=vectors), ages=(9, 8, 7, 6, 5, 4, 3))
    mixture = Bucketing(2).apply(gram_of(vectors), context)
    members = buckets(context.seats, context.seed, size=2)
    means = np.stack([clipped(vectors)[bucket].mean(axis=0) for bucket in members])
    # Each length is rounded down by less than 2^-16 before it is averaged, and once more after.
    assert np.abs(np.array(mixture.gram.norms_q16) / Q16_ONE - np.linalg.norm(means, axis=1)).max() < 3 * 2.0**-16
    assert mixture.context.histories == mixture.gram
    assert mixture.context.seats == tuple(min(bucket) + 1 for bucket in members)
    assert mixture.context.ages == tuple(9 - max(bucket) for bucket in members)


@pytest.mark.parametrize(("inputs", "left"), [(1, 1), (2, 1), (3, 2), (7, 4), (8, 4)])
def test_as_many_mixtures_as_buckets(inputs: int, left: int) -> None:
    assert (
        Bucketing(2).inputs_after(inputs)
        == left
        == len(Bucketing(2).apply(gram_of(peers(inputs)), context_of(inputs)).matrix)
    )


def test_sizes_out_of_range_are_refused_with_their_numbers() -> None:
    for size in (0, 1, 129):
        with pytest.raises(RuleError, match=f"size = {size} must be between 2 and 128"):
            Bucketing(size)
