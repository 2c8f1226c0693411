"""What every store does, whatever is behind it: one suite for all of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from node.storage.cid import DAG_PB, RAW, Cid
from node.storage.errors import BlockMissing, BlockTooLarge, MalformedCar, WrongBlock
from node.storage.gateway_store import GatewayStore
from node.storage.ipfs import IpfsStore
from node.storage.local import LocalStore
from node.storage.store import ContentReader, ContentStore
from node.storage.unixfs import MEBIBYTE, root_of
from tests.support.gateways import gateway_in_thread
from tests.support.keystream import Keystream
from tests.support.kubo_rpc import KuboState, kubo_daemon

SMALL = b"a message"
LARGE = Keystream("contract", 3 * MEBIBYTE + 17).read()
MISSING = Cid.of(RAW, b"nobody has this")

OpenStore = Callable[[], ContentStore]


@pytest.fixture(params=["local", "ipfs", "ipfs-base58"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the same store anew at each call."""
    with ExitStack() as stack:
        if request.param == "local":
            yield lambda: stack.enter_context(LocalStore(tmp_path / "store"))
        else:
            address, _ = stack.enter_context(kubo_daemon(KuboState(base58=request.param == "ipfs-base58")))
            yield lambda: stack.enter_context(IpfsStore(address))


@pytest.fixture
def store(open_store: OpenStore) -> ContentStore:
    return open_store()


@pytest.fixture(params=["local", "ipfs", "gateway"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ContentReader]:
    """A store that holds SMALL and LARGE and may only be read."""
    with ExitStack() as stack:
        if request.param == "ipfs":
            address, _ = stack.enter_context(kubo_daemon())
            held: ContentStore = stack.enter_context(IpfsStore(address))
        else:
            held = stack.enter_context(LocalStore(tmp_path / "held"))
        for data in (SMALL, LARGE, b""):
            held.add(data)
        if request.param == "gateway":
            url = stack.enter_context(gateway_in_thread(held))
            yield stack.enter_context(GatewayStore([url]))
        else:
            yield held


# Reading


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_gives_back_what_was_added(reader: ContentReader, data: bytes) -> None:
    assert reader.get(root_of(data)) == data
    assert reader.has(root_of(data))


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (0, 5),
        (MEBIBYTE - 3, 6),
        (MEBIBYTE, MEBIBYTE),
        (3 * MEBIBYTE, None),
        (len(LARGE) - 1, 50),
        (len(LARGE), 5),
        (7, 0),
    ],
)
def test_gives_any_range(reader: ContentReader, start: int, length: int | None) -> None:
    stop = None if length is None else start + length
    assert reader.get(root_of(LARGE), start, length) == LARGE[start:stop]


@pytest.mark.parametrize(("start", "length"), [(-1, None), (0, -1)])
def test_refuses_a_negative_range(reader: ContentReader, start: int, length: int | None) -> None:
    with pytest.raises(ValueError, match="range"):
        reader.get(root_of(SMALL), start, length)


def test_names_what_it_does_not_have(reader: ContentReader) -> None:
    assert not reader.has(MISSING)
    with pytest.raises(BlockMissing, match=str(MISSING)) as caught:
        reader.get(MISSING)
    assert caught.value.cid == MISSING
    with pytest.raises(BlockMissing):
        reader.get_block(MISSING.digest)


def test_one_digest_under_either_codec(reader: ContentReader) -> None:
    assert reader.get_block(root_of(SMALL).digest) == SMALL
    assert reader.has(Cid(DAG_PB, root_of(SMALL).digest))


def test_exports_what_another_store_imports(reader: ContentReader, tmp_path: Path) -> None:
    file = io.BytesIO()
    reader.export_car([root_of(LARGE), root_of(SMALL)], file)
    file.seek(0)
    with LocalStore(tmp_path / "other") as other:
        assert other.import_car(file) == [root_of(LARGE), root_of(SMALL)]
        assert other.get(root_of(LARGE)) == LARGE
        assert other.get(root_of(SMALL)) == SMALL


def test_is_read_from_many_threads_at_once(reader: ContentReader) -> None:
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda index: reader.get(root_of(LARGE), index * 1000, 1000), range(16)))
    assert read == [LARGE[index * 1000 : (index + 1) * 1000] for index in range(16)]


# Writing


@pytest.mark.parametrize("data", [b"", SMALL, bytes(MEBIBYTE), LARGE], ids=["empty", "small", "one block", "large"])
def test_names_what_it_stores_as_ipfs_does(store: ContentStore, data: bytes) -> None:
    assert store.add(data) == root_of(data)
    assert store.add_stream(io.BytesIO(data)) == root_of(data)
    assert store.get(root_of(data)) == data


def test_is_still_there_after_a_restart(open_store: OpenStore) -> None:
    cid = open_store().add(LARGE)
    open_store().pin(cid)
    again = open_store()
    assert again.get(cid) == LARGE
    assert again.pins() == {cid}


def test_takes_a_block_only_under_its_own_digest(store: ContentStore) -> None:
    with pytest.raises(WrongBlock) as caught:
        store.put_block(SMALL, MISSING.digest)
    assert (caught.value.expected, caught.value.actual) == (MISSING.digest, root_of(SMALL).digest)
    assert not store.has(MISSING)
    store.put_block(SMALL, root_of(SMALL).digest)
    assert store.get_block(root_of(SMALL).digest) == SMALL


def test_takes_no_block_above_a_mebibyte(store: ContentStore) -> None:
    block = bytes(MEBIBYTE + 1)
    with pytest.raises(BlockTooLarge, match="1048577"):
        store.put_block(block, Cid.of(RAW, block).digest)


def test_a_tree_put_block_by_block_can_be_read(store: ContentStore, tmp_path: Path) -> None:
    with LocalStore(tmp_path / "source") as source:
        source.add(LARGE)
        for digest in source.blocks():
            store.put_block(source.get_block(digest), digest)
        assert set(store.blocks()) == set(source.blocks())
    assert store.get(root_of(LARGE)) == LARGE
    store.pin(root_of(LARGE))


def test_keeps_what_is_pinned_and_lets_go_of_the_rest(store: ContentStore) -> None:
    kept, dropped = store.add(LARGE), store.add(SMALL)
    store.pin(kept)
    store.pin(kept)
    assert store.pins() == {kept}
    assert store.collect_garbage() == 1
    assert store.get(kept) == LARGE
    assert not store.has(dropped)
    store.unpin(kept)
    store.unpin(kept)
    assert store.pins() == set()
    assert store.collect_garbage() == 5
    assert list(store.blocks()) == []


def test_pins_only_what_it_holds_whole(store: ContentStore, tmp_path: Path) -> None:
    with LocalStore(tmp_path / "source") as source:
        root = source.add(LARGE)
        store.put_block(source.get_block(root.digest), root.digest)
    with pytest.raises(BlockMissing):
        store.pin(root)
    assert store.pins() == set()


def test_imports_no_archive_with_a_wrong_block(store: ContentStore) -> None:
    file = io.BytesIO()
    cid = store.add(SMALL)
    store.export_car([cid], file)
    store.collect_garbage()
    archive = bytearray(file.getvalue())
    archive[-1] ^= 1
    with pytest.raises(WrongBlock):
        store.import_car(io.BytesIO(archive))
    with pytest.raises(MalformedCar):
        store.import_car(io.BytesIO(file.getvalue()[:-1]))
    assert not store.has(cid)


def test_writers_of_the_same_bytes_do_not_disturb_each_other(store: ContentStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: store.add(LARGE), range(8))) == {root_of(LARGE)}
    assert store.get(root_of(LARGE)) == LARGE


def test_follows_the_protocols(store: ContentStore, reader: ContentReader) -> None:
    assert isinstance(store, ContentStore)
    assert isinstance(reader, ContentReader)
