"""ByzFL's side, run by the Python of its own environment: `python -P worker.py`. Imports nothing of this project.

A request is a line of JSON on standard input, an answer a line of JSON on standard output; vectors follow their line as
raw little-endian float32. Requests:

    {"do": "start", "aggregator": "NNM+TrMean", "f": 4}      a fresh aggregator for `aggregate`
    {"do": "aggregate", "n": 15, "d": 25450}, n * d floats   -> {}, d floats
    {"do": "load", "path": "updates.npy"}                    float32 (n, d) for `time`
    {"do": "time", "aggregator": "Krum", "f": 4, "inputs": "torch", "repeats": 3}
        -> {"cpu": seconds, "wall": seconds, "extra_bytes": most memory taken on top of the inputs, null if unknown}

An aggregator that raises is answered by {"error": "..."}. Shape legend: n = updates, d = parameters.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

import numpy as np

WITHOUT_BOUND = frozenset({"Average", "Median", "GeometricMedian", "CenteredClipping"})


class Worker:
    """What requests are answered with. `byzfl` and `torch`: the modules."""

    def __init__(self, byzfl: Any, torch: Any, floats_in: BinaryIO, floats_out: BinaryIO) -> None:
        self._byzfl, self._torch, self._in, self._out = byzfl, torch, floats_in, floats_out
        self._running: Any = None
        self._updates: Any = None

    def answer(self, request: Any) -> None:
        """Read what belongs to the request, do it, write the answer."""
        floats = b""
        try:
            # Vectors are read before anything can fail: what follows them must be the next request.
            updates = self._read(request["n"], request["d"]) if request["do"] == "aggregate" else None
            reply: dict[str, Any] = {}
            if request["do"] == "aggregate":
                found = self._running(self._torch.from_numpy(updates))
                floats = np.ascontiguousarray(found.numpy(), dtype="<f4").tobytes()
            elif request["do"] == "start":
                self._running = self._aggregator(request["aggregator"], request["f"])
            elif request["do"] == "load":
                self._updates = np.load(request["path"], allow_pickle=False)
            else:
                reply = self._time(request)
        except Exception as error:  # the boundary: what ByzFL raises becomes a line of the table
            reply, floats = {"error": f"{type(error).__name__}: {error}"}, b""
        self._out.write(json.dumps(reply).encode() + b"\n" + floats)
        self._out.flush()

    def _read(self, n: int, d: int) -> Any:
        return np.frombuffer(bytearray(self._in.read(4 * n * d)), dtype="<f4").reshape(n, d)

    def _aggregator(self, name: str, f: int) -> Any:
        parts = [getattr(self._byzfl, part)(**({} if part in WITHOUT_BOUND else {"f": f})) for part in name.split("+")]

        def run(vectors: Any) -> Any:
            for part in parts:
                vectors = part(vectors)
            return vectors

        return run

    def _time(self, request: Any) -> dict[str, Any]:
        vectors = self._torch.from_numpy(self._updates) if request["inputs"] == "torch" else self._updates
        cpu, wall, extra = [], [], 0
        for _ in range(request["repeats"]):
            aggregator = self._aggregator(request["aggregator"], request["f"])  # CenteredClipping remembers
            before = _reset_peak()
            start = time.process_time(), time.perf_counter()
            aggregator(vectors)
            cpu.append(time.process_time() - start[0])
            wall.append(time.perf_counter() - start[1])
            extra = max(extra, _status("VmHWM") - before)
        return {"cpu": median(cpu), "wall": median(wall), "extra_bytes": extra if _status("VmHWM") else None}


def _reset_peak() -> int:
    """Forget the largest memory so far; the memory now, in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return 0
    return _status("VmRSS")


def _status(name: str) -> int:
    """A line of /proc/self/status in bytes; 0 where there is none."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)


def main() -> None:
    """Say which versions these are, then answer until standard input ends."""
    floats_in, floats_out = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints must not get between the answers
    byzfl, torch = importlib.import_module("byzfl"), importlib.import_module("torch")
    torch.set_num_threads(1)
    versions = {"torch": str(torch.__version__), "numpy": np.__version__}
    floats_out.write(json.dumps(versions).encode() + b"\n")
    floats_out.flush()
    worker = Worker(byzfl, torch, floats_in, floats_out)
    for line in iter(floats_in.readline, b""):
        worker.answer(json.loads(line))


if __name__ == "__main__":
    main()
