"""Train a swarm in one process, without chain and network: the same trainers, codec, rules and rewards as the peers'.

    python -m scripts.simulate --task digits --attack sign-flip --attack label-flip --rounds 8 --seeds 5

For tuning manifests and for tables of attacks. What depends on a network is left out: an attacker that serves wrong
bytes counts as not available, and everybody sees the same inputs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from eth_utils.address import to_checksum_address

from contracts.values import Address
from node.attacks import ATTACKS, Attack, AttackView, load_attack
from node.checkpoint import Checkpoint, dequantise, genesis, to_tensors
from node.codec import MessageHeader, Update, data_leaves, decode, encode, parse
from node.errors import MalformedMessage, NodeError
from node.manifest import Manifest
from node.merkle import PositionTree
from node.rounds.outcome import Absent, InputUpdate, Reason, RoundOutcome, compute_outcome
from node.tasks import Evaluation, Split, Task, load_task
from node.training import ErrorFeedback, Trainer, load_parameters

FloatVector = npt.NDArray[np.float32]

POOL_WEI = 10**20
RUN_ID = hashlib.sha256(b"simulated swarm").digest()


@dataclass(frozen=True, eq=False)
class SimulatedRound:
    """What a round came to. `message_bytes`: sizes of all messages made, in seat order."""

    number: int
    outcome: RoundOutcome
    evaluation: Evaluation
    message_bytes: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """One simulated run in figures.

    `attacker_rounds`: rounds after the first in which an attacker had weight. Shares are parts of all rewards paid;
    `honest_least` and `honest_most` those of the honest seats that earned least and most.
    """

    accuracy: float
    loss: float
    attacker_rounds: tuple[int, ...]
    attacker_share: float
    honest_least: float
    honest_most: float
    bits_per_parameter: float


class Swarm:
    """All seats of a project, numbered from 1. `attacks`: name by seat; the others are honest."""

    def __init__(self, task: Task, manifest: Manifest, attacks: Mapping[int, str]) -> None:
        shards = task.shards(manifest.shard_count, Split.parse(manifest.split), manifest.seed)
        self.task, self.manifest = task, manifest
        self.attacks: dict[int, Attack] = {
            seat: load_attack(attacks.get(seat)) for seat in range(1, manifest.shard_count + 1)
        }
        self._colluders = {seat: [other for other in attacks if attacks[other] == attacks[seat]] for seat in attacks}
        self._trainers: dict[int, Trainer] = {}
        for seat, attack in self.attacks.items():
            source = attack.trains_as(seat, self._colluders.get(seat, [seat]))
            shard = attack.poison_shard(shards[source - 1])
            self._trainers[seat] = Trainer(task, manifest, shard, seat=source, seed=manifest.seed)
        count = manifest.layout.parameter_count
        self._feedback = {seat: ErrorFeedback(count, beta_q16=manifest.beta_q16) for seat in self.attacks}
        self._revealed: dict[int, FloatVector] = {}
        self._earned: dict[Address, int] = {}
        self._previous: Checkpoint | None = None
        self.checkpoint = genesis(manifest)

    def rounds(self, count: int) -> Iterator[SimulatedRound]:
        """Run `count` rounds from where the swarm stands."""
        first = self.checkpoint.round + 1
        for number in range(first, first + count):
            yield self._round(number)

    def _round(self, number: int) -> SimulatedRound:
        honest = [seat for seat in self.attacks if seat not in self._colluders]
        messages = {seat: self._message(number, seat, {}) for seat in honest}
        known = {seat: self._decoded(message) for seat, message in messages.items()}
        messages.update({seat: self._message(number, seat, known) for seat in sorted(self._colluders)})
        updates = {seat: parsed for seat in self.attacks if (parsed := self._parsed(messages[seat])) is not None}
        absences = {seat: _absence(attack, number, seat in updates) for seat, attack in self.attacks.items()}
        outcome = compute_outcome(
            manifest=self.manifest,
            round=number,
            seed=hashlib.sha256(f"round {number}".encode()).digest(),
            base=self.checkpoint,
            previous=self._previous,
            inputs=[
                self._input(seat, messages[seat], updates[seat])
                for seat, reason in absences.items()
                if reason is Reason.NONE
            ],
            absent=[
                Absent(seat, owner_of(seat), reason) for seat, reason in absences.items() if reason is not Reason.NONE
            ],
            pool_wei=POOL_WEI,
            earned=self._earned,
        )
        self._revealed = {
            seat: decode(updates[seat], self.manifest.layout)
            for seat, reason in absences.items()
            if reason is Reason.NONE
        }
        self._earned = {leaf.account: leaf.cumulative_wei for leaf in outcome.rewards}
        self._previous, self.checkpoint = self.checkpoint, outcome.checkpoint
        model = self.task.model()
        load_parameters(model, to_tensors(self.checkpoint, self.manifest))
        sizes = tuple(len(messages[seat]) for seat in self.attacks)
        return SimulatedRound(number, outcome, self.task.evaluate(model), sizes)

    def _message(self, number: int, seat: int, known: Mapping[int, FloatVector]) -> bytes:
        attack, feedback = self.attacks[seat], self._feedback[seat]
        header = MessageHeader(RUN_ID, number, seat, self.checkpoint.digest, self.manifest.digest)
        update = self._trainers[seat].pseudo_gradient(self.checkpoint.theta, number)
        vector = attack.poison_update(update, self._view(number, seat, known, header))
        if not attack.uses_error_feedback:
            return attack.poison_message(encode(vector, self.manifest, header))
        message = encode(feedback.corrected(vector), self.manifest, header)
        feedback.sent(self._decoded(message))
        return attack.poison_message(message)

    def _view(self, number: int, seat: int, known: Mapping[int, FloatVector], header: MessageHeader) -> AttackView:
        colluders = self._colluders.get(seat, [seat])
        return AttackView(
            round=number,
            known_updates=known,
            previous_step=self._step(),
            index=colluders.index(seat),
            count=len(colluders),
            seed=self.manifest.seed,
            revealed_updates={other: self._revealed[other] for other in self._revealed if other not in colluders},
            sent=lambda vector: self._decoded(encode(vector, self.manifest, header)),
        )

    def _step(self) -> FloatVector | None:
        """What the last round subtracted from the state, float32 (d,)."""
        if self._previous is None:
            return None
        return dequantise(self._previous.theta, self.manifest) - dequantise(self.checkpoint.theta, self.manifest)

    def _decoded(self, message: bytes) -> FloatVector:
        return decode(parse(message, self.manifest), self.manifest.layout)

    def _parsed(self, message: bytes) -> Update | None:
        try:
            return parse(message, self.manifest)
        except MalformedMessage:
            return None

    def _input(self, seat: int, message: bytes, update: Update) -> InputUpdate:
        root = PositionTree(data_leaves(update, self.manifest.layout)).root
        digest = hashlib.sha256(message).digest()
        return InputUpdate(seat, seat, root, update, owner_of(seat), digest)


def owner_of(seat: int) -> Address:
    """An account of its own for every seat."""
    return to_checksum_address(seat.to_bytes(20, "big"))


def summarise(rounds: Sequence[SimulatedRound], manifest: Manifest, attacks: Mapping[int, str]) -> Summary:
    """Figures of a run of at least one round."""
    paid = dict.fromkeys(range(1, manifest.shard_count + 1), 0)
    weighted: list[int] = []
    for item in rounds:
        for contribution in item.outcome.contributions:
            paid[contribution.seat] += contribution.reward_wei
        if item.number > 1 and any(c.weight > 0 for c in item.outcome.contributions if c.seat in attacks):
            weighted.append(item.number)
    total = max(1, sum(paid.values()))
    honest = [wei / total for seat, wei in paid.items() if seat not in attacks]
    sizes = [size for item in rounds for size in item.message_bytes]
    return Summary(
        accuracy=rounds[-1].evaluation.accuracy,
        loss=rounds[-1].evaluation.loss,
        attacker_rounds=tuple(weighted),
        attacker_share=sum(paid[seat] for seat in attacks) / total,
        honest_least=min(honest, default=0.0),
        honest_most=max(honest, default=0.0),
        bits_per_parameter=8 * sum(sizes) / len(sizes) / manifest.layout.parameter_count,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate with one seed after another and print a line, or with --json an object, for each."""
    options = _parser().parse_args(arguments)
    try:
        task = load_task(options.task, data_dir=options.data_dir)
        seats = range(options.peers - len(options.attack) + 1, options.peers + 1)
        attacks = dict(zip(seats, options.attack, strict=True))
        overrides: dict[str, Any] = {"shard_count": options.peers, "split": options.split}
        if options.rule is not None:
            overrides["rule"] = options.rule
        for seed in range(options.seeds):
            manifest = task.default_manifest(seed=seed, **overrides)
            summary = summarise(list(Swarm(task, manifest, attacks).rounds(options.rounds)), manifest, attacks)
            print(json.dumps({"seed": seed, **asdict(summary)}) if options.json else _line(seed, summary), flush=True)
    except NodeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _absence(attack: Attack, number: int, is_readable: bool) -> Reason:
    if not attack.reveals_in(number):
        return Reason.NO_REVEAL
    serves = attack.serve("anybody", b"", b"block") in (b"block", None)
    return Reason.NONE if serves and is_readable else Reason.NOT_AVAILABLE


def _line(seed: int, summary: Summary) -> str:
    rounds = ", ".join(map(str, summary.attacker_rounds)) or "none"
    return (
        f"seed {seed}: accuracy {summary.accuracy:.4f}, loss {summary.loss:.4f}, "
        f"attackers had weight in rounds: {rounds}, earned {summary.attacker_share:.1%}, "
        f"an honest seat {summary.honest_least:.1%} to {summary.honest_most:.1%}, "
        f"{summary.bits_per_parameter:.3f} bits a parameter"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.simulate", description="Train a swarm in one process.")
    parser.add_argument("--task", default="digits")
    parser.add_argument("--data-dir", type=Path, help="folder of the task's files")
    parser.add_argument("--peers", type=int, default=8, help="seats, one shard each")
    parser.add_argument("--attack", action="append", default=[], choices=list(ATTACKS), help="once for each attacker")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=1, help="runs, with seeds 0, 1, ...")
    parser.add_argument("--split", default="iid", help='"iid" or "dirichlet(0.5)"')
    parser.add_argument("--rule", help="canonical name of the robust rule; by default the task's own")
    parser.add_argument("--json", action="store_true", help="one JSON object a run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
