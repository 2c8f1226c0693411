"""Train a generative task by a whole swarm in this process, and keep the checkpoints: what calibrations start from.

    python -m scripts.train_reference --task flow --rounds 30 --output reference/flow

Seats, messages, error feedback, attackers, rule and checkpoints are those of a project (node.training, node.codec,
node.aggregation); only chain and network are missing, so that nobody waits for anybody.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from node.aggregation.judgement import JudgedInput, judge
from node.attacks import Attack, AttackView, load_attack
from node.checkpoint import Checkpoint, dequantise, genesis, to_tensors
from node.codec import MessageHeader, Update, decode, encode, parse
from node.lab.swarm import content_root
from node.manifest import Manifest
from node.storage.unixfs import root_of
from node.tasks import Evaluation, Split, Task, load_task
from node.training import ErrorFeedback, Trainer, load_parameters, one_thread

FloatVector = npt.NDArray[np.float32]

_RUN_ID = hashlib.sha256(b"swarmproof reference").digest()


@dataclass(eq=False)
class _Seat:
    """One seat and what it remembers. `index` and `count`: its place among those that carry out the same attack."""

    number: int
    attack: Attack
    trainer: Trainer
    feedback: ErrorFeedback
    index: int = 0
    count: int = 1


@dataclass(eq=False)
class Swarm:
    """As many seats as the manifest has shards; the last ones carry out `attacks`."""

    task: Task
    manifest: Manifest
    attacks: tuple[str, ...] = ()
    checkpoint: Checkpoint = field(init=False)

    def __post_init__(self) -> None:
        manifest, count = self.manifest, self.manifest.shard_count
        shards = self.task.shards(count, Split.parse(manifest.split), manifest.seed)
        names = [None] * (count - len(self.attacks)) + list(self.attacks)
        self._seats = []
        for i, name in enumerate(names):
            attack = load_attack(name)
            trainer = Trainer(self.task, manifest, attack.poison_shard(shards[i]), seat=i + 1, seed=manifest.seed)
            feedback = ErrorFeedback(manifest.layout.parameter_count, beta_q16=manifest.beta_q16)
            self._seats.append(_Seat(i + 1, attack, trainer, feedback, names[:i].count(name), names.count(name)))
        self.checkpoint = genesis(manifest)
        self._before: Checkpoint | None = None
        self._known: dict[int, FloatVector] = {}

    def rounds(self, count: int) -> Iterator[tuple[int, ...]]:
        """Run `count` more rounds; yields the weights of the seats in each."""
        for _ in range(count):
            yield self._round(self.checkpoint.round + 1)

    def evaluate(self) -> Evaluation:
        """How good the newest checkpoint is on held-out examples."""
        model = self.task.model()
        load_parameters(model, to_tensors(self.checkpoint, self.manifest))
        return self.task.evaluate(model)

    def _round(self, number: int) -> tuple[int, ...]:
        before, newest = self._before, self.checkpoint
        updates = {seat.number: self._message(seat, number) for seat in self._seats}
        self._known = {seat: decode(update, self.manifest.layout) for seat, update in updates.items()}
        judgement = judge(
            self.manifest,
            round=number,
            seed=hashlib.sha256(newest.digest + number.to_bytes(8, "big")).digest(),
            state=newest.state,
            previous_theta=None if before is None else before.theta,
            inputs=tuple(JudgedInput(seat, seat, content_root(update), update) for seat, update in updates.items()),
        )
        state = judgement.state
        self._before = newest
        self.checkpoint = Checkpoint(self.manifest.digest, number, newest.digest, state.theta, state.histories)
        return tuple(judgement.weights)

    def _message(self, seat: _Seat, number: int) -> Update:
        """Train, corrupt if so inclined, correct by what was left out before, encode, parse: as a peer does."""
        update = seat.trainer.pseudo_gradient(self.checkpoint.theta, number)
        update = seat.attack.poison_update(update, self._view(seat, number))
        feeds_back = seat.attack.uses_error_feedback
        wanted = seat.feedback.corrected(update) if feeds_back else update
        header = MessageHeader(_RUN_ID, number, seat.number, self.checkpoint.digest, self.manifest.digest)
        message = parse(encode(wanted, self.manifest, header), self.manifest)
        if feeds_back:
            seat.feedback.sent(decode(message, self.manifest.layout))
        return message

    def _view(self, seat: _Seat, number: int) -> AttackView:
        colluders = {other.number for other in self._seats if other.attack.name == seat.attack.name}
        known = {other: update for other, update in self._known.items() if other not in colluders}
        step = None
        if self._before is not None:
            step = dequantise(self._before.theta, self.manifest) - dequantise(self.checkpoint.theta, self.manifest)
        return AttackView(number, known, step, seat.index, seat.count, self.manifest.seed, self._known)


def train(swarm: Swarm, rounds: int, keep_every: int, output: Path) -> list[dict[str, Any]]:
    """Train and write every so manieth checkpoint and the last; returns a line about each."""
    output.mkdir(parents=True, exist_ok=True)
    (output / "manifest.cbor").write_bytes(swarm.manifest.to_bytes())
    lines: list[dict[str, Any]] = []
    started = time.monotonic()
    for weights in swarm.rounds(rounds):
        number = swarm.checkpoint.round
        if number % keep_every and number != rounds:
            continue
        data, evaluation = swarm.checkpoint.to_bytes(), swarm.evaluate()
        name = f"round-{number:04}.checkpoint"
        (output / name).write_bytes(data)
        lines.append(
            {
                "round": number,
                "file": name,
                "cid": str(root_of(data)),
                "digest": "0x" + swarm.checkpoint.digest.hex(),
                "accuracy": round(evaluation.accuracy, 4),
                "loss": round(evaluation.loss, 4),
                "weights": weights,
                "seconds": round(time.monotonic() - started, 1),
            }
        )
        (output / "checkpoints.json").write_text(json.dumps(lines, indent=1) + "\n")
        print(json.dumps(lines[-1]), file=sys.stderr)
    return lines


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.train_reference", description=__doc__.splitlines()[0])
    parser.add_argument("--task", required=True, help="flow, text, or any other")
    parser.add_argument("--data-dir", type=Path, help="folder of the task's files")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="manifest and checkpoints")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--keep-every", type=int, default=10, metavar="ROUNDS", help="and the last")
    parser.add_argument("--peers", type=int, default=8)
    parser.add_argument("--attack", action="append", default=[], help="one more attacker, the last peers; repeatable")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    task = load_task(arguments.task, data_dir=arguments.data_dir)
    manifest = task.default_manifest(shard_count=arguments.peers, byzantine=len(arguments.attack), seed=arguments.seed)
    with one_thread():
        swarm = Swarm(task, manifest, tuple(arguments.attack))
        lines = train(swarm, arguments.rounds, arguments.keep_every, arguments.output)
    print(json.dumps({"parameters": manifest.layout.parameter_count, "rule": manifest.rule, **lines[-1]}))


if __name__ == "__main__":
    main()
