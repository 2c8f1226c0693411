"""An event loop in a thread of its own, for servers that tests talk to from outside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs coroutines elsewhere; contexts entered through it stay open until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._contexts = AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], *, timeout_seconds: float = 120) -> T:
        """The coroutine's result, once it has one."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout_seconds)

    def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        """Enter a context that is left when the thread ends."""
        return self.run(self._contexts.enter_async_context(context))

    def close(self) -> None:
        """Leave all contexts and end the thread."""
        try:
            self.run(self._contexts.aclose())
            self.run(self._loop.shutdown_asyncgens())
            self.run(self._loop.shutdown_default_executor())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
