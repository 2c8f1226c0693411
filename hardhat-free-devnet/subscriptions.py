"""What a client of `eth_subscribe` can be told of, each since it asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from devnet import parameters
from devnet.chain import Chain
from devnet.errors import InvalidParams, MethodNotFound
from devnet.filters import changed_logs, pending
from devnet.formats import header_json
from devnet.index import LogFilter
from devnet.parameters import Heights, Params


class Subscription(Protocol):
    """Something a client waits for."""

    def news(self) -> Iterable[object]:
        """What there is to tell since the last time."""


class NewHeads:
    """Headers of blocks that become the head."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._position, _ = chain.changes_since(0)

    def news(self) -> Iterable[object]:
        """Headers, oldest first."""
        self._position, changes = self._chain.changes_since(self._position)
        return [header_json(change.block.json) for change in changes if not change.removed]


class Logs:
    """Logs of blocks that come, and again with `removed` true when their block goes."""

    def __init__(self, chain: Chain, wanted: LogFilter) -> None:
        self._chain = chain
        self._wanted = wanted
        self._position, _ = chain.changes_since(0)

    def news(self) -> Iterable[object]:
        """Logs, in the order in which it happened."""
        self._position, changes = self._chain.changes_since(self._position)
        return changed_logs(changes, self._wanted, Heights())


class NewPendingTransactions:
    """Transactions that begin to wait: hashes, or all of them."""

    def __init__(self, chain: Chain, *, full: bool) -> None:
        self._chain = chain
        self._full = full
        self._position, _ = chain.arrivals_since(0)

    def news(self) -> Iterable[object]:
        """Transactions in order of arrival."""
        self._position, arrivals = self._chain.arrivals_since(self._position)
        return pending(arrivals, full=self._full)


class Syncing:
    """Changes of the sync state, of which a devnet has none."""

    def news(self) -> Iterable[object]:
        """Nothing."""
        return ()


def subscription(chain: Chain, params: Params) -> Subscription:
    """What the parameters of `eth_subscribe` ask for. Raises RpcError."""
    kind, option = parameters.take(params, 1, 1)
    if kind == "newHeads":
        return NewHeads(chain)
    if kind == "logs":
        return Logs(chain, parameters.log_filter(parameters.filter_object({} if option is None else option)))
    if kind == "newPendingTransactions":
        if option not in (None, True, False):
            raise InvalidParams("expected true for whole transactions or false for their hashes")
        return NewPendingTransactions(chain, full=option is True)
    if kind == "syncing":
        return Syncing()
    raise UnknownSubscription(kind)


class UnknownSubscription(MethodNotFound):
    """There is no subscription of this name."""

    def __init__(self, kind: object) -> None:
        super().__init__("eth_subscribe")
        self.message = f'no "{str(kind)[:40]}" subscription in eth namespace'
