"""The example in docs/wire-format.md is what the codec does."""

from __future__ import annotations

import re

import numpy as np

from node.codec import MessageHeader, data_leaves, decode, encode, parse
from node.codec.header import HEADER_BYTES
from node.codec.update import SHIFT_MAXIMUM
from node.manifest import Manifest, TensorSpec
from tests.support.markdown import DOCS, Document

PAGE = Document(DOCS / "wire-format.md")
MANIFEST = Manifest(
    task="example",
    tensors=(TensorSpec("weight", (3, 4), 1024), TensorSpec("bias", (3,), 0)),
    rule="mean",
    byzantine=0,
    alpha_q16=1 << 16,
)
HEADER = MessageHeader(bytes(32), 1, 1, bytes(32), MANIFEST.digest)


def code_of(heading: str) -> list[str]:
    """Lines of the fenced block of a section."""
    return PAGE.section(heading).split("```text\n")[1].split("```")[0].splitlines()


def message() -> bytes:
    """The example's message, with any header before the bytes that the page shows."""
    shown = "".join(line.split("  ")[0] for line in code_of("An example"))
    return HEADER.to_bytes() + bytes.fromhex(shown)


def vector() -> list[float]:
    """The example's update."""
    line = next(line for line in PAGE.section("An example").splitlines() if line.startswith("    "))
    return [float(text) for text in re.findall(r"-?[0-9.]+", line)]


def test_the_bytes_are_what_the_encoder_writes_for_the_update() -> None:
    assert encode(np.array(vector(), dtype=np.float32), MANIFEST, HEADER) == message()


def test_they_say_what_the_page_says_they_do() -> None:
    update = parse(message(), MANIFEST)
    assert update.positions.tolist() == [0, 4, 7, 12, 13, 14]
    assert update.mantissas.tolist() == [139, 139, -139, 64, -32, 0]
    assert decode(update, MANIFEST.layout)[12:].tolist() == [64 * 2**-10, -0.03125, 0]


def test_the_records_are_those_of_the_data_tree() -> None:
    records = [bytes.fromhex(line).ljust(64, b"\0") for line in code_of("Data records")]
    assert data_leaves(parse(message(), MANIFEST), MANIFEST.layout) == records


def test_numbers_that_the_page_repeats() -> None:
    assert f"follows the {HEADER_BYTES} bytes of the header" in PAGE.text
    assert f"0 to {SHIFT_MAXIMUM}" in PAGE.section("What an entry says")
