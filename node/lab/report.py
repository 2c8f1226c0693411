"""What is left of a grid for people: tables in Markdown, everything in JSON, a heat map a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from node.errors import StateError
from node.lab.experiment import C, Experiment, R
from node.lab.grid import GridOutcome
from node.lab.table import Table

TABLES_FILE = "tables.md"
DOCUMENT_FILE = "lab.json"
HEAT_RANGE = 0.25  # rules differ by a few points where it matters; on a scale from 0 to 1 all would be green


def document(experiment: Experiment[C, R], outcome: GridOutcome[C, R]) -> dict[str, Any]:
    """All of it as one JSON object: tables, what was left out, what failed, and every cell with its result."""
    return {
        "experiment": experiment.name,
        "tables": [table.to_json() for table in experiment.engine.tables(outcome.results)],
        "left_out": list(experiment.left_out),
        "outdated": outcome.outdated,
        "failed": [{"cell": cell.to_json(), "error": error} for cell, error in outcome.failed],
        "cells": [{"cell": cell.to_json(), "result": result.to_json()} for cell, result in outcome.results],
    }


def markdown(experiment: Experiment[C, R], outcome: GridOutcome[C, R]) -> str:
    """The tables, then what is outdated, what was left out and what failed."""
    parts = [table.to_markdown() for table in experiment.engine.tables(outcome.results)]
    if outcome.outdated:
        parts.append(
            f"{outcome.outdated} of {len(outcome.results)} results were made by another version of the code.\n"
        )
    if experiment.left_out:
        parts.append(_listed("Left out, outside their bound", experiment.left_out))
    if outcome.failed:
        parts.append(_listed("Failed", [f"{cell.title}: {error}" for cell, error in outcome.failed]))
    return "\n".join(parts)


def write_report(experiment: Experiment[C, R], outcome: GridOutcome[C, R], folder: Path) -> list[Path]:
    """Write Markdown, JSON and, where matplotlib is installed, a heat map a table. Returns the files, in that order.

    Raises StateError when one cannot be written, for instance on a full disk.
    """
    written = [folder / TABLES_FILE, folder / DOCUMENT_FILE]
    tables, everything = markdown(experiment, outcome), json.dumps(document(experiment, outcome), indent=1) + "\n"
    try:
        written[0].write_text(tables, encoding="utf-8")
        written[1].write_text(everything, encoding="utf-8")
        for table in experiment.engine.tables(outcome.results):
            path = folder / f"{table.slug}.png"
            if draw_heat_map(table, path):
                written.append(path)
    except OSError as error:
        raise StateError(f"the report in {folder} cannot be written: {error.strerror}") from error
    return written


def draw_heat_map(table: Table, path: Path) -> bool:
    """Draw the figures that have a colour: green for the best of all, red for 25 points and more below it.

    False where matplotlib is missing, or there is nothing to draw.
    """
    columns = [i for i in range(len(table.columns)) if any(_heat(figures, i) is not None for _, figures in table.rows)]
    if not columns:
        return False
    try:
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        return False
    heats = [[_heat(figures, i) for i in columns] for _, figures in table.rows]
    best = max(heat for row in heats for heat in row if heat is not None)
    canvas = Canvas(figsize=(3.5 + 0.4 * len(columns), 1.6 + 0.3 * len(heats)), layout="constrained")
    axes = canvas.subplots()
    shown = [[float("nan") if heat is None else heat for heat in row] for row in heats]
    axes.imshow(shown, cmap="RdYlGn", vmin=best - HEAT_RANGE, vmax=best, aspect="auto")
    for y, (_, figures) in enumerate(table.rows):
        for x, column in enumerate(columns):
            figure = figures[column]
            if figure is not None:
                axes.text(x, y, f"{100 * figure.value:.0f}", ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(columns)), [table.columns[i] for i in columns], rotation=60, ha="right", fontsize=7)
    axes.set_yticks(range(len(heats)), [name for name, _ in table.rows], fontsize=7)
    axes.set_title(table.title, fontsize=9)
    canvas.savefig(path, dpi=110, metadata={"Software": None})
    return True


def _heat(figures: Sequence[Any], column: int) -> float | None:
    figure = figures[column]
    return None if figure is None else figure.heat


def _listed(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{title}:", "", *(f"- {line}" for line in lines)]) + "\n"
