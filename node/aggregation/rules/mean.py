"""Mean: every update counts the same, as long as it is. No defence at all; the baseline of every comparison."""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram
from node.aggregation.rules.base import GramRule, RoundContext, Weights, equal_weights


@dataclass(frozen=True)
class Mean(GramRule):
    """Equal weights for all inputs, whose norms are not clipped. Tolerates no dishonest seat."""

    kind = "mean"

    clips = False

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """Return 2^16 // n for each of the n inputs. Raises RuleError if n = 0."""
        self.check_inputs(len(gram))
        return equal_weights(len(gram), frozenset(range(len(gram))))
