"""IpfsStore against a daemon somebody else wrote, when one is there: Kubo, js-ipfs.

    SWARMPROOF_IPFS_API=/ip4/127.0.0.1/tcp/5001/http python -m pytest tests/node/storage/test_ipfs_daemon.py

It adds a few megabytes under fresh random content and unpins them; it never collects garbage.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing
from node.storage.ipfs import IpfsStore
from node.storage.local import LocalStore
from node.storage.unixfs import MEBIBYTE, root_of

ADDRESS = os.environ.get("SWARMPROOF_IPFS_API")

pytestmark = pytest.mark.skipif(ADDRESS is None, reason="set SWARMPROOF_IPFS_API to the RPC of an IPFS daemon")


@pytest.fixture
def store() -> Iterator[IpfsStore]:
    with IpfsStore(str(ADDRESS)) as opened:
        yield opened


@pytest.mark.parametrize("size", [0, 100, MEBIBYTE, 3 * MEBIBYTE + 1])
def test_names_and_gives_back_the_same(store: IpfsStore, size: int) -> None:
    data = os.urandom(size)
    assert store.add(data) == store.add_stream(io.BytesIO(data)) == root_of(data)
    assert store.get(root_of(data)) == data
    assert store.get(root_of(data), size // 2, 10) == data[size // 2 : size // 2 + 10]


def test_pins_what_it_holds(store: IpfsStore) -> None:
    cid = store.add(os.urandom(2 * MEBIBYTE))
    store.pin(cid)
    assert cid in store.pins()
    assert cid.digest in set(store.blocks())
    store.unpin(cid)
    store.unpin(cid)
    assert cid not in store.pins()


def test_says_at_once_what_it_does_not_hold(store: IpfsStore) -> None:
    missing = Cid(RAW, os.urandom(32))
    assert not store.has(missing)
    for call in (store.get, store.pin):
        with pytest.raises(BlockMissing):
            call(missing)


def test_takes_the_blocks_and_archives_of_others(store: IpfsStore, tmp_path: Path) -> None:
    archive = io.BytesIO()
    with LocalStore(tmp_path) as local:
        first, second = (local.add(os.urandom(2 * MEBIBYTE + 5)) for _ in range(2))
        for digest in local.blocks():
            store.put_block(local.get_block(digest), digest)
        third = local.add(os.urandom(MEBIBYTE + 5))
        local.export_car([third], archive)
        archive.seek(0)
        assert store.import_car(archive) == [third]
        for cid in (first, second, third):
            assert store.get(cid) == local.get(cid)
