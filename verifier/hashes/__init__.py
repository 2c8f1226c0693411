"""From an output to 256 bits: one hash a file, `registry` finds them by name, `appeal` keys them anew for appeals.

Hashes for images: `phash`; for texts: `tokens`, `minhash`, `activations`; for the path that led to either: `simhash`.
"""

from verifier.hashes.appeal import appeal_digest
from verifier.hashes.base import OutputHash
from verifier.hashes.registry import HASHES, load_hash

__all__ = ["HASHES", "OutputHash", "appeal_digest", "load_hash"]
