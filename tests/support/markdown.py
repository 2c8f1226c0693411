"""Markdown files of the project, read as their readers see them: headings, links, blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = (".", "docs", "contracts", "node", "verifier", "frontend_api", "hardhat-free-devnet", "scripts", "tests")

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of code. `before`: the last line of text above it."""

    language: str
    text: str
    before: str


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @cached_property
    def text(self) -> str:
        """Everything."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """Everything but fenced blocks."""
        return _FENCED.sub("", self.text)

    @property
    def links(self) -> list[str]:
        """Targets of all links."""
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link can name after its #, as the usual renderers make it of headings."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}

    @property
    def blocks(self) -> list[Block]:
        """Fenced blocks, in order."""
        return [
            Block(match[1], match[2], self.text[: match.start()].rstrip().rpartition("\n")[2])
            for match in _FENCED.finditer(self.text)
        ]

    def section(self, heading: str) -> str:
        """The text from a heading to the next one of the same depth or above."""
        start = re.search(rf"^(#+) +{re.escape(heading)} *$", self.text, re.MULTILINE)
        assert start is not None, f"{self.path} has no section {heading!r}"
        end = re.compile(rf"^#{{1,{len(start[1])}}} ", re.MULTILINE).search(self.text, start.end())
        return self.text[start.end() : end.start() if end else None]


def documents() -> Iterator[Document]:
    """Every Markdown file of the project."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.md")):
            yield Document(path)


def _anchor(heading: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
