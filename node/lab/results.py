"""Results on disk: one JSON object a line, appended and synced as each cell ends, so that nothing is computed twice.

A line is {"key", "code", "cell", "result"} or, for a cell that failed, {"key", "code", "cell", "error"}. A process that
is killed can leave half a line at the end; it is cut off when the file is opened again.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from node.errors import StateError


class ResultsFile:
    """An open file of results, held by one process at a time. `done`: by key, the lines with a result.

    Raises StateError when another process holds it, when it cannot be written, or when a line is not what this class
    writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("a+b")
        except OSError as error:
            raise StateError(f"{path} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.done: dict[str, Mapping[str, Any]] = self._read()
        except BlockingIOError:
            self._file.close()
            raise StateError(f"{path} is in use by another process") from None
        except StateError:
            self._file.close()
            raise

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # closing writes what is left; `append` has said already that it cannot be written
            self._file.close()

    def append(self, document: Mapping[str, Any]) -> None:
        """Write a line; when this returns it survives a crash. Raises StateError, for instance on a full disk."""
        try:
            self._file.write(json.dumps(document, sort_keys=True).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StateError(f"{self.path} cannot be written: {error.strerror}") from error

    def _read(self) -> dict[str, Mapping[str, Any]]:
        self._file.seek(0)
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            self._file.truncate(whole)
        done: dict[str, Mapping[str, Any]] = {}
        for number, line in enumerate(data[:whole].splitlines(), start=1):
            try:
                document = json.loads(line)
                if not isinstance(document, dict):
                    raise TypeError(f"a {type(document).__name__}")
                if "result" in document:
                    done[str(document["key"])] = document
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise StateError(f"{self.path}, line {number} is not a result: {error!r}") from error
        return done
