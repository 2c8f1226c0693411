"""Peers that misbehave at the level of bytes on a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from node.exchange.server import stop_accepting
from node.exchange.source import Source

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def bad_peer(address: str, behaviour: Behaviour) -> AsyncIterator[Source]:
    """Listen, and let `behaviour` answer every request; the connection closes when it returns."""
    tasks: set[asyncio.Task[None]] = set()
    closing = False

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            if closing:  # accepted at the last moment
                return
            await reader.readuntil(b"\r\n\r\n")
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield Source(address, f"http://{host}:{port}")
    finally:
        await stop_accepting(server)
        server.close()
        closing = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def answers(body: bytes, *, status: str = "200 OK", length: int | None = None, headers: str = "") -> Behaviour:
    """Send `body`, announced as `length` bytes (its own by default), and close."""

    async def behaviour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        announced = len(body) if length is None else length
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {announced}\r\n{headers}\r\n".encode() + body)
        await writer.drain()
        writer.write_eof()
        await asyncio.sleep(3600) if length is None else None

    return behaviour


async def sends_for_ever(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Chunks without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        await writer.drain()


async def trickles(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A slow loris: the right headers, then a byte now and then."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def says_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Takes the request and keeps the connection."""
    await reader.read()


async def hangs_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Closes without an answer."""


async def speaks_no_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers in some other protocol."""
    writer.write(b"220 smtp.example ESMTP\r\n")
    await writer.drain()
