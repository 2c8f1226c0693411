"""Attacks that need no others: the own update turned, replaced by noise or left out, and data under wrong labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from node.attacks import AttackView, load_attack
from node.attacks.backdoor import triggered
from node.errors import ConfigurationError
from tests.node.attacks.scene import IMAGES, NORM, OWN, REVEALED, SHARD, STEP, cosine, norm, said, view_of


@pytest.mark.parametrize(("name", "factor"), [("sign-flip", -10), ("sign-flip-1", -1)])
def test_sign_flip_multiplies_the_own_update(name: str, factor: int) -> None:
    assert np.array_equal(load_attack(name).poison_update(OWN, view_of()), factor * OWN)


def test_overflow_reverses_and_stays_within_the_format() -> None:
    sent = load_attack("overflow").poison_update(OWN, view_of())
    assert np.array_equal(np.sign(sent), -np.sign(OWN))
    assert np.isfinite(sent).all()
    assert 31.9 < np.abs(sent).max() < 32
    assert not load_attack("overflow").poison_update(np.zeros_like(OWN), view_of()).any()


def test_uniform_raises_every_parameter() -> None:
    sent = load_attack("uniform").poison_update(OWN, view_of())
    assert 0 <= sent.min() < 0.01 < 0.99 < sent.max() < 1.0000001
    assert sent.mean() == pytest.approx(0.5, abs=0.02)


def test_gaussian_has_deviation_one_and_each_colluder_its_own() -> None:
    first, second = (load_attack("gaussian").poison_update(OWN, view_of(index=index)) for index in (0, 1))
    assert first.mean() == pytest.approx(0, abs=0.05)
    assert first.std() == pytest.approx(1, abs=0.05)
    assert abs(cosine(first, second)) < 0.05


def test_noise_is_as_long_as_an_honest_message_and_each_colluder_has_its_own() -> None:
    first, second = (load_attack("noise").poison_update(OWN, view_of(index=index)) for index in (0, 1))
    assert norm(first) == pytest.approx(NORM, rel=1e-5)
    assert abs(cosine(first, OWN)) < 0.05
    assert abs(cosine(first, second)) < 0.05


def test_noise_is_as_long_as_an_honest_message_once_it_is_decoded() -> None:
    sent = load_attack("noise").poison_update(OWN, view_of(sent=said))
    assert norm(said(sent)) == pytest.approx(NORM, rel=0.02)
    assert norm(sent) > NORM


def test_zero_sends_zeros() -> None:
    assert not load_attack("zero").poison_update(OWN, view_of()).any()


def test_replay_says_the_last_step_again_at_honest_length() -> None:
    sent = load_attack("replay").poison_update(OWN, view_of())
    assert cosine(sent, STEP) == pytest.approx(1, abs=1e-9)
    assert norm(sent) == pytest.approx(NORM, rel=1e-5)


def test_replay_and_copy_send_nothing_while_there_is_nothing_to_repeat() -> None:
    for name in ("replay", "copy"):
        assert not load_attack(name).poison_update(OWN, AttackView(round=1)).any()


def test_copy_takes_turns_on_what_was_revealed_a_round_ago() -> None:
    seats = sorted(REVEALED)
    for number in (2, 3, 10):
        sent = load_attack("copy").poison_update(OWN, view_of(round=number))
        assert np.array_equal(sent, REVEALED[seats[number % len(seats)]])


def test_label_flip_mirrors_labels_and_keeps_inputs() -> None:
    flipped = load_attack("label-flip").poison_shard(SHARD)
    assert flipped.labels.tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert torch.equal(flipped.inputs, SHARD.inputs)
    assert SHARD.labels.tolist() == list(range(10))


def test_label_swap_exchanges_zeros_and_ones() -> None:
    poisoned = load_attack("label-swap").poison_shard(SHARD)
    assert poisoned.labels.tolist() == [1, 0, 2, 3, 4, 5, 6, 7, 8, 9]
    assert torch.equal(poisoned.inputs, SHARD.inputs)
    assert SHARD.labels.tolist() == list(range(10))


def test_added_label_swap_keeps_the_own_data_and_adds_swapped_copies() -> None:
    poisoned = load_attack("label-swap-added").poison_shard(SHARD)
    assert poisoned.labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 0]
    assert torch.equal(poisoned.inputs, torch.cat([SHARD.inputs, SHARD.inputs[:2]]))
    others = SHARD.take(torch.arange(2, 10))
    assert load_attack("label-swap-added").poison_shard(others).labels.tolist() == others.labels.tolist()


def test_backdoor_marks_every_other_image_and_calls_it_a_one() -> None:
    poisoned = load_attack("backdoor").poison_shard(IMAGES)
    assert poisoned.labels.tolist() == [1, 1, 1, 3, 1, 5, 1, 7, 1, 9]
    images = poisoned.inputs.reshape(10, 8, 8)
    assert (images[::2, 5:, 5:] == IMAGES.inputs.max()).all()
    assert torch.equal(poisoned.inputs[1::2], IMAGES.inputs[1::2])
    untouched = images[::2].clone()
    untouched[:, 5:, 5:] = IMAGES.inputs.reshape(10, 8, 8)[::2, 5:, 5:]
    assert torch.equal(untouched.reshape(5, 64), IMAGES.inputs[::2])
    assert IMAGES.labels.tolist() == list(range(10))


@pytest.mark.parametrize("features", [2, 4, 63])
def test_backdoor_needs_square_images(features: int) -> None:
    with pytest.raises(ConfigurationError, match=f"square images of 3 pixels and more a side, not {features} features"):
        triggered(torch.zeros((2, features)))


class Table(torch.nn.Module):
    """Answers class `answers[i]` for the i-th input, whatever it is."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__()
        self.answers = torch.tensor(answers)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        assert len(inputs) == len(self.answers)
        return torch.nn.functional.one_hot(self.answers, 10).float()


def test_success_of_a_label_flip_is_the_part_of_mirrored_answers() -> None:
    assert load_attack("label-flip").success(Table([9, 8, 7, 3, 4, 5, 6, 7, 8, 9]), SHARD) == 0.3


@pytest.mark.parametrize("name", ["label-swap", "label-swap-added"])
def test_success_of_a_label_swap_counts_zeros_and_ones_alone(name: str) -> None:
    assert load_attack(name).success(Table([1, 1, 3, 2, 4, 5, 6, 7, 8, 9]), SHARD) == 0.5
    others = SHARD.take(torch.arange(2, 10))
    assert load_attack(name).success(Table([0] * 8), others) == 0


def test_success_of_a_backdoor_is_the_part_of_other_classes_taken_for_a_one() -> None:
    answers = [1, 1, 1, 3, 4, 5, 6, 7, 8, 9]  # one of the three is a 1 indeed
    assert load_attack("backdoor").success(Table(answers), IMAGES) == pytest.approx(2 / 9)
