"""Finding a hash by the name that a class gives it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from node.errors import HashError
from verifier.hashes.activations import ActivationsHash
from verifier.hashes.base import OutputHash
from verifier.hashes.minhash import MinHash
from verifier.hashes.periodic import PeriodicHash
from verifier.hashes.phash import PerceptualHash
from verifier.hashes.simhash import Simhash
from verifier.hashes.tokens import TokensHash

_ALL: Final[tuple[OutputHash, ...]] = (
    PeriodicHash(),
    PerceptualHash(),
    Simhash(),
    TokensHash(),
    ActivationsHash(),
    MinHash(),
)
HASHES: Final[Mapping[str, OutputHash]] = MappingProxyType({item.name: item for item in _ALL})


def load_hash(name: str) -> OutputHash:
    """The hash `name`. Raises HashError for an unknown one."""
    if name not in HASHES:
        raise HashError(f"hash {name!r} is unknown; known hashes: {', '.join(HASHES)}")
    return HASHES[name]
