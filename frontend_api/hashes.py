"""32 bytes as people type them: ids of jobs and classes, digests."""

from __future__ import annotations

HEXADECIMAL = frozenset("0123456789abcdef")


def hash_of(text: str) -> str:
    """32 bytes as typed, in lower case with 0x. Raises ValueError with what would have been right."""
    digits = text.removeprefix("0x").lower()
    if len(digits) != 64 or not HEXADECIMAL.issuperset(digits):
        raise ValueError("0x and 64 hexadecimal digits")
    return f"0x{digits}"
