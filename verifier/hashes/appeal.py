"""The digest for appeals: of the whole path to the output, keyed with what nobody knew before.

After the first committee its digests and outputs are public. Whoever only copies them lacks what came between the
start and the output; and no two paths with one digest can be prepared for a key that is drawn later.
"""

from __future__ import annotations

from node.errors import HashError
from node.generation.base import Generation
from node.merkle import keccak
from verifier.hashes.base import require_seed
from verifier.hashes.periodic import PATH_CELL_Q16, array_periodic, bound_to_tokens

_DOMAIN = keccak(b"SwarmProof projection of an appeal, version 1")


def appeal_digest(generation: Generation, *, key: bytes) -> int:
    """Periodic hash of the path under the round's `key`, 32 bytes; below 2^256.

    All rows at once: a path of fewer steps follows the true one for a step or two, so that one row alone could match.
    Of an image neither the first row nor the last counts: the seed gives the one, the pixels nearly the other.
    Raises HashError where no row is left.
    """
    require_seed(key, "key")
    rows = generation.trace[1:-1] if generation.kind == "image" else generation.trace
    if len(rows) == 0:
        raise HashError(f"a trace of {len(generation.trace)} rows has none between the first and the last")
    return array_periodic(rows, key=bound_to_tokens(keccak(_DOMAIN + key), generation), cell_q16=PATH_CELL_Q16)
