"""How a party behaves in court: honestly, or in one of the ways the court is built to withstand.

A conduct decides what is committed to, and whether to show up. Cheating at generation itself (fewer steps, rounded
weights) is `verifier.cheats`; the two have their names in common, so that one setting picks either.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final

from contracts.court import ringer_digest
from node.durable_directory import write_durably
from verifier.cheats import CHEATS, HONEST, load_cheat
from verifier.cheats.base import Cheat
from verifier.court.history import CourtHistory
from verifier.court.job import Job
from verifier.court.ringers import RingerSecret
from verifier.errors import CheatImpossible, UnknownCheat


@dataclass(frozen=True)
class Draft:
    """An answer in the making: the digest to commit to (256 bits), and the output's bytes."""

    digest: int
    output: bytes


@dataclass(frozen=True)
class Occasion:
    """The round of a job that an answer is for, and all that has happened in court before it.

    `beacon`: the job's seed in round 0, later the round's key.
    """

    history: CourtHistory
    job: Job
    round: int
    beacon: bytes

    @property
    def file_name(self) -> str:
        """Where accomplices leave what they agreed on."""
        return f"{self.job.job_id.hex()}-{self.round}.json"


Generate = Callable[[], Awaitable[Draft]]


class Conduct:
    """Honest conduct: generate, commit to it, show up. Dishonest ones override a part of it."""

    def __init__(self, accomplice_dir: Path | None = None) -> None:
        self.accomplice_dir = accomplice_dir

    async def draft(self, occasion: Occasion, generate: Generate) -> Draft:
        """What to commit to. `generate` makes the class's output, or what a cheat makes instead."""
        made = await generate()
        if self.accomplice_dir is not None:
            told = {"digest": f"0x{made.digest:064x}", "output": made.output.hex()}
            await asyncio.to_thread(write_durably, self.accomplice_dir / occasion.file_name, json.dumps(told).encode())
        return made

    def commitment(self, occasion: Occasion, own: bytes) -> bytes:
        """The commitment to send; `own` is the one that can be opened."""
        return own

    def commits(self) -> bool:
        """Whether to commit at all."""
        return True

    def reveals(self) -> bool:
        """Whether to open the commitment, to the others and on the chain."""
        return True


class Lazy(Conduct):
    """Generates nothing and commits to a random digest."""

    async def draft(self, occasion: Occasion, generate: Generate) -> Draft:
        return Draft(secrets.randbits(256), secrets.token_bytes(64))


class CopiedDigest(Conduct):
    """Generates nothing and commits to what was revealed first in the last job of the class."""

    async def draft(self, occasion: Occasion, generate: Generate) -> Draft:
        earlier = [
            opened.opening.digest
            for job in occasion.history.jobs.values()
            if job.job_id != occasion.job.job_id and job.terms.class_id == occasion.job.terms.class_id
            for round_ in job.rounds
            for opened in round_.openings.values()
        ]
        return Draft(earlier[-1] if earlier else secrets.randbits(256), secrets.token_bytes(64))


class CopiedCommitment(Conduct):
    """Commits to what another party of the round committed to, hoping that an opening will come along."""

    def commitment(self, occasion: Occasion, own: bytes) -> bytes:
        commitments = occasion.job.rounds[occasion.round].commitments if occasion.job.rounds else {}
        return next((item.commitment for item in commitments.values()), own)


class InLeague(Conduct):
    """Acts on what others leave in a common folder. Raises CheatImpossible where none is named."""

    name: ClassVar[str]

    def __init__(self, accomplice_dir: Path | None = None) -> None:
        super().__init__(accomplice_dir)
        if accomplice_dir is None:
            raise CheatImpossible(self.name, "no accomplice_dir is set")
        self.folder = accomplice_dir


class Colluding(InLeague):
    """Commits to what an accomplice left in the common folder, right or wrong; is honest in jobs of other workers.

    A worker that is an accomplice leaves its first answer before it commits, so before anybody is drawn. Raises
    CheatImpossible while a later one is still missing.
    """

    name = "colluding"

    async def draft(self, occasion: Occasion, generate: Generate) -> Draft:
        first = replace(occasion, round=0)
        if not await asyncio.to_thread((self.folder / first.file_name).exists):
            return await generate()
        try:
            told = json.loads(await asyncio.to_thread((self.folder / occasion.file_name).read_bytes))
        except FileNotFoundError:
            raise CheatImpossible(self.name, "the accomplice has left no answer for this round yet") from None
        return Draft(int(told["digest"], 16), bytes.fromhex(told["output"]))


class Ringer(InLeague):
    """Answers the ringers whose secrets are in the common folder as they say, and every other job honestly."""

    name = "ringer"

    async def draft(self, occasion: Occasion, generate: Generate) -> Draft:
        secret = await asyncio.to_thread(RingerSecret.load, self.folder, occasion.job.job_id)
        if secret is None or occasion.round > 0:
            return await generate()
        return Draft(ringer_digest(secret.digest, occasion.beacon), secrets.token_bytes(64))


class NoCommit(Conduct):
    """Is drawn, or paid for, and never answers."""

    def commits(self) -> bool:
        return False


class NoReveal(Conduct):
    """Commits and never opens the commitment."""

    def reveals(self) -> bool:
        return False


CONDUCTS: Final[Mapping[str, type[Conduct]]] = MappingProxyType(
    {
        "lazy": Lazy,
        "copied-digest": CopiedDigest,
        "copied-commitment": CopiedCommitment,
        "colluding": Colluding,
        "ringer": Ringer,
        "no-commit": NoCommit,
        "no-reveal": NoReveal,
    }
)


def behaviour(name: str | None, accomplice_dir: Path | None = None) -> tuple[Conduct, Cheat]:
    """Conduct and way of generating that one setting asks for; None: honest in both.

    Raises UnknownCheat, and CheatImpossible for one that needs accomplices and has none.
    """
    if name is None or name in CHEATS:
        return Conduct(accomplice_dir), load_cheat(name or HONEST)
    if name in CONDUCTS:
        return CONDUCTS[name](accomplice_dir), load_cheat(HONEST)
    raise UnknownCheat(name, (*CHEATS, *CONDUCTS))
