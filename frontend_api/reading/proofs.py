"""Merkle paths from what a record said to the roots the contract holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from contracts.values import Address
from frontend_api.indexing.database import ContributionRow, RewardRow
from frontend_api.indexing.projection import hexadecimal
from frontend_api.schemas import ClaimProof, MerklePath
from node.aggregation.reasons import Reason
from node.merkle import PositionTree, StandardTree
from node.rounds.outcome import (
    Contribution,
    InputLeaf,
    RewardLeaf,
    contribution_leaf,
    input_leaf,
    reward_leaf,
)


def contribution_proofs(leaves: Sequence[ContributionRow], seat: int) -> list[MerklePath]:
    """Paths of a seat's leaves: to the weight root and, if its update went in, to the input root. In seat order."""
    weights = [contribution_leaf(_contribution(leaf)) for leaf in leaves]
    seats = [leaf.seat for leaf in leaves]
    paths = [_path("weight_root", weights, seats.index(seat))]
    inputs = [
        InputLeaf(leaf.seat, _bytes(leaf.digest), _bytes(leaf.data_root))
        for leaf in leaves
        if leaf.data_root and leaf.digest
    ]
    positions = [leaf.seat for leaf in inputs]
    if seat in positions:
        paths.append(_path("input_root", [input_leaf(leaf) for leaf in inputs], positions.index(seat)))
    return paths


def claim_proof(round_number: int, leaves: Sequence[RewardRow], address: str) -> ClaimProof | None:
    """Arguments of the contract's `claim` for an account of the reward tree; None if it is not in it."""
    accounts = [leaf.account for leaf in leaves]
    if address not in accounts:
        return None
    tree = StandardTree([reward_leaf(RewardLeaf(cast(Address, leaf.account), leaf.cumulative_wei)) for leaf in leaves])
    index = accounts.index(address)
    return ClaimProof(
        round=round_number,
        reward_root=hexadecimal(tree.root),
        account=address,
        cumulative_wei=leaves[index].cumulative_wei,
        proof=[hexadecimal(sibling) for sibling in tree.proof(index)],
    )


def _path(name: str, leaves: Sequence[bytes], index: int) -> MerklePath:
    tree = PositionTree(leaves)
    return MerklePath.model_validate(
        {
            "name": name,
            "root": hexadecimal(tree.root),
            "leaf": hexadecimal(leaves[index]),
            "index": index,
            "count": len(leaves),
            "path": [hexadecimal(sibling) for sibling in tree.proof(index)],
        }
    )


def _contribution(leaf: ContributionRow) -> Contribution:
    return Contribution(
        seat=leaf.seat,
        owner=cast(Address, leaf.owner),
        digest=_bytes(leaf.digest) if leaf.digest else None,
        weight=leaf.weight,
        score=leaf.score,
        reason=Reason.of_slug(leaf.reason),
        reward_wei=leaf.reward_wei,
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
