"""The IPFS daemon behind a store: told everything, believed nothing."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from node.storage.cid import Cid
from node.storage.errors import StoreDisagrees, StoreUnreachable
from node.storage.ipfs import IpfsStore
from node.storage.unixfs import MEBIBYTE, root_of
from tests.support.kubo_rpc import KuboState, kubo_daemon

DATA = bytes(range(256)) * 8192  # two leaves


@pytest.mark.parametrize("version", ["0.5.0", "0.8.0", "0.22.0", "0.43.1", "0.18.1-rc1"])
def test_speaks_to_old_and_new_daemons_without_a_warning(version: str) -> None:
    with kubo_daemon(KuboState(version=version)) as (address, _), IpfsStore(address) as store:
        assert store.version == version
        assert store.get(store.add(DATA)) == DATA


def test_always_asks_for_raw_leaves_of_a_mebibyte_and_wide_nodes() -> None:
    with kubo_daemon() as (address, state), IpfsStore(address) as store:
        store.add(DATA)
        options = next(options for command, options in state.calls if command == "add")
    assert options["raw-leaves"] == "True"
    assert options["chunker"] == f"size-{MEBIBYTE}"
    assert options["cid-version"] == "1"
    assert options["max-file-links"] == "1024"
    assert options["pin"] == "False"


def test_uses_only_calls_that_newer_daemons_still_have() -> None:
    with kubo_daemon() as (address, state), IpfsStore(address) as store:
        cid = store.add(DATA)
        store.get(cid)
        store.has(cid)
        store.put_block(b"x", root_of(b"x").digest)
        store.pin(cid)
        store.pins()
        store.unpin(cid)
        list(store.blocks())
        store.collect_garbage()
        used = {command.split("/")[0] for command, _ in state.calls}
    assert used <= {"version", "add", "cat", "block", "pin", "dag", "repo", "id", "refs"}


def test_refuses_another_identifier_than_its_own() -> None:
    """A daemon that does not know how wide our nodes are cuts large files otherwise."""
    with kubo_daemon(KuboState(links=2)) as (address, _), IpfsStore(address) as store:
        data = bytes(MEBIBYTE) * 3
        with pytest.raises(StoreDisagrees) as caught:
            store.add(data)
        assert caught.value.expected == str(root_of(data))
        assert Cid.parse(caught.value.answered) != root_of(data)


def test_does_not_believe_the_blocks_it_gets() -> None:
    with kubo_daemon() as (address, state), IpfsStore(address) as store:
        cid = store.add(b"true")
        state.blocks[cid.digest] = b"false"
        with pytest.raises(StoreDisagrees, match=str(root_of(b"false"))):
            store.get(cid)


def test_a_daemon_that_is_not_there_is_one_clear_error() -> None:
    with kubo_daemon() as (address, _):
        pass
    with pytest.raises(StoreUnreachable, match="cannot be reached") as caught:
        IpfsStore(address)
    assert address in caught.value.address
    assert caught.value.exit_code == 4


def test_a_daemon_that_goes_away_is_one_clear_error() -> None:
    with kubo_daemon() as (address, state), IpfsStore(address) as store:
        cid = store.add(b"data")
        state.gone = True
        for call in (lambda: store.get(cid), lambda: store.has(cid), lambda: store.add(b"x"), lambda: store.pin(cid)):
            with pytest.raises(StoreUnreachable, match="cannot be reached"):
                call()


def test_an_address_that_is_none_is_one_clear_error() -> None:
    with pytest.raises(StoreUnreachable, match="nonsense"):
        IpfsStore("nonsense")


@pytest.mark.parametrize("answer", [b"<html>hello</html>", b"{}", b""])
def test_a_server_that_is_no_daemon_is_one_clear_error(answer: bytes) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with pytest.raises(StoreUnreachable, match="cannot be reached"):
            IpfsStore(f"/ip4/127.0.0.1/tcp/{server.server_port}/http")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
