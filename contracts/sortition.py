"""Who is drawn for a round: the mirror of `src/libraries/Sortition.sol`."""

from __future__ import annotations

from eth_hash.auto import keccak

from contracts.attestation import encoded_number, encoded_word

TRAINER = keccak(b"SwarmProof trainer")
ATTESTER = keccak(b"SwarmProof attester")
QUARTERS = 4


def quarter_of(start: int, end: int, time: int) -> int:
    """In which quarter of the window [start, end) a time is; before it the first, after it the last."""
    if end <= start:
        return 0
    return min(max(QUARTERS * (time - start) // (end - start), 0), QUARTERS - 1)


def is_drawn(seed: bytes, role: bytes, seat: int, *, seats: int, want: int, doublings: int) -> bool:
    """Whether a seat of `seats` is drawn when `want` should come (0: all) and the bound has doubled so often."""
    drawn = want << doublings
    if want == 0 or drawn >= seats:
        return True
    lot = keccak(encoded_word(seed) + encoded_word(role) + encoded_number(seat, 32))
    return int.from_bytes(lot, "big") < ((1 << 256) - 1) // seats * drawn
