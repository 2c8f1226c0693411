"""What a task proposes when the owner says nothing else."""

from __future__ import annotations

from typing import Final

from node.aggregation.rules import parse_rule

HISTORY_BUCKETS: Final = 1024  # 16 KiB a seat in every checkpoint


def default_rule(seats: int, byzantine: int) -> str:
    """Canonical name of the rule for so many seats, of which at most `byzantine` are dishonest.

    The history filter with the largest f its bound allows, f <= (seats - 1) / 2; the mean clipped at the median where
    there is nobody to guard against. No other rule has as good a worst case over the attacks of the lab: docs/results.
    """
    f = min(byzantine, (seats - 1) // 2)
    return f"history-filter(f={f})" if f > 0 else "clipped-mean"


def default_history_buckets(rule: str) -> int:
    """Size of the sketches this rule needs, 0 if it needs none. Raises RuleError for an unknown one."""
    return HISTORY_BUCKETS if parse_rule(rule).needs_history else 0
