"""A peer's state directory: what must survive a process that dies at any instruction.

    identity and secrets   state.db      SQLite, synchronous: the row is the point after which something counts as done
    updates before reveal  outbox/       message bytes; moved to the block store, and so served, only when revealed
    batches we stand in    state.db      their entries, before anybody relies on them
    error feedback         feedback/     one file a seat and round, referenced by the row of that round's update
    traces of training     traces/       what checkers need of the newest rounds, a folder each (node.checks.shelf)
    finished rounds        rounds/       the JSON records the gateway serves
    blocks                 blocks/       the content store (node.storage)

Files are written first, then the row that names them: see `node.durable_directory`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cbor2

from contracts.batches import batch_hash
from node.durable_directory import DurableDirectory, write_durably
from node.errors import StateError

SCHEMA_VERSION = 3
_ENTRY_BYTES = 32
_SCHEMA = """
CREATE TABLE IF NOT EXISTS updates (
    round INTEGER NOT NULL, seat INTEGER NOT NULL,
    digest BLOB NOT NULL, data_root BLOB NOT NULL, salt BLOB NOT NULL,
    PRIMARY KEY (round, seat));
CREATE TABLE IF NOT EXISTS signed (
    round INTEGER PRIMARY KEY, result_hash BLOB NOT NULL, signature BLOB NOT NULL, seats TEXT NOT NULL,
    failed TEXT NOT NULL, evidence BLOB NOT NULL, salt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    round INTEGER NOT NULL, hash BLOB NOT NULL, entries BLOB NOT NULL, PRIMARY KEY (round, hash));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class PreparedUpdate:
    """An update that was made, and what is needed to reveal it. Digests and salt are 32 bytes."""

    round: int
    seat: int
    digest: bytes
    data_root: bytes
    salt: bytes


@dataclass(frozen=True)
class SignedResult:
    """The one result this peer signed for a round, and the seats whose updates went into it.

    `failed`: those of them that failed their check. `evidence`: the have-lists from which all that follows, encoded.
    `salt`: what the promise of the result was made with, where attesters commit before they show it; else empty.
    """

    round: int
    result_hash: bytes
    signature: bytes
    seats: frozenset[int]
    failed: frozenset[int] = frozenset()
    evidence: tuple[bytes, ...] = ()
    salt: bytes = b""


class StateDirectory(DurableDirectory):
    """One peer's files, held by one process at a time. Errors as in DurableDirectory."""

    def __init__(self, path: Path, *, identity: dict[str, str]) -> None:
        super().__init__(
            path,
            schema=_SCHEMA,
            identity={"schema": str(SCHEMA_VERSION), **identity},
            folders=("outbox", "feedback", "rounds"),
            recorded=("outbox", "rounds"),
        )

    @property
    def traces(self) -> Path:
        """Where the traces of this peer's own training are kept while others may check them."""
        return self.path / "traces"

    # ---- updates ------------------------------------------------------------------------------------------------

    def outbox_file(self, round_number: int, seat: int) -> Path:
        """Where an update waits until it is revealed."""
        return self.path / "outbox" / f"{round_number}-{seat}.fxw"

    def feedback_file(self, round_number: int, seat: int) -> Path:
        """Error feedback of a seat as it stands after its update of `round_number`."""
        return self.path / "feedback" / f"{seat}-{round_number}.safetensors"

    def save_update(self, update: PreparedUpdate, message: bytes) -> None:
        """Make an update durable. Call after its feedback file is on disk; commit on-chain only after this."""
        write_durably(self.outbox_file(update.round, update.seat), message)
        self._execute(
            "INSERT OR REPLACE INTO updates VALUES (?, ?, ?, ?, ?)",
            (update.round, update.seat, update.digest, update.data_root, update.salt),
        )
        for older in (self.path / "outbox").glob(f"*-{update.seat}.fxw"):
            if older != self.outbox_file(update.round, update.seat):
                older.unlink(missing_ok=True)
        for older in (self.path / "feedback").glob(f"{update.seat}-*.safetensors"):
            if older not in (
                self.feedback_file(update.round, update.seat),
                self.feedback_file(update.round - 1, update.seat),
            ):
                older.unlink(missing_ok=True)

    def update(self, round_number: int, seat: int) -> PreparedUpdate | None:
        """The update made for this round and seat, if one was."""
        row = self._execute(
            "SELECT round, seat, digest, data_root, salt FROM updates WHERE round = ? AND seat = ?",
            (round_number, seat),
        ).fetchone()
        return PreparedUpdate(*row) if row else None

    # ---- batches ------------------------------------------------------------------------------------------------

    def save_batch(self, round_number: int, entries: Sequence[bytes]) -> None:
        """Keep the entries of a batch: without them nobody can open what stands in it. Those of older rounds go."""
        self._execute("DELETE FROM batches WHERE round < ?", (round_number - 1,))
        row = (round_number, batch_hash(entries), b"".join(entries))
        self._execute("INSERT OR IGNORE INTO batches VALUES (?, ?, ?)", row)

    def batches(self, round_number: int) -> dict[bytes, tuple[bytes, ...]]:
        """Entries of the batches kept, by their hash."""
        rows = self._execute("SELECT hash, entries FROM batches WHERE round = ?", (round_number,)).fetchall()
        return {
            found: tuple(joined[start : start + _ENTRY_BYTES] for start in range(0, len(joined), _ENTRY_BYTES))
            for found, joined in rows
        }

    # ---- signatures ---------------------------------------------------------------------------------------------

    def signed(self, round_number: int) -> SignedResult | None:
        """The result this peer signed for a round, if any."""
        row = self._execute(
            "SELECT round, result_hash, signature, seats, failed, evidence, salt FROM signed WHERE round = ?",
            (round_number,),
        ).fetchone()
        if row is None:
            return None
        seats, failed = (frozenset(json.loads(text)) for text in row[3:5])
        return SignedResult(row[0], row[1], row[2], seats, failed, tuple(cbor2.loads(row[5])), row[6])

    def save_signed(self, signed: SignedResult) -> None:
        """Record a signature before it leaves the machine; a second, different one is equivocation and refused."""
        earlier = self.signed(signed.round)
        if earlier is not None and earlier.result_hash != signed.result_hash:
            raise StateError(
                f"round {signed.round}: already signed 0x{earlier.result_hash.hex()}, "
                f"will not sign 0x{signed.result_hash.hex()}"
            )
        self._execute(
            "INSERT OR REPLACE INTO signed VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                signed.round,
                signed.result_hash,
                signed.signature,
                json.dumps(sorted(signed.seats)),
                json.dumps(sorted(signed.failed)),
                cbor2.dumps(list(signed.evidence)),
                signed.salt,
            ),
        )

    def next_sequence(self) -> int:
        """A number larger than any returned before, also across restarts."""
        row = self._execute(
            "INSERT INTO counters VALUES ('sequence', 1) "
            "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
        ).fetchone()
        return int(row[0])

    # ---- records ------------------------------------------------------------------------------------------------

    def save_record(self, round_number: int, record: bytes) -> None:
        """Keep the JSON record of a finished round."""
        write_durably(self.path / "rounds" / f"{round_number}.json", record)

    def latest(self) -> int | None:
        """Number of the newest round with a record."""
        numbers = [int(file.stem) for file in (self.path / "rounds").glob("*.json") if file.stem.isdigit()]
        return max(numbers, default=None)

    def get(self, round_number: int) -> bytes | None:
        """The JSON record of a round."""
        file = self.path / "rounds" / f"{round_number}.json"
        return file.read_bytes() if file.is_file() else None
