"""A whole swarm in one process: real training, attacks, messages and judging; no chain, no network, no hash trees.

Messages go through the encoder and the strict parser, and `node.aggregation.judgement.judge` is the code peers run.
Only training is done for all seats at once, and attackers see the honest messages of the same round before they send.

Shape legend: n = seats, d = parameters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from node.aggregation.history import Histories
from node.aggregation.judgement import JudgedInput, Judgement, State, judge
from node.attacks import Attack, AttackView, load_attack
from node.checkpoint import dequantise, genesis, unflatten
from node.codec import MessageHeader, Update, decode, encode, parse
from node.codec.errors import UnencodableVector
from node.errors import MalformedMessage
from node.lab.cell import Cell
from node.lab.training import SwarmTrainer
from node.manifest import Q16_ONE, Manifest
from node.tasks.base import Evaluation, Shard
from node.tasks.perceptron import ImageTask, Perceptron
from node.training import load_parameters

FloatVector = npt.NDArray[np.float32]

_RUN_ID = hashlib.sha256(b"swarmproof lab").digest()
_NO_BASE = bytes(32)  # messages name no checkpoint: nobody reads it here


@dataclass(frozen=True, eq=False)
class LabRound:
    """One round. `judgement`: by input, as `seats` lists them; `message_bytes`: sizes of all messages made.

    `unsent`: seats whose update no message can say.
    """

    number: int
    seats: tuple[int, ...]
    judgement: Judgement
    message_bytes: tuple[int, ...]
    unsent: tuple[int, ...]


@dataclass(eq=False)
class _Seat:
    """What one seat remembers. `index` and `count`: its place among those that carry out the same attack."""

    number: int
    attack: Attack
    index: int
    count: int
    residual: FloatVector
    decoded: FloatVector | None = None


@dataclass(eq=False)
class _Messages:
    """What was sent in a round, by seat."""

    updates: dict[int, Update] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    unsent: list[int] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Question:
    """What a round was judged on."""

    number: int
    state: State
    previous_theta: npt.NDArray[np.int32] | None
    inputs: tuple[JudgedInput, ...]


class Swarm:
    """The seats of a cell, numbered from 1, attackers last. `shards`: the honest ones, one a seat.

    `absent`: seats that send nothing; all else is as if they were there. Raises ConfigurationError for an unknown
    attack, RuleError for a rule that is unknown or outside its bound.
    """

    def __init__(
        self, cell: Cell, task: ImageTask, shards: list[Shard], *, absent: frozenset[int] = frozenset()
    ) -> None:
        cell.check()
        self.cell, self.task, self.manifest = cell, task, cell.manifest(task)
        count = self.manifest.layout.parameter_count
        names = cell.attack_names
        self._seats = [_Seat(i, Attack(), 0, 1, np.zeros(count, np.float32)) for i in range(1, cell.honest + 1)]
        for i, name in enumerate(names):
            place, accomplices = names[:i].count(name), names.count(name)
            seat = cell.honest + 1 + i
            self._seats.append(_Seat(seat, load_attack(name), place, accomplices, np.zeros(count, np.float32)))
        trained_as = [self._trains_as(seat) for seat in self._seats]
        poisoned = [
            seat.attack.poison_shard(shards[other - 1]) for seat, other in zip(self._seats, trained_as, strict=True)
        ]
        self._trainer = SwarmTrainer(task, poisoned, cell.local, batch_seats=trained_as, seed=cell.seed)
        self.state = State(starting_theta(self.manifest), Histories.empty(self.manifest))
        self._absent = absent
        self._question: _Question | None = None
        self._revealed: dict[int, FloatVector] = {}
        self.round = 0

    def rounds(self, count: int) -> Iterator[LabRound]:
        """Run `count` more rounds."""
        for _ in range(count):
            self.round += 1
            yield self._run_round(self.round)

    def without(self, seat: int) -> State:
        """The state that the last round would have ended with if this seat had sent nothing in it.

        Raises ValueError before the first round.
        """
        if self._question is None:
            raise ValueError("no round has been judged yet")
        inputs = tuple(item for item in self._question.inputs if item.seat != seat)
        return self._judged(replace(self._question, inputs=inputs)).state

    def model(self, state: State | None = None) -> Perceptron:
        """The task's model with the parameters of a state, the current one if none is given."""
        theta = (state or self.state).theta
        model = self.task.model()
        load_parameters(model, unflatten(dequantise(theta, self.manifest), self.manifest))
        assert isinstance(model, Perceptron)
        return model

    def evaluate(self, state: State | None = None) -> Evaluation:
        """How good a state, the current one if none is given, is on held-out examples."""
        return self.task.evaluate(self.model(state))

    def attack_success(self) -> float | None:
        """How far the first attack with a goal of its own has reached it; None when there is none."""
        model = self.model()
        reached = (seat.attack.success(model, self.task.test) for seat in self._seats)
        return next((value for value in reached if value is not None), None)

    def _run_round(self, number: int) -> LabRound:
        theta = dequantise(self.state.theta, self.manifest)
        train = self._trainer.worker_momenta if self.cell.training == "worker" else self._trainer.pseudo_gradients
        trained = train(theta, number)
        sent = _Messages()
        for seat, update in zip(self._seats, trained, strict=True):
            if seat.number not in self._absent:
                self._send(seat, self._poisoned(seat, update, number), number, sent)
        self._revealed = {
            seat.number: seat.decoded
            for seat in self._seats
            if seat.number <= self.cell.honest and seat.decoded is not None
        }
        inputs = tuple(
            JudgedInput(seat, seat, content_root(update), update)
            for seat, update in sent.updates.items()
            if self._seats[seat - 1].attack.reveals_in(number) and _serves(self._seats[seat - 1].attack)
        )
        previous = None if self._question is None else self._question.state.theta
        self._question = _Question(number, self.state, previous, inputs)
        judgement = self._judged(self._question)
        self.state = judgement.state
        return LabRound(number, tuple(item.seat for item in inputs), judgement, tuple(sent.sizes), tuple(sent.unsent))

    def _judged(self, question: _Question) -> Judgement:
        return judge(
            self.manifest,
            round=question.number,
            seed=hashlib.sha256(self.manifest.digest + question.number.to_bytes(8, "big")).digest(),
            state=question.state,
            previous_theta=question.previous_theta,
            inputs=question.inputs,
        )

    def _poisoned(self, seat: _Seat, update: FloatVector, number: int) -> FloatVector:
        """What the seat wants to say. Attackers come last, so the honest messages of this round are there."""
        if seat.number <= self.cell.honest:
            return update
        known, revealed = {}, {}
        if seat.attack.looks_at_others:
            revealed = self._revealed
            honest = self._seats[: self.cell.honest]
            known = {other.number: other.decoded for other in honest if other.decoded is not None}
        view = AttackView(
            round=number,
            known_updates=known,
            revealed_updates=revealed,
            previous_step=self._previous_step(),
            index=seat.index,
            count=seat.count,
            seed=self.cell.seed,
            sent=lambda vector: self._said(vector, seat.number, number),
        )
        return seat.attack.poison_update(update, view)

    def _send(self, seat: _Seat, update: FloatVector, number: int, sent: _Messages) -> None:
        """Error feedback, encoder, parser: what every peer's update goes through."""
        feeds_back = seat.attack.uses_error_feedback
        if feeds_back:
            update = np.float32(self.manifest.beta_q16 / Q16_ONE) * seat.residual + update
        seat.decoded = None
        try:
            data = seat.attack.poison_message(encode(update, self.manifest, self._header(seat.number, number)))
            sent.sizes.append(len(data))
            message = parse(data, self.manifest)
        except (UnencodableVector, MalformedMessage):
            sent.unsent.append(seat.number)
            return
        sent.updates[seat.number] = message
        seat.decoded = decode(message, self.manifest.layout)
        if feeds_back:
            seat.residual = update - seat.decoded

    def _said(self, vector: FloatVector, seat: int, number: int) -> FloatVector:
        return decode(
            parse(encode(vector, self.manifest, self._header(seat, number)), self.manifest), self.manifest.layout
        )

    def _header(self, seat: int, number: int) -> MessageHeader:
        return MessageHeader(_RUN_ID, number, seat, _NO_BASE, self.manifest.digest)

    def _previous_step(self) -> FloatVector | None:
        if self._question is None:
            return None
        before = dequantise(self._question.state.theta, self.manifest)
        return before - dequantise(self.state.theta, self.manifest)

    def _trains_as(self, seat: _Seat) -> int:
        colluders = [other.number for other in self._seats if other.attack.name == seat.attack.name]
        return seat.attack.trains_as(seat.number, colluders)


def starting_theta(manifest: Manifest) -> npt.NDArray[np.int32]:
    """Parameters before the first round: the same for every rule, so that rules differ in nothing but what they do."""
    return genesis(replace(manifest, rule="mean", byzantine=0, history_buckets=0, alpha_q16=Q16_ONE)).theta


def content_root(update: Update) -> bytes:
    """What tells copies from originals: a hash of what a message says, its header left out."""
    content = hashlib.sha256()
    for data in (update.positions.tobytes(), update.mantissas.tobytes(), update.shifts.tobytes()):
        content.update(data)
    return content.digest()


def _serves(attack: Attack) -> bool:
    """Whether peers get hold of its content: whoever serves other bytes is not available."""
    return attack.serve("anybody", b"", b"block") in (b"block", None)
