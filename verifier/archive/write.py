"""Write an archive: always a folder first, then, if asked, one CAR file of that folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from node.storage import car
from node.storage.cid import Cid
from node.storage.unixfs import Block, import_stream, last, root_of
from verifier.archive.tree import INDEX_PATH, encode_index
from verifier.archive.unixfs_directory import Entry, encode_directory
from verifier.errors import ArchiveUnwritable


class FolderWriter:
    """Writes the files of an archive into a new folder; `finish` adds the index that makes it whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, str] = {}
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise ArchiveUnwritable(folder, error.strerror or str(error)) from error

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def write(self, path: str, data: bytes) -> None:
        """Write one file. Raises ArchiveUnwritable."""
        target = self._folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        except OSError as error:
            raise ArchiveUnwritable(target, error.strerror or str(error)) from error
        self._files[path] = str(root_of(data))

    def finish(self) -> None:
        """Write the index."""
        self.write(INDEX_PATH, encode_index(self._files))


def pack_car(folder: Path, target: Path) -> Cid:
    """Write the files of `folder` as one CAR file and return its root. Raises ArchiveUnwritable, leaving no part of it.

    Two passes: the header needs the root, and the root needs the identifier of every file.
    """
    partial = target.with_name(target.name + ".partial")
    written: set[bytes] = set()
    try:
        root = last(_blocks(folder)).cid
        with partial.open("wb") as file:
            file.write(car.header([root]))
            for block in _blocks(folder):
                if block.cid.digest not in written:
                    written.add(block.cid.digest)
                    file.write(car.section(block.cid, block.data))
        partial.replace(target)
    except (OSError, ValueError) as error:
        partial.unlink(missing_ok=True)
        raise ArchiveUnwritable(target, str(error)) from error
    return root


def _blocks(path: Path) -> Iterator[Block]:
    """Blocks of a file, or of a folder and everything in it: children before parents, names in order, the root last."""
    if not path.is_dir():
        with path.open("rb") as file:
            yield from import_stream(file)
        return
    entries: dict[str, Entry] = {}
    for child in sorted(path.iterdir(), key=lambda item: item.name.encode()):
        total_bytes = 0
        for block in _blocks(child):
            total_bytes += len(block.data)
            root = block.cid
            yield block
        entries[child.name] = Entry(root, total_bytes)
    yield encode_directory(entries)
