"""The CBOR that strangers may send: numbers, byte and text strings, lists, maps with text keys. Nothing else.

A general decoder also runs what the sender chose: dates, fractions, regular expressions, references from a value into
itself. Some of these crash the process or cannot be written again, so bytes of others go through this reader only.
Writing our own values is left to a general encoder.

Source: RFC 8949, sections 3 and 4.2.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from cbor2 import CBORTag

Plain = int | bytes | str | list["Plain"] | dict[str, "Plain"] | CBORTag

MAXIMUM_DEPTH: Final = 8


class NotPlainCbor(ValueError):
    """Bytes that are no CBOR of this kind; `reason` says what is wrong, `offset` at which byte."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason}, at byte {offset}")
        self.reason, self.offset = reason, offset


def load(data: bytes, *, tags: Collection[int] = ()) -> Plain:
    """Read one item that fills `data`. Raises NotPlainCbor. `tags`: tag numbers that may occur.

    A map never has a key twice. Longer spellings of a length are accepted: compare with what an encoder makes of the
    value where bytes must be canonical.
    """
    item, end = load_first(data, tags=tags)
    if end != len(data):
        raise NotPlainCbor(f"{len(data) - end} bytes too many", end)
    return item


def load_first(data: bytes, *, tags: Collection[int] = ()) -> tuple[Plain, int]:
    """Read the item that `data` starts with; returns it and its length in bytes. Raises NotPlainCbor."""
    reader = _Reader(data, tags)
    return reader.item(MAXIMUM_DEPTH), reader.offset


class _Reader:
    def __init__(self, data: bytes, tags: Collection[int]) -> None:
        self._data, self._tags = data, tags
        self.offset = 0

    def item(self, depth: int) -> Plain:
        start = self.offset
        if depth == 0:
            raise NotPlainCbor(f"nested deeper than {MAXIMUM_DEPTH}", start)
        major, argument = self._head()
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._text(argument)
            # Every element takes a byte at least, so a length that was made up ends at the end of the data.
            case 4:
                return [self.item(depth - 1) for _ in range(argument)]
            case 5:
                return self._map(argument, depth)
            case 6 if argument in self._tags:
                return CBORTag(argument, self.item(depth - 1))
            case 6:
                raise NotPlainCbor(f"tag {argument}", start)
            case _:
                raise NotPlainCbor("a float or a simple value", start)

    def _map(self, count: int, depth: int) -> dict[str, Plain]:
        values: dict[str, Plain] = {}
        for _ in range(count):
            start = self.offset
            key = self.item(1)
            if not isinstance(key, str) or key in values:
                raise NotPlainCbor("a key that is not text" if not isinstance(key, str) else "a key twice", start)
            values[key] = self.item(depth - 1)
        return values

    def _head(self) -> tuple[int, int]:
        start = self.offset
        first = self._take(1)[0]
        major, low = first >> 5, first & 0x1F
        if low < 24:
            return major, low
        if low > 27:
            raise NotPlainCbor("a length that is not given", start)
        return major, int.from_bytes(self._take(1 << (low - 24)), "big")

    def _text(self, length: int) -> str:
        start = self.offset
        try:
            return self._take(length).decode()
        except UnicodeDecodeError:
            raise NotPlainCbor("text that is not UTF-8", start) from None

    def _take(self, count: int) -> bytes:
        piece = self._data[self.offset : self.offset + count]
        if len(piece) < count:
            raise NotPlainCbor("cut short", len(self._data))
        self.offset += count
        return piece
