"""The shelf serves what checkers may ask for now, and does not grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.checks.shelf import Shelved, TraceShelf
from node.storage.errors import BlockMissing
from node.storage.memory import MemoryStore


def test_two_rounds_are_kept_and_survive_a_restart(tmp_path: Path) -> None:
    shelf = TraceShelf(tmp_path / "traces")
    digests = [shelf.add(number, b"piece %d" % number) for number in (1, 2, 3)]
    shelf.close()
    again = TraceShelf(tmp_path / "traces")
    assert [again.get(again.resolve(digest)) for digest in digests[1:]] == [b"piece 2", b"piece 3"]
    with pytest.raises(BlockMissing):
        again.get_block(digests[0])
    assert sorted(folder.name for folder in (tmp_path / "traces").iterdir()) == ["2", "3"]
    again.close()


def test_a_gateway_serves_the_store_and_the_shelf(tmp_path: Path) -> None:
    shelf, store = TraceShelf(tmp_path), MemoryStore()
    both = Shelved(store, shelf)
    kept, shown = store.add(b"message"), both.resolve(shelf.add(1, b"trace"))
    assert (both.get(kept), both.get(shown)) == (b"message", b"trace")
    assert both.has(kept)
    assert both.has(shown)
    shelf.close()
