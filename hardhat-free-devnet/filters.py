"""Filters that remember what a client has seen: `eth_newFilter`, `eth_newBlockFilter` and what belongs to them.

ethers and web3.py listen to events with them. A filter nobody asks for five minutes is forgotten, as geth does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from eth.abc import SignedTransactionAPI

from devnet import parameters
from devnet.chain import Chain
from devnet.errors import InvalidParams, ServerError
from devnet.formats import Json, transaction_json
from devnet.hexing import data, parse_quantity, quantity
from devnet.index import LogFilter
from devnet.journal import Change
from devnet.parameters import Heights, Method, Params, take
from devnet.reading import limited

LIFETIME_SECONDS = 300
MAXIMUM_FILTERS = 10_000


class Kind(Enum):
    """What a filter reports."""

    BLOCKS = "blocks"
    LOGS = "logs"
    TRANSACTIONS = "transactions"


@dataclass
class Filter:
    """`kind`: what it reports. `position`: in the chain's journal, after what it has reported.

    Of a log filter, `wanted` is what it selects, `heights` where, and `origin` the words it was told that in.
    """

    kind: Kind
    position: int
    used_at_seconds: float
    wanted: LogFilter = field(default_factory=LogFilter)
    heights: Heights = field(default_factory=Heights)
    origin: Json | None = None
    full: bool = False


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
            "eth_newPendingTransactionFilter": self.new_pending_filter,
            "eth_uninstallFilter": self.uninstall,
        }

    def new_log_filter(self, params: Params) -> str:
        """eth_newFilter: reports logs from now on."""
        (value,) = take(params, 1)
        given = parameters.filter_object(value)
        return self._install(
            Filter(
                Kind.LOGS,
                self._chain.changes_since(0)[0],
                self._clock(),
                wanted=parameters.log_filter(given),
                heights=parameters.heights(self._chain, given),
                origin={name: given[name] for name in parameters.RANGE_NAMES if name in given},
            )
        )

    def new_block_filter(self, params: Params) -> str:
        """eth_newBlockFilter: reports hashes of new blocks."""
        take(params, 0)
        return self._install(Filter(Kind.BLOCKS, self._chain.changes_since(0)[0], self._clock()))

    def new_pending_filter(self, params: Params) -> str:
        """eth_newPendingTransactionFilter: reports hashes of transactions that arrive, or with true all of them."""
        (full,) = take(params, 0, 1)
        if full not in (None, True, False):
            raise InvalidParams("expected true for whole transactions or false for their hashes")
        position, _ = self._chain.arrivals_since(0)
        return self._install(Filter(Kind.TRANSACTIONS, position, self._clock(), full=full is True))

    def changes(self, params: Params) -> Sequence[Json | str]:
        """eth_getFilterChanges: what is new since the last time."""
        found = self._filter(params)
        if found.kind is Kind.TRANSACTIONS:
            found.position, arrivals = self._chain.arrivals_since(found.position)
            return pending(arrivals, full=found.full)
        found.position, changes = self._chain.changes_since(found.position)
        if found.kind is Kind.LOGS:
            return changed_logs(changes, found.wanted, found.heights)
        return [change.block.json["hash"] for change in changes if not change.removed]

    def all_logs(self, params: Params) -> list[Json]:
        """eth_getFilterLogs: everything the filter selects, seen or not."""
        found = self._filter(params)
        if found.origin is None:
            raise ServerError("filter not found")
        first, last = parameters.log_range(self._chain, found.origin)
        return limited(self._chain.logs(first, last, found.wanted))

    def uninstall(self, params: Params) -> bool:
        """eth_uninstallFilter: false when there is none."""
        (identifier,) = take(params, 1)
        return self._filters.pop(parse_quantity(identifier, "filter"), None) is not None

    def _install(self, new: Filter) -> str:
        self._forget_unused()
        if len(self._filters) >= MAXIMUM_FILTERS:
            raise ServerError(f"too many filters: at most {MAXIMUM_FILTERS}")
        identifier = self._next_identifier
        self._next_identifier += 1
        self._filters[identifier] = new
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


def changed_logs(changes: Sequence[Change], wanted: LogFilter, heights: Heights) -> list[Json]:
    """The selected logs of blocks that came, and with `removed` true of blocks that went, in order."""
    return [
        {**log, "removed": change.removed}
        for change in changes
        if heights.include(change.block.number)
        for receipt in change.block.receipts
        for log in receipt["logs"]
        if wanted.matches(log)
    ]


def pending(arrivals: Sequence[SignedTransactionAPI], *, full: bool) -> list[Json | str]:
    """Transactions that arrived, whole or as hashes."""
    return [transaction_json(item) if full else data(item.hash) for item in arrivals]
