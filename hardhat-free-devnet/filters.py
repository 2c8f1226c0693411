"""Filters that remember what a client has seen: `eth_newFilter`, `eth_newBlockFilter` and what belongs to them.

ethers and web3.py listen to events with them. A filter nobody asks for five minutes is forgotten, as geth does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from devnet import parameters
from devnet.chain import Chain
from devnet.errors import ServerError
from devnet.formats import Json
from devnet.hexing import parse_quantity, quantity
from devnet.index import LogFilter
from devnet.parameters import Method, Params, take

LIFETIME_SECONDS = 300
MAXIMUM_FILTERS = 10_000


@dataclass
class Filter:
    """`next_number`: the first block not reported yet. `wanted`: None = block hashes instead of logs.

    `rewinds_seen`: how many of the chain's rewinds `next_number` takes account of.
    """

    next_number: int
    rewinds_seen: int
    last_number: int | None
    wanted: LogFilter | None
    origin: object
    used_at_seconds: float


class Filters:
    """All living filters. Only the server's event loop calls it."""

    def __init__(self, chain: Chain, clock: Callable[[], float] = time.monotonic) -> None:
        self._chain = chain
        self._clock = clock
        self._filters: dict[int, Filter] = {}
        self._next_identifier = 1

    def methods(self) -> dict[str, Method]:
        """The table of methods by name."""
        return {
            "eth_getFilterChanges": self.changes,
            "eth_getFilterLogs": self.all_logs,
            "eth_newBlockFilter": self.new_block_filter,
            "eth_newFilter": self.new_log_filter,
            "eth_uninstallFilter": self.uninstall,
        }

    def new_log_filter(self, params: Params) -> str:
        """eth_newFilter: reports logs from now on."""
        (value,) = take(params, 1)
        wanted = parameters.log_filter(parameters.filter_object(value))
        return self._install(wanted, parameters.last_block(self._chain, value), value)

    def new_block_filter(self, params: Params) -> str:
        """eth_newBlockFilter: reports hashes of new blocks."""
        take(params, 0)
        return self._install(None, None, None)

    def changes(self, params: Params) -> list[Json] | list[str]:
        """eth_getFilterChanges: what is new since the last time."""
        found = self._filter(params)
        rewinds = self._chain.rewinds()
        head = self._chain.head.number
        # What replaces blocks that were reported and then reverted is new.
        first = min([found.next_number, *(number + 1 for number in rewinds[found.rewinds_seen :])])
        found.rewinds_seen = len(rewinds)
        last = head if found.last_number is None else min(head, found.last_number)
        found.next_number = head + 1
        if found.wanted is not None:
            return self._chain.logs(first, last, found.wanted)
        blocks = [self._chain.block(number) for number in range(first, head + 1)]
        return [block.json["hash"] for block in blocks if block is not None]

    def all_logs(self, params: Params) -> list[Json]:
        """eth_getFilterLogs: everything the filter selects, seen or not."""
        found = self._filter(params)
        if found.wanted is None:
            raise ServerError("filter is not a log filter")
        return self._chain.logs(*parameters.log_range(self._chain, found.origin))

    def uninstall(self, params: Params) -> bool:
        """eth_uninstallFilter: false when there is none."""
        (identifier,) = take(params, 1)
        return self._filters.pop(parse_quantity(identifier, "filter"), None) is not None

    def _install(self, wanted: LogFilter | None, last_number: int | None, origin: object) -> str:
        self._forget_unused()
        if len(self._filters) >= MAXIMUM_FILTERS:
            raise ServerError(f"too many filters: at most {MAXIMUM_FILTERS}")
        identifier = self._next_identifier
        self._next_identifier += 1
        self._filters[identifier] = Filter(
            next_number=self._chain.head.number + 1,
            rewinds_seen=len(self._chain.rewinds()),
            last_number=last_number,
            wanted=wanted,
            origin=origin,
            used_at_seconds=self._clock(),
        )
        return quantity(identifier)

    def _filter(self, params: Params) -> Filter:
        (identifier,) = take(params, 1)
        self._forget_unused()
        found = self._filters.get(parse_quantity(identifier, "filter"))
        if found is None:
            raise ServerError("filter not found")
        found.used_at_seconds = self._clock()
        return found

    def _forget_unused(self) -> None:
        oldest = self._clock() - LIFETIME_SECONDS
        for identifier in [key for key, item in self._filters.items() if item.used_at_seconds < oldest]:
            del self._filters[identifier]
