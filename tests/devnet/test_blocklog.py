"""The append-only file: cut anywhere, rotten anywhere, full disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from devnet.blocklog import HEAD, MAGIC, BlockLog, DamagedLog, WriteFailed

RECORDS = [b"how it began", b"", b"one", b"two" * 40, b"\x00" * 30, b"last"]


def written(path: Path) -> list[int]:
    """A log with RECORDS; where each of them ends."""
    log = BlockLog(path, RECORDS[0])
    assert [entry.payload for entry in log.replay()] == RECORDS[:1]
    ends = [path.stat().st_size]
    for record in RECORDS[1:]:
        log.append(record)
        ends.append(path.stat().st_size)
    log.close()
    return ends


def read(path: Path) -> list[bytes]:
    """All records."""
    log = BlockLog(path, b"not used")
    try:
        return [entry.payload for entry in log.replay()]
    finally:
        log.close()


def test_what_was_appended_is_read_in_order_with_its_offsets(tmp_path: Path) -> None:
    ends = written(tmp_path / "log")
    log = BlockLog(tmp_path / "log", b"not used")
    entries = list(log.replay())
    log.close()
    assert [entry.payload for entry in entries] == RECORDS
    assert [entry.offset for entry in entries] == [len(MAGIC), *ends[:-1]]


def test_a_log_cut_at_any_byte_keeps_every_whole_record_and_can_be_written_on(tmp_path: Path) -> None:
    ends = written(tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    path = tmp_path / "cut"
    for size in range(ends[0], len(content)):
        path.write_bytes(content[:size])
        whole = RECORDS[: sum(end <= size for end in ends)]
        log = BlockLog(path, b"not used")
        assert [entry.payload for entry in log.replay()] == whole
        assert path.stat().st_size == ends[len(whole) - 1]
        log.append(b"goes on")
        log.close()
        assert read(path) == [*whole, b"goes on"]


def test_zeros_that_a_power_cut_left_at_the_end_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "log"
    ends = written(path)
    for zeros in (1, HEAD.size, 5_000):
        with path.open("ab") as file:
            file.write(bytes(zeros))
        assert read(path) == RECORDS
        assert path.stat().st_size == ends[-1]


def test_any_byte_that_changed_is_found_and_nothing_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    ends = written(path)
    content = path.read_bytes()
    starts = [0, len(MAGIC), *ends[:-1]]
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :])
        with pytest.raises(DamagedLog) as refusal:
            read(path)
        assert refusal.value.offset == max(start for start in starts if start <= position)
        assert str(path) in str(refusal.value)
        assert f"offset {refusal.value.offset}" in str(refusal.value)
        assert path.stat().st_size == len(content)


def test_a_length_that_rotted_is_not_taken_for_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "log"
    ends = written(path)
    content = bytearray(path.read_bytes())
    content[ends[1]] = 0x7F  # the first record after that claims to be two gigabytes long
    path.write_bytes(content)
    with pytest.raises(DamagedLog, match=r"checksum of a record's head: expected [0-9a-f]{8}, found [0-9a-f]{8}"):
        read(path)


def test_another_file_is_not_taken_for_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a letter to my aunt, which nobody should overwrite")
    with pytest.raises(DamagedLog, match="no block log"):
        read(path)


def test_a_full_disk_keeps_what_was_there_and_refuses_all_that_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    ends = written(path)
    log = BlockLog(path, b"not used")
    assert len(list(log.replay())) == len(RECORDS)
    write = os.pwrite

    def half(file: int, content: bytes, offset: int) -> int:
        """Writes half of it, then the disk is full."""
        if offset > ends[-1]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, content[: len(content) // 2], offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", half)
        with pytest.raises(WriteFailed, match=f"cannot write {path} at offset {ends[-1]}: No space left on device"):
            log.append(b"too much")
    with pytest.raises(WriteFailed):
        log.append(b"even now that there is space again")
    log.close()
    assert read(path) == RECORDS


def test_a_disk_that_cannot_say_it_has_the_record_does_not_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    written(path)
    log = BlockLog(path, b"not used")
    assert len(list(log.replay())) == len(RECORDS)

    def broken(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(WriteFailed, match="Input/output error"):
            log.append(b"who knows")
    log.close()
    assert read(path) == RECORDS
