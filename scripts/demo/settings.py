"""What a demonstration can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from node.errors import ConfigurationError
from node.tasks.defaults import default_rule

TOKEN = 10**18
SEAT_STAKE_WEI = 1000 * TOKEN
ROUND_POOL_WEI = 100 * TOKEN
DEFAULT_ROUNDS = 8
ROUNDS = {"text": 16}  # to write takes longer to learn than to tell digits apart or draw them
DEFAULT_ATTACKS = ("sign-flip", "label-flip", "noise")
CAPTURED_QUORUM = "captured-quorum"
COMMIT_SECONDS = 120
BATCHED_COMMIT_SECONDS = 36
PEER_COMMIT_SECONDS = 4
CHALLENGE_SECONDS = 4
WATCHED_CHALLENGE_SECONDS = 60


def default_rounds(task: str) -> int:
    """Rounds after which a demonstration of this task has something to show."""
    return ROUNDS.get(task, DEFAULT_ROUNDS)


def commit_seconds(task: str, peers: int, *, batched: bool) -> int:
    """How long trainers may commit: with batches the window never ends early, so there it has to be what they need."""
    if not batched or task != "digits":
        return COMMIT_SECONDS
    return max(BATCHED_COMMIT_SECONDS, PEER_COMMIT_SECONDS * peers)


def challenge_seconds(attacks: Sequence[str]) -> int:
    """How long a result can be challenged: longer where somebody has to."""
    return WATCHED_CHALLENGE_SECONDS if CAPTURED_QUORUM in attacks else CHALLENGE_SECONDS


@dataclass(frozen=True)
class DemoSettings:
    """`attacks`: dealt out to the attackers in turn. `work_dir`: kept when given, else temporary. `outputs_dir`:
    where a model that generates leaves what came before the court. `batched`: one peer commits and reveals for many.
    `trainers`, `attesters`: seats drawn a round, 0 for all.

    Durations are chain seconds; a phase ends early when everybody has acted, so they only matter when someone has not,
    or when commitments stand in batches.
    """

    peers: int = 8
    attackers: int = 2
    rounds: int = DEFAULT_ROUNDS
    task: str = "digits"
    data_dir: Path | None = None
    attacks: tuple[str, ...] = DEFAULT_ATTACKS
    split: str = "iid"
    rule: str | None = None
    checked_seats: int | None = None
    batched: bool = False
    trainers: int = 0
    attesters: int = 0
    seed: int = 0
    work_dir: Path | None = None
    outputs_dir: Path = Path("swarmproof-outputs")
    serve: bool = False
    api_port: int = 8000
    commit_seconds: int = COMMIT_SECONDS
    reveal_seconds: int = 20
    availability_seconds: int = 2
    attest_commit_seconds: int = 0
    attest_seconds: int = 60
    challenge_seconds: int = CHALLENGE_SECONDS
    epoch_seconds: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.peers <= 64:
            raise ConfigurationError(f"{self.peers} peers, expected 1 to 64")
        if not 0 <= self.attackers < self.peers:
            raise ConfigurationError(f"{self.attackers} attackers among {self.peers} peers, expected fewer")
        if self.rounds < 1:
            raise ConfigurationError(f"{self.rounds} rounds, expected at least 1")
        if self.captures_quorum and set(self.attacks) != {CAPTURED_QUORUM}:
            raise ConfigurationError(f"{CAPTURED_QUORUM} is for all attackers or none, not beside {self.attacks}")
        if self.attackers and not self.attacks:
            raise ConfigurationError(f"{self.attackers} attackers and no attack to carry out")

    @property
    def captures_quorum(self) -> bool:
        """Whether the attackers hold more than two thirds of the stake, and a watcher stands against them."""
        return self.attackers > 0 and CAPTURED_QUORUM in self.attacks

    def seats_of(self, peer: int) -> int:
        """Seats of peer number `peer`: one, or as many as attackers need to outweigh everybody else twice."""
        if not self.captures_quorum or self.attack_of(peer) is None:
            return 1
        return 2 * (self.peers - self.attackers) // self.attackers + 1

    @property
    def seats(self) -> int:
        """Of all peers."""
        return sum(map(self.seats_of, range(self.peers)))

    @property
    def minimum_seats(self) -> int:
        """Without which no round opens: those who cheat are gone once they are slashed."""
        return self.peers - self.attackers if self.captures_quorum else self.peers

    @property
    def round_seconds(self) -> int:
        """The longest a round and its challenge can take."""
        windows = self.commit_seconds + self.reveal_seconds + self.availability_seconds
        return windows + self.attest_commit_seconds + self.attest_seconds + self.challenge_seconds

    def attack_of(self, peer: int) -> str | None:
        """Attack of peer number `peer` (from 0): the last ones are the attackers."""
        first = self.peers - self.attackers
        return None if peer < first else self.attacks[(peer - first) % len(self.attacks)]

    def accomplices_of(self, peer: int) -> tuple[int, ...]:
        """Other peers with the same attack as attacker number `peer`; nobody for an honest peer."""
        attack = self.attack_of(peer)
        if attack is None:
            return ()
        return tuple(other for other in range(self.peers) if other != peer and self.attack_of(other) == attack)

    def canonical_rule(self) -> str:
        """The rule given, or what the tasks propose for this many peers and attackers."""
        return self.rule or default_rule(self.peers, self.attackers)
