"""Merkle trees: against OpenZeppelin's own, against a plain recursion, and against forgers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak as reference_keccak
from hypothesis import given
from hypothesis import strategies as st

from node.merkle import ZERO_HASH, PositionTree, StandardTree, keccak, verify_position, verify_standard

OPENZEPPELIN = json.loads((Path(__file__).parent / "golden" / "standard_tree.json").read_text())
LEAVES = st.lists(st.binary(max_size=40), min_size=1, max_size=40)


def reward_value(account: str, amount: str) -> bytes:
    return bytes(12) + bytes.fromhex(account[2:]) + int(amount).to_bytes(32, "big")


def recursive_top(hashes: list[bytes]) -> bytes:
    """The tree by its definition: the left subtree is the largest power of two smaller than the number of leaves."""
    if len(hashes) == 1:
        return hashes[0]
    left = 1
    while 2 * left < len(hashes):
        left *= 2
    return reference_keccak(b"\x01" + recursive_top(hashes[:left]) + recursive_top(hashes[left:]))


@pytest.mark.parametrize("tree", OPENZEPPELIN["trees"], ids=lambda tree: f"{len(tree['values'])} values")
def test_standard_tree_is_openzeppelins(tree: dict[str, Any]) -> None:
    values = [reward_value(*value) for value in tree["values"]]
    ours = StandardTree(values)
    assert "0x" + ours.root.hex() == tree["root"]
    for index, proof in enumerate(tree["proofs"]):
        assert ["0x" + sibling.hex() for sibling in ours.proof(index)] == proof
        assert verify_standard(ours.root, values[index], ours.proof(index))


def test_standard_tree_refuses_other_values_and_roots() -> None:
    tree = StandardTree([b"a" * 64, b"b" * 64, b"c" * 64])
    assert not verify_standard(tree.root, b"d" * 64, tree.proof(0))
    assert not verify_standard(keccak(tree.root), b"a" * 64, tree.proof(0))
    assert not verify_standard(tree.root, b"a" * 64, tree.proof(0)[:-1])
    assert not verify_standard(tree.root, b"a" * 64, (b"short",))


def test_nothing_is_in_the_standard_tree_of_no_values() -> None:
    tree = StandardTree([])
    assert tree.root == ZERO_HASH
    assert not verify_standard(tree.root, b"", ())
    with pytest.raises(IndexError):
        tree.proof(0)


@given(LEAVES)
def test_position_tree_follows_its_definition(leaves: list[bytes]) -> None:
    top = recursive_top([reference_keccak(b"\x00" + leaf) for leaf in leaves])
    assert PositionTree(leaves).root == reference_keccak(b"\x02" + len(leaves).to_bytes(32, "big") + top)


@given(LEAVES, st.data())
def test_every_leaf_is_proved_at_its_position_only(leaves: list[bytes], data: st.DataObject) -> None:
    tree = PositionTree(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = tree.proof(index)
    assert verify_position(tree.root, index, len(leaves), leaves[index], proof)
    assert not verify_position(tree.root, index, len(leaves), leaves[index] + b"!", proof)
    assert not verify_position(tree.root, index, len(leaves) + 1, leaves[index], proof)
    assert not verify_position(tree.root, index, len(leaves), leaves[index], (*proof, ZERO_HASH))
    for other in range(len(leaves)):
        if leaves[other] != leaves[index]:
            assert not verify_position(tree.root, other, len(leaves), leaves[index], proof)
    if proof:
        assert not verify_position(tree.root, index, len(leaves), leaves[index], proof[:-1])


def test_no_odd_leaf_is_counted_twice() -> None:
    assert PositionTree([b"a", b"b", b"c"]).root != PositionTree([b"a", b"b", b"c", b"c"]).root


def test_an_inner_node_cannot_pose_as_a_leaf() -> None:
    pair = keccak(b"\x00a") + keccak(b"\x00b")
    assert PositionTree([pair]).root != PositionTree([b"a", b"b"]).root
    assert not verify_position(PositionTree([b"a", b"b"]).root, 0, 1, pair, ())


def test_position_tree_of_no_leaves_has_a_root_and_no_proof() -> None:
    tree = PositionTree([])
    assert tree.root == reference_keccak(b"\x02" + bytes(64))
    assert len(tree) == 0
    with pytest.raises(IndexError):
        tree.proof(0)
    assert not verify_position(tree.root, 0, 0, b"", ())


def test_proofs_with_siblings_of_the_wrong_size_are_refused() -> None:
    tree = PositionTree([b"a", b"b"])
    assert not verify_position(tree.root, 0, 2, b"a", (tree.proof(0)[0] + b"\x00",))


def test_keccak_is_ethereums() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak(b"swarm" * 99) == reference_keccak(b"swarm" * 99)
