"""What an attacker may do differently. Every hook is honest here; an attack overrides the one it needs.

Attackers are ordinary peers: they stake, commit and sign like everybody else, and what they send goes through the same
encoder. They exist for demonstrations, tests and the lab, which calls the same hooks without chain and network.

Shape legend: d = parameters, M = examples, F = features of one example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from torch import nn

from node.tasks.base import Shard

if TYPE_CHECKING:
    from node.rounds.outcome import RoundOutcome

FloatVector = npt.NDArray[np.float32]


def _unchanged(vector: FloatVector) -> FloatVector:
    return vector


@dataclass(frozen=True)
class AttackView:
    """What an attacker knows when it makes its update. All vectors are float32 (d,), mappings go by seat.

    `known_updates`: decoded messages of peers that do not collude. In the lab those of this round, since its attackers
    are omniscient; in a peer those of the previous round, since commit and reveal hide the running one.
    `revealed_updates`: those of the previous round, in both. Both are empty in round 1 and for an attack that does not
    look at others.
    `previous_step`: what the last round subtracted from the model; None in round 1.
    `index`, `count`: place of this seat, from 0, among the `count` seats that carry out the same attack together.
    `seed`: what colluders draw their common random numbers from.
    `sent`: what the message of a vector says once it is decoded: a sparse message is shorter than its vector.
    """

    round: int
    known_updates: Mapping[int, FloatVector] = field(default_factory=dict)
    previous_step: FloatVector | None = None
    index: int = 0
    count: int = 1
    seed: int = 0
    revealed_updates: Mapping[int, FloatVector] = field(default_factory=dict)
    sent: Callable[[FloatVector], FloatVector] = _unchanged


class Attack:
    """An honest peer.

    `reveals`: whether it reveals the updates it committed to. `looks_at_others`: whether it needs the view's updates of
    others, which cost memory and time to decode. `uses_error_feedback`: whether what earlier messages left out is added
    to its update, as honest peers do it; without, the update is encoded as it is. `collects_out_of_turn`: whether it
    brings commitments of others to the chain without waiting for its turn.
    """

    name = "honest"
    reveals = True
    looks_at_others = False
    uses_error_feedback = True
    collects_out_of_turn = False

    def reveals_in(self, round_number: int) -> bool:
        """Whether it reveals in this round."""
        return self.reveals

    def collects(self, seat: int) -> bool:
        """Whether, as collector, it takes in what another seat promised."""
        return True

    def opens(self, seat: int) -> bool:
        """Whether, as collector, it opens what another seat promised."""
        return True

    def trains_as(self, seat: int, colluders: Sequence[int]) -> int:
        """The seat whose shard and batches `seat` trains on. `colluders`: seats of the same attack, ascending."""
        return seat

    def poison_shard(self, shard: Shard) -> Shard:
        """The examples to train on instead of the seat's own."""
        return shard

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """The pseudo-gradient, float32 (d,), finite, to send instead of the trained `update`."""
        return update

    def poison_message(self, data: bytes) -> bytes:
        """The bytes to commit to and serve instead of the encoded message."""
        return data

    def poison_outcome(self, outcome: RoundOutcome) -> RoundOutcome:
        """What to sign and serve as the result of a round instead of what follows from its inputs."""
        return outcome

    def serve(self, requester: str | None, digest: bytes, data: bytes) -> bytes | None:
        """What to answer when `requester` (an address, None if it gave none) asks for the block behind `digest`.

        None: claim not to have it. `data` is the block itself and is not to be changed in the peer's own store.
        """
        return data

    def success(self, model: nn.Module, test: Shard) -> float | None:
        """How far the attack reached its own goal on examples nobody trains on, from 0 to 1.

        `model` maps inputs (M, F) to class scores (M, classes). None for an attack that only wants to do harm.
        """
        return None
