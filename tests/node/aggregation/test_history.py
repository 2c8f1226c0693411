"""Histories: exact decay, newcomers, absence, forgetting, and no overflow at the format's limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from node.aggregation.gram import Gram
from node.aggregation.history import Histories, clipped_values, coarse_bits, decayed, emphasis_q20
from node.aggregation.sketch import CountSketch
from node.manifest import Manifest, TensorSpec
from tests.node.aggregation.messages import manifest, random_message

MANIFEST = replace(manifest(), history_buckets=64)
LAYOUT = MANIFEST.layout
ONE = 1 << 16
EMPHASIS = 1 << 18  # a quarter


def advance(histories: Histories, seats: list[int], label: str = "m", m: Manifest = MANIFEST) -> Histories:
    messages = [random_message(m.layout, f"{label} {seat}") for seat in seats]
    return histories.advanced(m, seats, messages, [ONE] * len(seats), EMPHASIS)


def test_without_buckets_messages_are_not_remembered_but_merits_are() -> None:
    m = manifest()
    first = advance(Histories.empty(m), [1, 2], m=m).with_merits([1, 2], [3200, -3200])
    second = advance(first, [2, 3], m=m)
    assert (second.has_sketches, second.sketches.shape) == (False, (3, 2, 0))
    assert (second.seats, second.ages, second.merits) == ((1, 2, 3), (1, 2, 1), (3100, -3100, 0))


def test_a_merit_keeps_a_seat_from_being_forgotten() -> None:
    m = manifest()
    histories, rounds = advance(Histories.empty(m), [1], m=m).with_merits([1], [-(1 << 30)]), 0
    while histories.seats:
        histories, rounds = advance(histories, [], m=m), rounds + 1
    assert 500 < rounds < 700, "five bits of decay on thirty bits of merit"


def test_a_first_message_is_its_sketch() -> None:
    histories = advance(Histories.empty(MANIFEST), [4])
    message = random_message(LAYOUT, "m 4")
    values = [
        int(q) << int(s) for q, s in zip(message.mantissas, np.repeat(message.shifts, LAYOUT.chunk_counts), strict=True)
    ]
    expected = CountSketch(64, MANIFEST.digest).of_entries(message.positions, np.array(values))
    assert (histories.seats, histories.ages) == ((4,), (1,))
    assert np.array_equal(histories.sketches[0, 0], expected)
    assert np.array_equal(histories.sketches[0, 1], (expected >> 12) * EMPHASIS >> 8)


def test_an_absent_seat_fades_and_a_newcomer_starts_at_nothing() -> None:
    first = advance(Histories.empty(MANIFEST), [1, 2])
    second = advance(first, [2, 3], "n")
    assert (second.seats, second.ages) == ((1, 2, 3), (1, 2, 1))
    recent, lasting = first.sketches[0].tolist()
    assert second.sketches[0, 0].tolist() == [v - ((v + 4) >> 3) for v in recent]
    assert second.sketches[0, 1].tolist() == [v - ((v + 64) >> 7) for v in lasting]
    alone = advance(Histories.empty(MANIFEST), [3], "n")
    assert np.array_equal(second.sketches[2], alone.sketches[0])


def test_a_seat_is_forgotten_when_nothing_of_it_is_left() -> None:
    histories = advance(Histories.empty(MANIFEST), [1, 2])
    rounds = 0
    while 1 in histories.seats:
        before, rounds = histories, rounds + 1
        histories = histories.advanced(MANIFEST, [], [], [], 1)
    assert 1000 < rounds < 5000, "seven bits of decay on forty bits of value"
    heard = advance(before, [1])
    assert heard.seats[0] == 1
    assert heard.ages[0] == 2


def test_beyond_the_most_seats_the_youngest_absent_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.aggregation.history.MOST_SEATS", 4)
    histories = advance(advance(Histories.empty(MANIFEST), [2, 3]), [1, 3, 5], "n")
    assert histories.seats == (1, 2, 3, 5)
    assert advance(histories, [6], "o").seats == (1, 2, 3, 6)
    assert advance(histories, [6, 7], "o").seats == (1, 3, 6, 7)


def test_clip_factors_shorten_what_is_remembered() -> None:
    message = random_message(LAYOUT, "m")
    whole, half = clipped_values(message, LAYOUT, ONE), clipped_values(message, LAYOUT, ONE // 2)
    assert np.array_equal(half, whole >> 1)


def test_decay_takes_an_eighth_and_ends() -> None:
    values = [800, -800, 3, 4, -4, -5, 64]
    recent, lasting = decayed(np.array([[values, values]]))[0].tolist()
    assert recent == [700, -700, 3, 3, -4, -4, 56]
    assert lasting == [794, -794, 3, 4, -4, -5, 63]


def test_the_largest_messages_of_the_largest_layout_stay_within_int64() -> None:
    entries = 1 << 31
    layout = Manifest(
        task="t", tensors=(TensorSpec("w", (1 << 19, 1 << 12), 0),), rule="mean", byzantine=0, alpha_q16=1
    ).layout
    assert int(layout.chunk_counts.sum()) == entries
    assert 128 * entries * ((255 << 32) >> coarse_bits(layout)) < 1 << 62


def test_the_gram_of_histories_is_that_of_the_sketches() -> None:
    histories = advance(advance(Histories.empty(MANIFEST), [1, 5, 9]), [1, 5, 9], "n")
    for memory, gram in enumerate((histories.recent([9, 1]), histories.lasting([9, 1]))):
        rows = histories.sketches[[2, 0], memory].astype(np.float64)
        expected = rows @ rows.T / np.outer(*[np.linalg.norm(rows, axis=1)] * 2)
        assert np.abs(np.array(gram.cosines_q30) / 2**30 - expected).max() < 1e-5
        assert max(gram.norms_q16) <= ONE
    assert histories.ages_of([9, 1]) == (2, 2)


def test_a_round_counts_as_much_as_its_updates_say_about_one_another() -> None:
    half = 1 << 29
    gram = Gram(((1 << 30, half, 0), (half, 1 << 30, -half), (0, -half, 1 << 30)), (ONE,) * 3, (0,) * 3)
    assert emphasis_q20(gram) == (1 << 20) // 4
    assert emphasis_q20(Gram(((1 << 30,),), (ONE,), (0,))) == 1


def test_a_minority_cannot_make_a_round_count_for_more() -> None:
    honest = np.full((9, 9), 0.2) + 0.8 * np.eye(9)
    colluding = np.ones((6, 6))
    apart = np.full((9, 6), -0.1)
    cosines = np.block([[honest, apart], [apart.T, colluding]])
    gram = Gram(tuple(tuple(round(c * 2**30) for c in row) for row in cosines.tolist()), (ONE,) * 15, (0,) * 15)
    assert emphasis_q20(gram) == pytest.approx(0.04 * 2**20, rel=1e-5)
