"""The IDX reader, mostly against files that are not what they should be."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.errors import TaskError
from node.tasks.idx import MAXIMUM_BYTES, MalformedIdx, find_idx, read_idx

CONTENT = bytes(range(24))
HEADER = struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4)
WHOLE = HEADER + CONTENT


def _write(folder: Path, data: bytes, name: str = "some-idx3-ubyte") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_plain_file_is_read_in_its_declared_shape(tmp_path: Path) -> None:
    array = read_idx(_write(tmp_path, WHOLE), (None, 3, 4))
    assert array.dtype == np.uint8
    assert np.array_equal(array, np.arange(24).reshape(2, 3, 4))


def test_a_gzip_file_gives_the_same_array(tmp_path: Path) -> None:
    array = read_idx(_write(tmp_path, gzip.compress(WHOLE), "some-idx3-ubyte.gz"), (2, 3, 4))
    assert np.array_equal(array, np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("data", "what", "found", "expected"),
    [
        (b"", "magic number", "0x", "0x00000803"),
        (b"\x00\x00\x08\x01" + WHOLE[4:], "magic number", "0x00000801", "0x00000803"),
        (b"\x00\x00\x0d\x03" + WHOLE[4:], "magic number", "0x00000d03", "0x00000803"),
        (b"\x1f\x8b\x08\x00" + WHOLE[4:], "magic number", "0x1f8b0800", "0x00000803"),
        (WHOLE[:10], "header", "10 bytes", "16 bytes"),
        (struct.pack(">HBB3I", 0, 8, 3, 2, 4, 3) + CONTENT, "shape", "2 x 4 x 3", "any x 3 x 4"),
        (struct.pack(">HBB3I", 0, 8, 3, 0, 3, 4), "declared size", "0 bytes", f"1 to {MAXIMUM_BYTES} bytes"),
        (WHOLE[:-1], "content", "23 bytes", "24 bytes, as its header says"),
        (WHOLE + b"\x00", "content", "more than 24 bytes", "24 bytes, as its header says"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_what_was_found_and_what_was_expected(
    tmp_path: Path, data: bytes, what: str, found: str, expected: str
) -> None:
    path = _write(tmp_path, data)
    with pytest.raises(MalformedIdx) as caught:
        read_idx(path, (None, 3, 4))
    assert (caught.value.what, caught.value.found, caught.value.expected) == (what, found, expected)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_huge_declared_size_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = _write(tmp_path, struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 3, 4))
    with pytest.raises(MalformedIdx, match="declared size"):
        read_idx(path, (None, 3, 4))


def test_a_gzip_bomb_is_read_no_further_than_declared(tmp_path: Path) -> None:
    path = _write(tmp_path, gzip.compress(HEADER + bytes(50_000_000)), "some-idx3-ubyte.gz")
    with pytest.raises(MalformedIdx, match="more than 24 bytes"):
        read_idx(path, (None, 3, 4))


@pytest.mark.parametrize("damage", ["not gzip", "cut", "checksum"])
def test_a_damaged_gzip_stream_is_refused(tmp_path: Path, damage: str) -> None:
    stream = gzip.compress(WHOLE)
    broken = {"not gzip": WHOLE, "cut": stream[:-9], "checksum": stream[:-8] + b"\x00" * 4 + stream[-4:]}[damage]
    path = _write(tmp_path, broken, "some-idx3-ubyte.gz")
    with pytest.raises(MalformedIdx, match="compression"):
        read_idx(path, (None, 3, 4))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(data=st.data(), compressed=st.booleans())
def test_mutated_files_give_an_array_of_the_asked_shape_or_a_task_error(
    tmp_path: Path, data: st.DataObject, compressed: bool
) -> None:
    stream = bytearray(gzip.compress(WHOLE) if compressed else WHOLE)
    for position, value in data.draw(st.lists(st.tuples(st.integers(0, len(stream) - 1), st.integers(0, 255)))):
        stream[position] = value
    cut = data.draw(st.integers(0, len(stream)))
    path = _write(tmp_path, bytes(stream[:cut]), "some-idx3-ubyte" + (".gz" if compressed else ""))
    try:
        array = read_idx(path, (None, 3, 4))
    except TaskError:
        return
    assert array.shape[1:] == (3, 4)


def test_a_file_is_found_plain_first_then_compressed(tmp_path: Path) -> None:
    compressed = _write(tmp_path, b"", "labels.gz")
    assert find_idx(tmp_path, "labels") == compressed
    plain = _write(tmp_path, b"", "labels")
    assert find_idx(tmp_path, "labels") == plain


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"has no file train-labels or train-labels\.gz") as caught:
        find_idx(tmp_path, "train-labels")
    assert str(tmp_path) in str(caught.value)


def test_a_file_that_cannot_be_opened_is_a_task_error(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="cannot be read"):
        read_idx(tmp_path, (None,))
