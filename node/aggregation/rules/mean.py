"""Mean: every update counts the same, as long as it is. No defence at all; the baseline of every comparison."""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram
from node.aggregation.rules.base import GramRule, RoundContext, Weights, equal_weights
from node.errors import RuleError


@dataclass(frozen=True)
class Mean(GramRule):
    """Equal weights for all inputs, whose norms are not clipped. Tolerates no dishonest seat."""

    clips = False

    @property
    def name(self) -> str:
        """Canonical name."""
        return "mean"

    @property
    def fewest_inputs(self) -> int:
        """One input is enough."""
        return 1

    def check_seats(self, seats: int) -> None:
        """Raise RuleError when there is nobody to average."""
        if seats < 1:
            raise RuleError(f"mean needs at least 1 seat, got {seats}")

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """Return 2^16 // n for each of the n inputs. Raises RuleError if n = 0."""
        self.check_seats(len(gram))
        return equal_weights(len(gram), frozenset(range(len(gram))))
