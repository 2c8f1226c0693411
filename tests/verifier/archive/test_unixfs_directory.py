"""Folders as IPFS writes them, against the fixtures of the UnixFS specification."""

from __future__ import annotations

import contextlib

import pytest

from node.storage.cid import Cid
from node.storage.unixfs import root_of
from verifier.archive.unixfs_directory import Entry, decode_directory, encode_directory
from verifier.errors import ArchiveDamaged

# https://specs.ipfs.tech/unixfs/, "Simple Directory": dir-with-files.car.
ASCII, HELLO = b"hello application/vnd.ipld.car\n", b"hello world\n"
MULTIBLOCK = Entry(Cid.parse("bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa"), 1271)
SPECIFIED = "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy"
EMPTY = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"


def specified() -> dict[str, Entry]:
    ascii_entry = Entry(root_of(ASCII), len(ASCII))
    return {
        "multiblock.txt": MULTIBLOCK,
        "ascii.txt": ascii_entry,
        "hello.txt": Entry(root_of(HELLO), len(HELLO)),
        "ascii-copy.txt": ascii_entry,
    }


def test_folders_have_the_identifiers_of_the_specification() -> None:
    assert str(encode_directory(specified()).cid) == SPECIFIED
    assert str(encode_directory({}).cid) == EMPTY


def test_a_folder_is_read_back() -> None:
    assert decode_directory(encode_directory(specified()).data, "here") == specified()


def test_every_changed_byte_is_noticed_or_changes_the_entries() -> None:
    block = encode_directory(specified()).data
    for position in range(len(block)):
        changed = block[:position] + bytes([block[position] ^ 1]) + block[position + 1 :]
        with contextlib.suppress(ArchiveDamaged):
            assert decode_directory(changed, "here") != specified()


@pytest.mark.parametrize("block", [b"", b"\x0a", b"\x12\x05abc", b"\x0a\x02\x08\x02", b"\xff" * 40])
def test_other_bytes_are_no_folder(block: bytes) -> None:
    with pytest.raises(ArchiveDamaged):
        decode_directory(block, "here")


def test_a_folder_above_one_block_is_refused() -> None:
    entry = Entry(root_of(b""), 0)
    with pytest.raises(ValueError, match="a directory of 30000 names takes"):
        encode_directory({str(number): entry for number in range(30000)})
