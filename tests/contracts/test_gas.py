"""What peers pay: the figures on record, and the goals they keep to."""

from __future__ import annotations

import json

import pytest

from scripts.bench_gas import (
    BATCHED_GOAL,
    BATCHED_SIZE,
    CLAIM_FIRST_GOAL,
    CLAIM_LATER_GOAL,
    SIZES,
    SNAPSHOT,
    Figures,
    measure_all,
    quorum,
    round_goal,
)


@pytest.fixture(scope="module")
def recorded() -> dict[str, Figures]:
    figures: dict[str, Figures] = json.loads(SNAPSHOT.read_text("utf-8"))
    return figures


@pytest.mark.slow
def test_gas_is_what_is_on_record(recorded: dict[str, Figures]) -> None:
    assert measure_all() == recorded, "run `python -m scripts.bench_gas --write` and look at the difference"


@pytest.mark.parametrize("seats", SIZES)
def test_a_whole_round_keeps_to_its_goal(recorded: dict[str, Figures], seats: int) -> None:
    figures = recorded[f"{seats} seats"]
    assert figures["later round: whole"] <= round_goal(seats, quorum(seats))
    # A seat's first commitment in a project writes a word that later ones use again, and so does the round itself.
    assert figures["first round: whole"] <= round_goal(seats, quorum(seats)) + 17_100 * (seats + 2)


def test_a_batched_round_keeps_to_its_goal(recorded: dict[str, Figures]) -> None:
    assert recorded[f"{BATCHED_SIZE} seats"]["batched round: each"] <= BATCHED_GOAL


def test_a_claim_keeps_to_its_goal(recorded: dict[str, Figures]) -> None:
    # Every level of the reward tree adds about 700 gas: the goals are those of a small swarm.
    figures = recorded[f"{SIZES[0]} seats"]
    assert figures["first round: claim, holder"] <= CLAIM_FIRST_GOAL
    assert figures["later round: claim, holder"] <= 1.02 * CLAIM_LATER_GOAL


def test_the_quorum_is_the_smallest_above_two_thirds() -> None:
    for seats in range(1, 100):
        assert 3 * quorum(seats) > 2 * seats >= 3 * (quorum(seats) - 1)
