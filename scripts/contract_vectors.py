"""What Python makes of fixed lists, for the tests in Solidity to compare: `python -m scripts.contract_vectors`.

Writes contracts/test/vectors/trees.json: roots of position trees of 0 to 19 leaves, leaf i being i times the byte i,
and packed contributions with their weight root and the sum of their rewards.
"""

from __future__ import annotations

import json
import sys

from contracts.build import ROOT
from node.merkle import PositionTree
from node.rounds.outcome import PackedContribution, contribution_leaf, pack_contributions

VECTORS = ROOT / "test" / "vectors" / "trees.json"
TREES = 20
LARGEST = PackedContribution(2**32 - 1, -(2**31), 2**128 - 1, 255, 2**128 - 1)


def vectors() -> dict[str, object]:
    """The content of the file."""
    leaves = [bytes([size]) * size for size in range(TREES)]
    contributions = [PackedContribution(seat, seat * 1000 - 3000, seat**20, seat, 7**seat) for seat in range(1, 7)]
    contributions.append(LARGEST)
    packed = pack_contributions(contributions)
    return {
        "contributions": "0x" + packed.hex(),
        "roots": ["0x" + PositionTree(leaves[:count]).root.hex() for count in range(TREES)],
        "sum": str(sum(item.reward_wei for item in contributions)),
        "weightRoot": "0x" + PositionTree(map(contribution_leaf, contributions)).root.hex(),
    }


def render() -> str:
    """The exact text of the file."""
    return json.dumps(vectors(), indent=1) + "\n"


def main() -> int:
    """Command line; returns the exit code."""
    VECTORS.parent.mkdir(exist_ok=True)
    VECTORS.write_text(render(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
