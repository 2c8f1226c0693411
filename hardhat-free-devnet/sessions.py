"""JSON-RPC over WebSocket, with subscriptions.

What waits for a client is bounded: a client that does not read what it subscribed to is disconnected, and one that does
not read its answers is not listened to until it does.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from devnet.chain import Chain
from devnet.errors import ServerError
from devnet.parameters import Method, Params, take
from devnet.rpc import Dispatcher, encode_notification
from devnet.subscriptions import Subscription, subscription

logger = logging.getLogger("devnet")

MAXIMUM_SESSIONS = 1_000
MAXIMUM_SUBSCRIPTIONS = 1_000
MAXIMUM_CONCURRENT_REQUESTS = 16
MAXIMUM_QUEUED_MESSAGES = 10_000
MAXIMUM_QUEUED_BYTES = 64 << 20
CLOSE_SECONDS = 1
TOO_SLOW = 1008
TRY_AGAIN_LATER = 1013


class Sessions:
    """All connections, and the task that tells them what happens. Only the server's event loop calls it."""

    def __init__(self, chain: Chain, dispatcher: Dispatcher) -> None:
        self._chain = chain
        self._dispatcher = dispatcher
        self._sessions: set[Session] = set()
        self._publisher: asyncio.Task[None] | None = None

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection to its end."""
        if len(self._sessions) >= MAXIMUM_SESSIONS:
            await websocket.close(TRY_AGAIN_LATER, f"at most {MAXIMUM_SESSIONS} connections")
            return
        if self._publisher is None:
            self._publisher = asyncio.create_task(self._publish(), name="devnet-publisher")
        await websocket.accept()
        session = Session(websocket, self._chain, self._dispatcher)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    async def _publish(self) -> None:
        loop, happened = asyncio.get_running_loop(), asyncio.Event()

        def notice() -> None:
            if self._sessions:
                with suppress(RuntimeError):  # the loop has ended before the thread that builds blocks
                    loop.call_soon_threadsafe(happened.set)

        self._chain.listen(notice)
        while True:
            await happened.wait()
            happened.clear()
            for session in tuple(self._sessions):
                session.publish()
                await asyncio.sleep(0)


class Session:
    """One connection."""

    def __init__(self, websocket: WebSocket, chain: Chain, dispatcher: Dispatcher) -> None:
        self._websocket = websocket
        self._chain = chain
        self._dispatcher = dispatcher
        self._outbox = Outbox()
        self._subscriptions: dict[str, Subscription] = {}
        self._overrun = asyncio.Event()
        self._methods: Mapping[str, Method] = {"eth_subscribe": self.subscribe, "eth_unsubscribe": self.unsubscribe}

    def subscribe(self, params: Params) -> str:
        """eth_subscribe."""
        if len(self._subscriptions) >= MAXIMUM_SUBSCRIPTIONS:
            raise ServerError(f"too many subscriptions: at most {MAXIMUM_SUBSCRIPTIONS} a connection")
        new = subscription(self._chain, params)
        identifier = hex(secrets.randbits(128))
        self._subscriptions[identifier] = new
        return identifier

    def unsubscribe(self, params: Params) -> bool:
        """eth_unsubscribe."""
        (identifier,) = take(params, 1)
        if not isinstance(identifier, str) or self._subscriptions.pop(identifier, None) is None:
            raise ServerError("subscription not found")
        return True

    def publish(self) -> None:
        """Queue what the subscriptions have to tell; a client that has let too much pile up is given up."""
        for identifier, item in self._subscriptions.items():
            for result in item.news():
                if not self._outbox.offer(encode_notification(identifier, result)):
                    self._overrun.set()
                    return

    async def run(self) -> None:
        """Answer and tell, until the client goes or is given up."""
        tasks = [asyncio.create_task(part()) for part in (self._receive, self._send, self._overrun.wait)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._subscriptions.clear()
        for result in ended:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                logger.error("a WebSocket connection failed", exc_info=result)
        if self._overrun.is_set():
            with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._websocket.close(TOO_SLOW, "notifications are not read fast enough")

    async def _receive(self) -> None:
        places = asyncio.Semaphore(MAXIMUM_CONCURRENT_REQUESTS)

        async def answer(body: bytes) -> None:
            try:
                given = await self._dispatcher.answer(body, self._methods)
                if given is not None:
                    await self._outbox.put(given)
            finally:
                places.release()

        answers: set[asyncio.Task[None]] = set()
        try:
            while (message := await self._websocket.receive())["type"] == "websocket.receive":
                await places.acquire()
                text = message.get("text")
                task = asyncio.create_task(answer(message["bytes"] if text is None else text.encode()))
                answers.add(task)
                task.add_done_callback(answers.discard)
        finally:
            for task in answers:  # nobody is left to read them
                task.cancel()

    async def _send(self) -> None:
        while True:
            await self._websocket.send_text((await self._outbox.get()).decode())


class Outbox:
    """Messages that wait to be sent, a bounded number of bytes (one message more than that at most)."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()

    @property
    def _full(self) -> bool:
        return len(self._messages) >= MAXIMUM_QUEUED_MESSAGES or self._bytes >= MAXIMUM_QUEUED_BYTES

    def offer(self, message: bytes) -> bool:
        """Queue a message; False when there is no room."""
        if self._full:
            return False
        self._messages.append(message)
        self._bytes += len(message)
        self._changed.set()
        return True

    async def put(self, message: bytes) -> None:
        """Queue a message once there is room."""
        while not self.offer(message):
            self._changed.clear()
            await self._changed.wait()

    async def get(self) -> bytes:
        """The oldest message, once there is one."""
        while not self._messages:
            self._changed.clear()
            await self._changed.wait()
        message = self._messages.popleft()
        self._bytes -= len(message)
        self._changed.set()
        return message
