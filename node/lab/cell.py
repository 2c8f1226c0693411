"""One cell of the lab's grid: everything an experiment depends on, and what came of it.

A cell is a value. Its key is a hash of its canonical JSON, so results on disk are found again by what was asked, and a
cell that differs in anything is another cell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from node.aggregation.rules import parse_rule
from node.errors import ConfigurationError, RuleError
from node.manifest import Q16_ONE, LocalTraining, Manifest, Mean, TensorSpec
from node.tasks.defaults import HISTORY_BUCKETS, default_rule
from node.tasks.perceptron import ImageTask

NO_ATTACK: Final = "none"
DEFAULT_RULE: Final = "default"
MIXED: Final = "+"  # "sign-flip+label-flip": attacks dealt to the attackers in turn
KEY_LENGTH: Final = 16

Training = Literal["local", "worker"]


@dataclass(frozen=True)
class Cell:
    """One experiment. The last `attackers` of `seats` attack; `bound` f is what the owner expects at most.

    `rule`: canonical name, or "default" for what a task proposes. `attack`: a name of `node.attacks`, several joined by
    "+", or "none". `width`: hidden units, `examples`: training examples in all; 0 for the task's own. `compressed`:
    `entries_per_chunk` of 4,096 with `bits` an entry, otherwise dense int8. `training`: "local", several steps a round
    from a fresh optimizer, or "worker", one gradient a round in a momentum that the worker keeps.
    """

    task: str = "mnist"
    width: int = 32
    examples: int = 0
    rule: str = DEFAULT_RULE
    attack: str = NO_ATTACK
    seats: int = 15
    attackers: int = 0
    bound: int = 0
    split: str = "iid"
    seed: int = 0
    compressed: bool = True
    entries_per_chunk: int = 64
    bits: int = 1
    rounds: int = 30
    training: Training = "local"
    optimizer: Literal["sgd", "adamw"] = "sgd"
    steps: int = 10
    batch_size: int = 32
    learning_rate_millionths: int = 50_000
    momentum_thousandths: int = 900
    alpha_q16: int = 2 * Q16_ONE
    beta_q16: int = Q16_ONE * 9 // 10
    mean: Mean = "plain"
    minimum_support: int = 1
    history_buckets: int = HISTORY_BUCKETS

    def __post_init__(self) -> None:
        if not 0 <= 2 * self.attackers < self.seats:
            raise ConfigurationError(f"{self.attackers} of {self.seats} seats attack: honest seats must be more")
        if not 0 <= 2 * self.bound < self.seats:
            raise RuleError(f"bound f = {self.bound} with {self.seats} seats: n > 2 f is needed, n = {self.seats}")
        if (self.attack == NO_ATTACK) != (self.attackers == 0):
            raise ConfigurationError(f"attack {self.attack!r} by {self.attackers} attackers")
        if self.rounds < 1:
            raise ConfigurationError(f"{self.rounds} rounds, expected 1 or more")
        if self.training == "worker" and (self.steps != 1 or self.optimizer != "sgd"):
            raise ConfigurationError(f"worker momentum takes 1 step of sgd, not {self.steps} of {self.optimizer}")

    @property
    def rule_name(self) -> str:
        """Canonical name of the rule."""
        return default_rule(self.seats, self.bound) if self.rule == DEFAULT_RULE else self.rule

    @property
    def honest(self) -> int:
        """How many seats are honest: those numbered 1 to this."""
        return self.seats - self.attackers

    @property
    def attack_names(self) -> tuple[str, ...]:
        """The attack of each attacker, in seat order."""
        names = self.attack.split(MIXED)
        return tuple(names[i % len(names)] for i in range(self.attackers))

    @property
    def key(self) -> str:
        """16 hexadecimal digits that stand for this cell."""
        document = {**asdict(self), "rule": self.rule_name}
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]

    @property
    def title(self) -> str:
        """A few words for the person who waits."""
        attack = NO_ATTACK if self.attack == NO_ATTACK else f"{self.attackers} x {self.attack}"
        return f"{self.rule_name}, {attack}, {self.split}, seed {self.seed}"

    @property
    def local(self) -> LocalTraining:
        """What each seat does in a round."""
        return LocalTraining(
            self.optimizer, self.steps, self.batch_size, self.learning_rate_millionths, self.momentum_thousandths
        )

    @property
    def task_options(self) -> Mapping[str, int | str]:
        """What the task is made with."""
        return {"width": self.width} if self.width else {}

    def check(self) -> None:
        """Raise RuleError, with the numbers, when the rule does not exist or does not allow so many seats."""
        parse_rule(self.rule_name).check_seats(self.seats)

    def manifest(self, task: ImageTask) -> Manifest:
        """The manifest a project with these settings would have. Raises ManifestError, RuleError."""
        rule = parse_rule(self.rule_name)
        entries = self.entries_per_chunk if self.compressed else 0
        return Manifest(
            task=self.task,
            tensors=tuple(_with_bits(tensor, self.bits) for tensor in task.tensors(entries)),
            rule=rule.name,
            byzantine=self.bound,
            alpha_q16=self.alpha_q16,
            beta_q16=self.beta_q16,
            mean=self.mean,
            minimum_support=self.minimum_support,
            history_buckets=self.history_buckets if rule.needs_history else 0,
            seed=self.seed,
            split=self.split,
            shard_count=self.seats,
            local=self.local,
            task_options=self.task_options,
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Cell:
        """Read it back. Raises TypeError, or what making a cell raises."""
        return cls(**document)


@dataclass(frozen=True)
class CellResult:
    """What came of a cell. Accuracies on held-out examples, in [0, 1]; `loss` in nats.

    `accuracy`, `loss`: after the last round. `late_accuracy`: mean over the last rounds. `attack_success`: how far the
    attack reached a goal of its own, None if it has none. `attacker_rounds`: rounds in which an attacker had weight.
    `attacker_weight`, `attacker_reward`: their part of all weight and of all that was paid. `seat_rewards`: each seat's
    part of what was paid; `honest_least` and `honest_most` of the honest ones. `honest_left_out`: part of the honest
    updates that got no weight. `kept_rounds`: rounds that kept their state. `unsent`: updates no message can say.
    `bits_per_parameter`: of the messages. `seconds`: it took so long.
    """

    accuracy: float
    late_accuracy: float
    loss: float
    attack_success: float | None
    attacker_rounds: tuple[int, ...]
    attacker_weight: float
    attacker_reward: float
    seat_rewards: tuple[float, ...]
    honest_least: float
    honest_most: float
    honest_left_out: float
    kept_rounds: int
    unsent: int
    bits_per_parameter: float
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> CellResult:
        """Read it back. Raises KeyError, TypeError."""
        tuples = {name: tuple(document[name]) for name in ("attacker_rounds", "seat_rewards")}
        return cls(**{**document, **tuples})


def _with_bits(tensor: TensorSpec, bits: int) -> TensorSpec:
    return TensorSpec(tensor.name, tensor.shape, tensor.entries_per_chunk, bits=bits)
