"""What is measured against ByzFL: n messages as bytes, the float32 updates they came from, and a round on them.

Updates are a direction that all share plus noise of the same length: supports of messages overlap as those of honest
peers do. A round here is what an aggregator does: from the messages' bytes to the next state, without pay and hashes.

Shape legend: n = updates, d = parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from node.aggregation.history import Histories
from node.aggregation.judgement import JudgedInput, Judgement, State, final_weights, following_theta, judge
from node.aggregation.products import inner_products
from node.aggregation.rules import RoundContext, Rule
from node.checkpoint import genesis
from node.codec import MessageHeader, Update, encode, parse
from node.manifest import Q16_ONE, Manifest, TensorSpec

SEED: Final = 22
HISTORY_BUCKETS: Final = 1024
_LENGTH: Final = np.float32(1e-3)

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Workload:
    """The messages of a round and the state it starts from."""

    manifest: Manifest
    messages: Sequence[bytes]
    theta: npt.NDArray[np.int32]

    @classmethod
    def make(cls, parameters: int, peers: int, entries: int, f: int) -> Workload:
        """`entries` of 4,096 at 1 bit each; 0 for dense int8."""
        tensor = TensorSpec("weight", (parameters,), entries)
        manifest = Manifest(task="bench", tensors=(tensor,), rule="mean", byzantine=f, alpha_q16=2 * Q16_ONE)
        messages = [
            encode(update, manifest, MessageHeader(bytes(32), 1, seat, bytes(32), manifest.digest))
            for seat, update in enumerate(float_updates(parameters, peers), start=1)
        ]
        return cls(manifest, messages, genesis(manifest).theta)

    @property
    def context(self) -> RoundContext:
        """Of the first round."""
        return RoundContext(1, tuple(range(1, len(self.messages) + 1)))

    def parse(self) -> list[Update]:
        """Decode the messages."""
        return [parse(message, self.manifest) for message in self.messages]

    def round(self, rule: Rule) -> npt.NDArray[np.int32]:
        """The next state, from bytes."""
        updates = self.parse()
        known = inner_products(updates, self.manifest.layout)
        chosen = rule.weights(known.gram, self.context)
        final = final_weights(chosen, rule, known, updates, self.manifest)
        return following_theta(self.theta, updates, rule, known, self.context, chosen, final, self.manifest)

    def judged(self, rule: str) -> Judgement:
        """Everything a peer decides in a round, with histories, the previous aggregate and contributions."""
        manifest = replace(self.manifest, rule=rule, history_buckets=HISTORY_BUCKETS)
        inputs = [
            JudgedInput(seat, seat, seat.to_bytes(32, "big"), update)
            for seat, update in enumerate(self.parse(), start=1)
        ]
        state = State(self.theta, Histories.empty(manifest))
        return judge(manifest, round=2, seed=bytes(32), state=state, previous_theta=self.theta // 2, inputs=inputs)


def float_updates(parameters: int, peers: int) -> Iterator[Float32]:
    """The n updates (d,), one after another."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    common = generator.standard_normal(parameters, dtype=np.float32)
    for _ in range(peers):
        update = generator.standard_normal(parameters, dtype=np.float32)
        update += common
        update *= _LENGTH
        yield update


def write_updates(path: Path, parameters: int, peers: int) -> None:
    """The n updates as a .npy file of float32 (n, d), never all of them in memory."""
    file = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(peers, parameters))
    for row, update in zip(file, float_updates(parameters, peers), strict=True):
        row[:] = update
    file.flush()
