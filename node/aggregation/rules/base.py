"""The one face behind every robust rule: exact Gram in, integer weights out.

A rule sees updates whose norms have been clipped at the median; its weights are on those clipped updates. Weights are
Q16: 2^16 is the whole, and they never sum to more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from node.aggregation.gram import Gram

WEIGHT_ONE: Final = 1 << 16

Weights = tuple[int, ...]


@dataclass(frozen=True)
class RoundContext:
    """What a rule may know besides the Gram. In the Gram's order: `seats`, and their `clip_factors_q16`."""

    round: int
    seats: tuple[int, ...]
    clip_factors_q16: tuple[int, ...]


class Rule(Protocol):
    """A robust rule with its parameters."""

    @property
    def name(self) -> str:
        """Canonical name: the chain holds its hash."""

    @property
    def fewest_inputs(self) -> int:
        """With fewer inputs than this a round keeps its state: the rule could not tell who is honest."""

    def check_seats(self, seats: int) -> None:
        """Raise RuleError, with the numbers, when a project of so many seats is outside the rule's bound."""

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """Integer weights (n,) >= 0 with a sum of at most 2^16. Raises RuleError below `fewest_inputs`."""


def equal_weights(count: int, chosen: frozenset[int]) -> Weights:
    """The whole weight in equal parts, rounded down, over the chosen of `count` inputs."""
    return tuple(WEIGHT_ONE // len(chosen) if i in chosen else 0 for i in range(count))
