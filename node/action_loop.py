"""Carrying out what was decided: each action once at a time, and once more a little later when it failed.

The loop around it looks, decides, starts what is not running yet and waits until something changes. An action that
fails is reported and decided on again, from what is true then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from contracts.errors import ContractReverted, SwarmProofError

FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 4.0
KEPT_RETRIES = 256

A = TypeVar("A")


@dataclass(frozen=True)
class Retry:
    """When a failed action may start again (seconds on the event loop's clock), and the pause that led there."""

    not_before: float
    pause: float


class ActionLoop(Generic[A]):
    """Actions under way. `dispatch` carries one out; actions are values: equal ones are the same action."""

    def __init__(self, dispatch: Callable[[A], Awaitable[None]], *, log: str) -> None:
        self._dispatch = dispatch
        self._running: dict[A, asyncio.Task[None]] = {}
        self._retries: dict[A, Retry] = {}
        self._log = structlog.get_logger(log)

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._running)

    def start(self, actions: Iterable[A]) -> None:
        """Start those that are neither running nor waiting for their next try."""
        now = asyncio.get_running_loop().time()
        for action in actions:
            retry = self._retries.get(action)
            if action not in self._running and (retry is None or now >= retry.not_before):
                self._running[action] = asyncio.create_task(self._carry_out(action))

    async def wait(self, *changes: asyncio.Future[Any], timeout_seconds: float) -> None:
        """Until an action ends, one of `changes` comes about, or the time is over."""
        waiting = {*changes, *self._running.values()}
        if waiting:
            await asyncio.wait(waiting, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(timeout_seconds)
        self._running = {action: task for action, task in self._running.items() if not task.done()}

    async def close(self) -> None:
        """Cancel what is under way."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _carry_out(self, action: A) -> None:
        """Run one action; the boundary at which its failure becomes a line in the log and a later retry."""
        try:
            await self._dispatch(action)
            self._retries.pop(action, None)
        except Exception as error:
            last = self._retries.pop(action, None)
            pause = FIRST_RETRY_SECONDS if last is None else min(2 * last.pause, LONGEST_RETRY_SECONDS)
            self._retries[action] = Retry(asyncio.get_running_loop().time() + pause, pause)
            while len(self._retries) > KEPT_RETRIES:
                self._retries.pop(next(iter(self._retries)))
            self._report(action, error)

    def _report(self, action: A, error: Exception) -> None:
        name = type(action).__name__.lower()
        if isinstance(error, ContractReverted):
            # Somebody else was faster, or the window closed while the transaction was under way.
            self._log.info("not accepted by the contract", action=name, cause=str(error))
        elif isinstance(error, SwarmProofError):
            self._log.warning("will try again", action=name, cause=str(error))
        else:
            self._log.error("unexpected failure, will try again", action=name, exc_info=error)
