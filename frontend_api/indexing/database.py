"""The index in tables: facts as they came from the chain, views folded from them, and round records.

    facts     blocks, events, position                             what was read; a reorganisation deletes from the top
    views     projects, rounds, updates, seats, accounts, claims   rewritten from the folded history
              classes, jobs, job_rounds, verifier_seats            the output court's, likewise
    records   records, contributions, rewards, signatures          keyed by result hash: no reorganisation harms them

SQLite and PostgreSQL alike. uint256 does not fit any integer column, so amounts are text of fixed width: they compare,
sort and page as numbers do.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Dialect, Integer, String, event
from sqlalchemy.exc import ArgumentError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from frontend_api.errors import SettingsError, database_label

SCHEMA_VERSION = 3
AMOUNT_DIGITS = 78  # of 2^256 - 1
NAME_LENGTH = 256

RoundStatus = Literal["open", "accepted", "finalized", "skipped", "voided"]
ProjectStatus = Literal["open", "closing", "complete", "closed"]
JobStage = Literal["work", "commit", "reveal", "decided", "closed"]
VerdictName = Literal["accept", "reject", "inconclusive", "ringer"]
RejectReasonName = Literal["no-show", "disagreement"]


class Amount(TypeDecorator[int]):
    """An unsigned 256-bit integer as 78 decimal digits."""

    impl = String(AMOUNT_DIGITS)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """Python int to text."""
        return None if value is None else f"{value:0{AMOUNT_DIGITS}d}"

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:
        """Text to Python int."""
        return None if value is None else int(value)


Hash = String(66)
Address = String(42)


class Base(DeclarativeBase):
    """All tables. Hashes are 0x and 64 hexadecimal digits, addresses EIP-55, times chain seconds."""


class Position(Base):
    """The one row that says whose index this is and how far it has read."""

    __tablename__ = "position"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    schema_version: Mapped[int]
    chain_id: Mapped[int] = mapped_column(BigInteger)
    factory: Mapped[str] = mapped_column(Address)
    block_number: Mapped[int] = mapped_column(BigInteger)
    block_hash: Mapped[str] = mapped_column(Hash)
    timestamp: Mapped[int] = mapped_column(BigInteger)


class Block(Base):
    """A block we have read something in or stopped at: where a reorganisation is noticed."""

    __tablename__ = "blocks"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(Hash)


class EventFact(Base):
    """One event of our contracts. `address`: who emitted it; `document`: all of it, as archives keep it."""

    __tablename__ = "events"
    block_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    block_hash: Mapped[str] = mapped_column(Hash)
    address: Mapped[str] = mapped_column(Address)
    name: Mapped[str] = mapped_column(String(64))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class ProjectView(Base):
    """A training project as of the indexed head."""

    __tablename__ = "projects"
    address: Mapped[str] = mapped_column(Address, primary_key=True)
    number: Mapped[int]
    owner: Mapped[str] = mapped_column(Address)
    seat_stake_wei: Mapped[int] = mapped_column(Amount)
    epoch_seconds: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[ProjectStatus] = mapped_column(String(16))
    task: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    rule: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    parameter_count: Mapped[int | None] = mapped_column(BigInteger)
    configuration: Mapped[dict[str, Any]] = mapped_column(JSON)
    last_round: Mapped[int]
    accepted_rounds: Mapped[int]
    finalized_rounds: Mapped[int]
    funded_wei: Mapped[int] = mapped_column(Amount)
    claimed_wei: Mapped[int] = mapped_column(Amount)
    earned_wei: Mapped[int] = mapped_column(Amount)
    created: Mapped[dict[str, Any]] = mapped_column(JSON)


class RoundView(Base):
    """One round of a project."""

    __tablename__ = "rounds"
    project: Mapped[str] = mapped_column(Address, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    status: Mapped[RoundStatus] = mapped_column(String(16))
    base_digest: Mapped[str] = mapped_column(Hash)
    seed: Mapped[str] = mapped_column(Hash)
    epoch: Mapped[int] = mapped_column(BigInteger)
    pool_wei: Mapped[int] = mapped_column(Amount)
    stake_snapshot_wei: Mapped[int] = mapped_column(Amount)
    commit_end: Mapped[int] = mapped_column(BigInteger)
    reveal_end: Mapped[int] = mapped_column(BigInteger)
    availability_end: Mapped[int] = mapped_column(BigInteger)
    attest_start: Mapped[int] = mapped_column(BigInteger)
    attest_end: Mapped[int] = mapped_column(BigInteger)
    challenge_end: Mapped[int | None] = mapped_column(BigInteger)
    committed: Mapped[int]
    revealed: Mapped[int]
    batches: Mapped[int]
    result_hash: Mapped[str | None] = mapped_column(Hash, index=True)
    checkpoint_digest: Mapped[str | None] = mapped_column(Hash)
    result: Mapped[dict[str, str] | None] = mapped_column(JSON)
    accepted_weight_wei: Mapped[int | None] = mapped_column(Amount)
    opened: Mapped[dict[str, Any]] = mapped_column(JSON)
    accepted: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    finalized: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    skipped: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    voided: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class UpdateView(Base):
    """What one seat committed to and revealed in a round."""

    __tablename__ = "updates"
    project: Mapped[str] = mapped_column(Address, primary_key=True)
    round: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seat: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(Address)
    commitment: Mapped[str | None] = mapped_column(Hash)
    committed: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str | None] = mapped_column(Hash)
    data_root: Mapped[str | None] = mapped_column(Hash)
    revealed: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class SeatView(Base):
    """One fixed stake in a project. Counts in epochs [active_epoch, inactive_epoch)."""

    __tablename__ = "seats"
    project: Mapped[str] = mapped_column(Address, primary_key=True)
    seat: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(Address, index=True)
    active_epoch: Mapped[int] = mapped_column(BigInteger)
    inactive_epoch: Mapped[int | None] = mapped_column(BigInteger)
    withdrawn: Mapped[bool]


class AccountView(Base):
    """An account that holds or held seats in a project, or announced an endpoint there."""

    __tablename__ = "accounts"
    project: Mapped[str] = mapped_column(Address, primary_key=True)
    address: Mapped[str] = mapped_column(Address, primary_key=True)
    endpoint: Mapped[str | None] = mapped_column(String)
    peer_key: Mapped[str | None] = mapped_column(String)


class ClaimView(Base):
    """What an account has claimed from a project so far."""

    __tablename__ = "claims"
    project: Mapped[str] = mapped_column(Address, primary_key=True)
    account: Mapped[str] = mapped_column(Address, primary_key=True)
    claimed_wei: Mapped[int] = mapped_column(Amount)


class ClassView(Base):
    """A determinism class of the output court. What its description says is null where nobody can read it."""

    __tablename__ = "classes"
    class_id: Mapped[str] = mapped_column(Hash, primary_key=True)
    number: Mapped[int]
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)
    usable_from: Mapped[int] = mapped_column(BigInteger)
    threshold: Mapped[int]
    appeal_threshold: Mapped[int]
    verifier_fee_wei: Mapped[int] = mapped_column(Amount)
    project: Mapped[str | None] = mapped_column(Address)
    checkpoint_digest: Mapped[str | None] = mapped_column(Hash)
    task: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    hash: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    description: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    registered: Mapped[dict[str, Any]] = mapped_column(JSON)


class JobView(Base):
    """A job of the output court. `stage` is what events say; with the ends of its windows, time makes a phase of it."""

    __tablename__ = "jobs"
    job: Mapped[str] = mapped_column(Hash, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    class_id: Mapped[str] = mapped_column(Hash, index=True)
    requester: Mapped[str] = mapped_column(Address, index=True)
    worker: Mapped[str] = mapped_column(Address, index=True)
    worker_fee_wei: Mapped[int] = mapped_column(Amount)
    input: Mapped[str]
    stage: Mapped[JobStage] = mapped_column(String(16))
    stage_end: Mapped[int] = mapped_column(BigInteger)
    reveal_end: Mapped[int] = mapped_column(BigInteger)
    round: Mapped[int | None]
    committee_size: Mapped[int | None]
    verdict: Mapped[VerdictName | None] = mapped_column(String(16))
    reason: Mapped[RejectReasonName | None] = mapped_column(String(16))
    seed: Mapped[str | None] = mapped_column(Hash)
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)
    consequences: Mapped[dict[str, Any]] = mapped_column(JSON)
    submitted: Mapped[dict[str, Any]] = mapped_column(JSON)
    seed_drawn: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    ended: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class JobRoundView(Base):
    """One committee of a job; with a verdict once it has decided. `holds`: no later round and no ringer undid it."""

    __tablename__ = "job_rounds"
    job: Mapped[str] = mapped_column(Hash, primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, index=True)
    committee_size: Mapped[int]
    threshold: Mapped[int]
    verdict: Mapped[VerdictName | None] = mapped_column(String(16))
    reason: Mapped[RejectReasonName | None] = mapped_column(String(16))
    near: Mapped[int]
    far: Mapped[int]
    absent: Mapped[int]
    holds: Mapped[bool]
    distances: Mapped[list[int | None]] = mapped_column(JSON)
    votes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    decided: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class VerifierSeatView(Base):
    """One fixed stake of a verifier; epochs as in SeatView."""

    __tablename__ = "verifier_seats"
    seat: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(Address, index=True)
    active_epoch: Mapped[int] = mapped_column(BigInteger)
    inactive_epoch: Mapped[int | None] = mapped_column(BigInteger)
    withdrawn: Mapped[bool]


class RecordRow(Base):
    """A round record that checks against the chain. Accuracy and loss are its server's own word."""

    __tablename__ = "records"
    result_hash: Mapped[str] = mapped_column(Hash, primary_key=True)
    project: Mapped[str] = mapped_column(Address)
    round: Mapped[int] = mapped_column(BigInteger)
    rule: Mapped[str] = mapped_column(String(NAME_LENGTH))
    checkpoint_cid: Mapped[str] = mapped_column(String(128))
    checkpoint_bytes: Mapped[int] = mapped_column(BigInteger)
    accuracy: Mapped[float | None]
    loss: Mapped[float | None]
    served_by: Mapped[str] = mapped_column(Address)


class ContributionRow(Base):
    """A leaf of a weight root: what one seat's update was worth."""

    __tablename__ = "contributions"
    result_hash: Mapped[str] = mapped_column(Hash, primary_key=True)
    seat: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(Address, index=True)
    digest: Mapped[str | None] = mapped_column(Hash)
    data_root: Mapped[str | None] = mapped_column(Hash)
    cid: Mapped[str | None] = mapped_column(String(128))
    message_bytes: Mapped[int | None] = mapped_column(BigInteger)
    weight: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[int] = mapped_column(Amount)
    reason: Mapped[str | None] = mapped_column(String(32))
    reward_wei: Mapped[int] = mapped_column(Amount)


class RewardRow(Base):
    """A leaf of a reward root: everything an account had earned up to and with that round."""

    __tablename__ = "rewards"
    result_hash: Mapped[str] = mapped_column(Hash, primary_key=True)
    account: Mapped[str] = mapped_column(Address, primary_key=True)
    cumulative_wei: Mapped[int] = mapped_column(Amount)


class SignatureRow(Base):
    """One attester's signature under a result."""

    __tablename__ = "signatures"
    result_hash: Mapped[str] = mapped_column(Hash, primary_key=True)
    signer: Mapped[str] = mapped_column(Address, primary_key=True)
    signature: Mapped[str] = mapped_column(String(132))


VIEWS: tuple[type[Base], ...] = (
    ProjectView,
    RoundView,
    UpdateView,
    SeatView,
    AccountView,
    ClaimView,
    ClassView,
    JobView,
    JobRoundView,
    VerifierSeatView,
)


def open_engine(url: str) -> AsyncEngine:
    """An engine whose transactions are whole: what one transaction reads belongs to one state of the index.

    Raises SettingsError for an address that names no database we have an asynchronous driver for.
    """
    options = {} if url.startswith("sqlite") else {"isolation_level": "REPEATABLE READ"}
    try:
        engine = create_async_engine(url, **options)
    except (ArgumentError, InvalidRequestError, ImportError) as error:
        raise SettingsError(f"database {database_label(url)} cannot be used: {str(error).splitlines()[0]}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _sqlite_connect)
        event.listen(engine.sync_engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, _record: object) -> None:
    # The driver would begin a transaction only at the first write; we begin it ourselves, see _sqlite_begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
