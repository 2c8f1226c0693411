"""What commands print: data to stdout, everything said to a person to stderr.

On a terminal tables are drawn; elsewhere rows come out whole, one a line and tab-separated, so that `cut` and `awk`
work and no identifier is ever shortened. `--json` writes one JSON document past Rich, which would fold it. Rich itself
honours NO_COLOR.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from frontend_api.errors import SettingsError

WEI = 10**18
DECIMALS = 6


class Output:
    """One command's stdout and stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(highlight=False)
        self.messages = Console(stderr=True, highlight=False)

    def say(self, message: str) -> None:
        """A sentence for the person at the terminal; nothing a program should read."""
        self.messages.print(Text(message), soft_wrap=True)

    def working(self, message: str) -> AbstractContextManager[object]:
        """Show on a terminal that something is under way; elsewhere nothing moves."""
        return self.messages.status(message) if self.messages.is_terminal else nullcontext()

    def document(self, document: BaseModel | Mapping[str, Any] | Sequence[Any]) -> None:
        """One JSON document."""
        if isinstance(document, BaseModel):
            document = document.model_dump(mode="json")
        sys.stdout.write(json.dumps(document, indent=2 if self.console.is_terminal else None) + "\n")
        sys.stdout.flush()

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table on a terminal, tab-separated rows elsewhere."""
        cells = [[_cell(value) for value in row] for row in rows]
        if not self.console.is_terminal:
            for line in ([name.lower() for name in columns], *cells):
                sys.stdout.write("\t".join(line) + "\n")
            sys.stdout.flush()
            return
        table = Table(title=title, title_justify="left", header_style="bold")
        for name in columns:
            table.add_column(name, overflow="fold")
        for line in cells:
            table.add_row(*(Text(cell) for cell in line))
        self.console.print(table)

    def facts(self, facts: Mapping[str, object]) -> None:
        """Name and value, one a line."""
        width = max(map(len, facts), default=0)
        for name, value in facts.items():
            shown = _cell(value)
            if self.console.is_terminal:
                self.console.print(Text.assemble((name.ljust(width), "bold"), "  ", shown), soft_wrap=True)
            else:
                sys.stdout.write(f"{name}\t{shown}\n")
        sys.stdout.flush()


def tokens(amount_wei: int) -> str:
    """An amount in tokens for people, cut (never rounded up) after six decimals: 1500000000000000000 -> 1.5.

    "…" says that there is more; the exact amount in wei is in the JSON.
    """
    whole, rest = divmod(amount_wei, WEI)
    shown, hidden = divmod(rest, WEI // 10**DECIMALS)
    text = f"{whole}.{shown:0{DECIMALS}d}"
    return f"{text}…" if hidden else text.rstrip("0").rstrip(".")


def require_writable(file: Path) -> None:
    """Refuse at once what cannot be written in the end. Raises SettingsError."""
    cause = None
    if file.is_dir():
        cause = "it is a folder"
    elif not file.parent.is_dir():
        cause = f"there is no folder {file.parent}"
    elif not os.access(file if file.exists() else file.parent, os.W_OK):
        cause = "permission denied"
    if cause is not None:
        raise SettingsError(f"the output cannot be written to {file}: {cause}")


def write_file(file: Path, data: bytes) -> None:
    """Write the output that a command was asked for. Raises SettingsError."""
    try:
        file.write_bytes(data)
    except OSError as error:
        raise SettingsError(f"the output cannot be written to {file}: {error.strerror or error}") from error


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return str(value)
