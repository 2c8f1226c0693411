"""SybilWall in coordinated rounds: trust by unlikeness of histories, against the state that all peers have in common.

Werthenbach and Pouwelse, Towards Sybil Resilience in Decentralized Learning, 2023. The score is that of
`node.aggregation.sybilwall_score`. Its home is gossip, where a node averages its neighbours' models with its own and
distant peers only take part in the comparison. In a round that every peer must compute alike nobody is distant, all
seats are neighbours, and no seat's model is the own one. What stands for it is the model that everybody has already,
the state before the round: trust 1, and an update of zero. So n fully trusted seats move the state by n / (n + 1) of
their mean, one trusted seat among Sybils by half of its update, and a round without anybody to trust by nothing.

Like FoolsGold it has no bound on dishonest seats, and trusts a newcomer, who resembles nobody yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram
from node.aggregation.rules.base import GramRule, RoundContext, Weights
from node.aggregation.rules.history import histories_of
from node.aggregation.sybilwall_score import sybilwall_weights


def sybilwall(histories: Gram) -> Weights:
    """Return trust / (1 + sum of trusts) for each of n histories, Q16 rounded down."""
    return sybilwall_weights(histories.cosines_q30, len(histories))[:-1]


@dataclass(frozen=True)
class SybilWall(GramRule):
    """SybilWall. No parameters."""

    kind = "sybilwall"
    needs_history = True

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `sybilwall`. Raises RuleError if n = 0 and where no histories are kept."""
        self.check_inputs(len(gram))
        return sybilwall(histories_of(context, self.name))
