"""Ringers: jobs whose requester and worker are one, with a wrong answer that was fixed before the seed was known.

The folder of ringers holds one file a job, named by its id: the secret that the worker answers from, and that shows the
court afterwards what the job was. It is written before the job is submitted; without it the job is like any other.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from contracts.court import ringer_hash
from node.durable_directory import StateDirectoryUnusable, write_durably
from verifier.errors import SecretUnreadable, SecretUnwritable

_WORD: Final = re.compile("0x[0-9a-fA-F]{64}")


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
        """Write it down. Raises SecretUnwritable."""
        document = {"digest": f"0x{self.digest:064x}", "salt": f"0x{self.salt.hex()}"}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_durably(ringer_file(folder, job), json.dumps(document).encode())
        except OSError as error:
            raise SecretUnwritable(folder, error.strerror or str(error)) from error
        except StateDirectoryUnusable as error:
            raise SecretUnwritable(folder, error.cause) from error

    @classmethod
    def load(cls, folder: Path, job: bytes) -> RingerSecret | None:
        """The secret of a job, None for one that is no ringer of ours. Raises SecretUnreadable."""
        file = ringer_file(folder, job)
        try:
            document = json.loads(file.read_bytes())
            digest, salt = (_word(document[name]) for name in ("digest", "salt"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SecretUnreadable(file, error.strerror or str(error)) from error
        except KeyError as error:
            raise SecretUnreadable(file, f"it holds no {error.args[0]}") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise SecretUnreadable(file, str(error)) from error
        return cls(int.from_bytes(digest, "big"), salt)


class Ringers:
    """The secrets of own ringers, in a folder. One that cannot be used is reported once, and its job is like any other.

    It may be mended: every question reads the file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._reported = folder, set[bytes]()

    def secret(self, job: bytes) -> RingerSecret | None:
        """The secret of a job, None without one that can be used."""
        try:
            return RingerSecret.load(self._folder, job)
        except SecretUnreadable as error:
            if job not in self._reported:
                self._reported.add(job)
                structlog.get_logger("court").warning("the job goes on as one that is no ringer", cause=str(error))
            return None


def _word(value: object) -> bytes:
    if not isinstance(value, str) or _WORD.fullmatch(value) is None:
        raise ValueError(f"{value!r:.80} is not 32 bytes in hexadecimal")
    return bytes.fromhex(value[2:])


def ringer_file(folder: Path, job: bytes) -> Path:
    """Where the secret of a job is."""
    return folder / f"ringer-{job.hex()}.json"
