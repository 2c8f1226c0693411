"""Clipped mean: every update counts the same, but none is longer than the median.

Half of the senders cannot move the median length, so one dishonest seat of n moves the mean by at most 1/n of it, and
its distance from the honest mean by at most 2/n: a bound on the damage a round, not a filter. Clipping by a quantile of
the lengths: Andrew et al., Differentially Private Learning with Adaptive Clipping, NeurIPS 2021, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram
from node.aggregation.rules.base import GramRule, RoundContext, Weights, equal_weights


@dataclass(frozen=True)
class ClippedMean(GramRule):
    """Equal weights for all inputs, whose norms are clipped at their lower median. No parameters, no bound."""

    kind = "clipped-mean"

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """Return 2^16 // n for each of the n inputs. Raises RuleError if n = 0."""
        self.check_inputs(len(gram))
        return equal_weights(len(gram), frozenset(range(len(gram))))
