"""An archive as a tree of files, whatever form it has on disk: read what is there, and say what was damaged.

Damage does not stop a reader: bytes are handed out as they are, so that the audit can name the object and the field
they break. `damages` then tells of whatever else is not as it was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from node.storage.unixfs import root_of
from verifier.errors import ArchiveDamaged, ArchiveUnreadable

INDEX_PATH = "index.json"
INDEX_VERSION = 1


def is_folder(path: str) -> bool:
    """Whether `path` is one of the folders every archive has: rounds, checkpoints, messages, messages/N."""
    return path in ("rounds", "checkpoints", "messages") or (path.startswith("messages/") and path.count("/") == 1)


class Tree(Protocol):
    """The files of an archive."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file as they are now; None when it is not there. ArchiveDamaged when they cannot be had."""

    def damages(self) -> Iterator[ArchiveDamaged]:
        """Everything that is not what was written, in order of path."""


def encode_index(files: Mapping[str, str]) -> bytes:
    """The index of an archive: the content identifier of every file, and a check over itself."""
    listed = dict(sorted(files.items()))
    document = {"version": INDEX_VERSION, "files": listed, "check": _check(listed)}
    return json.dumps(document, indent=1).encode() + b"\n"


def decode_index(data: bytes) -> dict[str, str]:
    """Read an index; ArchiveDamaged unless it is one that `encode_index` writes."""
    try:
        document: Any = json.loads(data)
        files = {str(path): str(cid) for path, cid in document["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArchiveDamaged(INDEX_PATH, "the archive's index", repr(error)) from error
    if encode_index(files) != data:
        raise ArchiveDamaged(INDEX_PATH, f"an index with check {_check(files)}", f"check {document.get('check')}")
    return files


def index_damages(tree: Tree) -> Iterator[ArchiveDamaged]:
    """Files of `tree` that differ from its index, and the index itself. A file that is gone is missing, not damaged."""
    encoded = tree.read(INDEX_PATH)
    if encoded is None:
        yield ArchiveDamaged(INDEX_PATH, "the archive's index", "no file")
        return
    try:
        files = decode_index(encoded)
    except ArchiveDamaged as damage:
        yield damage
        return
    for path, expected in files.items():
        try:
            data = tree.read(path)
        except ArchiveDamaged as damage:
            yield damage
            continue
        if data is not None and str(root_of(data)) != expected:
            yield ArchiveDamaged(path, expected, str(root_of(data)))


class DirectoryTree:
    """An archive as a folder."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ArchiveUnreadable(folder, "it is not a folder")
        self._folder = folder

    def read(self, path: str) -> bytes | None:
        """See Tree."""
        # Paths come from `verifier.objects` or from the archive's own index: the latter is not to be trusted.
        target = self._folder / path
        if ".." in Path(path).parts or Path(path).is_absolute():
            raise ArchiveDamaged(path, "a path inside the archive", "a path that leads out of it")
        try:
            return target.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ArchiveDamaged(path, "a readable file", str(error)) from error

    def damages(self) -> Iterator[ArchiveDamaged]:
        """See Tree."""
        return index_damages(self)


def _check(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
