"""The three means: as sent, clipped at the median, all at the median's length."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.gram import Gram
from node.aggregation.rules import WEIGHT_ONE, parse_rule
from node.aggregation.rules.normalized_mean import LARGEST_LIFT, normalized_mean
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import peers
from tests.node.aggregation.vectors import clipped, context_of, gram_of


@pytest.mark.parametrize("count", [1, 2, 7, 128])
@pytest.mark.parametrize("name", ["mean", "clipped-mean"])
def test_equal_weights_for_everybody(name: str, count: int) -> None:
    assert parse_rule(name).weights(gram_of(peers(count)), context_of(count)) == (WEIGHT_ONE // count,) * count


def test_only_the_mean_leaves_norms_alone() -> None:
    assert not parse_rule("mean").clips
    assert parse_rule("clipped-mean").clips
    assert parse_rule("normalized-mean").clips


@pytest.mark.parametrize("name", ["clipped-mean", "normalized-mean"])
def test_nobody_is_refused(name: str) -> None:
    rule = parse_rule(name)
    rule.check_seats(1)
    with pytest.raises(RuleError, match=f"{name} needs at least 1 seat, got 0"):
        rule.check_seats(0)
    with pytest.raises(RuleError, match=f"{name} needs at least 1 input, got 0"):
        rule.weights(Gram((), (), ()), context_of(0))


@pytest.mark.parametrize("seed", range(5))
def test_normalized_mean_is_the_mean_of_unit_vectors(seed: int) -> None:
    vectors = peers(11, seed) * np.random.default_rng(seed).uniform(0.02, 3, size=(11, 1))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    weights = np.array(normalized_mean(gram_of(vectors))) / WEIGHT_ONE
    # A length of 1/50 of the median is 1,300 units of Q16; it is rounded down by less than one.
    assert np.abs(weights @ clipped(vectors) - units.mean(axis=0)).max() < 1e-3


def test_short_updates_are_lifted_so_far_and_no_further() -> None:
    lengths = [1.0, 1.0, 1.0, 1.0, 1.0, 2.0**-9, 2.0**-11, 2.0**-14, 2.0**-20]
    weights = normalized_mean(gram_of(np.diag(lengths)))
    whole = WEIGHT_ONE // len(lengths)
    assert weights[5] == pytest.approx(whole << 9, rel=1e-3)
    assert weights[6] == weights[7] == pytest.approx(whole * LARGEST_LIFT, rel=1e-3)
    assert weights[8] == 0, "its length is 0 in Q16"
