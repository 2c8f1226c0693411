"""The test bytes of Kubo's own import vectors: a ChaCha20 keystream, key = sha2-256(seed), nonce and counter zero."""

from __future__ import annotations

import hashlib
import io

from Crypto.Cipher import ChaCha20


class Keystream(io.RawIOBase):
    """`size` bytes of the keystream of `seed`, as a readable stream."""

    def __init__(self, seed: str, size: int) -> None:
        self._cipher = ChaCha20.new(key=hashlib.sha256(seed.encode()).digest(), nonce=bytes(8))
        self._left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = self._left if size < 0 else min(size, self._left)
        self._left -= size
        return bytes(self._cipher.encrypt(bytes(size)))
