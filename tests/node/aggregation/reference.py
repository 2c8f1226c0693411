"""Aggregation once more, straight from the definitions: Python integers, dictionaries and loops, no numpy.

Slow and obvious. Nothing here is imported from the code under test but the manifest, and nothing is shared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isqrt
from typing import NamedTuple

from node.manifest import Manifest
from tests.node.aggregation.messages import Message, chunks

Q30 = 1 << 30


class Products(NamedTuple):
    """Gram of directions, exact squared norms, products with the previous aggregate, its square."""

    products: list[list[int]]
    squared_norms: list[int]
    previous: list[int]
    previous_square: int


def values(message: Message, manifest: Manifest) -> dict[int, int]:
    """q * 2^s by coordinate."""
    result, at = {}, 0
    for chunk, (_, _, count) in enumerate(chunks(manifest.layout)):
        for entry in range(at, at + count):
            result[int(message.positions[entry])] = int(message.mantissas[entry]) * 2 ** int(message.shifts[chunk])
        at += count
    return result


def direction(vector: Mapping[int, int]) -> dict[int, int]:
    """A vector divided by a power of two until its largest magnitude is below 2^11, each entry cut toward zero."""
    largest, divisor = max((abs(value) for value in vector.values()), default=0), 1
    while largest // divisor >= 2**11:
        divisor *= 2
    return {at: (abs(value) // divisor) * (-1 if value < 0 else 1) for at, value in vector.items()}


def dot(a: Mapping[int, int], b: Mapping[int, int]) -> int:
    """Inner product of sparse integer vectors."""
    return sum(value * b.get(at, 0) for at, value in a.items())


def products(
    messages: Sequence[Message], manifest: Manifest, previous: tuple[Sequence[int], Sequence[int]] | None
) -> Products:
    """What `gram` must return."""
    vectors = [values(message, manifest) for message in messages]
    directions = [direction(vector) for vector in vectors]
    table = [[dot(a, b) for b in directions] for a in directions]
    norms = [dot(vector, vector) for vector in vectors]
    if previous is None:
        return Products(table, norms, [0] * len(messages), 0)
    step, at = {}, 0
    for tensor in manifest.tensors:
        for _ in range(tensor.size):
            step[at] = (int(previous[0][at]) - int(previous[1][at])) * 2 ** (30 - tensor.grid_bits)
            at += 1
    aggregate = direction(step)
    return Products(table, norms, [dot(item, aggregate) for item in directions], dot(aggregate, aggregate))


def next_theta(
    theta: Sequence[int], messages: Sequence[Message], weights: Sequence[int], unclipped: Sequence[int], m: Manifest
) -> list[int]:
    """What `next_theta` must return."""
    carried = [values(message, m) for message in messages]
    result, at = [], 0
    for tensor in m.tensors:
        for _ in range(tensor.size):
            present = [i for i, vector in enumerate(carried) if at in vector and weights[i] > 0]
            total = sum(weights[i] * carried[i][at] for i in present)
            if m.mean == "contributor":
                total = mean_of_carriers(total, sum(unclipped[i] for i in present), len(present), m.minimum_support)
            result.append(applied(int(theta[at]), total, tensor.grid_bits, m.alpha_q16))
            at += 1
    return result


def next_theta_by_coordinates(
    theta: Sequence[int],
    messages: Sequence[Message],
    rows: Sequence[Sequence[int]],
    combine: Callable[[list[int]], int],
    m: Manifest,
) -> list[int]:
    """What `next_theta_by_coordinates` must return."""
    carried = [values(message, m) for message in messages]
    result, at = [], 0
    for tensor in m.tensors:
        for _ in range(tensor.size):
            column = [vector.get(at, 0) for vector in carried]
            seen = [(sum(c * v for c, v in zip(row, column, strict=True)) + 2**7) // 2**8 for row in rows]
            result.append(applied(int(theta[at]), combine(seen) * 2**8, tensor.grid_bits, m.alpha_q16))
            at += 1
    return result


def applied(theta: int, total: int, grid_bits: int, alpha_q16: int) -> int:
    """One parameter less an aggregate on the grid 2^-56 times the outer learning rate."""
    down = 56 - grid_bits - 8
    scaled = (total + 2 ** (down - 1)) // 2**down
    return max(-(2**31), min(2**31 - 1, theta - (scaled * alpha_q16 + 2**23) // 2**24))


def nearest_neighbours(known: Products, f: int) -> list[list[int]]:
    """Q16 rows: each update and its nearest, n - f in all, in equal parts."""
    n = len(known.squared_norms)
    _, norms = clip(known.squared_norms)
    squares = [known.products[i][i] for i in range(n)]
    inner = [
        [norms[i] * norms[j] * cosine(known.products[i][j], squares[i], squares[j]) // 2**32 for j in range(n)]
        for i in range(n)
    ]
    rows = []
    for i in range(n):
        far = sorted((j != i, max(0, inner[i][i] + inner[j][j] - 2 * inner[i][j]), j) for j in range(n))
        near = {j for _, _, j in far[: n - f]}
        rows.append([65536 // (n - f) if j in near else 0 for j in range(n)])
    return rows


def mean_of_carriers(total: int, weight: int, support: int, minimum_support: int) -> int:
    """Nearest integer to total / weight, halves upward, times 2^16; 0 with too few carriers."""
    if support < minimum_support or support == 0:
        return 0
    return (2 * total + weight) // (2 * weight) * 2**16


def cosine(product: int, a: int, b: int) -> int:
    """Q30, rounded down, within [-1, 1]."""
    return 0 if a == 0 or b == 0 else max(-Q30, min(Q30, product * Q30 // isqrt(a * b)))


def clip(squared_norms: Sequence[int]) -> tuple[list[int], list[int]]:
    """Clip factors and clipped norms at the lower median, both Q16."""
    median = sorted(squared_norms)[(len(squared_norms) - 1) // 2]
    factors = [min(65536, isqrt(median * 2**32 // norm)) for norm in squared_norms]
    return factors, [min(65536, isqrt(norm * 2**32 // median)) for norm in squared_norms]


def multi_krum(known: Products, f: int, keep: int, skip: int) -> list[int]:
    """Equal weights on the `keep` lowest sums of distances."""
    n = len(known.squared_norms)
    neighbours = n - f - 2 if n >= 2 * f + 3 else n - f - 1
    ranking = []
    for i in range(n):
        distances = sorted(
            Q30 - cosine(known.products[i][j], known.products[i][i], known.products[j][j]) for j in range(n) if j != i
        )
        ranking.append((sum(distances[min(skip, max(0, neighbours - 1)) : neighbours]), i))
    kept = {i for _, i in sorted(ranking)[: min(keep, n - f)]}
    return [65536 // len(kept) if i in kept else 0 for i in range(n)]


def contributions(
    known: Products,
    weights: Sequence[int],
    norms: Sequence[int],
    merits: Sequence[int],
    f: int,
) -> tuple[list[int], list[int]]:
    """Contribution scores in Q46, and merits in Q30 with this round's evidence."""
    n = len(weights)
    members = [i for i in range(n) if weights[i] > 0]
    squares = [known.products[i][i] for i in range(n)]
    along = [cosine(known.previous[i], squares[i], known.previous_square) for i in range(n)]
    cosines = [[cosine(known.products[i][j], squares[i], squares[j]) for j in range(n)] for i in range(n)]
    agree = [
        [norms[i] * norms[j] * (cosines[i][j] - along[i] * along[j] // Q30) // 2**32 for j in range(n)]
        for i in range(n)
    ]
    common = {}
    for i in members:
        others = sorted(cosines[i][j] for j in members if j != i)
        common[i] = max(0, others[(len(others) - 1) // 2]) if others else 0
    alike = {i: {j for j in members if j != i and 2 * cosines[i][j] > Q30 + max(common[i], common[j])} for i in members}
    known_merits = len([i for i in members if merits[i] > 0]) > f + 1
    voices = {}
    for i in members:
        worth = max(0, merits[i]) if known_merits else Q30
        voices[i] = worth * 256 // (1 + len(alike[i]))
    scores, following = [0] * n, list(merits)
    for i in members:
        judges = [j for j in members if j != i and j not in alike[i]]
        terms = sorted((voices[j] * agree[i][j], voices[j]) for j in judges)
        evidence = mean_of_terms(terms[: len(terms) - min(f, len(terms) // 2)])
        following[i] += evidence
        pay = max(0, following[i]) * max(0, mean_of_terms(terms)) // Q30
        scores[i] = weights[i] * pay // (1 + len(alike[i]))
    return scores, following


def mean_of_terms(terms: Sequence[tuple[int, int]]) -> int:
    """Sum of (voice * agreement, voice) over the voices, rounded down; 0 without any."""
    total = sum(voice for _, voice in terms)
    return sum(term for term, _ in terms) // total if total else 0
