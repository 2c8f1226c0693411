"""What pay follows, a cell a call: what free riders and copies earn, and how pay ranks peers of unlike worth.

Studies:

* `riders`    honest peers and some of `node.attacks`: what each earns;
* `quality`   honest peers with shards of unlike label noise: pay against quality and against leave-one-out values;
* `shapley`   the same with few peers: pay against exact Shapley values.

Worth is held-out loss, in nats. Three values of a peer, each exact for what it says:

* left out of a round: the sum over the rounds of loss(state without the peer's message in this round) - loss(state).
  Norm clip, memory, rule and mean are computed anew without the message; the state before the round is the real one.
* left out of training: loss of the swarm in which the peer sends nothing in any round - loss of the whole swarm.
* Shapley: over all 2^n coalitions, the worth of one being minus the loss of the swarm in which only its members send.
  The empty one keeps the first state.

Initial state, shards and order of batches are the same with and without a peer. Source of the first and third for
federated learning: Wang et al., A principled approach to data valuation for federated learning, 2020.

Shape legend: n = seats.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from node.aggregation.rewards import share_pool
from node.errors import ConfigurationError
from node.lab.cell import KEY_LENGTH, NO_ATTACK, Cell
from node.lab.run import cut, load_image_task
from node.lab.swarm import Swarm
from node.lab.values import label_noise, shapley_values, with_label_noise
from node.manifest import Q16_ONE
from node.tasks.base import Shard
from node.training import one_thread

Study = Literal["riders", "quality", "shapley"]

MOST_PLAYERS: Final = 8  # of the Shapley study: 256 swarms
_POOL: Final = 10**18


@dataclass(frozen=True)
class ContributionCell:
    """One experiment. `swarm`: its settings; attackers exactly in the study of riders.

    Raises ConfigurationError for attackers in another study, and for too many peers for Shapley values.
    """

    study: Study
    swarm: Cell

    def __post_init__(self) -> None:
        if (self.study == "riders") != (self.swarm.attack != NO_ATTACK):
            raise ConfigurationError(f"study {self.study!r} with attack {self.swarm.attack!r}")
        if self.study == "shapley" and self.swarm.seats > MOST_PLAYERS:
            raise ConfigurationError(f"Shapley values of {self.swarm.seats} peers, at most {MOST_PLAYERS}")

    @property
    def key(self) -> str:
        """16 hexadecimal digits that stand for this cell."""
        text = json.dumps({"kind": "contributions", "study": self.study, "swarm": self.swarm.key}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]

    @property
    def title(self) -> str:
        """A few words for the person who waits."""
        return f"{self.study}: {self.swarm.title}"

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {"kind": "contributions", "study": self.study, "swarm": self.swarm.to_json()}


@dataclass(frozen=True)
class ContributionResult:
    """What came of a cell, by seat (n,); empty where the study does not ask for it.

    `pay`: in fair shares, 1 being a round's pool divided by n. `noise`: part of the labels replaced. `left_out`,
    `untrained`, `shapley`: values in nats, as above. `accuracy`: of the whole swarm.
    """

    pay: tuple[float, ...]
    noise: tuple[float, ...]
    left_out: tuple[float, ...]
    untrained: tuple[float, ...]
    shapley: tuple[float, ...]
    accuracy: float

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ContributionResult:
        """Read it back. Raises KeyError, TypeError."""
        lists = {name: tuple(values) for name, values in document.items() if isinstance(values, list)}
        return cls(**{**document, **lists})


def run_contributions(cell: ContributionCell, data_dir: Path | None) -> ContributionResult:
    """Run a cell from start to end, on one thread. Raises TaskError, RuleError, ConfigurationError."""
    with one_thread():
        return _Swarms(cell, data_dir).result()


class _Swarms:
    """The swarms of one cell: equal but for who is absent."""

    def __init__(self, cell: ContributionCell, data_dir: Path | None) -> None:
        self._cell, swarm = cell, cell.swarm
        self._task = load_image_task(swarm.task, swarm.width, data_dir)
        self._noise: tuple[float, ...] = () if cell.study == "riders" else label_noise(swarm.seats, swarm.seed)
        self._shards: list[Shard] = cut(swarm, data_dir)
        if self._noise:
            self._shards = [
                with_label_noise(shard, part, swarm.seed * swarm.seats + i)
                for i, (shard, part) in enumerate(zip(self._shards, self._noise, strict=True))
            ]

    def result(self) -> ContributionResult:
        """All that the study asks for."""
        cell = self._cell
        swarm = self._swarm()
        paid, left_out = [0] * cell.swarm.seats, [0.0] * cell.swarm.seats
        for item in swarm.rounds(cell.swarm.rounds):
            shares = share_pool(item.judgement.scores, _POOL, Q16_ONE)
            for seat, share in zip(item.seats, shares, strict=True):
                paid[seat - 1] += share
            if cell.study == "quality":
                loss = swarm.evaluate().loss
                for seat in item.seats:
                    left_out[seat - 1] += swarm.evaluate(swarm.without(seat)).loss - loss
        whole = swarm.evaluate()
        seats = range(cell.swarm.seats)
        return ContributionResult(
            pay=tuple(share * len(seats) / (_POOL * cell.swarm.rounds) for share in paid),
            noise=self._noise,
            left_out=tuple(left_out) if cell.study == "quality" else (),
            untrained=()
            if cell.study == "riders"
            else tuple(self._loss(absent=frozenset({seat + 1})) - whole.loss for seat in seats),
            shapley=self._shapley() if cell.study == "shapley" else (),
            accuracy=whole.accuracy,
        )

    def _shapley(self) -> tuple[float, ...]:
        everybody = frozenset(range(1, self._cell.swarm.seats + 1))
        return shapley_values(
            len(everybody), lambda members: -self._loss(absent=everybody - {player + 1 for player in members})
        )

    def _loss(self, *, absent: frozenset[int]) -> float:
        """Held-out loss after training without these seats."""
        swarm = self._swarm(absent)
        for _ in swarm.rounds(self._cell.swarm.rounds):
            pass
        return swarm.evaluate().loss

    def _swarm(self, absent: frozenset[int] = frozenset()) -> Swarm:
        return Swarm(self._cell.swarm, self._task, self._shards, absent=absent)
