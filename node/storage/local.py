"""Blocks as files in one directory. Nothing is half written, nothing is read without checking its hash.

    blocks/ab/abcdef...   one file a block, named by its sha2-256 in hex, in 256 folders
    pins/bafy...          one empty file a pinned object
    temporary/            blocks being written; leftovers of a crash are removed at the next start
    quarantine/           block files whose bytes no longer matched their name

Several processes may use one directory: a block appears by an atomic rename, and all writers of one name write the
same bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from node.storage.cid import RAW, Cid, sha2_256
from node.storage.errors import BadCid, BlockMissing, StoreCorrupt, StoreUnusable
from node.storage.store import BlockStore, check_block
from node.storage.unixfs import Block
from node.storage.unixfs_reader import walk_dag

_WRITERS = 4
_BLOCK_NAME = re.compile("[0-9a-f]{64}")


class LocalStore(BlockStore):
    """A ContentStore in the directory `path`. Close it, or use it in a `with`, to let go of its lock.

    Raises StoreUnusable when the directory cannot be made, read or written, or, with `create` False, is not a store.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._blocks, self._pins = path / "blocks", path / "pins"
        self._temporary, self._quarantine = path / "temporary", path / "quarantine"
        if not create and not self._blocks.is_dir():
            raise StoreUnusable(path, "it holds no blocks")
        with self._failing_clearly():
            for directory in (self._blocks, self._pins, self._temporary, self._quarantine):
                directory.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            self._clean()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the directory's lock."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def get_block(self, digest: bytes) -> bytes:
        """See ContentReader. A block that no longer has its hash goes to quarantine and counts as missing then."""
        path = self._path_of(digest)
        try:
            block = path.read_bytes()
        except FileNotFoundError:
            raise BlockMissing(Cid(RAW, digest), f"the store {self.path}") from None
        except OSError as error:
            raise StoreUnusable(self.path, str(error)) from error
        if sha2_256(block) != digest:
            moved = self._quarantine / path.name
            with self._failing_clearly():
                path.replace(moved)
            raise StoreCorrupt(Cid(RAW, digest), moved)
        return block

    def has(self, cid: Cid) -> bool:
        """See ContentReader. The bytes are not looked at: `get_block` does that."""
        return self._path_of(cid.digest).exists()

    def put_block(self, block: bytes, digest: bytes) -> None:
        """See ContentStore. Raises StoreUnusable, leaving nothing behind, when the disk is full."""
        check_block(block, digest)
        self._put(digest, block)

    def put_named(self, blocks: Iterable[Block]) -> Cid | None:
        """See BlockStore. Several at once: waiting for one fsync, the disk can take the next block."""
        cid, folders = None, set[Path]()
        with ThreadPoolExecutor(_WRITERS) as pool:
            writing: deque[Future[None]] = deque()
            for block in blocks:
                cid = block.cid
                folder = self._path_of(cid.digest).parent
                folders |= {folder} if folder.exists() else {folder, self._blocks}
                writing.append(pool.submit(self._put, cid.digest, block.data))
                if len(writing) > _WRITERS:
                    writing.popleft().result()
            for write in writing:
                write.result()
        self._synchronise(folders)
        return cid

    def _put(self, digest: bytes, block: bytes) -> None:
        """Write one block unless it is there. A power cut may still take its name away: then it is missing again."""
        path = self._path_of(digest)
        if not path.exists():
            self._write(path, block)

    def pin(self, cid: Cid) -> None:
        """See ContentStore."""
        folders = {self._path_of(block_cid.digest).parent for block_cid, _ in walk_dag(self._block_of, cid)}
        self._write(self._pins / str(cid), b"")
        self._synchronise(folders | {self._blocks, self._pins})

    def unpin(self, cid: Cid) -> None:
        """See ContentStore."""
        with self._failing_clearly():
            (self._pins / str(cid)).unlink(missing_ok=True)
        self._synchronise([self._pins])

    def pins(self) -> set[Cid]:
        """See ContentStore."""
        with self._failing_clearly():
            names = [entry.name for entry in self._pins.iterdir()]
        try:
            return {Cid.parse(name) for name in names}
        except BadCid as error:
            raise StoreUnusable(self.path, f"a file in pins/ is no pin: {error}") from None

    def blocks(self) -> Iterator[bytes]:
        """See ContentStore."""
        with self._failing_clearly():
            names = [entry.name for folder in self._blocks.iterdir() for entry in folder.iterdir()]
        for name in names:
            if not _BLOCK_NAME.fullmatch(name):
                raise StoreUnusable(self.path, f"a file in blocks/ is no block: {name!r}")
            yield bytes.fromhex(name)

    def collect_garbage(self) -> int:
        """See ContentStore."""
        kept = {cid.digest for pin in self.pins() for cid, _ in walk_dag(self._block_of, pin)}
        removed = 0
        for digest in self.blocks():
            if digest not in kept:
                with self._failing_clearly():
                    self._path_of(digest).unlink(missing_ok=True)
                removed += 1
        return removed

    def _path_of(self, digest: bytes) -> Path:
        name = digest.hex()
        return self._blocks / name[:2] / name

    def _write(self, path: Path, data: bytes) -> None:
        """Temporary file, fsync, rename: after a crash the file is whole or not there."""
        with self._failing_clearly():
            handle, name = tempfile.mkstemp(dir=self._temporary)
            try:
                with open(handle, "wb") as file:  # noqa: PTH123 - an open descriptor, not a path
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                path.parent.mkdir(exist_ok=True)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def _synchronise(self, folders: Iterable[Path]) -> None:
        """Make the names in these folders survive a power cut."""
        with self._failing_clearly():
            for folder in folders:
                handle = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def _clean(self) -> None:
        """Remove what a crash left in `temporary`, unless another process is writing there now."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            for leftover in self._temporary.iterdir():
                leftover.unlink()
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    @contextlib.contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnusable(self.path, str(error)) from error
