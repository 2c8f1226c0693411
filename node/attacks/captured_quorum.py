"""Captured quorum: peers with more than two thirds of the stake train like everybody else, and sign a lie."""

from __future__ import annotations

from dataclasses import replace

from node.attacks.base import Attack
from node.checkpoint import Checkpoint
from node.rounds.outcome import RoundOutcome
from node.storage.unixfs import root_of

SHIFT = 1 << 20


class CapturedQuorum(Attack):
    """Move one parameter of every result, and sign what follows. All who do so sign the same bytes."""

    name = "captured-quorum"

    def poison_outcome(self, outcome: RoundOutcome) -> RoundOutcome:
        """The same round with another first parameter: hashes and roots fit, the aggregate does not."""
        honest = outcome.checkpoint
        theta = honest.theta.copy()
        theta[0] += -SHIFT if theta[0] > 0 else SHIFT
        false = Checkpoint(honest.manifest_digest, honest.round, honest.previous_digest, theta, honest.histories)
        data = false.to_bytes()
        result = replace(outcome.result, cid=root_of(data).digest, data_root=false.data_root)
        return replace(outcome, result=result, checkpoint=false, checkpoint_bytes=data)
