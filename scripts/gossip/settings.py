"""What a neighbourhood can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from node.errors import ConfigurationError
from node.neighbourhood.statements import FEWEST_BUCKETS, MOST_BUCKETS

RADIUS = 0.45
CHAIN_ID = 31337  # no chain is asked; signatures have to name one


@dataclass(frozen=True)
class GossipSettings:
    """`peers` in all, `attackers` of them Sybils that send one poisoned model. `work_dir`: kept when given.

    `degree`: bound on the honest neighbours of a peer, and on how many of them one Sybil reaches.
    """

    peers: int = 10
    attackers: int = 4
    rounds: int = 6
    degree: int = 3
    task: str = "digits"
    data_dir: Path | None = None
    attack: str = "label-flip"
    split: str = "iid"
    seed: int = 0
    buckets: int = MOST_BUCKETS
    wait_seconds: float = 60.0
    work_dir: Path | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.peers <= 64:
            raise ConfigurationError(f"{self.peers} peers, expected 2 to 64")
        if not 0 <= self.attackers < self.peers:
            raise ConfigurationError(f"{self.attackers} attackers among {self.peers} peers, expected fewer")
        if self.rounds < 1 or self.degree < 1:
            raise ConfigurationError(f"{self.rounds} rounds and {self.degree} neighbours, expected at least 1 of each")
        if not FEWEST_BUCKETS <= self.buckets <= MOST_BUCKETS:
            raise ConfigurationError(f"{self.buckets} buckets, expected {FEWEST_BUCKETS} to {MOST_BUCKETS}")

    @property
    def honest(self) -> int:
        """Peers that do not attack."""
        return self.peers - self.attackers
