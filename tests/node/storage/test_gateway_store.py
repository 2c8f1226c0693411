"""Reading from gateways that lie, stall, redirect or are not there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing, StoreUnreachable
from node.storage.gateway_store import GatewayStore
from node.storage.local import LocalStore
from node.storage.unixfs import MEBIBYTE
from tests.support.gateways import gateway_in_thread

BLOCK = b"the block"
CID = Cid.of(RAW, BLOCK)

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def sends(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": str(len(body))} | named).items():
            handler.send_header(name, value)
        handler.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):
            handler.wfile.write(body)

    return answer


def sends_for_ever(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(bytes(1 << 16))
    except (BrokenPipeError, ConnectionResetError):
        pass


def trickles(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    hung_up = threading.Event()
    try:
        while not hung_up.wait(0.05):
            handler.wfile.write(b"x")
    except (BrokenPipeError, ConnectionResetError):
        pass


BAD_GATEWAYS = {
    "wrong bytes": (sends(b"not the block"), "wrong bytes"),
    "cut short": (sends(BLOCK, Content_Length="100"), "IncompleteRead"),
    "endless": (sends_for_ever, "more than 1048576 bytes"),
    "too large": (sends(bytes(MEBIBYTE + 1)), "more than 1048576 bytes"),
    "error": (sends(b"", 500), "status 500"),
    "redirect": (sends(b"", 302, Location="http://127.0.0.1:1/"), "status 302"),
    "trickle": (trickles, "sent only"),
    "compressed": (sends(BLOCK, Content_Encoding="gzip"), None),
}


@pytest.mark.parametrize("name", BAD_GATEWAYS)
def test_a_bad_gateway_is_named_and_a_good_one_makes_up_for_it(name: str, tmp_path: Path) -> None:
    answer, cause = BAD_GATEWAYS[name]
    with LocalStore(tmp_path) as held, gateway_in_thread(held) as good, server(answer) as bad:
        held.add(BLOCK)
        with GatewayStore([bad, good], timeout_seconds=0.5) as both:
            assert both.get(CID) == BLOCK
        if cause is None:
            return
        with GatewayStore([bad], timeout_seconds=0.5) as alone:
            with pytest.raises(StoreUnreachable, match=cause) as caught:
                alone.get(CID)
            assert bad in str(caught.value)
            assert caught.value.exit_code == 4


def test_a_gateway_that_is_not_there_is_named() -> None:
    with server(sends(b"")) as url:
        pass
    with GatewayStore([url]) as store, pytest.raises(StoreUnreachable, match="refused"):
        store.get(CID)


def test_a_block_that_no_gateway_has_is_missing(tmp_path: Path) -> None:
    with (
        LocalStore(tmp_path / "a") as one,
        LocalStore(tmp_path / "b") as two,
        gateway_in_thread(one) as first,
        gateway_in_thread(two) as second,
        GatewayStore([first + "/", second]) as store,
    ):
        assert not store.has(CID)
        with pytest.raises(BlockMissing, match=f"{first}, {second}"):
            store.get(CID)
        two.add(BLOCK)
        assert store.get(CID) == BLOCK


def test_has_no_default_gateway() -> None:
    with pytest.raises(ValueError, match="at least one gateway"):
        GatewayStore([])


def test_a_silent_gateway_holds_nobody_longer_than_told() -> None:
    release = threading.Event()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        release.wait(30)

    with server(silent) as url, GatewayStore([url], timeout_seconds=0.2) as store:
        started = time.monotonic()
        with pytest.raises(StoreUnreachable, match="timed out"):
            store.get(CID)
        assert time.monotonic() - started < 5
        release.set()
