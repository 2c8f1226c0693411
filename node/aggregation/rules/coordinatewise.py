"""What rules on values have in common: they take every clipped update as it is, and pay them all alike.

Their combination may be no combination of the updates at all, so there is nobody to pay more than others; who sent
noise finds that out where contributions are scored.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram, Matrix
from node.aggregation.rules.base import GramRule, RoundContext, Weights, equal_weights, identity
from node.aggregation.rules.bounds import Bound

HONEST_MAJORITY = Bound(2, 1)


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

    def check_inputs(self, inputs: int) -> None:
        """Raise RuleError when a round has fewer inputs than the rule's bound."""
        raise NotImplementedError


@dataclass(frozen=True)
class AgainstMinority(Coordinatewise):
    """Such a rule against at most f dishonest inputs: 2 f < n."""

    f: int

    @property
    def name(self) -> str:
        """Canonical name."""
        raise NotImplementedError

    @property
    def fewest_inputs(self) -> int:
        """An honest majority, 2 f + 1."""
        return HONEST_MAJORITY.fewest(self.f)

    def check_seats(self, seats: int) -> None:
        """Raise RuleError unless n >= 2 f + 1."""
        HONEST_MAJORITY.check_seats(self.name, self.f, seats)

    def check_inputs(self, inputs: int) -> None:
        """Raise RuleError unless n >= 2 f + 1."""
        HONEST_MAJORITY.check_inputs(self.name, self.f, inputs)
