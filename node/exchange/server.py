"""Run an ASGI application inside a peer's own event loop: no signal handlers, no access log, no idle connections.

uvicorn has no deadline for a client that never finishes its request or never reads its answer; a watchdog a
connection adds it, so that a stranger cannot hold all the places.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from node.exchange.errors import PortOccupied
from node.exchange.limits import GatewayLimits


class _WatchedProtocol(H11Protocol):
    """Cuts a connection that shows no progress, by the client's fault, between two looks of the watchdog."""

    idle_seconds: float
    _watchdog: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        super().connection_lost(exc)

    def _look(self, before: tuple[int, bool, int] | None) -> None:
        unsent = self.transport.get_write_buffer_size()
        answered = self.cycle is None or self.cycle.response_complete
        state = (id(self.cycle), answered, unsent)
        if state == before and (answered or unsent):
            self.transport.abort()
        else:
            self._watchdog = self.loop.call_later(self.idle_seconds, self._look, state)


class _QuietServer(uvicorn.Server):
    """A server that leaves signals alone and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the peer, not to its gateway."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            await stop_accepting(server)
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


async def stop_accepting(server: asyncio.Server) -> None:
    """Take no new connection, and let those taken in this instant finish their setup before the server closes.

    Otherwise asyncio (3.11) loses a connection that arrives as the server closes: its socket is never closed.
    """
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        with contextlib.suppress(NotImplementedError):  # event loops that do not wait for readiness
            loop.remove_reader(listener.fileno())
    await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, host: str, port: int, limits: GatewayLimits) -> AsyncIterator[int]:
    """Serve `app` while the context is open; gives the port (port 0 asks for any free one). Raises PortOccupied."""

    class Watched(_WatchedProtocol):
        idle_seconds = limits.idle_seconds

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on what it accepts; without it each answer waits some 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortOccupied(host, port, error.strerror or str(error)) from error
    bound_port = int(listener.getsockname()[1])
    config = uvicorn.Config(
        app,
        http=Watched,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=1,
    )
    server = _QuietServer(config)
    running = asyncio.create_task(server.serve([listener]))
    try:
        await server.listening.wait()
        yield bound_port
    finally:
        server.should_exit = True
        await running
