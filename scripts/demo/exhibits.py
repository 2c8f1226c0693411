"""What the parties of each job served, side by side: a picture of pictures, or a page of texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.generation import GenerationError
from scripts.demo.hearing import Case, Hearing
from verifier.court.output_file import read_image

if TYPE_CHECKING:
    from PIL import Image

CELL: Final = 112  # pixels of an image's cell, without its margin
MARGIN: Final = 8
CAPTION: Final = 220
LINE: Final = 14
PAPER, INK, GREEN, RED = "#ffffff", "#222222", "#1a7f37", "#cf222e"


def write_exhibits(hearing: Hearing, folder: Path) -> Path:
    """Write `court-images.png` or `court-texts.md` into the folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    if hearing.kind == "image":
        return _write_images(hearing.cases, folder / "court-images.png")
    return _write_texts(hearing.cases, folder / "court-texts.md")


def _write_images(cases: Sequence[Case], file: Path) -> Path:
    """A row for each job: what was asked and found, then the worker's image and the first committee's."""
    from PIL import Image, ImageDraw  # a demonstration without images does not need it

    columns = max(len(case.exhibits) for case in cases)
    row = CELL + LINE + 2 * MARGIN
    sheet = Image.new("RGB", (CAPTION + columns * (CELL + MARGIN) + MARGIN, len(cases) * row + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, case in enumerate(cases):
        top = MARGIN + number * row
        colour = GREEN if case.cheat is None else RED
        for place, line in enumerate(_caption(case)):
            draw.text((MARGIN, top + LINE + place * LINE), line, fill=INK if place else colour)
        for place, exhibit in enumerate(case.exhibits):
            left = CAPTION + place * (CELL + MARGIN)
            draw.text((left, top), exhibit.who, fill=INK)
            image = _image(exhibit.data)
            if image is None:
                draw.text((left + MARGIN, top + CELL // 2), "no image", fill=INK)
            else:
                sheet.paste(image.resize((CELL, CELL), Image.Resampling.NEAREST), (left, top + LINE))
    sheet.save(file)
    return file


def _image(data: bytes | None) -> Image.Image | None:
    """The image, if there is one: a cheat may serve anything."""
    from PIL import Image

    if data is None:
        return None
    try:
        return Image.fromarray(read_image(data))
    except GenerationError:
        return None


def _write_texts(cases: Sequence[Case], file: Path) -> Path:
    """A section for each job, with the worker's text and the first committee's."""
    sections = []
    for case in cases:
        parts = [f"## {_caption(case)[0]}", "", *(f"    {line}" for line in _caption(case)[1:])]
        for exhibit in case.exhibits:
            shown = "(no text)" if exhibit.data is None else exhibit.data.decode("utf-8", errors="backslashreplace")
            parts += ["", f"{exhibit.who}:", "", *(f"    {line}" for line in shown.splitlines() or [""])]
        sections.append("\n".join(parts))
    file.write_text("# Outputs before the court\n\n" + "\n\n".join(sections) + "\n", "utf-8")
    return file


def _caption(case: Case) -> list[str]:
    """Who the worker was, what was asked, and what each committee found."""
    lines = [case.cheat or "honest", f"prompt {case.prompt!r}"]
    for round_ in case.job.rounds:
        if round_.decision is not None:
            bits = " ".join("-" if bits is None else str(bits) for bits in round_.decision.distances[:3])
            lines += [
                f"{round_.size} verifiers: {round_.decision.verdict}",
                f"  distances {bits} (T = {round_.threshold})",
            ]
    return lines
