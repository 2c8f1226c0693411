"""Which attacks spot checks catch: every attack of `node.attacks` in a swarm whose training is really checked."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.attacks.base import Attack
from node.attacks.registry import ATTACKS, load_attack
from node.manifest import Manifest
from node.tasks.base import Task
from scripts.spot_checks.swarm import CheckedSwarm

SEATS: Final = 8
ATTACKERS: Final = (7, 8)


@dataclass(frozen=True)
class Caught:
    """One attack. Updates of attackers and of honest seats: all, and those that failed their check."""

    attack: str
    attacking: int
    caught: int
    honest: int
    accused: int
    paid_wei: int


async def caught(task: Task, manifest: Manifest, name: str, rounds: int) -> Caught:
    """Let two of eight seats attack for some rounds."""
    attacks: dict[int, Attack] = {seat: load_attack(name) for seat in ATTACKERS}
    attacking = found = honest = accused = paid = 0
    with tempfile.TemporaryDirectory() as folder:
        swarm = CheckedSwarm(task, manifest, Path(folder), seats=SEATS, attacks=attacks)
        try:
            for _ in range(rounds):
                checked = await swarm.round()
                for item in checked.outcome.contributions:
                    failed = item.seat in checked.failed
                    if item.seat in ATTACKERS:
                        attacking, found, paid = attacking + 1, found + failed, paid + item.reward_wei
                    else:
                        honest, accused = honest + 1, accused + failed
        finally:
            swarm.close()
    return Caught(name, attacking, found, honest, accused, paid)


def names() -> list[str]:
    """Attacks that end in a message: not those that are about bytes, serving or revealing."""
    made = {name: load_attack(name) for name in ATTACKS}
    return [
        name
        for name, attack in made.items()
        if attack.reveals
        and type(attack).poison_message is Attack.poison_message
        and type(attack).serve is Attack.serve
    ]
