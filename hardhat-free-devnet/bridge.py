"""`--engine anvil`: anvil executes and answers; this decides when a block is built and what time it has.

Whatever clients send goes through as bytes, except for the methods named below, which mean here what they mean on the
other engine. anvil itself would build a block for every transaction that arrives, or one in fixed intervals, whose
times stand still or run ahead; and a transaction that arrives while it builds may wait forever for the one before it.
So anvil builds nothing by itself, and nothing is sent to it while it builds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from devnet.anvil import Anvil
from devnet.clock import ChainClock
from devnet.errors import InternalError, InvalidParams, RpcError, ServerError
from devnet.hexing import parse_quantity, quantity
from devnet.parameters import Params, take

logger = logging.getLogger("devnet")

OWN = re.compile(rb'"(?:evm_|hardhat_|anvil_)\w+"')
SENDS = re.compile(rb'"(?:eth_send|evm_|hardhat_|anvil_)\w+"')
MAXIMUM_BLOCKS_PER_REQUEST = 1_000
MAXIMUM_TIME_SECONDS = 1 << 40
WATCH_SECONDS = 0.2

Answer = dict[str, Any]


class Bridge:
    """Between clients and anvil. Only the server's event loop calls it."""

    def __init__(self, anvil: Anvil, *, blocks_per_second: float, heartbeat_seconds: float) -> None:
        self._anvil = anvil
        self._interval_seconds = 1 / blocks_per_second
        self._heartbeat_seconds = heartbeat_seconds
        self._clock = ChainClock(time.time)
        self._automine = True
        self._head_timestamp = 0
        self._snapshots: dict[int, tuple[int, int]] = {}
        self._changed = asyncio.Event()
        self._building = asyncio.Lock()
        self._turn = asyncio.Condition()
        self._senders = 0
        self._own: dict[str, Callable[[Params], Awaitable[object]]] = {
            "evm_increaseTime": self._increase_time,
            "evm_mine": self._mine_on_request,
            "evm_revert": self._revert,
            "evm_setAutomine": self._set_automine,
            "evm_setIntervalMining": self._set_interval,
            "evm_setNextBlockTimestamp": self._set_next_timestamp,
            "evm_snapshot": self._snapshot,
            **{f"{family}_mine": self._mine_many for family in ("hardhat", "anvil")},
            **{f"{family}_setBalance": self._writer("anvil_setBalance") for family in ("hardhat", "anvil")},
            **{f"{family}_setCode": self._writer("anvil_setCode") for family in ("hardhat", "anvil")},
            **{f"{family}_setNonce": self._writer("anvil_setNonce") for family in ("hardhat", "anvil")},
            **{f"{family}_setStorageAt": self._writer("anvil_setStorageAt") for family in ("hardhat", "anvil", "evm")},
            "evm_setAccountBalance": self._writer("anvil_setBalance"),
            "evm_setAccountCode": self._writer("anvil_setCode"),
            "evm_setAccountNonce": self._writer("anvil_setNonce"),
        }

    @asynccontextmanager
    async def running(self, on_end: Callable[[], None]) -> AsyncIterator[None]:
        """Build blocks inside this block of code; `on_end` is called when anvil has ended by itself."""
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as self._session:
            self._head_timestamp = await self._timestamp_of_head()
            tasks = [asyncio.create_task(work) for work in (self._build_blocks(), self._watch(on_end))]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    async def answer(self, body: bytes) -> bytes | None:
        """The answer to a body of JSON-RPC; None when there is none to give."""
        if OWN.search(body):
            with suppress(ValueError):
                return await self._answer_in_parts(json.loads(body))
        if not SENDS.search(body):
            return await self._pass_on(body)
        async with self._sending():
            answer = await self._pass_on(body)
        self._changed.set()
        return answer

    def connect(self) -> Any:
        """A WebSocket to anvil, as an asynchronous context."""
        return self._session.ws_connect(self._anvil.rpc_url, max_msg_size=0)

    def is_own(self, body: bytes) -> bool:
        """Whether a message has to go through `answer`, and not to anvil directly."""
        return OWN.search(body) is not None or SENDS.search(body) is not None

    # Bodies.

    async def _answer_in_parts(self, parsed: object) -> bytes | None:
        if not isinstance(parsed, list):
            answer = await self._one(parsed)
            return None if answer is None else json.dumps(answer).encode()
        answers = [answer for item in parsed if (answer := await self._one(item)) is not None]
        return json.dumps(answers).encode() if answers else None

    async def _one(self, request: object) -> Any:
        method = self._own.get(str(request.get("method"))) if isinstance(request, dict) else None
        if method is None or not isinstance(request, dict):
            async with self._sending():
                answer = await self._pass_on(json.dumps(request).encode())
            self._changed.set()
            return None if answer is None else json.loads(answer)
        answered: Answer = {"jsonrpc": "2.0", "id": request.get("id")}
        try:
            params = request.get("params") or []
            if not isinstance(params, list):
                raise InvalidParams("params must be a list")
            answered["result"] = await method(params)
        except RpcError as failure:
            answered["error"] = failure.to_json()
        return answered if "id" in request else None

    async def _pass_on(self, body: bytes) -> bytes | None:
        headers = {"content-type": "application/json"}
        try:
            async with self._session.post(self._anvil.rpc_url, data=body, headers=headers) as answer:
                return await answer.read() or None
        except aiohttp.ClientError as failure:
            error = InternalError(f"anvil does not answer: {failure}")
            return json.dumps({"jsonrpc": "2.0", "id": None, "error": error.to_json()}).encode()

    async def _call(self, method: str, *params: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        answer = json.loads(await self._pass_on(body) or b"{}")
        if "error" in answer:
            raise ServerError(answer["error"].get("message", "anvil refused"))
        return answer.get("result")

    # Taking turns: any number of senders, or one block.

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[None]:
        async with self._turn:
            await self._turn.wait_for(lambda: not self._building.locked())
            self._senders += 1
        try:
            yield
        finally:
            async with self._turn:
                self._senders -= 1
                self._turn.notify_all()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        try:
            async with self._building:
                async with self._turn:
                    await self._turn.wait_for(lambda: self._senders == 0)
                yield
        finally:
            async with self._turn:
                self._turn.notify_all()

    # Blocks.

    async def _build_blocks(self) -> None:
        last_built = time.monotonic() - self._interval_seconds
        while True:
            since = time.monotonic() - last_built
            heartbeat = self._heartbeat_seconds and self._automine and not self._clock.is_forced
            with suppress(TimeoutError):
                await asyncio.wait_for(
                    self._changed.wait(), max(0, self._heartbeat_seconds - since) if heartbeat else None
                )
            await asyncio.sleep(self._interval_seconds - (time.monotonic() - last_built))
            self._changed.clear()
            if not self._automine:
                continue
            try:
                async with self._alone():
                    waiting = await self._waiting()
                    due = heartbeat and time.monotonic() - last_built >= self._heartbeat_seconds
                    if self._automine and (waiting or due):
                        last_built = time.monotonic()
                        await self._mine()
                        if 0 < await self._waiting() < waiting:
                            self._changed.set()
            except RpcError as failure:
                logger.error("no block: %s", failure)
                await asyncio.sleep(self._interval_seconds)

    async def _watch(self, on_end: Callable[[], None]) -> None:
        while self._anvil.exit_status is None:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(WATCH_SECONDS)
        logger.error("the chain cannot go on: %s", self._anvil.describe_end())
        on_end()

    async def _waiting(self) -> int:
        """How many transactions can run."""
        return int((await self._call("txpool_status"))["pending"], 16)

    async def _mine(self) -> None:
        timestamp = self._clock.next_timestamp(self._head_timestamp)
        offset_seconds = self._clock.offset_after(timestamp)
        await self._call("evm_mine", quantity(timestamp))
        self._head_timestamp = timestamp
        self._clock.block_built(timestamp, offset_seconds)

    async def _timestamp_of_head(self) -> int:
        return int((await self._call("eth_getBlockByNumber", "latest", False))["timestamp"], 16)

    def _force(self, timestamp: int) -> None:
        if timestamp <= self._head_timestamp:
            raise InvalidParams(f"timestamp {timestamp} is not after the head's, {self._head_timestamp}")
        self._clock.force(timestamp)

    # Methods of our own, as control.py has them.

    async def _mine_on_request(self, params: Params) -> str:
        (value,) = take(params, 0, 1)
        timestamp, blocks = value, 1
        if isinstance(value, dict):
            timestamp = value.get("timestamp")
            blocks = parse_quantity(value.get("blocks", 1), "blocks", maximum=MAXIMUM_BLOCKS_PER_REQUEST)
        first = None if timestamp is None else parse_quantity(timestamp, "timestamp", maximum=MAXIMUM_TIME_SECONDS)
        async with self._alone():
            if first is not None and blocks:
                self._force(first)
            for _ in range(blocks):
                await self._mine()
        return quantity(0)

    async def _mine_many(self, params: Params) -> bool:
        count, interval = take(params, 0, 2)
        blocks = 1 if count is None else parse_quantity(count, "blocks", maximum=MAXIMUM_BLOCKS_PER_REQUEST)
        apart = None if interval is None else parse_quantity(interval, "interval", maximum=MAXIMUM_TIME_SECONDS)
        if apart == 0:
            raise InvalidParams("interval: block times strictly increase, expected at least 1 second")
        async with self._alone():
            for number in range(blocks):
                if apart is not None and number > 0:
                    self._force(self._head_timestamp + apart)
                await self._mine()
        return True

    async def _increase_time(self, params: Params) -> int:
        (seconds,) = take(params, 1)
        passed = parse_quantity(seconds, "seconds", maximum=MAXIMUM_TIME_SECONDS)
        return self._clock.advance(passed, self._head_timestamp)

    async def _set_next_timestamp(self, params: Params) -> None:
        (timestamp,) = take(params, 1)
        self._force(parse_quantity(timestamp, "timestamp", maximum=MAXIMUM_TIME_SECONDS))
        self._changed.set()

    async def _set_automine(self, params: Params) -> None:
        (enabled,) = take(params, 1)
        if not isinstance(enabled, bool):
            raise InvalidParams("expected true or false")
        async with self._alone():
            self._automine = enabled
        self._changed.set()

    async def _set_interval(self, params: Params) -> bool:
        (value,) = take(params, 1)
        self._heartbeat_seconds = parse_quantity(value, "interval", maximum=MAXIMUM_TIME_SECONDS) / 1_000
        self._changed.set()
        return True

    async def _snapshot(self, params: Params) -> str:
        take(params, 0)
        async with self._alone():
            identifier = int(await self._call("evm_snapshot"), 16)
            self._snapshots[identifier] = (self._clock.offset_seconds, self._head_timestamp)
        return quantity(identifier)

    async def _revert(self, params: Params) -> bool:
        (number,) = take(params, 1)
        identifier = parse_quantity(number, "snapshot")
        async with self._alone():
            if identifier not in self._snapshots:
                return False
            reverted = bool(await self._call("evm_revert", quantity(identifier)))
            offset_seconds, self._head_timestamp = self._snapshots[identifier]
            self._snapshots = {key: value for key, value in self._snapshots.items() if key < identifier}
            self._clock.restore(offset_seconds)
            await self._call("anvil_dropAllTransactions")
        return reverted

    def _writer(self, method: str) -> Callable[[Params], Awaitable[object]]:
        """Writes to an account, and builds a block so that what was written is part of one."""

        async def write(params: Params) -> bool:
            async with self._alone():
                await self._call(method, *params)
                await self._mine()
            return True

        return write
