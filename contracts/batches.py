"""Many commitments under one hash, and their openings: the mirror of `src/libraries/Batches.sol`.

The chain checks that openings open the batch; that each account owns its seat and signed is for everybody who computes
the round to check. Whatever fails that is as if it had never been revealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from contracts.attestation import (
    NO_REVEALS,
    Domain,
    chain_batch,
    chain_reveal,
    checksum_address,
    commitment_digest,
    commitment_hash,
    compact_signature,
    expand_signature,
    recover,
    sign_digest,
)
from contracts.errors import InvalidSignature
from contracts.values import Address

OPENING_BYTES = 186
MOST_BATCHES = 8  # of a round
MOST_A_SEAT = 2  # commitments, in all batches of a round together
UNOPENED = bytes(32)
DIRECT_BYTES = 100  # seat, digest, data root, salt: any other revelation is the number of a batch and openings


@dataclass(frozen=True)
class BatchOpening:
    """An update out of a batch: the entry at `index` opened. `signature`: 65 bytes of the commitment by `account`."""

    index: int
    seat: int
    account: Address
    digest: bytes
    data_root: bytes
    salt: bytes
    signature: bytes

    def commitment(self, domain: Domain, round_number: int) -> bytes:
        """What the account signed."""
        return commitment_hash(domain, round_number, self.seat, self.account, self.digest, self.data_root, self.salt)

    def is_signed(self, domain: Domain, round_number: int) -> bool:
        """Whether the account signed this commitment for its seat."""
        digest = commitment_digest(domain, round_number, self.seat, self.commitment(domain, round_number))
        try:
            return recover(digest, self.signature) == self.account
        except InvalidSignature:
            return False


def sign_commitment(domain: Domain, key: bytes, round_number: int, seat: int, commitment: bytes) -> bytes:
    """Let a commitment stand in a batch: 65 bytes."""
    return sign_digest(key, commitment_digest(domain, round_number, seat, commitment))


def batch_entry(commitment: bytes, signature: bytes) -> bytes:
    """What stands in a batch: bound to the signature (65 bytes), so that nobody can open it with another."""
    return keccak(commitment + b"".join(compact_signature(signature)))


def batch_hash(entries: Sequence[bytes]) -> bytes:
    """What a collector posts for many entries at once, in this order."""
    return keccak(b"".join(entries))


def pack_openings(openings: Sequence[BatchOpening]) -> bytes:
    """Openings as the project takes them: index, seat, account, digest, data root, salt, r, vs."""
    return b"".join(
        item.index.to_bytes(2, "big")
        + item.seat.to_bytes(4, "big")
        + bytes.fromhex(item.account[2:])
        + item.digest
        + item.data_root
        + item.salt
        + b"".join(compact_signature(item.signature))
        for item in openings
    )


def unpack_openings(packed: bytes) -> tuple[BatchOpening, ...]:
    """Read them back. Raises ValueError where there is no whole number of them."""
    if len(packed) % OPENING_BYTES:
        raise ValueError(f"{len(packed)} bytes of openings, expected a multiple of {OPENING_BYTES}")
    return tuple(_unpacked(packed[at : at + OPENING_BYTES]) for at in range(0, len(packed), OPENING_BYTES))


def rest_of(entries: Sequence[bytes], opened: Sequence[BatchOpening]) -> list[bytes]:
    """The entries as revealBatch() takes them: those that are opened are left out."""
    indices = {item.index for item in opened}
    return [UNOPENED if index in indices else item for index, item in enumerate(entries)]


def chain_of(revelations: Sequence[bytes]) -> bytes:
    """The chain over everything revealed in a round, in order."""
    chain = NO_REVEALS
    for item in revelations:
        if len(item) == DIRECT_BYTES:
            chain = chain_reveal(chain, int.from_bytes(item[:4], "big"), item[4:36], item[36:68], item[68:])
        else:
            chain = chain_batch(chain, item[0], item[1:], len(item[1:]) // OPENING_BYTES)
    return chain


def _unpacked(data: bytes) -> BatchOpening:
    digest, data_root, salt, r, vs = (data[at : at + 32] for at in range(26, OPENING_BYTES, 32))
    return BatchOpening(
        index=int.from_bytes(data[:2], "big"),
        seat=int.from_bytes(data[2:6], "big"),
        account=checksum_address(data[6:26]),
        digest=digest,
        data_root=data_root,
        salt=salt,
        signature=expand_signature(r, vs),
    )
