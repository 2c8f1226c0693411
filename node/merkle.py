"""Merkle trees: one that binds position and count, and OpenZeppelin's for rewards.

`PositionTree` hashes with keccak-256 and separates its domains by a first byte: 0x00 leaf, 0x01 inner node, 0x02 root.
The root binds the number of leaves, so a proof cannot be replayed for another position or a shorter list; the odd node
of a level moves up unhashed and is never duplicated (duplication gave Bitcoin CVE-2012-2459).

`StandardTree` is byte for byte OpenZeppelin's `StandardMerkleTree`, which `MerkleProof.verify` checks on-chain.
Source: https://github.com/OpenZeppelin/merkle-tree
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from sha3 import keccak_256

HASH_BYTES: Final = 32
ZERO_HASH: Final = bytes(HASH_BYTES)

_LEAF, _NODE, _ROOT = b"\x00", b"\x01", b"\x02"


def keccak(data: bytes) -> bytes:
    """keccak-256 as Ethereum uses it, 32 bytes."""
    # pysha3 called directly: 0.7 us for 64 bytes against 4.8 us through eth_hash; a checkpoint of 10^7 has 312,500.
    return bytes(keccak_256(data).digest())


class PositionTree:
    """A keccak tree over leaves of any length, in the order given. The tree of no leaves has a root too."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = [keccak_256(_LEAF + leaf).digest() for leaf in leaves]
        self._levels = [level]
        while len(level) > 1:
            level = _level_above(level)
            self._levels.append(level)

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """32 bytes binding every leaf, its position and the number of leaves."""
        top = self._levels[-1]
        return _bind(len(self), top[0] if top else ZERO_HASH)

    def proof(self, index: int) -> tuple[bytes, ...]:
        """Siblings of leaf `index` from the bottom up, for `verify_position`. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(f"leaf {index} of a tree of {len(self)}")
        siblings = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                siblings.append(level[index ^ 1])
            index >>= 1
        return tuple(siblings)


def verify_position(root: bytes, index: int, count: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `leaf` stands at `index` among `count` leaves under a `PositionTree` root."""
    if not 0 <= index < count or any(len(sibling) != HASH_BYTES for sibling in proof):
        return False
    node, remaining, width = keccak(_LEAF + leaf), list(proof), count
    while width > 1:
        if index ^ 1 < width:
            if not remaining:
                return False
            sibling = remaining.pop(0)
            node = keccak(_NODE + (sibling + node if index & 1 else node + sibling))
        index, width = index >> 1, (width + 1) >> 1
    return not remaining and _bind(count, node) == root


class StandardTree:
    """OpenZeppelin's `StandardMerkleTree` over ABI-encoded values; its proofs are for `MerkleProof.verify`.

    A leaf is keccak256(keccak256(value)); leaves are sorted by hash, inner nodes hash their two children in order of
    size. OpenZeppelin has no empty tree; its root here is 32 zero bytes, under which nothing can be proved.
    """

    def __init__(self, values: Sequence[bytes]) -> None:
        hashes = [standard_leaf(value) for value in values]
        order = sorted(range(len(hashes)), key=lambda i: (hashes[i], i))
        # An implicit heap: children of i are 2 i + 1 and 2 i + 2; leaves fill it from the end.
        self._heap = [ZERO_HASH] * max(0, 2 * len(hashes) - 1)
        self._heap_index = [0] * len(hashes)
        for rank, i in enumerate(order):
            self._heap_index[i] = len(self._heap) - 1 - rank
            self._heap[self._heap_index[i]] = hashes[i]
        for i in reversed(range(len(self._heap) - len(hashes))):
            self._heap[i] = _sorted_pair(self._heap[2 * i + 1], self._heap[2 * i + 2])

    def __len__(self) -> int:
        return len(self._heap_index)

    @cached_property
    def root(self) -> bytes:
        """32 bytes; zero for a tree of no values."""
        return self._heap[0] if self._heap else ZERO_HASH

    def proof(self, index: int) -> tuple[bytes, ...]:
        """Siblings of value `index` (in the order given), from the bottom up. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(f"value {index} of a tree of {len(self)}")
        at, siblings = self._heap_index[index], []
        while at > 0:
            siblings.append(self._heap[at + 1 if at & 1 else at - 1])
            at = (at - 1) >> 1
        return tuple(siblings)


def standard_leaf(value: bytes) -> bytes:
    """Hash of an ABI-encoded value as OpenZeppelin hashes it: twice, so that no inner node can pose as a leaf."""
    return keccak(keccak(value))


def verify_standard(root: bytes, value: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the ABI-encoded `value` is in the `StandardTree` with this root: what `MerkleProof.verify` computes."""
    node = standard_leaf(value)
    for sibling in proof:
        if len(sibling) != HASH_BYTES:
            return False
        node = _sorted_pair(node, sibling)
    return root != ZERO_HASH and node == root


def _level_above(level: list[bytes]) -> list[bytes]:
    pairs = len(level) // 2
    above = [keccak_256(_NODE + level[2 * i] + level[2 * i + 1]).digest() for i in range(pairs)]
    return above + level[2 * pairs :]


def _bind(count: int, top: bytes) -> bytes:
    return keccak(_ROOT + count.to_bytes(32, "big") + top)


def _sorted_pair(a: bytes, b: bytes) -> bytes:
    return keccak(a + b if a < b else b + a)
