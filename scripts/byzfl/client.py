"""Talking to the worker in ByzFL's environment: lines of JSON and raw float32, see `worker`.

Shape legend: n = updates, d = parameters.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

WORKER: Final = Path(__file__).with_name("worker.py")
ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

FloatMatrix = npt.NDArray[np.float32]


class WorkerFailed(Exception):
    """The aggregator raised, or the worker has ended."""


class Timing(NamedTuple):
    """Medians in seconds; the most memory taken on top of the inputs, None if unknown."""

    cpu: float
    wall: float
    extra_bytes: int | None


class Client:
    """One worker process. `command`: how it is started. Raises WorkerFailed when it does not come up."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **ONE_THREAD}
        )
        try:
            self.versions: Mapping[str, str] = self._read_line()
        except WorkerFailed:
            self.close()
            raise

    @classmethod
    def in_environment(cls, python: Path) -> Client:
        """A worker run by that Python."""
        return cls([str(python), "-P", str(WORKER)])

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # of a request that a worker which has ended never read
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, aggregator: str, f: int) -> None:
        """Take a fresh aggregator, such as "NNM+TrMean", for `aggregate`."""
        self._ask({"do": "start", "aggregator": aggregator, "f": f})

    def aggregate(self, updates: FloatMatrix) -> FloatMatrix:
        """What the aggregator makes of updates (n, d): float32 (d,)."""
        n, d = updates.shape
        self._ask({"do": "aggregate", "n": n, "d": d}, np.ascontiguousarray(updates, dtype="<f4").tobytes())
        assert self._process.stdout is not None
        data = self._process.stdout.read(4 * d)
        if len(data) != 4 * d:
            raise WorkerFailed("the worker has ended")
        return np.frombuffer(data, dtype="<f4").astype(np.float32)

    def load(self, path: Path) -> None:
        """Read float32 (n, d) from a .npy file, for `time`."""
        self._ask({"do": "load", "path": str(path)})

    def time(self, aggregator: str, f: int, inputs: str, repeats: int) -> Timing:
        """Medians of `repeats` runs on what was loaded, given to it as `inputs`: "numpy" or "torch"."""
        reply = self._ask({"do": "time", "aggregator": aggregator, "f": f, "inputs": inputs, "repeats": repeats})
        return Timing(reply["cpu"], reply["wall"], reply["extra_bytes"])

    def _ask(self, request: Mapping[str, Any], floats: bytes = b"") -> Mapping[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n" + floats)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerFailed("the worker has ended") from None
        return self._read_line()

    def _read_line(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerFailed("the worker has ended")
        reply: Mapping[str, Any] = json.loads(line)
        if "error" in reply:
            raise WorkerFailed(str(reply["error"]))
        return reply
