"""From an output to 256 bits: one hash a file, `registry` finds them by name, `appeal` keys them anew for appeals.

For images: `phash`; for texts: `tokens`, `minhash`, `activations`; for both: `simhash`, of the path that led there, and
`periodic`, which tells the smallest cheats from rounding.
"""

from verifier.hashes.appeal import appeal_digest
from verifier.hashes.base import OutputHash
from verifier.hashes.registry import HASHES, load_hash

__all__ = ["HASHES", "OutputHash", "appeal_digest", "load_hash"]
