"""What can go wrong while checking others, apart from what was checked being wrong: that is a Verdict.

Error tree:

* SwarmProofError (contracts.errors; carries the exit code of the command line)
  - VerifierError
    + AuditSettingsError   an audit that cannot be started as asked
    + ProjectRejected      a project, or a checkpoint of it, that is not what its chain says
    + CheckpointUnavailable   a checkpoint that nobody serves
    + ArchiveUnreadable    no archive where one was named
    + ArchiveUnwritable    an archive that cannot be written where it should be
    + ArchiveDamaged       an archive, or a part of it, that is not what was written
    + UnknownCheat         a cheat of a name that nobody knows
    + CheatImpossible      a cheat that has nothing to work with
    + CalibrationError     a calibration that cannot be made as asked
    + ClassError           a determinism class that is not complete, not canonical or out of range
    + UnknownClass         a class that nobody registered in this court
    + UnknownJob           a job that nobody submitted to this court
    + NoPartyToRound       an account that wants to commit where it was not drawn
    + AnswerLost           a commitment on the chain that the state directory cannot open
    + CannotRegenerate     an output that this machine cannot make again, for now
    + SecretUnwritable     a ringer whose secret cannot be kept where it should be
    + SecretUnreadable     a ringer whose secret is there and cannot be used
    + OutputUnavailable    an output that was accepted, and that nobody serves as it was accepted
    + TooFewTokens         an account that cannot pay what the court locks
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contracts.errors import SwarmProofError


class VerifierError(SwarmProofError):
    """Root of everything that checking raises about itself or its input."""


class AuditSettingsError(VerifierError):
    """The audit was asked for something it cannot do."""

    exit_code = 2


class ProjectRejected(VerifierError):
    """`finding`: what does not fit what the chain says."""

    exit_code = 3

    def __init__(self, finding: str) -> None:
        super().__init__(f"the project is not what its chain says: {finding}")
        self.finding = finding


class CheckpointUnavailable(VerifierError):
    """Nobody serves the checkpoint of `round`; `cause` says who was asked."""

    exit_code = 4

    def __init__(self, round: int, cause: str) -> None:
        super().__init__(f"the checkpoint of round {round} cannot be had: {cause}")
        self.round, self.cause = round, cause


class ArchiveUnreadable(VerifierError):
    """There is no archive at `path`."""

    exit_code = 2

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"no archive can be read at {path}: {cause}")
        self.path, self.cause = path, cause


class ArchiveUnwritable(VerifierError):
    """No archive can be written at `path`."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"no archive can be written at {path}: {cause}")
        self.path, self.cause = path, cause


class ArchiveDamaged(VerifierError):
    """`part` of an archive should be `expected` and is `found`."""

    exit_code = 3

    def __init__(self, part: str, expected: str, found: str) -> None:
        super().__init__(f"the archive is damaged: {part}: expected {expected}, found {found}")
        self.part, self.expected, self.found = part, expected, found


class ClassError(VerifierError):
    """A determinism class, its description or its file is not complete, not canonical or out of range."""

    exit_code = 2


class CannotRegenerate(VerifierError):
    """This machine cannot make an output now, for `cause`: a checkpoint nobody serves, an unknown task."""

    exit_code = 4

    def __init__(self, cause: str) -> None:
        super().__init__(f"the output cannot be regenerated here: {cause}")
        self.cause = cause


class UnknownClass(VerifierError):
    """No class of this court has the id `class_id` (32 bytes)."""

    exit_code = 2

    def __init__(self, class_id: bytes) -> None:
        super().__init__(f"no class 0x{class_id.hex()} is registered in this court")
        self.class_id = class_id


class UnknownJob(VerifierError):
    """No job of this court has the id `job` (32 bytes)."""

    exit_code = 2

    def __init__(self, job: bytes) -> None:
        super().__init__(f"no job 0x{job.hex()} was submitted to this court")
        self.job = job


class NoPartyToRound(VerifierError):
    """`account` is neither the worker of `job` nor in its committee: the chain was reorganised meanwhile."""

    def __init__(self, job: bytes, account: str) -> None:
        super().__init__(f"{account} has no index in the newest round of job 0x{job.hex()}")
        self.job, self.account = job, account


class AnswerLost(VerifierError):
    """Our commitment to `job` in `round` is on the chain, what opens it is not in the state directory."""

    def __init__(self, job: bytes, round_number: int) -> None:
        super().__init__(f"nothing here opens the commitment to job 0x{job.hex()} in round {round_number}")
        self.job, self.round = job, round_number


class SecretUnwritable(VerifierError):
    """The secret of a ringer cannot be written below `folder`; nothing was sent."""

    exit_code = 2

    def __init__(self, folder: Path, cause: str) -> None:
        super().__init__(f"the secret of a ringer cannot be kept in {folder}: {cause}")
        self.folder, self.cause = folder, cause


class SecretUnreadable(VerifierError):
    """`file` should hold the secret of a ringer, and does not, for `cause`."""

    exit_code = 2

    def __init__(self, file: Path, cause: str) -> None:
        super().__init__(f"the secret of a ringer in {file} cannot be used: {cause}")
        self.file, self.cause = file, cause


class OutputUnavailable(VerifierError):
    """Nobody serves the output of `job` as it was accepted; `causes`: what came of asking."""

    exit_code = 4

    def __init__(self, job: bytes, causes: Sequence[str]) -> None:
        super().__init__(f"the output of job 0x{job.hex()} cannot be had: {'; '.join(causes) or 'nobody opened'}")
        self.job, self.causes = job, tuple(causes)


class TooFewTokens(VerifierError):
    """An account holds less than the court would lock. Amounts in the token's smallest unit."""

    def __init__(self, account: str, held: int, needed: int) -> None:
        super().__init__(f"account {account} holds {held} of the token, the court needs {needed} more of it")
        self.account, self.held, self.needed = account, held, needed


class UnknownCheat(VerifierError):
    """There is no cheat called `name`; `known` are those there are."""

    exit_code = 2

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown cheat {name!r}; there are {', '.join(known)}")
        self.name, self.known = name, known


class CheatImpossible(VerifierError):
    """`cheat` cannot be done to this class."""

    exit_code = 2

    def __init__(self, cheat: str, cause: str) -> None:
        super().__init__(f"no cheating with {cheat}: {cause}")
        self.cheat, self.cause = cheat, cause


class CalibrationError(VerifierError):
    """A calibration was asked for something it cannot measure."""

    exit_code = 2
