"""How long the swarm takes to answer, learned from its answers: the basis of every deadline between peers.

As TCP does for its retransmissions (RFC 6298): smoothed latency plus four deviations, and the smoothed time a byte
takes, and never less than the one second that RFC starts with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MINIMUM_SECONDS: Final = 1.0
_LATENCY_GAIN = 1 / 8
_DEVIATION_GAIN = 1 / 4
_RATE_SAMPLE_BYTES = 1 << 14  # below, the time of a transfer is all latency


@dataclass
class Pace:
    """Running estimates for one peer, or for all of them together."""

    latency_seconds: float | None = None
    deviation_seconds: float = 0.0
    seconds_per_byte: float | None = None
    minimum_seconds: float = MINIMUM_SECONDS

    def observe(self, first_byte_seconds: float, total_seconds: float, count_bytes: int) -> None:
        """Learn from one answer: when its first byte came, when its last, and how many there were."""
        if self.latency_seconds is None:
            self.latency_seconds, self.deviation_seconds = first_byte_seconds, first_byte_seconds / 2
        else:
            error = first_byte_seconds - self.latency_seconds
            self.deviation_seconds += _DEVIATION_GAIN * (abs(error) - self.deviation_seconds)
            self.latency_seconds += _LATENCY_GAIN * error
        if count_bytes >= _RATE_SAMPLE_BYTES:
            sample = (total_seconds - first_byte_seconds) / count_bytes
            if self.seconds_per_byte is None:
                self.seconds_per_byte = sample
            else:
                self.seconds_per_byte += _LATENCY_GAIN * (sample - self.seconds_per_byte)

    def expected_seconds(self, count_bytes: int) -> float:
        """Seconds an answer of `count_bytes` usually takes; 0 while nothing is known, so that newcomers get asked."""
        return (self.latency_seconds or 0.0) + count_bytes * (self.seconds_per_byte or 0.0)

    def patience_seconds(self, count_bytes: int) -> float:
        """Seconds after which an answer of `count_bytes` counts as late."""
        transfer = 4 * count_bytes * (self.seconds_per_byte or 0.0)
        return max(self.minimum_seconds, (self.latency_seconds or 0.0) + 4 * self.deviation_seconds + transfer)
