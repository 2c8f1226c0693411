"""FoolsGold: seats whose histories are alike share one vote, seats unlike all others have one each.

Fung, Yoon and Beschastnikh, The Limitations of Federated Learning in Sybil Settings, RAID 2020, algorithm 1: cosines
among the sums of what each client ever sent, pardoned, and the largest one turned into a trust by a logit; see
`node.aggregation.sybilwall_score`, which has the constants. Here histories are the project's: they forget, half in
about five rounds. The paper adds up updates times trust; here trusts are divided by their sum, so that a round is as
long a step whatever they are.

No bound on dishonest seats, but an assumption: honest data differ more than Sybils do. Where all histories agree nobody
is trusted. A newcomer resembles nobody yet and is trusted: who can buy seats without end can come back under new ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram
from node.aggregation.rules.base import GramRule, RoundContext, Weights
from node.aggregation.rules.history import histories_of
from node.aggregation.sybilwall_score import pardoned_maxima_q30, trust_q30


def foolsgold(histories: Gram) -> Weights:
    """Return trust / sum of trusts for each of n histories, Q16 rounded down; zeros where nobody is trusted."""
    trust = trust_q30(pardoned_maxima_q30(histories.cosines_q30))
    total = sum(trust)
    return tuple((t << 16) // total if total > 0 else 0 for t in trust)


@dataclass(frozen=True)
class FoolsGold(GramRule):
    """FoolsGold. No parameters."""

    kind = "foolsgold"
    needs_history = True

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `foolsgold`. Raises RuleError if n = 0 and where no histories are kept."""
        self.check_inputs(len(gram))
        return foolsgold(histories_of(context, self.name))
