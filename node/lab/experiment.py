"""What a grid is made of, whatever is simulated in it: cells with a key, an engine that runs them, tables.

The server grids share one engine (`node.lab.engine`); a preset with cells of another kind brings its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from node.lab.table import Table


class AnyCell(Protocol):
    """An experiment: a value that can be sent to another process."""

    @property
    def key(self) -> str:
        """Stands for the cell in the file of results: equal exactly for equal cells."""

    @property
    def title(self) -> str:
        """A few words for the person who waits."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object that says everything the result depends on."""


class AnyResult(Protocol):
    """What came of a cell."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""


C = TypeVar("C", bound=AnyCell)
R = TypeVar("R", bound=AnyResult)


@dataclass(frozen=True)
class Engine(Generic[C, R]):
    """How cells of one kind are run. `run` is a function of a module, for worker processes find it by name.

    `run(cell, data_dir)` gives a result or raises; `read` makes a result of its JSON object again; `tables` shows many.
    """

    run: Callable[[C, Path | None], R]
    read: Callable[[Mapping[str, Any]], R]
    tables: Callable[[Sequence[tuple[C, R]]], Sequence[Table]]


@dataclass(frozen=True)
class Experiment(Generic[C, R]):
    """A grid ready to run. `left_out`: what the grid asks for and cannot have, with the reason, a sentence each."""

    name: str
    cells: Sequence[C]
    engine: Engine[C, R]
    left_out: Sequence[str] = ()
