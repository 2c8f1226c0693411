"""The server inside a peer's loop."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import pytest

from node.exchange.errors import PortOccupied
from node.exchange.peer_client import new_session
from node.storage.local import LocalStore
from tests.support.gateways import make_gateway


async def test_an_occupied_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as store, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortOccupied, match=f"cannot listen on 127.0.0.1:{port}: Address already in use") as caught:
            async with make_gateway(store).serve("127.0.0.1", port):
                pass
        assert caught.value.exit_code == 1


async def test_leaves_signals_to_the_peer(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with LocalStore(tmp_path) as store:
        async with make_gateway(store).serve("127.0.0.1", 0):
            assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def test_ends_with_its_context_even_when_clients_hang_on(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as store:
        async with make_gateway(store).serve("127.0.0.1", 0) as url, asyncio.timeout(20):
            port = int(url.rsplit(":", 1)[1])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /swarm/envelopes HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
            await writer.drain()
        async with asyncio.timeout(20):
            await reader.read()
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_serves_again_on_the_same_port(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as store:
        async with make_gateway(store).serve("127.0.0.1", 0) as first:
            port = int(first.rsplit(":", 1)[1])
        async with make_gateway(store).serve("127.0.0.1", port) as again, new_session() as session:
            assert again == first
            async with session.get(f"{again}/swarm/health") as response:
                assert response.status == 200


async def test_speaks_ipv6(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as store:
        async with make_gateway(store).serve("::1", 0) as url, new_session() as session:
            assert url.startswith("http://[::1]:")
            async with session.get(f"{url}/swarm/health") as response:
                assert response.status == 200
