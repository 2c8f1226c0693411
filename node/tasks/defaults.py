"""What a task proposes when the owner says nothing else."""

from __future__ import annotations


def default_rule(seats: int, byzantine: int) -> str:
    """Canonical name of the rule for so many seats, of which at most `byzantine` are dishonest.

    Multi-Krum with the largest f its bound allows, f <= (seats - 3) / 2, averaging as many updates as there are honest
    seats: with fewer, honest seats are left out by chance and their pay is a lottery. The f nearest neighbours do not
    count, so that accomplices cannot vouch for one another. The mean clipped at the median where there is nobody to
    guard against or Multi-Krum cannot.
    """
    f = min(byzantine, (seats - 3) // 2)
    return f"multi-krum(f={f},keep={max(1, seats - byzantine)},skip={f})" if f > 0 else "clipped-mean"
