"""History: let the rule behind it look at what each seat has sent up to now instead of this round's updates alone.

Sparse honest messages hardly overlap within one round. Summed over rounds they approach the dense direction that error
feedback spreads over them, and distances mean something again. The weights still apply to this round's updates.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram
from node.aggregation.rules.base import Mixture, RoundContext, identity
from node.errors import RuleError


@dataclass(frozen=True)
class History:
    """Replace the Gram by that of the histories."""

    needs_history = True

    @property
    def name(self) -> str:
        """Canonical name."""
        return "history"

    def inputs_after(self, inputs: int) -> int:
        """One history a seat."""
        return inputs

    def check_seats(self, seats: int) -> None:
        """Any number."""

    def apply(self, gram: Gram, context: RoundContext) -> Mixture:
        """Raises RuleError where no histories are kept."""
        return Mixture(histories_of(context, self.name), context, identity(len(gram)))


def histories_of(context: RoundContext, name: str) -> Gram:
    """The histories of a round; RuleError, with the rule's `name`, where there are none."""
    if context.histories is None:
        raise RuleError(f"{name} looks at histories, but the manifest keeps none: history_buckets is 0")
    return context.histories
