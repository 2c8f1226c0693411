"""Records and which of them is passed on."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest

from node.neighbourhood.records import (
    DISTANCE_WEIGHTS,
    DRAW_BITS,
    MAXIMUM_RECORDS,
    NOBODY,
    Records,
    choose_record,
    distance_weight,
    heard_directly,
    heard_of,
)

SKETCH = np.ones(16, dtype=np.int16)


def told(records: Records, author: str, *, sender: str = "n", round: int = 1, distance: int = 1) -> Records:
    return heard_of(records, author, own="me", sender=sender, round=round, sender_distance=distance, history=SKETCH)


def test_weights_are_those_of_the_exponential() -> None:
    for k, weight in enumerate(DISTANCE_WEIGHTS):
        assert abs(weight - math.exp(-0.8 * k) * (1 << 30)) <= 0.5 + 1e-6
    assert distance_weight(1) == 1 << 30
    assert distance_weight(10**9) == 1


def test_a_record_comes_one_hop_farther_with_each_hand() -> None:
    assert told(NOBODY, "a", distance=3)["a"].distance == 4
    assert told(NOBODY, "a", distance=3)["a"].received_from == "n"


def test_no_claim_makes_a_stranger_a_neighbour() -> None:
    assert told(NOBODY, "a", distance=0)["a"].distance == 2


def test_newer_news_of_distant_authors_counts_and_older_does_not() -> None:
    records = told(NOBODY, "a", round=5)
    assert told(records, "a", round=6, sender="m")["a"].received_from == "m"
    assert told(records, "a", round=5, sender="m") is records
    assert told(records, "a", round=4, sender="m") is records


def test_what_others_say_of_a_neighbour_does_not_count() -> None:
    records = heard_directly(NOBODY, "a", round=1, history=SKETCH)
    assert told(records, "a", round=9) is records


def test_nobody_passes_on_itself_or_us() -> None:
    assert told(NOBODY, "n", sender="n") is NOBODY
    assert told(NOBODY, "me") is NOBODY


def test_a_neighbours_own_model_replaces_hearsay_and_older_models() -> None:
    records = heard_directly(told(NOBODY, "a", round=9), "a", round=2, history=SKETCH)
    assert (records["a"].distance, records["a"].round) == (1, 2)
    records = heard_directly(records, "a", round=3, history=SKETCH)
    assert heard_directly(records, "a", round=2, history=SKETCH) is records


def test_strangers_cannot_fill_the_memory_nor_push_out_neighbours() -> None:
    records = heard_directly(NOBODY, "neighbour", round=1, history=SKETCH)
    for index in range(MAXIMUM_RECORDS + 50):
        records = told(records, f"made up {index}", round=1000 + index)
    assert len(records) == MAXIMUM_RECORDS
    assert "neighbour" in records
    assert f"made up {MAXIMUM_RECORDS + 49}" in records


def test_strangers_that_one_neighbour_makes_up_push_out_nothing_that_another_told() -> None:
    records = told(NOBODY, "far Sybil", sender="honest", round=5)
    for index in range(2 * MAXIMUM_RECORDS):
        records = told(records, f"made up {index}", sender="liar", round=1 << 60)
    assert records["far Sybil"].received_from == "honest"
    assert len(records) == MAXIMUM_RECORDS


def test_a_neighbour_is_told_neither_of_itself_nor_what_it_told_us() -> None:
    records = heard_directly(NOBODY, "n", round=1, history=SKETCH)
    records = told(records, "from n", sender="n")
    assert choose_record(records, own="me", neighbour="n", draw=0) is None
    assert choose_record(records, own="me", neighbour="other", draw=0) is not None


@pytest.mark.parametrize("draw", [0, (1 << DRAW_BITS) - 1])
def test_every_draw_chooses_somebody(draw: int) -> None:
    records = told(told(NOBODY, "a"), "b", distance=9)
    assert choose_record(records, own="me", neighbour="x", draw=draw) == ("a" if draw == 0 else "b")


def test_near_authors_are_passed_on_more_often() -> None:
    records = heard_directly(NOBODY, "near", round=1, history=SKETCH)
    records = told(told(records, "middle", distance=1), "far", distance=2)
    generator = random.Random(1)
    counted = Counter(
        choose_record(records, own="me", neighbour="x", draw=generator.getrandbits(DRAW_BITS)) for _ in range(4000)
    )
    total = 1 + math.exp(-0.8) + math.exp(-1.6)
    for author, weight in (("near", 1.0), ("middle", math.exp(-0.8)), ("far", math.exp(-1.6))):
        assert abs(counted[author] / 4000 - weight / total) < 0.03
