"""An archive as one CARv1 file: a UnixFS folder whose blocks are found by their hash, damaged ones included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from node.errors import StorageError
from node.storage.cid import Cid
from node.storage.errors import BlockMissing
from node.storage.unixfs_reader import read_file, walk_dag
from verifier.archive.car_scan import Section, scan
from verifier.archive.tree import index_damages, is_folder
from verifier.archive.unixfs_directory import decode_directory
from verifier.errors import ArchiveDamaged, ArchiveUnreadable


class CarTree:
    """An archive in one file. Opening it reads and hashes every block once; none stays in memory.

    Raises ArchiveUnreadable without a file, ArchiveDamaged when its header or folders are damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise ArchiveUnreadable(path, str(error)) from error
        try:
            scanned = scan(self._file)
            self._sections, self._broken = scanned.sections, scanned.broken
            # A block whose name changed is found by its bytes; one whose bytes changed, by the name before it.
            self._by_name = {section.cid.digest: section for section in reversed(scanned.sections)}
            self._by_bytes = {section.digest: section for section in reversed(scanned.sections)}
            self._files = dict(self._folder(scanned.root, ""))
        except BaseException:
            self._file.close()
            raise

    def read(self, path: str) -> bytes | None:
        """See Tree."""
        cid = self._files.get(path)
        if cid is None:
            return None
        try:
            return b"".join(read_file(self._block, cid))
        except BlockMissing:
            # A break in the file's form hides everything after it: then it is not known to be missing.
            if self._broken:
                raise self._broken[0] from None
            return None
        except StorageError as error:
            raise ArchiveDamaged(path, str(cid), str(error)) from error

    def damages(self) -> Iterator[ArchiveDamaged]:
        """See Tree."""
        yield from self._broken
        paths: dict[bytes, str] = {}
        for digest, path in self._paths_by_digest():
            paths.setdefault(digest, path)
        for section in self._sections:
            if not section.intact:
                digest = section.cid.digest if section.cid.digest in paths else section.digest
                where = paths.get(digest, f"block of the CAR file at byte {section.start}")
                yield ArchiveDamaged(where, str(section.cid), f"bytes with sha2-256 {section.digest.hex()}")
        yield from index_damages(self)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _folder(self, cid: Cid, path: str) -> Iterator[tuple[str, Cid]]:
        where = f"folder {path or '/'} of the CAR file"
        section = self._by_bytes.get(cid.digest)
        if section is None:
            damaged = self._by_name.get(cid.digest)
            found = "no such block" if damaged is None else f"bytes with sha2-256 {damaged.digest.hex()}"
            raise ArchiveDamaged(where, str(cid), found)
        for name, entry in decode_directory(self._bytes(section), where).items():
            if is_folder(path + name):
                yield from self._folder(entry.cid, f"{path}{name}/")
            else:
                yield path + name, entry.cid

    def _paths_by_digest(self) -> Iterator[tuple[bytes, str]]:
        """The file every block belongs to, as far as the blocks above it are whole."""
        for path, cid in self._files.items():
            yield cid.digest, path
            try:
                for block, _ in walk_dag(self._block, cid):
                    yield block.digest, path
            except StorageError:
                continue

    def _block(self, cid: Cid) -> bytes:
        section = self._by_bytes.get(cid.digest) or self._by_name.get(cid.digest)
        if section is None:
            raise BlockMissing(cid, "the CAR file")
        return self._bytes(section)

    def _bytes(self, section: Section) -> bytes:
        # Without the file's position: several threads read at once.
        return os.pread(self._file.fileno(), section.length, section.start)
