"""Each attack changes what it says and nothing else."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from node.attacks import ATTACKS, Attack, AttackView, load_attack
from node.attacks.partial_service import is_favoured
from node.errors import ConfigurationError
from node.tasks import Shard

UPDATE = np.linspace(-1, 1, 101, dtype=np.float32)
VIEW = AttackView(round=3, previous_updates={2: np.full(101, 2, np.float32), 5: np.full(101, 5, np.float32)})
SHARD = Shard(torch.arange(20, dtype=torch.uint8).reshape(10, 2), torch.arange(10), 10)
BLOCK = b"some block"
DIGEST = hashlib.sha256(BLOCK).digest()
CHANGES_UPDATE = {"sign-flip", "noise", "copy"}
CHANGES_SERVICE = {"wrong-bytes", "partial-service"}


def test_there_are_seven_attacks_each_under_its_own_name() -> None:
    assert list(ATTACKS) == [
        "sign-flip", "label-flip", "noise", "copy", "wrong-bytes", "partial-service", "silent",
    ]  # fmt: skip
    assert all(load_attack(name).name == name for name in ATTACKS)


def test_no_name_means_an_honest_peer() -> None:
    honest = load_attack(None)
    assert type(honest) is Attack
    assert honest.poison_shard(SHARD) is SHARD
    assert honest.poison_update(UPDATE, VIEW) is UPDATE
    assert honest.serve(None, DIGEST, BLOCK) == BLOCK
    assert honest.reveals


def test_an_unknown_attack_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="attack 'ddos' is unknown; known attacks: sign-flip, label-flip"):
        load_attack("ddos")


@pytest.mark.parametrize("name", list(ATTACKS))
def test_an_attack_is_honest_in_every_hook_but_its_own(name: str) -> None:
    attack = load_attack(name)
    if name != "label-flip":
        assert attack.poison_shard(SHARD) is SHARD
    if name not in CHANGES_UPDATE:
        assert attack.poison_update(UPDATE, VIEW) is UPDATE
    if name not in CHANGES_SERVICE:
        assert attack.serve("0xabc", DIGEST, BLOCK) == BLOCK
    assert attack.reveals == (name != "silent")
    assert attack.looks_at_others == (name == "copy")


@pytest.mark.parametrize("name", sorted(CHANGES_UPDATE))
def test_a_poisoned_update_keeps_shape_and_type_and_repeats_itself(name: str) -> None:
    untouched = UPDATE.copy()
    first, second = (load_attack(name).poison_update(UPDATE, VIEW) for _ in range(2))
    assert first.shape == UPDATE.shape
    assert first.dtype == np.float32
    assert first.tobytes() == second.tobytes()
    assert not np.array_equal(first, UPDATE)
    assert np.array_equal(UPDATE, untouched)


def test_sign_flip_multiplies_by_minus_ten() -> None:
    assert np.array_equal(load_attack("sign-flip").poison_update(UPDATE, VIEW), -10 * UPDATE)


def test_label_flip_mirrors_labels_and_keeps_inputs() -> None:
    flipped = load_attack("label-flip").poison_shard(SHARD)
    assert flipped.labels.tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert torch.equal(flipped.inputs, SHARD.inputs)
    assert SHARD.labels.tolist() == list(range(10))


def test_noise_has_the_size_of_the_update_but_not_its_direction() -> None:
    update = np.random.default_rng(1).standard_normal(10_000).astype(np.float32)
    noise = load_attack("noise").poison_update(update, VIEW)
    assert np.linalg.norm(noise) == pytest.approx(np.linalg.norm(update), rel=1e-5)
    assert abs(np.dot(noise, update)) < 0.05 * np.dot(update, update)


def test_two_seats_with_different_updates_send_different_noise() -> None:
    noise = load_attack("noise")
    first, second = noise.poison_update(UPDATE, VIEW), noise.poison_update(UPDATE[::-1].copy(), VIEW)
    assert not np.allclose(first, second)


def test_copy_takes_turns_on_what_others_revealed() -> None:
    copy = load_attack("copy")
    taken = {float(copy.poison_update(UPDATE, AttackView(n, VIEW.previous_updates))[0]) for n in (2, 3)}
    assert taken == {2.0, 5.0}


def test_copy_sends_nothing_while_there_is_nothing_to_copy() -> None:
    assert not load_attack("copy").poison_update(UPDATE, AttackView(round=1)).any()


@pytest.mark.parametrize("data", [b"", b"\x00", BLOCK])
def test_wrong_bytes_never_match_the_digest(data: bytes) -> None:
    served = load_attack("wrong-bytes").serve("0xabc", hashlib.sha256(data).digest(), data)
    assert served is not None
    assert served != data
    assert len(served) == max(1, len(data))


def test_partial_service_splits_the_swarm_the_same_way_every_time() -> None:
    attack = load_attack("partial-service")
    addresses = [f"0x{number:040X}" for number in range(200)]
    served = [attack.serve(address, DIGEST, BLOCK) for address in addresses]
    assert set(served) == {BLOCK, None}
    assert 60 < served.count(BLOCK) < 140
    assert served == [attack.serve(address.lower(), DIGEST, BLOCK) for address in addresses]
    assert [answer is not None for answer in served] == [is_favoured(address) for address in addresses]


def test_partial_service_refuses_whoever_gives_no_address() -> None:
    assert load_attack("partial-service").serve(None, DIGEST, BLOCK) is None
