"""The directory of blocks: corruption, crashes, full disks."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing, StoreCorrupt, StoreUnusable
from node.storage.local import LocalStore
from node.storage.unixfs import MEBIBYTE, root_of

DATA = b"0123456789" * 100


def block_file(store: LocalStore, cid: Cid) -> Path:
    return store.path / "blocks" / cid.digest.hex()[:2] / cid.digest.hex()


def files(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("damage", ["flip", "truncate", "extend", "empty"])
def test_a_damaged_block_is_never_handed_out(tmp_path: Path, damage: str) -> None:
    with LocalStore(tmp_path) as store:
        cid = store.add(DATA)
        path = block_file(store, cid)
        damaged = {"flip": b"X" + DATA[1:], "truncate": DATA[:-1], "extend": DATA + b"x", "empty": b""}[damage]
        path.write_bytes(damaged)
        with pytest.raises(StoreCorrupt, match=str(cid)) as caught:
            store.get(cid)
        assert caught.value.cid == cid
        assert caught.value.path == tmp_path / "quarantine" / path.name
        assert caught.value.path.read_bytes() == damaged
        assert not store.has(cid)
        with pytest.raises(BlockMissing):
            store.get(cid)
        store.add(DATA)
        assert store.get(cid) == DATA


def test_a_damaged_leaf_is_named_when_it_is_read_and_not_before(tmp_path: Path) -> None:
    data = bytes(MEBIBYTE) + b"end"
    with LocalStore(tmp_path) as store:
        cid, leaf = store.add(data), root_of(b"end")
        block_file(store, leaf).write_bytes(b"END")
        assert store.get(cid, 0, MEBIBYTE) == bytes(MEBIBYTE)
        with pytest.raises(StoreCorrupt, match=str(leaf)):
            store.get(cid)


def test_leftovers_of_a_crash_are_removed_at_the_next_start(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as store:
        store.add(DATA)
    (tmp_path / "temporary" / "half").write_bytes(b"half a blo")
    with LocalStore(tmp_path) as store:
        assert files(tmp_path / "temporary") == []
        assert store.get(root_of(DATA)) == DATA


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    with LocalStore(tmp_path):
        (tmp_path / "temporary" / "being written").write_bytes(b"half a blo")
        with LocalStore(tmp_path):
            assert files(tmp_path / "temporary") == ["being written"]
    with LocalStore(tmp_path):
        assert files(tmp_path / "temporary") == []


WRITER = """
import pathlib, sys
from node.storage.local import LocalStore
store = LocalStore(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
for index in range(10**9):
    store.add(index.to_bytes(8, "big") * 40000)
"""


def test_a_store_killed_at_any_moment_holds_whole_blocks_only(tmp_path: Path) -> None:
    """SIGKILL in the middle of writing, many times over one directory."""
    written = 0
    for pause in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            while len(list((tmp_path / "blocks").glob("*/*"))) < 5 * (pause + 1) and process.poll() is None:
                os.sched_yield()
            process.send_signal(signal.SIGKILL)
        with LocalStore(tmp_path) as store:
            assert files(tmp_path / "temporary") == []
            digests = list(store.blocks())
            for digest in digests:
                assert store.get_block(digest)
            assert len(digests) >= written
            written = len(digests)
    assert written > 0


LIMITED = """
import pathlib, resource, sys
from node.storage.errors import StoreUnusable
from node.storage.local import LocalStore
store = LocalStore(pathlib.Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    store.add(bytes(100_000))
except StoreUnusable as error:
    print(error)
print(store.add(b"small").digest.hex())
"""


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A real write that fails in the middle: the kernel refuses bytes beyond the process's file size limit."""
    assert hasattr(resource, "RLIMIT_FSIZE")
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True)
    error, digest = done.stdout.splitlines()
    assert error.startswith(f"the block store {tmp_path} cannot be used: ")
    assert "File too large" in error
    assert digest == root_of(b"small").digest.hex()
    assert files(tmp_path / "temporary") == []
    with LocalStore(tmp_path) as store:
        assert list(store.blocks()) == [root_of(b"small").digest]


def test_a_path_that_is_a_file_is_one_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("not a directory")
    with pytest.raises(StoreUnusable, match="cannot be used: ") as caught:
        LocalStore(path)
    assert caught.value.path == path


def test_a_directory_that_is_no_store_is_not_made_one_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="holds no blocks"):
        LocalStore(tmp_path / "nothing", create=False)
    assert files(tmp_path) == []


def test_strange_files_are_named(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as store:
        (tmp_path / "pins" / "what").write_bytes(b"")
        with pytest.raises(StoreUnusable, match="'what'"):
            store.pins()
        store.add(DATA)
        (block_file(store, Cid(RAW, root_of(DATA).digest)).parent / "README").write_text("hello")
        with pytest.raises(StoreUnusable, match="README"):
            list(store.blocks())


def test_adding_what_is_there_writes_nothing(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as store:
        cid = store.add(DATA)
        before = block_file(store, cid).stat()
        store.add(DATA)
        assert block_file(store, cid).stat().st_ino == before.st_ino
