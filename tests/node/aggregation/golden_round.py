"""Golden vectors: three rounds with everything in them, kept as JSON.

`python -m tests.node.aggregation.golden_round` writes the file anew. It must only ever change together with the
arithmetic, and then every peer of every project must change with it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from node.aggregation.aggregate import next_theta
from node.aggregation.contribution import contributions
from node.aggregation.products import inner_products
from node.aggregation.rewards import share_pool
from node.aggregation.rules import RoundContext, parse_rule
from node.checkpoint import data_leaves
from node.manifest import Manifest, TensorSpec
from node.merkle import PositionTree
from tests.node.aggregation.messages import Message, manifest, random_message, round_messages, state

FILE = Path(__file__).parent / "golden" / "rounds.json"
POOL_WEI = 10**18 + 7
MERITS = (1 << 30, 1 << 29, 0, -(1 << 28), 3 << 28, 5 << 30, 1)
TENSORS = (
    TensorSpec("sparse", (50, 90), 64),
    TensorSpec("dense", (30,), 0),
    TensorSpec("column", (10, 12), 1024, order="column", grid_bits=24),
)
SETTINGS: dict[str, dict[str, Any]] = {
    "plain mean": {"rule": "mean"},
    "multi-krum, contributor mean": {"rule": "multi-krum(f=2,keep=4)", "mean": "contributor", "minimum_support": 2},
    "multi-krum, skipping": {"rule": "multi-krum(f=2,keep=3,skip=2)", "alpha_q16": 64 << 16},
}


def golden_manifest(name: str) -> Manifest:
    """The manifest of one golden round."""
    return manifest(tensors=TENSORS, **SETTINGS[name])


def make_inputs(name: str) -> list[dict[str, Any]]:
    """Messages as JSON. (States are drawn from shake-256 in integers, so they need not be kept.)"""
    layout = golden_manifest(name).layout
    messages = [*round_messages(layout, name, 6), random_message(layout, f"{name} wild")]
    return [
        {"positions": m.positions.tolist(), "mantissas": m.mantissas.tolist(), "shifts": m.shifts.tolist()}
        for m in messages
    ]


def messages_of(inputs: list[dict[str, Any]]) -> list[Message]:
    """Messages from JSON."""
    return [
        Message(
            np.array(item["positions"], dtype=np.int64),
            np.array(item["mantissas"], dtype=np.int16),
            np.array(item["shifts"], dtype=np.uint8),
        )
        for item in inputs
    ]


def states_of(name: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The state before the base, and the base."""
    layout = golden_manifest(name).layout
    return state(layout, f"{name} before"), state(layout, f"{name} base")


def compute(name: str, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Every intermediate integer of a round, as JSON."""
    m, messages, (before, base) = golden_manifest(name), messages_of(inputs), states_of(name)
    known = inner_products(messages, m.layout, previous=(before, base))
    clipping = known.clipping
    context = RoundContext(2, tuple(range(len(messages))))
    chosen = parse_rule(m.rule).weights(known.gram, context)
    weights = [weight * factor >> 16 for weight, factor in zip(chosen, clipping.factors, strict=True)]
    found = contributions(known.gram, chosen, MERITS, byzantine=m.byzantine)
    newcomers = contributions(known.gram, chosen, [0] * len(chosen), byzantine=m.byzantine)
    theta = next_theta(base, messages, weights, m, unclipped=chosen)
    return {
        "products": [list(row) for row in known.products],
        "squared_norms": [str(norm) for norm in known.squared_norms],
        "previous": list(known.previous),
        "previous_square": known.previous_square,
        "clip_factors": list(clipping.factors),
        "chosen": list(chosen),
        "weights": weights,
        "scores": list(found.scores),
        "merits": list(found.merits),
        "newcomers": [list(newcomers.scores), list(newcomers.merits)],
        "rewards": [str(reward) for reward in share_pool(found.scores, POOL_WEI, 1 << 15)],
        "theta_sha256": hashlib.sha256(theta.astype("<i4").tobytes()).hexdigest(),
        "theta_first": theta[:8].tolist(),
        "data_root": PositionTree(data_leaves(theta)).root.hex(),
    }


def main() -> None:
    """Write the file."""
    inputs = {name: make_inputs(name) for name in SETTINGS}
    document = {name: {"messages": item, "expected": compute(name, item)} for name, item in inputs.items()}
    FILE.write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
