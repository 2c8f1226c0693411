"""What can go wrong between the index and the people who ask it.

Error tree:

* SwarmProofError (contracts.errors; carries the exit code of the command line)
  - FrontendError
    + SettingsError            a setting that is unknown, missing or cannot be used
    + PortOccupied             another process listens where the API should
    + IndexDamaged             a database file that cannot be read
    + IndexMismatch            a database that belongs to another chain or deployment
    + ApiUnreachable           no REST API where one was named, or not ours
    + ApiRefused               the REST API answered with a problem
    + NotEnoughTokens          an account holds fewer tokens than it is about to spend
    + SeatOfAnother            an exit of a seat that the account does not own
    + NothingStaked            an exit without any seat that has not been paid back
    + StillThawing             stake that is asked for before it has thawed
    + RecordUnavailable        no peer showed the record of a round
    + RequestError             an answer that cannot be given; `http_status` is what REST answers
      * ProjectNotFound, RoundNotFound, PeerNotFound, ContributionNotFound, RewardNotFound
      * JobNotFound, ClassNotFound
      * InvalidParameter       a filter, sort, limit or cursor nobody can use
      * IndexEmpty             nothing has been read from the chain yet
      * IndexFailing           the index does not follow the chain any more

A RequestError keeps one name everywhere: the class here, `type` in problem+json, the sentence in the terminal. Its
public attributes are the operands and become members of the problem document.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from contracts.errors import SwarmProofError


class FrontendError(SwarmProofError):
    """Root of everything the faces raise about themselves or their input."""


class SettingsError(FrontendError):
    """A setting is unknown, missing or cannot be used."""

    exit_code = 2


class PortOccupied(FrontendError):
    """The API cannot listen where it was told to."""

    def __init__(self, host: str, port: int, cause: str) -> None:
        super().__init__(f"cannot listen on {host}:{port} ({cause}): choose another with --port")
        self.host, self.port, self.cause = host, port, cause


class IndexDamaged(FrontendError):
    """The database of the index cannot be read."""

    def __init__(self, database: str, cause: str) -> None:
        super().__init__(f"index database {database} cannot be used ({cause}): it only repeats the chain, so remove it")
        self.database, self.cause = database, cause


class IndexMismatch(FrontendError):
    """The database was filled from another chain, deployment or version of the index."""

    def __init__(self, database: str, found: str, expected: str) -> None:
        super().__init__(f"index database {database} holds {found}, expected {expected}: choose another or remove it")
        self.database, self.found, self.expected = database, found, expected


class ApiUnreachable(FrontendError):
    """The REST API named by `--api-url` does not answer, or answers what is not ours."""

    exit_code = 4

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(f"REST API {url}: {cause}")
        self.url, self.cause = url, cause


class ApiRefused(FrontendError):
    """The REST API answered with a problem; its sentence is ours."""

    def __init__(self, detail: str, problem: str) -> None:
        super().__init__(detail)
        self.detail, self.problem = detail, problem
        if problem.endswith("/invalid-parameter"):
            self.exit_code = InvalidParameter.exit_code


class NotEnoughTokens(FrontendError):
    """An account holds fewer tokens than it is about to spend. Amounts in wei."""

    def __init__(self, account: str, have_wei: int, need_wei: int) -> None:
        super().__init__(f"account {account} holds {have_wei} wei of the token, this needs {need_wei} wei")
        self.account, self.have_wei, self.need_wei = account, have_wei, need_wei


class SeatOfAnother(FrontendError):
    """The account cannot take a seat out that it does not own. `owner` None: nobody ever staked it."""

    def __init__(self, seat: int, account: str, owner: str | None) -> None:
        super().__init__(
            f"seat {seat} was never staked"
            if owner is None
            else f"seat {seat} belongs to {owner}, not to account {account}"
        )
        self.seat, self.account, self.owner = seat, account, owner


class NothingStaked(FrontendError):
    """Nothing is left to take out: no seats, or all of them were paid back."""

    def __init__(self, account: str, seats: list[int]) -> None:
        listed = ", ".join(map(str, seats))
        super().__init__(
            f"account {account} was paid back before (seats: {listed})" if seats else f"account {account} has no seats"
        )
        self.account, self.seats = account, seats


class StillThawing(FrontendError):
    """All stake that was asked for is still locked, that of `seats` the least long. Times in seconds of chain time."""

    def __init__(self, seats: list[int], thaw_end: int, thaw_epoch: int, chain_time: int) -> None:
        listed = ", ".join(map(str, seats))
        super().__init__(
            f"no stake has thawed yet: the next does at chain time {thaw_end} (epoch {thaw_epoch}; seats: {listed}), "
            f"now it is {chain_time}"
        )
        self.seats, self.thaw_end, self.thaw_epoch, self.chain_time = seats, thaw_end, thaw_epoch, chain_time


class RecordUnavailable(FrontendError):
    """No peer showed the record of a round, without which nothing can be proven."""

    exit_code = 4

    def __init__(self, round_number: int, cause: str) -> None:
        super().__init__(f"no peer showed a valid record of round {round_number}: {cause}")
        self.round_number, self.cause = round_number, cause


class RequestError(FrontendError):
    """An answer that cannot be given."""

    http_status = 404

    @property
    def slug(self) -> str:
        """The error's name in a problem type: RoundNotFound -> round-not-found."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()

    @property
    def title(self) -> str:
        """The error's name in words: RoundNotFound -> Round not found."""
        return self.slug.replace("-", " ").capitalize()

    @property
    def operands(self) -> dict[str, Any]:
        """What was compared, by name."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class ProjectNotFound(RequestError):
    """No project at that address, or none at all."""

    def __init__(self, project: str | None) -> None:
        super().__init__(
            f"no project {project} in this deployment" if project else "this deployment has no project yet"
        )
        self.project = project


class RoundNotFound(RequestError):
    """That round has not been opened."""

    def __init__(self, round_number: int, last_round: int) -> None:
        super().__init__(f"round {round_number} has not been opened, the last one is {last_round}")
        self.round, self.last_round = round_number, last_round


class PeerNotFound(RequestError):
    """That account never held a seat nor announced an endpoint."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} never held a seat nor announced an endpoint")
        self.address = address


class ContributionNotFound(RequestError):
    """That account had no seat in that round."""

    def __init__(self, round_number: int, address: str) -> None:
        super().__init__(f"{address} had no seat in round {round_number}")
        self.round, self.address = round_number, address


class RewardNotFound(RequestError):
    """That account has never earned anything."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} has no seat and has not earned anything")
        self.address = address


class JobNotFound(RequestError):
    """The output court has no such job."""

    def __init__(self, job: str) -> None:
        super().__init__(f"the output court has no job {job}")
        self.job = job


class ClassNotFound(RequestError):
    """The output court has no such class."""

    def __init__(self, class_id: str) -> None:
        super().__init__(f"the output court has no class {class_id}")
        self.class_id = class_id


class InvalidParameter(RequestError):
    """A filter, sort, limit or cursor nobody can use."""

    http_status = 422
    exit_code = 2

    def __init__(self, parameter: str, value: str, expected: str) -> None:
        super().__init__(f"{parameter}={value!r}: expected {expected}")
        self.parameter, self.value, self.expected = parameter, value, expected


class IndexEmpty(RequestError):
    """The index has not read its first block yet."""

    http_status = 503

    def __init__(self) -> None:
        super().__init__("the index has not read its first block yet")


class IndexFailing(RequestError):
    """The index does not follow the chain any more."""

    http_status = 503

    def __init__(self, cause: str, block: int) -> None:
        super().__init__(f"the index stands at block {block} and cannot follow the chain: {cause}")
        self.cause, self.block = cause, block


def database_label(url: str) -> str:
    """A database as people know it: the file of an SQLite address, else the address without its password."""
    if url.startswith("sqlite"):
        name = url.partition(":///")[2]
        return str(Path(name)) if name and name != ":memory:" else "in memory"
    return re.sub(r"//([^:/@]+):[^@]*@", r"//\1:***@", url)
