"""Eigenvectors with one answer: against LAPACK, and bit for bit against plain Python."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from node.aggregation.symmetric_eigen import NEGLIGIBLE, symmetric_eigen, top_eigenvector

Float64 = npt.NDArray[np.float64]


def cosines(vectors: Float64) -> Float64:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    product = unit @ unit.T
    return np.asarray((product + product.T) / 2)


def random(n: int) -> Float64:
    return np.random.default_rng(n).normal(size=(n, 2 * n + 3))


def duplicates(n: int) -> Float64:
    vectors = random(n)
    vectors[: (n + 1) // 2] = vectors[0]
    return vectors


def nearly_duplicates(n: int) -> Float64:
    vectors = random(n)
    vectors[: (n + 1) // 2] = vectors[0] + 1e-6 * vectors[: (n + 1) // 2]
    return vectors


def sparse(n: int) -> Float64:
    vectors = random(n)
    vectors[np.random.default_rng(n).random(vectors.shape) > 0.05] = 0
    vectors[:, 0] += 1e-3
    return vectors


def opposed(n: int) -> Float64:
    vectors = np.repeat(random(n)[:1], n, axis=0)
    vectors[::2] *= -1
    return vectors


@pytest.mark.parametrize("kind", [random, duplicates, nearly_duplicates, sparse, opposed])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 15, 20, 63, 128])
def test_it_finds_what_lapack_finds(kind: Callable[[int], Float64], n: int) -> None:
    matrix = cosines(kind(n))
    values, vectors = symmetric_eigen(matrix)
    assert np.abs(values - np.linalg.eigvalsh(matrix)[::-1]).max() < 1e-13 * n
    assert np.abs(matrix @ vectors - vectors * values).max() < 1e-14 * n
    assert np.abs(vectors.T @ vectors - np.eye(n)).max() < 1e-15 * n
    assert (np.diff(values) <= 0).all()


@pytest.mark.parametrize("exponent", [-900, -40, 62, 900])
def test_scale_changes_nothing_but_the_scale(exponent: int) -> None:
    matrix = cosines(random(9))
    values, vectors = symmetric_eigen(matrix)
    scaled_values, scaled_vectors = symmetric_eigen(np.ldexp(matrix, exponent))
    assert (scaled_values == np.ldexp(values, exponent)).all()
    assert (scaled_vectors == vectors).all()


@pytest.mark.parametrize("n", [2, 3, 6, 7])
def test_plain_python_gets_the_same_bits(n: int) -> None:
    matrix = cosines(random(n))
    values, vectors = symmetric_eigen(matrix)
    plain_values, plain_vectors = plain_jacobi(matrix.tolist())
    assert values.tolist() == plain_values
    assert vectors.tolist() == plain_vectors


def test_golden_bits() -> None:
    n = 17
    matrix = np.array([[1.0 if a == b else ((a * b + a + b) % 23 - 11) / 32 for b in range(n)] for a in range(n)])
    values, vectors = symmetric_eigen(matrix)
    digest = hashlib.sha256(values.astype("<f8").tobytes() + vectors.astype("<f8").tobytes()).hexdigest()
    assert digest == "a8f2577b17bb9c40ab8629426871fad143e6c2a9c6af9f7dbfdaf70ebd5fdec5"


def test_the_largest_component_of_a_vector_is_positive() -> None:
    _, vectors = symmetric_eigen(cosines(random(12)))
    assert (vectors.max(axis=0) >= -vectors.min(axis=0)).all()
    _, vectors = symmetric_eigen(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert vectors[0, 0] > 0 > vectors[1, 0], "of two of one magnitude the first decides"


def test_equal_values_keep_the_order_of_rows() -> None:
    values, vectors = symmetric_eigen(np.eye(5))
    assert values.tolist() == [1.0] * 5
    assert (vectors == np.eye(5)).all()


def test_nothing_and_zero_have_answers() -> None:
    assert [part.shape for part in symmetric_eigen(np.zeros((0, 0)))] == [(0,), (0, 0)]
    values, vectors = symmetric_eigen(np.zeros((3, 3)))
    assert not values.any()
    assert (vectors == np.eye(3)).all()


def test_the_top_eigenvector_is_the_first() -> None:
    matrix = cosines(random(6))
    assert (top_eigenvector(matrix) == symmetric_eigen(matrix)[1][:, 0]).all()
    with pytest.raises(ValueError, match="without rows"):
        top_eigenvector(np.zeros((0, 0)))


@pytest.mark.parametrize("matrix", [np.ones((2, 3)), np.array([[1.0, 0.0], [1e-9, 1.0]]), np.full((1, 1), np.nan)])
def test_what_is_not_square_symmetric_and_finite_is_refused(matrix: Float64) -> None:
    with pytest.raises(ValueError, match="not square, finite and symmetric"):
        symmetric_eigen(matrix)


def plain_jacobi(matrix: list[list[float]]) -> tuple[list[float], list[list[float]]]:
    """The same rotations on Python's floats, with rows where they are and the table of names turning instead."""
    n = len(matrix)
    size = n + n % 2
    largest = max(abs(value) for row in matrix for value in row)
    exponent = math.frexp(largest)[1]
    a = [[math.ldexp(matrix[i][j], -exponent) if max(i, j) < n else 0.0 for j in range(size)] for i in range(size)]
    v = [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]
    for _ in range(20):
        table = list(range(size))
        for _ in range(size - 1):
            pairs = list(zip(table[: size // 2], table[size // 2 :], strict=True))
            turns = [(p, q, *turn(a[p][p], a[p][q], a[q][q])) for p, q in pairs]
            for p, q, c, s in turns:
                a[p], a[q] = turned_rows(a[p], a[q], c, s)
                v[p], v[q] = turned_rows(v[p], v[q], c, s)
            a = [list(column) for column in zip(*a, strict=True)]
            for p, q, c, s in turns:
                a[p], a[q] = turned_rows(a[p], a[q], c, s)
                a[p][q] = a[q][p] = 0.0
            ring = table[1 : size // 2] + table[size // 2 :][::-1]
            ring = ring[-1:] + ring[:-1]
            table = [table[0], *ring[: size // 2 - 1], *ring[size // 2 - 1 :][::-1]]
    order = sorted(range(n), key=lambda i: -a[i][i])
    rows = [v[i][:n] for i in order]
    tops = [max(range(n), key=lambda j: (abs(row[j]), -j)) for row in rows]
    signed = [[-x for x in row] if row[top] < 0 else row for row, top in zip(rows, tops, strict=True)]
    return [math.ldexp(a[i][i], exponent) for i in order], [list(column) for column in zip(*signed, strict=True)]


def turn(app: float, apq: float, aqq: float) -> tuple[float, float]:
    if abs(apq) < NEGLIGIBLE:
        return 1.0, 0.0
    cotangent = (aqq - app) / (2.0 * apq)
    tangent = 1.0 / (abs(cotangent) + math.sqrt(cotangent * cotangent + 1.0))
    tangent = -tangent if cotangent < 0 else tangent
    cosine = 1.0 / math.sqrt(tangent * tangent + 1.0)
    return cosine, tangent * cosine


def turned_rows(p: list[float], q: list[float], c: float, s: float) -> tuple[list[float], list[float]]:
    pairs = list(zip(p, q, strict=True))
    return [c * x - s * y for x, y in pairs], [s * x + c * y for x, y in pairs]
