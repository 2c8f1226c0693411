"""How many equal opponents reverse the Flag Aggregator: the law against our code, as a Markdown table.

Thirty inputs, f of which send the opposite of the honest mean m; honest updates are a common direction plus noise. The
law: the answer turns against m from f >= (n - f) * rho on, rho the mean cosine of an honest update to m.

    python -m scripts.flag_breakdown > docs/results/flag-breakdown.md
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from node.aggregation.gram import Gram
from node.aggregation.rules import RoundContext, parse_rule
from node.aggregation.screen import clip_at_median

INPUTS: Final = 30
COORDINATES: Final = 20_000
NOISES: Final = (1, 2, 4, 8)
RULES: Final = ("normalized-mean", "flag", "flag(iterations=10)")
_GRID: Final = 1 << 10  # |values| < 2^16 on it, so that int64 holds every product of two vectors

HEAD: Final = f"""\
# How many equal opponents reverse Flag

{INPUTS} inputs of {COORDINATES:,} coordinates. Honest updates are a common direction plus noise; the f opponents
send the opposite of the honest mean. Shown is the first f at which the answer, from integer weights, points away from
the honest mean. Predicted: the first f >= (n - f) * rho, rho the mean cosine of an honest update to the honest mean.
Made by `python -m scripts.flag_breakdown`.
"""
FOOT: Final = """
The subspace does not help: Flag withstands as many Sybils as the plain mean of directions does, and fewer the noisier
honest updates are. Workers' momentum raises rho."""

Int64 = npt.NDArray[np.int64]


def vectors(opponents: int, noise: float, seed: int = 0) -> Int64:
    """Updates (n, d) on the integer grid, the `opponents` last. `noise`: a coordinate's noise over its signal."""
    draw = np.random.default_rng(seed)
    common = np.sign(draw.normal(size=COORDINATES))
    honest = common + noise * draw.normal(size=(INPUTS - opponents, COORDINATES))
    against = np.tile(-honest.mean(axis=0), (opponents, 1))
    updates: Int64 = np.rint(np.concatenate([honest, against]) * _GRID).astype(np.int64)
    return updates


def predicted(noise: float, seed: int = 0) -> int:
    """The first f with f >= (n - f) * rho."""
    return next(f for f in range(1, INPUTS) if f >= (INPUTS - f) * _mean_cosine(vectors(f, noise, seed)[: INPUTS - f]))


def is_reversed(rule: str, opponents: int, noise: float, seed: int = 0) -> bool:
    """Whether the rule's answer points away from the honest mean."""
    updates = vectors(opponents, noise, seed)
    products = (updates @ updates.T).tolist()
    clipping = clip_at_median([row[i] for i, row in enumerate(products)])
    gram = Gram.of_products(products, clipping.norms)
    weights = parse_rule(rule).weights(gram, RoundContext(1, tuple(range(1, INPUTS + 1))))
    scale = np.array([w * factor for w, factor in zip(weights, clipping.factors, strict=True)], dtype=np.float64)
    mean = updates[: INPUTS - opponents].mean(axis=0)
    return bool(scale @ updates @ mean < 0)


def first_reversal(rule: str, noise: float, seed: int = 0) -> int:
    """The smallest f that reverses the rule."""
    return next(f for f in range(1, INPUTS) if is_reversed(rule, f, noise, seed))


def table() -> Iterator[str]:
    """The page docs/results/flag-breakdown.md, line by line."""
    yield HEAD
    yield "| noise / signal | predicted | " + " | ".join(f"`{rule}`" for rule in RULES) + " |"
    yield "| ---: " * (2 + len(RULES)) + "|"
    for noise in NOISES:
        cells = [predicted(noise), *(first_reversal(rule, noise) for rule in RULES)]
        yield f"| {noise} | " + " | ".join(map(str, cells)) + " |"
    yield FOOT


def _mean_cosine(honest: Int64) -> float:
    updates = honest.astype(np.float64)
    mean = updates.mean(axis=0)
    return float((updates @ mean / np.linalg.norm(updates, axis=1)).mean() / np.linalg.norm(mean))


if __name__ == "__main__":
    print("\n".join(table()))
