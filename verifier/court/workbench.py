"""Where a party makes its outputs: one at a time, and none that would come too late while another one waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Workbench:
    """One generation at a time, the oldest first: a second one would only slow the first.

    Where work piles up, what has waited longest has the least time left. Making it all the same would make the next one
    late too, and so on for as long as more comes than can be made.
    """

    def __init__(self) -> None:
        self._free = asyncio.Lock()
        self._waiting = 0
        self._took_seconds = 0.0

    async def use(self, make: Callable[[], Awaitable[None]], seconds_left: Callable[[], float | None]) -> None:
        """Make something when its turn comes, or nothing; whoever still wants it then asks again.

        `seconds_left` is asked when the turn comes; None: nobody wants it any more. What has less time than the last
        one took is made only if nothing else waits, so one slow generation keeps nobody from trying again.
        """
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            left = seconds_left()
            if left is None or (self._waiting and left < self._took_seconds):
                return
            clock = asyncio.get_running_loop().time
            begun = clock()
            await make()
            self._took_seconds = clock() - begun
        finally:
            self._free.release()
