"""The digest for appeals: keyed with what nobody knew before, of a part of the path that nobody could foresee.

After the first committee its digests and outputs are public. Whoever only copies them lacks what came between the
start and the output; and no two paths with one digest can be prepared for a key that is drawn later.
"""

from __future__ import annotations

from node.errors import HashError
from node.generation.base import Generation
from node.merkle import keccak
from verifier.hashes.base import require_seed
from verifier.hashes.simhash import array_simhash

_ROW = keccak(b"SwarmProof row of an appeal, version 1")
_PROJECTION = keccak(b"SwarmProof projection of an appeal, version 1")


def appeal_digest(generation: Generation, *, key: bytes) -> int:
    """Simhash of the trace's row that the round's `key` (32 bytes) picks, projected as it says; below 2^256.

    Of an image neither the first row nor the last is picked: the seed gives the one, the pixels nearly the other.
    Raises HashError where no row is left, and for a row of zeros.
    """
    require_seed(key, "key")
    rows = generation.trace[1:-1] if generation.kind == "image" else generation.trace
    if len(rows) == 0:
        raise HashError(f"a trace of {len(generation.trace)} rows has none between the first and the last")
    row = int.from_bytes(keccak(_ROW + key), "big") % len(rows)
    return array_simhash(rows[row], key=keccak(_PROJECTION + key))
