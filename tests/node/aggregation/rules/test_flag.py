"""Flag: against singular value decompositions of the vectors themselves, and what its weights promise."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.gram import Gram
from node.aggregation.rules import parse_rule
from node.aggregation.rules.flag import flag, flag_coefficients
from node.aggregation.rules.normalized_mean import normalized_mean
from node.errors import RuleError
from scripts.flag_breakdown import RULES, is_reversed, predicted
from tests.node.aggregation.rules.hostile import colluding_duplicates, identical, one_huge, one_tiny, peers
from tests.node.aggregation.vectors import Float64, clipped, context_of, gram_of


def units(vectors: Float64) -> Float64:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def cosines(unit: Float64) -> Float64:
    product = unit @ unit.T
    return np.asarray((product + product.T) / 2)


def by_singular_vectors(unit: Float64, iterations: int, rank: int, lam: float) -> Float64:
    """The answer (d,) as published, on the columns themselves: w_i x_i, then w_ij (x_i - x_j) for ordered pairs."""
    n = len(unit)
    columns_of = unit.T
    gaps = (columns_of[:, :, None] - columns_of[:, None, :]).reshape(len(columns_of), n * n)
    own, between = np.zeros(n), np.zeros(n * n)
    for _ in range(iterations):
        columns = columns_of * (np.abs(1 - own) + 1e-7) ** -0.25
        if lam > 0:
            pairs = gaps * ((np.abs(1 - between) + 1e-7) ** -0.25 * lam / (n * (n - 1)))
            columns = np.hstack([columns, pairs])
        basis = np.linalg.svd(columns, full_matrices=False)[0][:, :rank]
        own, between = ((basis.T @ columns_of) ** 2).sum(axis=0), ((basis.T @ gaps) ** 2).sum(axis=0)
    return np.asarray(basis @ (basis.T @ unit.sum(axis=0)) / rank)


@pytest.mark.parametrize("n", [7, 15, 20])
@pytest.mark.parametrize("lam", [0, 1, 8, 64])
@pytest.mark.parametrize("iterations", [1, 2, 3, 4, 5])
def test_the_gram_says_what_singular_vectors_say(n: int, lam: int, iterations: int) -> None:
    draw = np.random.default_rng([n, lam])
    for common in (0.0, 1.0):
        unit = units(common * draw.normal(size=120) + draw.normal(size=(n, 120)))
        coefficients = flag_coefficients(cosines(unit), iterations=iterations, lam=lam)
        expected = by_singular_vectors(unit, iterations, n // 2 + 1, lam)
        assert np.abs(coefficients @ unit - expected).max() < 1e-10


@pytest.mark.parametrize("rank", [1, 3, 9])
def test_any_rank_and_ten_iterations_too(rank: int) -> None:
    unit = units(peers(9))
    coefficients = flag_coefficients(cosines(unit), iterations=10, rank=rank)
    assert np.abs(coefficients @ unit - by_singular_vectors(unit, 10, rank, 0)).max() < 1e-10


def test_copies_do_not_take_directions_away_from_others() -> None:
    vectors = peers(8)
    vectors[5:] = vectors[4]
    unit = units(vectors)
    coefficients = flag_coefficients(cosines(unit), iterations=3, rank=6)
    # Six updates differ. Directions that copies leave empty are dropped; singular vectors of noise would do no harm.
    assert np.abs(coefficients @ unit - by_singular_vectors(unit, 3, 6, 0)).max() < 1e-10
    assert np.abs(flag_coefficients(np.ones((6, 6))) - 1 / 4).max() < 1e-14


@pytest.mark.parametrize("iterations", [1, 4])
@pytest.mark.parametrize("signed", [False, True])
def test_weights_are_the_coefficients_over_the_norms(iterations: int, signed: bool) -> None:
    vectors = peers(15) * np.linspace(0.1, 2.0, 15)[:, None]
    gram = gram_of(vectors)
    weights = np.array(flag(gram, iterations=iterations, signed=signed)) / 2**16
    expected = by_singular_vectors(units(vectors), iterations, 8, 0)
    if signed:  # a norm is known to 2^-16 of the median, which is a thousandth of the shortest
        assert np.abs(weights @ clipped(vectors) - expected).max() < 1e-3
    else:
        assert weights.min() >= 0


def test_released_flag_is_the_normalized_mean_at_twice_the_length() -> None:
    gram = gram_of(peers(15, noise=0.3))
    vectors = units(peers(15, noise=0.3))
    ours, plain = (np.array(weights) @ vectors for weights in (flag(gram), normalized_mean(gram)))
    assert ours @ plain / np.linalg.norm(ours) / np.linalg.norm(plain) > 0.999
    assert np.linalg.norm(ours) / np.linalg.norm(plain) == pytest.approx(15 / 8, rel=0.01)


def test_only_the_name_allows_negative_weights() -> None:
    gram = gram_of(colluding_duplicates(15))
    signed, clipped_at_zero = flag(gram, iterations=3, signed=True), flag(gram, iterations=3)
    assert min(signed) < 0
    assert clipped_at_zero == tuple(max(0, weight) for weight in signed)


def test_length_does_not_count_until_it_reads_zero() -> None:
    plain, huge, tiny = flag(gram_of(peers(9))), flag(gram_of(one_huge(9))), flag(gram_of(one_tiny(9)))
    assert abs(huge[4] / plain[4] * gram_of(one_huge(9)).norms_q16[4] / gram_of(peers(9)).norms_q16[4] - 1) < 1e-3
    assert tiny[4] == 0
    assert min(tiny[:4] + tiny[5:]) > 0


def test_one_and_two_updates_and_the_same_one_over_and_over() -> None:
    assert flag(gram_of(peers(1)), iterations=10) == (2**16,)
    assert flag(gram_of(identical(2)), iterations=10) == pytest.approx((2**15, 2**15), abs=1)
    assert flag(gram_of(identical(15)), iterations=10) == pytest.approx((2**13,) * 15, abs=1)


@pytest.mark.parametrize(("noise", "first"), [(1, 13), (2, 10), (4, 8), (8, 6)])
@pytest.mark.parametrize("rule", [*RULES, "flag(iterations=10,signed=1)"])
def test_the_breakdown_law(rule: str, noise: int, first: int) -> None:
    assert predicted(noise) == first
    assert not is_reversed(rule, first - 1, noise)
    assert is_reversed(rule, first, noise)


def test_names_and_parameters() -> None:
    for name in ("flag", "flag(iterations=10)", "flag(iterations=2,rank=3,lambda_q16=65536,signed=1)"):
        assert parse_rule(name).name == name
    for wrong in ("flag(iterations=1)", "flag(iterations=0)", "flag(iterations=21)", "flag(rank=0)", "flag(signed=2)"):
        with pytest.raises(RuleError):
            parse_rule(wrong)
    with pytest.raises(RuleError, match="8388609 must be between 0 and 8388608"):
        parse_rule("flag(lambda_q16=8388609)")
    with pytest.raises(RuleError, match=r"5 directions.*got 4"):
        parse_rule("flag(rank=5)").check_seats(4)
    with pytest.raises(RuleError, match="got 0"):
        parse_rule("flag").weights(Gram((), (), ()), context_of(0))
