"""An experiment that needs no swarm, for tests of what runs experiments."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from node.errors import TaskError
from node.lab.experiment import Engine, Experiment
from node.lab.table import Figure, Table


@dataclass(frozen=True)
class StubCell:
    """`number` to square; some numbers do other things."""

    number: int

    @property
    def key(self) -> str:
        return f"cell-{self.number}"

    @property
    def title(self) -> str:
        return f"square of {self.number}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class StubResult:
    """The square, and which process made it."""

    square: int
    process: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


FAILS, DIES, WAITS = 13, 666, 1000


def square(cell: StubCell, data_dir: Path | None) -> StubResult:
    """Square it; 13 fails, 666 kills its process, 1000 and more leave a file and wait for ever."""
    if cell.number == FAILS:
        raise TaskError("no luck")
    if cell.number == DIES:
        os.kill(os.getpid(), signal.SIGKILL)
    if cell.number >= WAITS and data_dir is not None:
        (data_dir / str(os.getpid())).touch()
        signal.pause()
    return StubResult(cell.number**2, os.getpid())


def read(document: Mapping[str, Any]) -> StubResult:
    return StubResult(**document)


def tables(results: Sequence[tuple[StubCell, StubResult]]) -> list[Table]:
    rows = tuple((str(cell.number), (Figure(result.square, str(result.square), 0.5), None)) for cell, result in results)
    return [Table("Squares of n", "number", ("square", "cube"), rows, "Exact.")] if rows else []


def experiment(*numbers: int) -> Experiment[StubCell, StubResult]:
    return Experiment("squares", [StubCell(number) for number in numbers], Engine(square, read, tables), ("cubes",))
