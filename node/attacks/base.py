"""What an attacker may do differently. Every hook is honest here; an attack overrides the one it needs.

Attackers are ordinary peers: they stake, commit and sign like everybody else, and what they send goes through the same
error feedback and encoder, so every byte on the wire is well-formed. They exist for demonstrations and tests.

Shape legend: d = parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from node.tasks.base import Shard

FloatVector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class AttackView:
    """What an attacker knows when it makes its update.

    `previous_updates`: the decoded updates, float32 (d,), that others revealed in the previous round, by seat. Empty in
    round 1 and for an attack that does not look at others.
    """

    round: int
    previous_updates: Mapping[int, FloatVector] = field(default_factory=dict)


class Attack:
    """An honest peer. `reveals`: whether it reveals the update it committed to. `looks_at_others`: whether it needs
    the view's `previous_updates`, which cost memory and time to decode.
    """

    name = "honest"
    reveals = True
    looks_at_others = False

    def poison_shard(self, shard: Shard) -> Shard:
        """The examples to train on instead of the seat's own."""
        return shard

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """The pseudo-gradient, float32 (d,), to send instead of the trained one; error feedback and encoder follow."""
        return update

    def serve(self, requester: str | None, digest: bytes, data: bytes) -> bytes | None:
        """What to answer when `requester` (an address, None if it gave none) asks for the block behind `digest`.

        None: claim not to have it. `data` is the block itself and is not to be changed in the peer's own store.
        """
        return data
