"""The spectral filter: against singular vectors of the vectors themselves, and whom it finds."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.fixed_point import Q30_ONE
from node.aggregation.rules import parse_rule
from node.aggregation.rules.spectral import outlying_q30, spectral
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import colluding_duplicates, identical, peers
from tests.node.aggregation.vectors import Float64, clipped, context_of, gram_of


def squared_projections(vectors: Float64) -> Float64:
    centred = vectors - vectors.mean(axis=0)
    return np.asarray((centred @ np.linalg.svd(centred, full_matrices=False)[2][0]) ** 2)


def chosen(vectors: Float64, f: int, iterations: int = 1, drop: int | None = None) -> set[int]:
    weights = spectral(gram_of(vectors), f=f, iterations=iterations, drop=drop)
    return {i for i, weight in enumerate(weights) if weight}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("n", [3, 9, 20])
def test_projections_are_those_of_the_top_singular_vector(seed: int, n: int) -> None:
    vectors = peers(n, seed) * np.linspace(0.3, 2.0, n)[:, None]
    found = np.array(outlying_q30(gram_of(vectors), range(n))) / Q30_ONE
    assert np.abs(found - squared_projections(clipped(vectors))).max() < 1e-3  # norms are known to 2^-16


@pytest.mark.parametrize("seed", range(10))
def test_it_keeps_what_floats_keep(seed: int) -> None:
    vectors = peers(15, seed)
    scores = squared_projections(clipped(vectors))
    order = np.argsort(scores)
    assert scores[order[11]] - scores[order[10]] > 1e-4, "else rounding may decide"
    assert chosen(vectors, 4) == set(order[:11].tolist())
    assert spectral(gram_of(vectors), f=4)[order[0]] == 2**16 // 11


def test_steps_look_again_at_what_is_left() -> None:
    for seed in range(5):
        vectors = peers(15, seed)
        left = list(range(15))
        for dropped in (2, 3):
            rows = clipped(vectors)[left]
            left = [left[i] for i in sorted(np.argsort(squared_projections(rows))[: len(left) - dropped])]
        assert chosen(vectors, 5, iterations=2) == set(left)


def two_plots() -> Float64:
    """Ten that agree, then three and two accomplices in two directions across theirs, the two less far."""
    vectors = np.tile(10 * np.eye(24)[0], (15, 1)) + 0.2 * np.random.default_rng(1).normal(size=(15, 24))
    vectors[10:13] += 6 * np.eye(24)[1]
    vectors[13:] += 4 * np.eye(24)[2]
    return vectors


def test_a_second_plot_is_seen_once_the_first_is_out() -> None:
    assert chosen(two_plots(), 5) != set(range(10))
    assert chosen(two_plots(), 5, iterations=5) == set(range(10))


def test_colluders_are_dropped_and_more_than_f_may_be() -> None:
    vectors = colluding_duplicates(15)
    assert chosen(vectors, 6) == set(range(9))
    assert chosen(peers(15), 3, drop=5) < chosen(peers(15), 3)
    assert len(chosen(peers(15), 3, drop=5)) == 10


def test_ties_keep_the_lower_index() -> None:
    assert chosen(identical(9), 4) == set(range(5))
    assert chosen(np.repeat(np.eye(2), 2, axis=0), 1) == {0, 1, 2}
    assert outlying_q30(gram_of(identical(9)), range(9)) == (0,) * 9


def test_bounds_are_told_with_their_numbers() -> None:
    rule = parse_rule("spectral(f=3,iterations=2,drop=5)")
    assert (rule.name, rule.fewest_inputs) == ("spectral(f=3,iterations=2,drop=5)", 9)
    with pytest.raises(RuleError, match="2 f \\+ 1 = 7 seats, got 6"):
        rule.check_seats(6)
    with pytest.raises(RuleError, match="keep f \\+ 1 = 4 after it has dropped 5, got 8"):
        rule.check_seats(8)
    with pytest.raises(RuleError, match="at least 9 inputs, got 8"):
        rule.weights(gram_of(peers(8)), context_of(8))
    for wrong in ("spectral", "spectral(f=2,drop=0)", "spectral(f=2,iterations=3)", "spectral(f=2,iterations=0)"):
        with pytest.raises(RuleError):
            parse_rule(wrong)
