"""What rules on values have in common: they take every clipped update as it is, and pay them all alike.

Their combination may be no combination of the updates at all, so there is nobody to pay more than others; who sent
noise finds that out where contributions are scored.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram, Matrix
from node.aggregation.rules.base import BoundedRule, GramRule, RoundContext, Weights, equal_weights, identity
from node.aggregation.rules.bounds import Bound


class Coordinatewise(GramRule):
    """A rule on every input's values."""

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """Return 2^16 // n for each of the n inputs. Raises RuleError for fewer inputs than the rule's bound."""
        self.check_inputs(len(gram))
        return equal_weights(len(gram), frozenset(range(len(gram))))

    def mixing(self, gram: Gram, context: RoundContext) -> Matrix:
        """Return the mixture that changes nothing. Raises RuleError as `weights` does."""
        self.check_inputs(len(gram))
        return identity(len(gram))


@dataclass(frozen=True)
class AgainstMinority(Coordinatewise, BoundedRule):
    """Such a rule against at most f dishonest inputs: 2 f < n."""

    bound = Bound(2, 1)
