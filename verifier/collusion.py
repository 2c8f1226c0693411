"""What colluders can do to the court: exact probabilities that they hold a committee, or all that it takes.

A committee of k is drawn without replacement from a pool of N seats, c of which collude: hypergeometric. Colluders with
a majority of the committee decide what they like (capture). Where honest members and absent ones are left, those who
collude or stay away keep the honest from a majority (blocking); with nobody absent that is the same event, as k is odd.
Every appeal draws from the whole pool again, so rounds are independent.

One account a seat is assumed. The court draws accounts, weighted by their seats, each at most once: what anybody joins
in one account has one vote in a committee.

`python -m verifier.collusion --pool 1000` prints the tables of docs/outputs.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import comb

from contracts.court_values import COMMITTEE_SIZES
from verifier.committee import majority


def at_least(count: int, *, marked: int, pool: int, size: int) -> Fraction:
    """P(at least `count` of `size` seats drawn without replacement from `pool` are among the `marked`), exactly.

    Raises ValueError unless 0 <= marked <= pool and 0 < size <= pool.
    """
    if not 0 <= marked <= pool or not 0 < size <= pool:
        raise ValueError(f"{size} of {pool} seats with {marked} marked cannot be drawn")
    ways = sum(comb(marked, hits) * comb(pool - marked, size - hits) for hits in range(max(count, 0), size + 1))
    return Fraction(ways, comb(pool, size))


def capture(size: int, *, pool: int, colluding: int) -> Fraction:
    """P(colluders hold a majority of a committee of `size`): it says what they like. Raises ValueError."""
    return at_least(majority(size), marked=colluding, pool=pool, size=size)


def blocking(size: int, *, pool: int, colluding: int, absent: int = 0) -> Fraction:
    """P(honest members who show up hold no majority): it need not say the truth. Raises ValueError."""
    return at_least(size - majority(size) + 1, marked=colluding + absent, pool=pool, size=size)


def wins_all_rounds(
    *,
    pool: int,
    colluding: int,
    honest_side_appeals: bool = True,
    colluders_appeal: bool = True,
    sizes: Sequence[int] = COMMITTEE_SIZES,
) -> Fraction:
    """P(the final verdict is the colluders').

    One side of the job colludes with the committee members: the worker for an accept that the requester can appeal, or
    the requester for a reject that the worker can appeal. A side that appeals always goes on to the last committee when
    the verdict is against it; the stake of an appeal doubles with each, which is what keeps colluders from trying.
    """
    wins = Fraction(0)
    for position, size in enumerate(reversed(sizes)):
        captured = capture(size, pool=pool, colluding=colluding)
        if position == 0:
            wins = captured
        else:
            after_capture = wins if honest_side_appeals else Fraction(1)
            after_defeat = wins if colluders_appeal else Fraction(0)
            wins = captured * after_capture + (1 - captured) * after_defeat
    return wins


def tables(pool: int, percentages: Sequence[int]) -> Iterator[str]:
    """Lines of two Markdown tables for a pool: committees alone, and the whole way through appeals."""
    yield f"Colluders hold a majority of one committee, {pool} seats:"
    yield ""
    yield from _header("colluding", *(f"{size} drawn" for size in COMMITTEE_SIZES))
    for percent in percentages:
        colluding = pool * percent // 100
        yield _row(f"{percent}%", *(capture(size, pool=pool, colluding=colluding) for size in COMMITTEE_SIZES))
    yield ""
    yield f"The final verdict is the colluders', {pool} seats, by who appeals whenever the verdict is against them:"
    yield ""
    yield from _header("colluding", "both", "only the honest side", "only the colluders", "nobody")
    for percent in percentages:
        colluding = pool * percent // 100
        sides = ((True, True), (True, False), (False, True), (False, False))
        yield _row(
            f"{percent}%",
            *(
                wins_all_rounds(pool=pool, colluding=colluding, honest_side_appeals=honest, colluders_appeal=others)
                for honest, others in sides
            ),
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m verifier.collusion", description=main.__doc__)
    parser.add_argument("--pool", type=int, action="append", help="seats to draw from, repeatable (default 100, 1000)")
    parser.add_argument("--colluding", type=int, action="append", help="percent, repeatable (default 5, 10, 20, 33)")
    arguments = parser.parse_args()
    for pool in arguments.pool or (100, 1000):
        print("\n".join(tables(pool, arguments.colluding or (5, 10, 20, 33))), end="\n\n")


def _header(*names: str) -> Iterator[str]:
    yield "| " + " | ".join(names) + " |"
    yield "| ---: " * len(names) + "|"


def _row(name: str, *probabilities: Fraction) -> str:
    return f"| {name} | " + " | ".join(f"{float(value):.2g}" for value in probabilities) + " |"


if __name__ == "__main__":
    main()
