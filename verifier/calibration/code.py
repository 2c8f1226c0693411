"""Which code made a digest."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

import node
import verifier

# What a digest depends on, from checkpoint to bits.
_DIGEST_CODE: Final = (
    "node/checkpoint.py",
    "node/generation",
    "node/merkle.py",
    "node/simhash.py",
    "node/tasks",
    "node/training.py",
    "verifier/hashes",
)


@cache
def code_hash() -> bytes:
    """sha2-256 over the sources that digests depend on, 32 bytes."""
    folders = {"node": Path(node.__path__[0]), "verifier": Path(verifier.__path__[0])}
    content = hashlib.sha256()
    for entry in _DIGEST_CODE:
        package, _, rest = entry.partition("/")
        path = folders[package] / rest
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            data = file.read_bytes()
            name = f"{package}/{file.relative_to(folders[package]).as_posix()}"
            content.update(f"{name} {len(data)}\n".encode() + data)
    return content.digest()
