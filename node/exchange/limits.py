"""How much one client address may ask of a gateway: token buckets, refilled with time.

The address is the network address of the connection, the only thing a stranger cannot choose freely. Behind it may be
several peers (always so on one machine), hence limits that an honest swarm does not feel.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

_REMEMBERED_CLIENTS = 4096


@dataclass(frozen=True)
class GatewayLimits:
    """What a gateway gives away.

    Requests and bytes a second for one client address, `burst_seconds` worth of them at once; connections of all
    clients together; and how long a client may neither finish its request nor read its answer.
    """

    requests_per_second: float = 1000.0
    bytes_per_second: float = float(1 << 30)
    burst_seconds: float = 10.0
    connections: int = 512
    idle_seconds: float = 10.0


@dataclass
class _Bucket:
    requests: float
    bytes: float
    updated_seconds: float


class RateLimiter:
    """Token buckets of the clients seen last. Time is an argument."""

    def __init__(self, limits: GatewayLimits) -> None:
        self._limits = limits
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def admit(self, client: str, now_seconds: float) -> float:
        """Count one request; return 0 when it is admitted, or the seconds to wait before the next try."""
        bucket = self._refilled(client, now_seconds)
        if bucket.requests < 1.0:
            return (1.0 - bucket.requests) / self._limits.requests_per_second
        if bucket.bytes <= 0.0:
            return -bucket.bytes / self._limits.bytes_per_second + 1.0 / self._limits.requests_per_second
        bucket.requests -= 1.0
        return 0.0

    def spend(self, client: str, count_bytes: int, now_seconds: float) -> None:
        """Count bytes sent; they may overdraw, which the next request waits for."""
        self._refilled(client, now_seconds).bytes -= count_bytes

    def _refilled(self, client: str, now_seconds: float) -> _Bucket:
        limits = self._limits
        full_requests = limits.requests_per_second * limits.burst_seconds
        full_bytes = limits.bytes_per_second * limits.burst_seconds
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = _Bucket(full_requests, full_bytes, now_seconds)
            if len(self._buckets) > _REMEMBERED_CLIENTS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(client)
        passed = max(0.0, now_seconds - bucket.updated_seconds)
        bucket.requests = min(full_requests, bucket.requests + passed * limits.requests_per_second)
        bucket.bytes = min(full_bytes, bucket.bytes + passed * limits.bytes_per_second)
        bucket.updated_seconds = now_seconds
        return bucket
