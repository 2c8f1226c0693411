"""The Merkle-Patricia trie of a list: transactions and receipts of a block, by index.

All items are known at once, so it is built from the leaves up and every node is encoded once; putting them in one by
one encodes the way to the root for each. Source: Ethereum yellow paper, appendix D.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth.constants import BLANK_ROOT_HASH
from eth_hash.auto import keccak

Pair = tuple[str, bytes]  # the hexadecimal digits of a key, and its value
EMPTY = b"\x80"


def list_trie(items: Sequence[bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """The root of the trie, and its nodes by their hash."""
    nodes: dict[bytes, bytes] = {}
    if not items:
        return BLANK_ROOT_HASH, nodes
    pairs = sorted((rlp_bytes(_index(number)).hex(), item) for number, item in enumerate(items))
    root = _node(pairs, 0, nodes)
    root_hash = keccak(root)
    nodes[root_hash] = root
    return root_hash, nodes


def rlp_bytes(value: bytes) -> bytes:
    """RLP of a byte string."""
    return value if len(value) == 1 and value < b"\x80" else _prefix(0x80, len(value)) + value


def _node(pairs: Sequence[Pair], depth: int, nodes: dict[bytes, bytes]) -> bytes:
    """The encoded node of the keys that agree up to `depth`."""
    first = pairs[0][0]
    if len(pairs) == 1:
        return _list(rlp_bytes(_path(first[depth:], 2)) + rlp_bytes(pairs[0][1]))
    shared, last = depth, pairs[-1][0]
    while first[shared] == last[shared]:  # no key begins another: RLP says its length
        shared += 1
    if shared > depth:
        return _list(rlp_bytes(_path(first[depth:shared], 0)) + _reference(_node(pairs, shared, nodes), nodes))
    # For the same reason a branch holds no value of its own.
    children, start = [EMPTY] * 17, 0
    for end in range(1, len(pairs) + 1):
        if end == len(pairs) or pairs[end][0][depth] != pairs[start][0][depth]:
            children[int(pairs[start][0][depth], 16)] = _reference(_node(pairs[start:end], depth + 1, nodes), nodes)
            start = end
    return _list(b"".join(children))


def _reference(node: bytes, nodes: dict[bytes, bytes]) -> bytes:
    """How a parent names a node: small ones are part of it."""
    if len(node) < 32:
        return node
    node_hash = keccak(node)
    nodes[node_hash] = node
    return rlp_bytes(node_hash)


def _path(digits: str, flag: int) -> bytes:
    """Digits of a key in a leaf (flag 2) or an extension (flag 0)."""
    return bytes.fromhex(f"{flag + 1}{digits}" if len(digits) % 2 else f"{flag}0{digits}")


def _index(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _list(payload: bytes) -> bytes:
    return _prefix(0xC0, len(payload)) + payload


def _prefix(base: int, length: int) -> bytes:
    if length < 56:
        return bytes([base + length])
    size = _index(length)
    return bytes([base + 55 + len(size)]) + size
