"""Which update of a seat counts, as `src/libraries/Revealed.sol` finds it.

The first that its owner revealed, or that somebody opened out of a batch with the owner's signature. The project takes
openings as they come, so here, as everywhere a round is computed, the others are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.attestation import Domain
from contracts.batches import DIRECT_BYTES, unpack_openings
from contracts.values import Address


@dataclass(frozen=True)
class Revealed:
    """An update that counts. `direct`: its owner revealed it."""

    digest: bytes
    data_root: bytes
    direct: bool


def revealed_in(
    revelations: Sequence[bytes], domain: Domain, round_number: int, owners: Mapping[int, Address]
) -> dict[int, Revealed]:
    """The update of each seat that counts. `owners`: of every seat that counts in the round's epoch."""
    found: dict[int, Revealed] = {}
    for item in revelations:
        if len(item) == DIRECT_BYTES:
            found.setdefault(int.from_bytes(item[:4], "big"), Revealed(item[4:36], item[36:68], True))
            continue
        for opening in unpack_openings(item[1:]):
            owned = opening.seat not in found and owners.get(opening.seat) == opening.account
            if owned and opening.is_signed(domain, round_number):
                found[opening.seat] = Revealed(opening.digest, opening.data_root, False)
    return found


def direct_seats(revelations: Sequence[bytes]) -> frozenset[int]:
    """Seats that their owners revealed for."""
    return frozenset(int.from_bytes(item[:4], "big") for item in revelations if len(item) == DIRECT_BYTES)
