"""Reading IDX files, plain or gzip: the format MNIST is published in.

Source: the format's description by LeCun, Cortes and Burges: two zero bytes, a type byte, the number of dimensions,
each side as a big-endian 32-bit number, then the elements. Only unsigned bytes (type 0x08) occur here.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt

from node.errors import TaskError

UNSIGNED_BYTE = 0x08
MAXIMUM_BYTES = 1 << 28
_BLOCK_BYTES = 1 << 20


class MalformedIdx(TaskError):
    """An IDX file is not what it should be; `found` and `expected` say how."""

    def __init__(self, path: Path, what: str, found: object, expected: object) -> None:
        super().__init__(f"{path}: {what} is {found}, expected {expected}")
        self.path, self.what, self.found, self.expected = path, what, found, expected


def find_idx(folder: Path, name: str) -> Path:
    """The file `name` or `name`.gz in `folder`. Raises TaskError, one sentence, if neither is there."""
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise TaskError(f"{folder} has no file {name} or {name}.gz")


def read_idx(path: Path, sides: tuple[int | None, ...]) -> npt.NDArray[np.uint8]:
    """Read a whole file as uint8 of the shape it declares.

    `sides`: what each side must be, None where any number will do. Never holds more than the declared size, which is
    bounded. Raises MalformedIdx for anything but exactly such a file, and TaskError if it cannot be opened.
    """
    try:
        with _open(path) as file:
            return _read(path, file, sides)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise MalformedIdx(path, "compression", f"damaged ({error})", "a whole gzip stream") from error
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error.strerror or error}") from error


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _read(path: Path, file: IO[bytes], sides: tuple[int | None, ...]) -> npt.NDArray[np.uint8]:
    header = _read_up_to(file, 4 + 4 * len(sides))
    magic = struct.pack(">HBB", 0, UNSIGNED_BYTE, len(sides))
    if header[:4] != magic:
        raise MalformedIdx(path, "magic number", f"0x{header[:4].hex()}", f"0x{magic.hex()}")
    if len(header) != 4 + 4 * len(sides):
        raise MalformedIdx(path, "header", f"{len(header)} bytes", f"{4 + 4 * len(sides)} bytes")
    shape = struct.unpack(f">{len(sides)}I", header[4:])
    if any(wanted not in (None, found) for found, wanted in zip(shape, sides, strict=True)):
        raise MalformedIdx(path, "shape", _shape(shape), _shape(sides))
    size = math.prod(shape)
    if not 0 < size <= MAXIMUM_BYTES:
        raise MalformedIdx(path, "declared size", f"{size} bytes", f"1 to {MAXIMUM_BYTES} bytes")
    data = _read_up_to(file, size + 1)
    if len(data) != size:
        found = f"{len(data)} bytes" if len(data) < size else f"more than {size} bytes"
        raise MalformedIdx(path, "content", found, f"{size} bytes, as its header says")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape).copy()


def _read_up_to(file: IO[bytes], size: int) -> bytes:
    """Up to `size` bytes. Small reads: asking for a declared size at once would allocate it before it is there."""
    blocks: list[bytes] = []
    missing = size
    while missing > 0 and (block := file.read(min(missing, _BLOCK_BYTES))):
        blocks.append(block)
        missing -= len(block)
    return b"".join(blocks)


def _shape(sides: tuple[int | None, ...]) -> str:
    return " x ".join("any" if side is None else str(side) for side in sides)
