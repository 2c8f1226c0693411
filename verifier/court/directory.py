"""The state directory of a party to the court: what it promised, and what it needs to keep the promise.

    identity and answers    state.db     digest, output and salt of every commitment, before it is sent
    outputs before reveal   outbox/      moved to the block store, and so served, once all commitments are in
    blocks                  blocks/      the content store: outputs and checkpoints

Without its answer a party cannot open its commitment and pays for not showing up; with two answers for one round it
could not tell which one it promised. So an answer is written once, before the commitment leaves the machine.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from node.durable_directory import DurableDirectory, write_durably

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    job BLOB NOT NULL, round INTEGER NOT NULL, beacon BLOB NOT NULL,
    digest BLOB NOT NULL, output_digest BLOB NOT NULL, salt BLOB NOT NULL,
    PRIMARY KEY (job, round, beacon));
"""


@dataclass(frozen=True)
class Answer:
    """What a party commits to in a round of a job, and later opens.

    `job`: 32 bytes; `beacon`: the seed in round 0, later the key, 32 bytes; `digest`: of the output, 256 bits;
    `output_digest`: sha2-256 root of the output's content identifier; `salt`: 32 random bytes.
    """

    job: bytes
    round: int
    beacon: bytes
    digest: int
    output_digest: bytes
    salt: bytes


class CourtDirectory(DurableDirectory):
    """One party's files. Errors as in DurableDirectory."""

    def __init__(self, path: Path, *, identity: dict[str, str]) -> None:
        super().__init__(
            path,
            schema=_SCHEMA,
            identity={"court schema": str(SCHEMA_VERSION), **identity},
            folders=("outbox",),
            recorded=("outbox",),
        )

    def save(self, answer: Answer, output: bytes) -> None:
        """Make an answer durable with its output. Of two for the same round and beacon the first one counts."""
        if self.answer(answer.job, answer.round, answer.beacon) is not None:
            return
        write_durably(self._outbox_file(answer), output)
        self._execute(
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(answer.job, answer.round, answer.beacon),
                *(answer.digest.to_bytes(32, "big"), answer.output_digest, answer.salt),
            ),
        )

    def answer(self, job: bytes, round_number: int, beacon: bytes) -> Answer | None:
        """What was promised in this round, if anything."""
        row = self._execute(
            "SELECT digest, output_digest, salt FROM answers WHERE job = ? AND round = ? AND beacon = ?",
            (job, round_number, beacon),
        ).fetchone()
        if row is None:
            return None
        return Answer(job, round_number, beacon, int.from_bytes(row[0], "big"), row[1], row[2])

    def waiting_output(self, answer: Answer) -> bytes | None:
        """The output that waits to be served, None when it was handed over."""
        with contextlib.suppress(FileNotFoundError):
            return self._outbox_file(answer).read_bytes()
        return None

    def handed_over(self, answer: Answer) -> None:
        """The output is in the block store now."""
        self._outbox_file(answer).unlink(missing_ok=True)

    def _outbox_file(self, answer: Answer) -> Path:
        # One name an answer, so that an answer that was made for a forgotten block is not overwritten.
        return self.path / "outbox" / f"{answer.job.hex()}-{answer.round}-{answer.beacon.hex()[:16]}"
