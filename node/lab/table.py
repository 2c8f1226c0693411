"""A table of figures: rows, columns, numbers; as Markdown, as JSON, and as what a heat map is drawn from."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Final

WIDEST: Final = 16


@dataclass(frozen=True)
class Figure:
    """A number to show. `text`: as people read it. `heat`: its place on the scale of a heat map, None for no colour."""

    value: float
    text: str
    heat: float | None = None


@dataclass(frozen=True)
class Table:
    """`rows`: a name and a figure a column each, None where there is no result. `corner`: what the rows are."""

    title: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Figure | None, ...]], ...]
    note: str = ""

    @property
    def slug(self) -> str:
        """The title as a file name."""
        return re.sub(r"[^a-z0-9.]+", "-", self.title.lower()).strip("-")

    def to_markdown(self) -> str:
        """Heading, table, note. What has more columns than a page is wide is turned round."""
        cells = [[self.corner, *self.columns]]
        cells += [[f"`{name}`", *("–" if it is None else it.text for it in figures)] for name, figures in self.rows]
        if len(self.columns) > max(WIDEST, len(self.rows)):
            cells = [list(column) for column in zip(*cells, strict=True)]
        lines = [f"### {self.title}", "", _line(cells[0]), _line(["---"] * len(cells[0])), *map(_line, cells[1:])]
        return "\n".join([*lines, *(["", self.note] if self.note else [])]) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Title, and by row, by column, the numbers."""
        rows = {
            name: {
                column: None if figure is None else figure.value
                for column, figure in zip(self.columns, figures, strict=True)
            }
            for name, figures in self.rows
        }
        return {**{key: asdict(self)[key] for key in ("title", "columns", "note")}, "rows": rows}


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
