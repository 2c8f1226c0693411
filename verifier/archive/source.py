"""An archive as the source of an audit: nothing but its files is read, and nothing in them is believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from node.storage.unixfs import root_of
from verifier.archive.car_tree import CarTree
from verifier.archive.chain_json import decode_chain
from verifier.archive.tree import DirectoryTree, Tree
from verifier.chain_record import ChainRecord
from verifier.errors import ArchiveDamaged, ArchiveUnreadable
from verifier.objects import CHAIN_PATH, ObjectName
from verifier.sources import Damaged, Missing, Published
from verifier.verdict import shown


class ArchiveSource:
    """The files of an archive, a folder or a CAR file. Raises ArchiveUnreadable, ArchiveDamaged when it is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tree: Tree = DirectoryTree(path) if path.is_dir() else CarTree(path)

    def chain(self) -> ChainRecord:
        """See Source."""
        data = self._tree.read(CHAIN_PATH)
        if data is None:
            raise ArchiveUnreadable(self._path, f"it has no {CHAIN_PATH}")
        return decode_chain(data)

    async def read(self, name: ObjectName, digest: bytes, maximum_bytes: int) -> bytes | Missing | Damaged:
        """See Source."""
        return await asyncio.to_thread(self._read, name, digest, maximum_bytes)

    async def records(self, name: ObjectName) -> AsyncIterator[Published | Missing]:
        """See Source."""
        data = await asyncio.to_thread(self._tree.read, name.path)
        yield self._missing(name) if data is None else Published(f"{self._path}, {name.path}", data)

    def damages(self) -> Sequence[ArchiveDamaged]:
        """See Source."""
        return tuple(self._tree.damages())

    def close(self) -> None:
        """Close what is open."""
        if isinstance(self._tree, CarTree):
            self._tree.close()

    def _read(self, name: ObjectName, digest: bytes, maximum_bytes: int) -> bytes | Missing | Damaged:
        data = self._tree.read(name.path)
        if data is None:
            return self._missing(name)
        where = f"{self._path}, {name.path}"
        if len(data) > maximum_bytes:
            return Damaged(f"{len(data)} bytes, at most {maximum_bytes} may be", where)
        found = root_of(data).digest
        return data if found == digest else Damaged(shown(found), where)

    def _missing(self, name: ObjectName) -> Missing:
        return Missing(f"the archive {self._path} has no file {name.path}")
