"""Measured tables in a document of prose: each between two comments, so that a new measurement replaces the old one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def put(path: Path, section: str, text: str) -> None:
    """Replace what stands between `<!-- section -->` and `<!-- end of section -->`. Raises ValueError without them."""
    document = path.read_text(encoding="utf-8")
    before, opening, rest = document.partition(f"<!-- {section} -->\n")
    _, closing, after = rest.partition(f"<!-- end of {section} -->\n")
    if not opening or not closing:
        raise ValueError(f"{path} has no section {section!r} between comments")
    path.write_text(f"{before}{opening}\n{text.strip()}\n\n{closing}{after}", encoding="utf-8")


def describe(versions: Mapping[str, str]) -> str:
    """Names with versions in a line."""
    return ", ".join(f"{name} {version}" for name, version in versions.items())
