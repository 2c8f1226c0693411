"""The thread that builds blocks: as soon as there is something to build, at a limited rate, and as a heartbeat."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from devnet.chain import Chain
from devnet.errors import DevnetError

logger = logging.getLogger("devnet")


class Worker:
    """Builds at most `blocks_per_second`.

    After `heartbeat_seconds` without a block an empty one is built, so that chain time always moves, also while it is
    ahead of the clock (0: never).
    `on_failure` is called when a fault of the machine ends the thread.
    """

    def __init__(
        self,
        chain: Chain,
        *,
        blocks_per_second: float,
        heartbeat_seconds: float,
        on_failure: Callable[[], None],
    ) -> None:
        self._chain = chain
        self._interval_seconds = 1 / blocks_per_second
        self._heartbeat_seconds = heartbeat_seconds
        self._on_failure = on_failure
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="devnet-worker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Build nothing more; the block at hand is not waited for."""
        with self._chain.changed:
            self._stopping = True
            self._chain.changed.notify_all()

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self._build_blocks()
        except DevnetError as failure:
            logger.error("the chain cannot go on: %s", failure)
            self._on_failure()
        except Exception:
            logger.exception("the chain cannot go on")
            self._on_failure()

    def _build_blocks(self) -> None:
        last_built = -self._interval_seconds
        while True:
            with self._chain.changed:
                if self._stopping:
                    return
                if self._chain.fault is not None:
                    raise self._chain.fault
                wait_seconds = self._seconds_until_block(time.monotonic() - last_built)
                if wait_seconds is None or wait_seconds > 0:
                    self._chain.changed.wait(wait_seconds)
                    continue
            last_built = time.monotonic()
            self._chain.mine_automatically()

    def _seconds_until_block(self, since_last_seconds: float) -> float | None:
        """How long to wait before building, if nothing changes; None = until something does."""
        if not self._chain.automine:
            return None
        pause_seconds = self._interval_seconds - since_last_seconds
        if self._chain.has_work():
            return pause_seconds
        interval_seconds = self._chain.interval_seconds
        heartbeat_seconds = self._heartbeat_seconds if interval_seconds is None else interval_seconds
        if heartbeat_seconds == 0 or self._chain.is_time_forced():
            return None
        return max(pause_seconds, heartbeat_seconds - since_last_seconds)
