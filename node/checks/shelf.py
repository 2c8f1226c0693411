"""Where a peer keeps the traces of its own seats while others may check them: the newest rounds, each in a folder.

A trace is many times larger than its message and worth nothing once its round is over, so it does not go into the
content store, which forgets nothing. The gateway serves both (`Shelved`).

Pieces may lie here before the message is revealed: nobody can ask for what it has no digest of.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing
from node.storage.local import LocalStore
from node.storage.store import BlockReader, ContentStore

KEPT_ROUNDS: Final = 2  # this one, and the one before: error feedback goes on from it


class TraceShelf(BlockReader):
    """Pieces of traces by digest, in the folder `path`, which is made when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        numbers = [int(folder.name) for folder in path.glob("*") if folder.name.isdecimal()]
        self._stores = {number: self._open(number) for number in numbers}

    def add(self, round_number: int, data: bytes) -> bytes:
        """Keep a piece of a round; returns its digest. Rounds that are long over are dropped."""
        if round_number not in self._stores:
            self._stores = {**self._stores, round_number: self._open(round_number)}
            for number in [number for number in self._stores if number <= round_number - KEPT_ROUNDS]:
                self._stores.pop(number).close()
                shutil.rmtree(self._path / str(number), ignore_errors=True)
        return self._stores[round_number].add(data).digest

    def close(self) -> None:
        """Let go of the folders."""
        for store in self._stores.values():
            store.close()

    def get_block(self, digest: bytes) -> bytes:
        """See ContentReader."""
        for store in tuple(self._stores.values()):
            try:
                return store.get_block(digest)
            except BlockMissing:
                continue
        raise BlockMissing(Cid(RAW, digest), "the traces of this peer")

    def has(self, cid: Cid) -> bool:
        """See ContentReader."""
        return any(store.has(cid) for store in tuple(self._stores.values()))

    def _open(self, round_number: int) -> LocalStore:
        return LocalStore(self._path / str(round_number))


class Shelved(BlockReader):
    """What a gateway serves: the content store, and what is on the shelf."""

    def __init__(self, store: ContentStore, shelf: TraceShelf) -> None:
        self._store, self._shelf = store, shelf

    def get_block(self, digest: bytes) -> bytes:
        """See ContentReader."""
        try:
            return self._shelf.get_block(digest)
        except BlockMissing:
            return self._store.get_block(digest)

    def has(self, cid: Cid) -> bool:
        """See ContentReader."""
        return self._shelf.has(cid) or self._store.has(cid)
