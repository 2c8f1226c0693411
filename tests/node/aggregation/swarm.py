"""A swarm made of vectors: honest peers see one direction through noise and error feedback; free riders do not train.

Shape legend: d = parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from node.aggregation.aggregate import next_theta
from node.aggregation.contribution import Contributions, contributions, decayed_merit
from node.aggregation.products import Products, inner_products
from node.aggregation.rules import RoundContext, parse_rule
from node.manifest import Manifest, TensorSpec
from tests.node.aggregation.messages import Draw, Message, encoded, manifest

Vector = npt.NDArray[np.float64]

HONEST = 8
MANIFEST = manifest(tensors=(TensorSpec("w", (8 * 4096,), 64),), rule="mean", byzantine=2, alpha_q16=1 << 16)
COUNT = MANIFEST.layout.parameter_count


@dataclass
class View:
    """What a free rider can see: last round's step of the state and messages, and the honest messages being made."""

    draw: Draw
    aggregate: Vector | None
    earlier: Sequence[Vector]
    honest: Sequence[Vector]


Rider = Callable[[View, int], Vector]


@dataclass
class Swarm:
    """Rounds of `HONEST` honest peers and two riders; `pay` collects each one's part of the scores."""

    seed: str
    rule: str
    rider: Rider
    manifest: Manifest = MANIFEST
    theta: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(COUNT, dtype=np.int32))
    before: npt.NDArray[np.int32] | None = None
    pay: list[list[float]] = field(default_factory=list)
    merits: Sequence[int] = (0,) * (HONEST + 2)

    def run(self, rounds: int) -> Vector:
        """Average part of each peer in the pay, the riders last, in fair shares; the first round is left out."""
        draw = Draw(self.seed)
        trend = draw.normal(COUNT)
        residuals = np.zeros((HONEST, COUNT))
        sent: list[Vector] = []
        for _ in range(rounds):
            trend = 0.8 * trend + 0.6 * draw.normal(COUNT)
            messages: list[Message] = []
            for i in range(HONEST):
                residuals[i] += 0.01 * (trend + draw.normal(COUNT))
                messages.append(encoded(residuals[i], self.manifest.layout))
            honest = [decoded(message, self.manifest) for message in messages]
            residuals -= np.stack(honest)
            view = View(draw, self._aggregate(), sent, honest)
            messages += [encoded(self.rider(view, i), self.manifest.layout) for i in range(2)]
            sent = honest
            self._round(messages)
        return np.asarray(np.mean(self.pay[1:], axis=0)) * HONEST

    def _aggregate(self) -> Vector | None:
        return None if self.before is None else (self.before.astype(np.float64) - self.theta) / 2.0**26

    def _round(self, messages: Sequence[Message]) -> None:
        previous = None if self.before is None else (self.before, self.theta)
        known = inner_products(messages, self.manifest.layout, previous=previous)
        weights, found = judge(known, self.rule, self.manifest, [decayed_merit(merit) for merit in self.merits])
        self.before, self.theta = self.theta, next_theta(self.theta, messages, weights, self.manifest)
        self.merits = found.merits
        self.pay.append([score / max(1, sum(found.scores)) for score in found.scores])


def judge(known: Products, rule: str, m: Manifest, merits: Sequence[int]) -> tuple[list[int], Contributions]:
    """Final weights and contributions, as a round computes them."""
    chosen = parse_rule(rule).weights(known.gram, RoundContext(1, tuple(range(len(known)))))
    weights = [weight * factor >> 16 for weight, factor in zip(chosen, known.clipping.factors, strict=True)]
    return weights, contributions(known.gram, chosen, merits, byzantine=m.byzantine)


def decoded(message: Message, m: Manifest) -> Vector:
    """The vector (d,) a message stands for."""
    vector = np.zeros(m.layout.parameter_count)
    shifts = np.repeat(message.shifts.astype(np.float64), m.layout.chunk_counts)
    vector[message.positions] = message.mantissas * 2.0 ** (shifts - 40)
    return vector
