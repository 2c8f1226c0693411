"""Files that parties serve as outputs, broken in every way there is."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from node.generation import Generation, GenerationError
from verifier.court.output_file import read_generation

PIXELS = np.arange(48, dtype=np.uint8).reshape(6, 8)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int = 8, height: int = 6, *, colour: int = 0) -> bytes:
    """A header of this size, and as many pixels as PIXELS has."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    rows = b"".join(b"\0" + row.tobytes() for row in PIXELS)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_an_output_reads_as_it_was_written() -> None:
    made = Generation("image", PIXELS.copy(), np.zeros((1, 1), np.float32))
    for data in (png(), made.to_bytes()):
        found = read_generation(data)
        assert found.kind == "image"
        assert (found.content == PIXELS).all()
    text = read_generation(b"seven")
    assert (text.kind, text.to_bytes()) == ("text", b"seven")


def colourful() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6)).save(file, format="PNG")
    return file.getvalue()


BROKEN: dict[str, Callable[[], bytes]] = {
    "20,000 x 20,000 pixels in the header": lambda: png(20_000, 20_000),
    "more pixels than any output has": lambda: png(5_000, 5_000),
    "no pixels": lambda: png(0, 0),
    "another colour type": lambda: png(colour=9),
    "a chunk of another name": lambda: png().replace(b"IDAT", b"ID\0T"),
    "no header": lambda: png().replace(b"IHDR", b"IHDX"),
    "a short header": lambda: png()[:8] + chunk(b"IHDR", b"short") + png()[33:],
    "garbage for chunks": lambda: png()[:33] + b"\xff" * 40,
    "a comment that grows": lambda: png()[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 25))) + png()[33:],
    "half a header": lambda: png()[:20],
    "a signature": lambda: png()[:8],
    "colours": colourful,
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_whatever_is_broken_is_no_output(make: Callable[[], bytes]) -> None:
    with pytest.raises(GenerationError):
        read_generation(make())


def test_no_byte_that_differs_makes_a_file_raise_anything_else() -> None:
    whole, rng = png(), np.random.default_rng(1)
    for _ in range(2000):
        data = bytearray(whole)
        for place in rng.integers(8, len(data), size=rng.integers(1, 4)):
            data[place] = rng.integers(256)
        try:
            read_generation(bytes(data))
        except GenerationError:
            continue
