"""Ringers: jobs whose requester and worker are one, with a wrong answer that was fixed before the seed was known.

The folder of ringers holds one file a job, named by its id: the secret that the worker answers from, and that shows the
court afterwards what the job was. It is written before the job is submitted; without it the job is like any other.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from contracts.court import ringer_hash
from node.durable_directory import write_durably


@dataclass(frozen=True)
class RingerSecret:
    """`digest`: of no output, 256 random bits; `salt`: 32 random bytes."""

    digest: int
    salt: bytes

    @classmethod
    def make(cls) -> RingerSecret:
        """A new one."""
        return cls(secrets.randbits(256), secrets.token_bytes(32))

    @property
    def hash(self) -> bytes:
        """What the terms of the job hold."""
        return ringer_hash(self.digest, self.salt)

    def save(self, folder: Path, job: bytes) -> None:
        """Write it down."""
        document = {"digest": f"0x{self.digest:064x}", "salt": f"0x{self.salt.hex()}"}
        write_durably(ringer_file(folder, job), json.dumps(document).encode())

    @classmethod
    def load(cls, folder: Path, job: bytes) -> RingerSecret | None:
        """The secret of a job, None for one that is no ringer of ours."""
        file = ringer_file(folder, job)
        if not file.is_file():
            return None
        document = json.loads(file.read_bytes())
        return cls(int(document["digest"], 16), bytes.fromhex(document["salt"].removeprefix("0x")))


def ringer_file(folder: Path, job: bytes) -> Path:
    """Where the secret of a job is."""
    return folder / f"ringer-{job.hex()}.json"
