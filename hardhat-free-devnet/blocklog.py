"""An append-only file of checksummed records: what is in it when `append` returns is there after a power cut.

    magic | record | record | ...            record: head (12 bytes) | payload
    head: length of the payload | CRC-32 of the payload | CRC-32 of the eight bytes before, each 4 bytes big-endian

A process that dies while it writes leaves the beginning of a record: that tail is cut off at the next start, nobody
has been told of it. The head has a checksum of its own, so that a length that rotted is not taken for such a tail.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from devnet.errors import DevnetError

logger = logging.getLogger("devnet")

MAGIC = b"devnet block log 1\n"
LOCK_NAME = "lock"
HEAD = struct.Struct(">III")
READ_BYTES = 1 << 20


class DamagedLog(DevnetError):
    """Something in the middle of the log, or all of it, is not what was written."""

    def __init__(self, path: Path, offset: int, what: str, expected: object, found: object) -> None:
        super().__init__(f"{path} is damaged at offset {offset}: {what}: expected {expected}, found {found}")
        self.path, self.offset, self.expected, self.found = path, offset, expected, found


class LogInUse(DevnetError):
    """Another process writes it."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(f"{path} is in use by {owner or 'another process'}")
        self.path, self.owner = path, owner


class WriteFailed(DevnetError):
    """The log cannot grow, say on a full disk. What was in it before still is."""

    def __init__(self, path: Path, offset: int, failure: OSError) -> None:
        super().__init__(f"cannot write {path} at offset {offset}: {failure.strerror or failure}; what it held is kept")
        self.path, self.offset = path, offset


@dataclass(frozen=True)
class Entry:
    """One record and where it begins in the file."""

    offset: int
    payload: bytes


class BlockLog:
    """A log, locked against other processes. Call `replay` to its end before the first `append`."""

    def __init__(self, path: Path, first: bytes, *, fsync: bool = True) -> None:
        """Open the log; one that does not exist is made with `first` as its only record.

        Raises LogInUse, or OSError.
        """
        self.path = path
        self._fsync = fsync
        self._failure: WriteFailed | None = None
        self._lock = _lock(path)
        try:
            if not path.exists():
                _create(path, MAGIC + _framed(first))
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            os.close(self._lock)
            raise
        self._end = 0

    def replay(self) -> Iterator[Entry]:
        """Every record from the first on; a torn tail is cut off. Raises DamagedLog."""
        with self.path.open("rb", buffering=READ_BYTES) as file:
            size = os.fstat(file.fileno()).st_size
            magic = file.read(len(MAGIC))
            if magic != MAGIC:
                raise DamagedLog(self.path, 0, "no block log", MAGIC, magic)
            self._end = len(MAGIC)
            while (payload := self._read(file, size)) is not None:
                entry = Entry(self._end, payload)
                self._end += HEAD.size + len(payload)
                yield entry
        if self._end < size:
            logger.warning("%s: cut off %d bytes of a record that was never finished", self.path, size - self._end)
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)

    def append(self, payload: bytes) -> None:
        """Write a record; it is on the disk when this returns. Raises WriteFailed, then and ever after."""
        if self._failure is not None:
            raise self._failure
        framed = _framed(payload)
        written = 0
        try:
            while written < len(framed):
                written += os.pwrite(self._file, framed[written:], self._end + written)
            if self._fsync:
                os.fdatasync(self._file)
        except OSError as failure:
            # After a failed fsync nobody knows what the disk has: nothing more is written to this file.
            self._failure = WriteFailed(self.path, self._end, failure)
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise self._failure from failure
        self._end += len(framed)

    def close(self) -> None:
        """Close the file and let others have it."""
        os.close(self._file)
        os.close(self._lock)

    def _read(self, file: BinaryIO, size: int) -> bytes | None:
        """The payload of the record at the end of what was read; None when no whole one is left."""
        offset = self._end
        head = file.read(HEAD.size)
        if len(head) < HEAD.size:
            return None
        length, checksum, head_checksum = HEAD.unpack(head)
        found = zlib.crc32(head[:8])
        if found != head_checksum:
            # A file system that grew the file before it wrote the data leaves zeros.
            if not any(head) and _only_zeros(file):
                return None
            raise DamagedLog(self.path, offset, "checksum of a record's head", f"{head_checksum:08x}", f"{found:08x}")
        if offset + HEAD.size + length > size:
            return None
        payload = file.read(length)
        found = zlib.crc32(payload)
        if found != checksum:
            raise DamagedLog(self.path, offset, "checksum of a record", f"{checksum:08x}", f"{found:08x}")
        return payload


def _framed(payload: bytes) -> bytes:
    head = struct.pack(">II", len(payload), zlib.crc32(payload))
    return head + struct.pack(">I", zlib.crc32(head)) + payload


def _only_zeros(file: BinaryIO) -> bool:
    while block := file.read(READ_BYTES):
        if any(block):
            return False
    return True


def _create(path: Path, content: bytes) -> None:
    """Make a file that is there with all its content or not at all."""
    unfinished = path.with_name(path.name + ".new")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lock(path: Path) -> int:
    """The descriptor that keeps others away: the kernel closes it when this process ends, however it ends."""
    descriptor = os.open(path.with_name(LOCK_NAME), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(descriptor, 100, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise LogInUse(path, owner) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
    return descriptor
