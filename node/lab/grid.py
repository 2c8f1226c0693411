"""Running many cells: those that are on disk already are read, the others run in parallel and are written as they end.

Cells share nothing but the data each worker process has read once. Every worker computes on one thread: on few cores
more threads only wait for one another, and sums have one order.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic

from node.errors import NodeError, StateError
from node.lab.code import code_fingerprint
from node.lab.experiment import AnyCell, C, Engine, Experiment, R
from node.lab.results import ResultsFile

_THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerDied(NodeError):
    """A worker process ended before its cell did, for instance for want of memory."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__(f"a worker process died; {done} of {total} cells are done and kept, run again to go on")
        self.done, self.total = done, total


@dataclass
class GridOutcome(Generic[C, R]):
    """What came of a grid, in its order. `failed`: cells with what went wrong. `reused`: how many were on disk, and
    `outdated`: how many of those another version of the code has made.
    """

    results: list[tuple[C, R]] = field(default_factory=list)
    failed: list[tuple[C, str]] = field(default_factory=list)
    reused: int = 0
    outdated: int = 0


Report = Callable[[AnyCell, "str | None"], None]
"""Called for each cell that is there or has ended, with its error if it failed."""


def run_grid(
    experiment: Experiment[C, R],
    path: Path,
    *,
    data_dir: Path | None = None,
    workers: int = 1,
    report: Report = lambda cell, error: None,
) -> GridOutcome[C, R]:
    """Run an experiment's cells, with `path` as its file of results. A cell that fails is recorded, and tried again the
    next time.

    Raises StateError for a file of results that is in use or damaged, WorkerDied when a worker process dies.
    """
    cells = list({cell.key: cell for cell in experiment.cells}.values())
    outcome: GridOutcome[C, R] = GridOutcome()
    errors: dict[str, str] = {}
    with ResultsFile(path) as file:
        results = {cell.key: _read(experiment.engine, file, cell) for cell in cells if cell.key in file.done}
        outcome.reused = len(results)
        outcome.outdated = sum(file.done[key].get("code") != code_fingerprint() for key in results)
        waiting = []
        for cell in cells:
            if cell.key in results:
                report(cell, None)
            else:
                waiting.append(cell)
        for cell, document in _run_all(waiting, experiment.engine, data_dir, workers):
            file.append(document)
            if "error" in document:
                errors[cell.key] = str(document["error"])
            else:
                results[cell.key] = experiment.engine.read(document["result"])
            report(cell, errors.get(cell.key))
    outcome.results = [(cell, results[cell.key]) for cell in cells if cell.key in results]
    outcome.failed = [(cell, errors[cell.key]) for cell in cells if cell.key in errors]
    return outcome


def _read(engine: Engine[C, R], file: ResultsFile, cell: C) -> R:
    try:
        return engine.read(file.done[cell.key]["result"])
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(f"{file.path}: the result of cell {cell.key} cannot be read: {error!r}") from error


def _run_all(
    cells: Sequence[C], engine: Engine[C, R], data_dir: Path | None, workers: int
) -> Iterator[tuple[C, Mapping[str, Any]]]:
    """Cells with their documents, as they end."""
    if workers <= 1 or len(cells) <= 1:
        for cell in cells:
            yield cell, _run_one(engine, cell, data_dir)
        return
    with _one_thread_each(), _pool(min(workers, len(cells))) as pool:
        running: dict[Future[dict[str, Any]], C] = {
            pool.submit(_run_one, engine, cell, data_dir): cell for cell in cells
        }
        done = 0
        try:
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    cell = running.pop(future)
                    yield cell, future.result()
                    done += 1
        except BrokenProcessPool:
            raise WorkerDied(done, len(cells)) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _run_one(engine: Engine[C, R], cell: C, data_dir: Path | None) -> dict[str, Any]:
    """A cell's document. The boundary at which whatever goes wrong becomes a recorded error."""
    document = {"key": cell.key, "code": code_fingerprint(), "cell": cell.to_json()}
    try:
        return {**document, "result": engine.run(cell, data_dir).to_json()}
    except Exception as error:
        return {**document, "error": f"{type(error).__name__}: {error}"}


def _pool(workers: int) -> ProcessPoolExecutor:
    # Fresh interpreters: forking a process that has used torch or numpy threads can leave locks held for ever.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_obey_the_parent)


def _obey_the_parent() -> None:
    """Leave interrupts to the parent, and end when it ends: a killed one cannot tell its workers any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Libraries read these variables when they are first loaded, which in a worker is before any code of ours."""
    before = {name: os.environ.get(name) for name in _THREAD_SETTINGS}
    os.environ.update(dict.fromkeys(_THREAD_SETTINGS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
