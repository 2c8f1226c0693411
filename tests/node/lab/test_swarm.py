"""A whole swarm in one process: what the tasks' own settings reach, and what attackers get."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from node.aggregation.reasons import Reason
from node.codec import Update
from node.lab.axes import Chosen
from node.lab.cell import Cell
from node.lab.presets import find_preset
from node.lab.run import cut, load_image_task, run_cell
from node.lab.swarm import LabRound, Swarm, content_root

MNIST_DIR = Path(os.environ.get("SWARMPROOF_MNIST_DIR", Path(__file__).parents[4] / "shared" / "data" / "mnist"))
needs_mnist = pytest.mark.skipif(
    not MNIST_DIR.is_dir(), reason=f"no MNIST files in {MNIST_DIR} (set SWARMPROOF_MNIST_DIR)"
)


def own_cell(attack: str = "none", attackers: int = 0, **changes: object) -> Cell:
    """Digits with the task's own settings, 8 seats."""
    chosen = Chosen(rules=("default",), attacks=("none",), bounds=(2,), seeds=1)
    (cell,) = find_preset("quick").experiment(chosen, None).cells
    return replace(cell, attack=attack, attackers=attackers, **changes)  # type: ignore[arg-type]


def swarm_of(cell: Cell) -> Swarm:
    return Swarm(cell, load_image_task(cell.task, cell.width, None), cut(cell, None))


def last(item: LabRound, seat: int) -> tuple[Reason, int, int]:
    """Reason, weight and score of a seat."""
    place = item.seats.index(seat)
    judgement = item.judgement
    return judgement.reasons[place], judgement.weights[place], judgement.scores[place]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_learns_in_eight_rounds_while_two_of_eight_flip(seed: int) -> None:
    result = run_cell(own_cell("sign-flip+label-flip", 2, seed=seed))
    assert result.accuracy >= 0.945
    assert [number for number in result.attacker_rounds if number > 1] == []
    assert result.attacker_reward < 0.02
    assert result.honest_most < 2 * result.honest_least
    assert 0.5 < result.bits_per_parameter < 1
    assert sum(result.seat_rewards) == pytest.approx(1)
    assert (result.kept_rounds, result.unsent) == (0, 0)


def test_two_runs_end_in_the_same_bits() -> None:
    first, second = (swarm_of(own_cell("alie", 2)) for _ in range(2))
    assert [item.judgement.scores for item in first.rounds(3)] == [item.judgement.scores for item in second.rounds(3)]
    np.testing.assert_array_equal(first.state.theta, second.state.theta)


def test_stopping_and_going_on_changes_nothing() -> None:
    whole, parts = swarm_of(own_cell()), swarm_of(own_cell())
    assert [item.number for item in whole.rounds(3)] == [1, 2, 3]
    assert [item.number for count in (1, 2) for item in parts.rounds(count)] == [1, 2, 3]
    np.testing.assert_array_equal(whole.state.theta, parts.state.theta)


def test_rules_start_from_the_same_parameters() -> None:
    first, second = swarm_of(own_cell()), swarm_of(own_cell(rule="history+mean"))
    assert second.manifest.history_buckets > 0
    assert first.manifest.digest != second.manifest.digest
    np.testing.assert_array_equal(first.state.theta, second.state.theta)


@pytest.mark.parametrize("attack", ["sign-flip", "label-flip", "noise"])
def test_an_attacker_that_is_filtered_gets_neither_weight_nor_score(attack: str) -> None:
    *_, item = swarm_of(own_cell(attack, 1)).rounds(3)
    assert last(item, 8) == (Reason.FILTERED, 0, 0)


@pytest.mark.parametrize("attack", ["silent", "wrong-bytes"])
def test_who_does_not_reveal_or_serve_is_not_among_the_inputs(attack: str) -> None:
    (item,) = swarm_of(own_cell(attack, 1)).rounds(1)
    assert item.seats == tuple(range(1, 8))


def test_bytes_that_do_not_parse_are_no_input() -> None:
    rounds = list(swarm_of(own_cell("bit-flip", 2)).rounds(3))
    assert any(8 in item.unsent and 8 not in item.seats for item in rounds)


def test_a_copier_with_nothing_to_copy_sends_zeros() -> None:
    (item,) = swarm_of(own_cell("copy", 1)).rounds(1)
    assert last(item, 8) == (Reason.ZERO_UPDATE, 0, 0)


def test_equal_content_in_the_same_round_counts_once() -> None:
    item = list(swarm_of(own_cell("sybil-duplicate", 2)).rounds(2))[-1]
    assert last(item, 8) == (Reason.DUPLICATE, 0, 0)


def test_a_backdoor_says_how_far_it_got_and_other_attacks_do_not() -> None:
    reached = run_cell(own_cell("backdoor", 2, rule="mean", rounds=6)).attack_success
    assert reached is not None
    assert reached > run_cell(own_cell("backdoor", 2, rounds=6)).attack_success  # type: ignore[operator]
    assert run_cell(own_cell("sign-flip", 2, rounds=1)).attack_success is None


def test_a_swarm_that_blew_up_sends_nothing_and_ends() -> None:
    result = run_cell(
        own_cell("sign-flip", 3, bound=3, rule="mean", learning_rate_millionths=2_000_000, optimizer="sgd")
    )
    assert result.accuracy < 0.3
    assert result.unsent > 0


def test_dense_messages_take_eight_bits_and_worker_momentum_learns() -> None:
    cell = own_cell(
        compressed=False, training="worker", optimizer="sgd", steps=1, rounds=20, alpha_q16=1 << 15, rule="mean"
    )
    result = run_cell(cell)
    assert result.accuracy > 0.8
    assert 8 < result.bits_per_parameter < 9


def test_fewer_examples_leave_every_seat_its_part() -> None:
    parts = cut(own_cell(examples=100), None)
    assert len(parts) == 8
    assert sum(map(len, parts)) == pytest.approx(100, abs=8)


def test_the_header_does_not_tell_copies_apart() -> None:
    swarm = swarm_of(own_cell())
    positions, mantissas, shifts = np.arange(2), np.ones(2, np.int16), np.zeros(1, np.uint8)
    headers = [swarm._header(seat, 1) for seat in (1, 2)]
    roots = [content_root(Update(header, positions, mantissas, shifts)) for header in headers]
    assert roots[0] == roots[1]
    assert roots[0] != content_root(Update(headers[0], positions, -mantissas, shifts))
    assert len(roots[0]) == hashlib.sha256().digest_size


@pytest.mark.slow
@needs_mnist
def test_mnist_learns_in_twenty_rounds_while_three_of_eight_attack() -> None:
    chosen = Chosen(task="mnist", rules=("default",), attacks=("none",), bounds=(3,), rounds=20, seeds=1)
    (clean,) = find_preset("quick").experiment(chosen, MNIST_DIR).cells
    result = run_cell(replace(clean, attack="sign-flip+label-flip+noise", attackers=3), MNIST_DIR)
    assert result.accuracy >= 0.95
    assert result.attacker_reward <= 0.10
    assert result.bits_per_parameter <= 0.17


@pytest.mark.slow
@needs_mnist
@pytest.mark.parametrize(("split", "least"), [("iid", 0.93), ("dirichlet(0.5)", 0.915)])
def test_the_plain_mean_learns_the_reference_setting_when_nobody_attacks(split: str, least: float) -> None:
    assert run_cell(Cell(rule="mean", split=split), MNIST_DIR).accuracy >= least
