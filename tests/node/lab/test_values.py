"""Shapley values, rank correlation and label noise, against what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from node.lab.values import label_noise, rank_correlation, shapley_values, with_label_noise
from node.tasks.base import Shard


def test_shapley_values_of_a_sum_are_its_terms() -> None:
    terms = (3.0, -1.0, 0.5, 0.0)
    assert shapley_values(4, lambda members: sum(terms[i] for i in members)) == pytest.approx(terms)


def test_shapley_values_of_the_glove_game() -> None:
    # Players 0 and 1 have a left glove each, 2 has the right one; a pair is worth 1.
    values = shapley_values(3, lambda members: float(2 in members and len(members) > 1))
    assert values == pytest.approx((1 / 6, 1 / 6, 2 / 3))


def test_every_coalition_is_asked_for_once() -> None:
    asked: list[frozenset[int]] = []

    def worth(members: frozenset[int]) -> float:
        asked.append(members)
        return float(len(members) ** 2)

    assert sum(shapley_values(5, worth)) == pytest.approx(25)
    assert len(asked) == len(set(asked)) == 32


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3, 4], [10, 20, 40, 80], 1),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1),
        ([1, 2, 3], [2, 1, 3], 0.5),
        ([0, 0, 1], [1, 2, 3], 0.75**0.5),  # the equal ones share rank 1.5
        ([5, 5, 5], [1, 2, 3], 0),
    ],
)
def test_rank_correlation_of_small_lists(first: Sequence[float], second: Sequence[float], expected: float) -> None:
    assert rank_correlation(first, second) == pytest.approx(expected)


def test_levels_of_noise_are_even_and_dealt_out_by_the_seed() -> None:
    assert sorted(label_noise(4, 7)) == pytest.approx([0, 0.3, 0.6, 0.9])
    assert label_noise(12, 7) == label_noise(12, 7) != label_noise(12, 8)


def test_noise_replaces_its_part_of_the_labels_and_nothing_else() -> None:
    shard = Shard(torch.arange(2000).reshape(1000, 2), torch.full((1000,), 3), 10)
    noisy = with_label_noise(shard, 0.5, seed=1)
    assert torch.equal(noisy.inputs, shard.inputs)
    assert 420 < int((noisy.labels != 3).sum()) < 480, "a tenth of 500 draws is the old label"
    assert set(noisy.labels.tolist()) == set(range(10))
    assert int((shard.labels != 3).sum()) == 0
    assert torch.equal(with_label_noise(shard, 0.0, seed=1).labels, shard.labels)
