"""A folder that must survive a process that dies at any instruction: one owner at a time, a database, files beside it.

The order of writing is always files first, then the row that names them, so that a row never points at nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from node.errors import StateError


class StateDirectoryDamaged(StateError):
    """The database of a state directory cannot be read."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(
            f"state directory {path} is damaged ({cause}); nothing was changed: "
            "move it aside to rejoin with an empty one, your stake and earnings are on the chain"
        )
        self.path, self.cause = path, cause


class StateDirectoryUnusable(StateError):
    """The state directory cannot be made or written: no folder, no permission, a full disk."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"state directory {path} cannot be used: {cause}")
        self.path, self.cause = path, cause


class StateDirectoryInUse(StateError):
    """Another process holds the state directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"state directory {path} is in use by another process")
        self.path = path


class StateDirectoryForeign(StateError):
    """The state directory belongs to another project or account."""

    def __init__(self, path: Path, key: str, found: str, expected: str) -> None:
        super().__init__(f"state directory {path} belongs to {key} {found}, expected {expected}")
        self.path, self.key, self.found, self.expected = path, key, found, expected


class DurableDirectory:
    """`state.db` and `folders` below `path`, held by one process at a time.

    `schema`: SQL that makes the tables if they are missing. `identity`: whose directory this is, checked at every
    start. `recorded`: those folders whose files a row of the database must have named.

    Raises StateDirectoryDamaged, StateDirectoryUnusable, StateDirectoryInUse or StateDirectoryForeign; never repairs
    or deletes by itself.
    """

    def __init__(
        self, path: Path, *, schema: str, identity: dict[str, str], folders: Sequence[str], recorded: Sequence[str]
    ) -> None:
        self.path = path
        try:
            for folder in (path, *(path / name for name in folders)):
                folder.mkdir(parents=True, exist_ok=True)
            self._lock = self._acquire_lock()
            lost = self._database_lost(recorded)
        except OSError as error:
            raise StateDirectoryUnusable(path, error.strerror or str(error)) from error
        if lost:
            self._lock.close()
            raise StateDirectoryDamaged(path, "state.db is missing or empty, files of earlier rounds are there")
        try:
            with self._of_this_directory():
                self._database = sqlite3.connect(path / "state.db", isolation_level=None, check_same_thread=False)
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = FULL")
                damage = self._database.execute("PRAGMA quick_check").fetchone()[0]
                if damage != "ok":
                    raise StateDirectoryDamaged(path, str(damage).splitlines()[0])
                self._database.executescript(schema)
                self._check_identity(identity)
        except StateError:
            self._lock.close()
            raise

    @property
    def blocks(self) -> Path:
        """Where the content store keeps its blocks."""
        return self.path / "blocks"

    def close(self) -> None:
        """Release the directory."""
        self._database.close()
        self._lock.close()

    def _execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run one statement. Raises StateDirectoryUnusable or StateDirectoryDamaged."""
        with self._of_this_directory():
            return self._database.execute(statement, values)

    @contextlib.contextmanager
    def _of_this_directory(self) -> Iterator[None]:
        """Errors of the database, as errors of this directory."""
        try:
            yield
        except sqlite3.OperationalError as error:  # a full disk, no permission: nothing is wrong with what is there
            raise StateDirectoryUnusable(self.path, str(error)) from error
        except sqlite3.DatabaseError as error:
            raise StateDirectoryDamaged(self.path, str(error)) from error

    def _database_lost(self, recorded: Sequence[str]) -> bool:
        """Whether there are files that a database must have named, but no database: a secret may be forgotten."""
        database = self.path / "state.db"
        if database.exists() and database.stat().st_size > 0:
            return False
        return any(any((self.path / name).glob("[0-9a-f]*")) for name in recorded)

    def _acquire_lock(self) -> IO[str]:
        lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise StateDirectoryInUse(self.path) from error
        return lock

    def _check_identity(self, expected: dict[str, str]) -> None:
        self._database.execute("CREATE TABLE IF NOT EXISTS identity (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        found = dict(self._database.execute("SELECT key, value FROM identity").fetchall())
        for key, value in expected.items():
            if key in found and found[key] != value:
                raise StateDirectoryForeign(self.path, key, found[key], value)
        self._database.executemany("INSERT OR IGNORE INTO identity VALUES (?, ?)", list(expected.items()))


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that after a crash it is either absent or whole (temporary file, fsync, rename).

    Raises StateDirectoryUnusable, which names its folder.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StateDirectoryUnusable(path.parent, error.strerror or str(error)) from error
        raise
