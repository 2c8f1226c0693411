"""What holds for every attack: it changes what it says and nothing else, and what it sends can be sent."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from node.attacks import ATTACKS, Attack, AttackView, load_attack
from node.codec import encode, parse
from node.errors import ConfigurationError
from tests.node.attacks.scene import COUNT, IMAGES, KNOWN, OWN, SHARD, said, view_of
from tests.node.codec.layouts import MIXED, header_for

BLOCK = b"some block"
DIGEST = hashlib.sha256(BLOCK).digest()
CHANGES_SHARD = {"label-flip", "label-swap", "label-swap-added", "backdoor"}
CHANGES_SERVICE = {"wrong-bytes", "partial-service"}
CHANGES_MESSAGE = {"bit-flip"}
CHANGES_OUTCOME = {"captured-quorum"}
KEEPS_UPDATE = {*CHANGES_SHARD, *CHANGES_SERVICE, *CHANGES_MESSAGE, *CHANGES_OUTCOME, "silent", "censoring-collector"}
SENDS_ITS_OWN = {"sign-flip", "sign-flip-1", "overflow", "near-copy"}  # what each has trained differs anyway
MAY_BE_EQUAL = {"zero", "sybil-duplicate", *SENDS_ITS_OWN}
CHANGES_UPDATE = sorted(set(ATTACKS) - KEEPS_UPDATE)


def test_every_attack_goes_by_its_own_name() -> None:
    assert all(load_attack(name).name == name for name in ATTACKS)


def test_no_name_means_an_honest_peer() -> None:
    honest = load_attack(None)
    assert type(honest) is Attack
    assert honest.poison_shard(SHARD) is SHARD
    assert honest.poison_update(OWN, view_of()) is OWN
    assert honest.poison_message(BLOCK) is BLOCK
    assert honest.serve(None, DIGEST, BLOCK) == BLOCK
    assert honest.reveals_in(1)
    assert honest.trains_as(3, [2, 3]) == 3
    assert honest.success(torch.nn.Identity(), SHARD) is None
    assert (honest.reveals, honest.looks_at_others, honest.uses_error_feedback) == (True, False, True)
    assert (honest.collects(2), honest.opens(2), honest.collects_out_of_turn) == (True, True, False)


def test_an_unknown_attack_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="attack 'ddos' is unknown; known attacks: sign-flip, sign-flip-1"):
        load_attack("ddos")


@pytest.mark.parametrize("name", list(ATTACKS))
def test_an_attack_is_honest_in_every_hook_but_its_own(name: str) -> None:
    attack = load_attack(name)
    if name not in CHANGES_SHARD:
        assert attack.poison_shard(IMAGES) is IMAGES
    if name in KEEPS_UPDATE:
        assert attack.poison_update(OWN, view_of()) is OWN
    if name not in CHANGES_MESSAGE:
        assert attack.poison_message(BLOCK) is BLOCK
    if name not in CHANGES_SERVICE:
        assert attack.serve("0xabc", DIGEST, BLOCK) == BLOCK
    if name != "near-copy":
        assert attack.trains_as(5, [2, 5]) == 5
    assert attack.uses_error_feedback == (name in KEEPS_UPDATE | {"near-copy"})
    assert all(attack.reveals_in(number) for number in range(1, 13)) == (name not in ("silent", "sybil-churn"))


@pytest.mark.parametrize("name", CHANGES_UPDATE)
@pytest.mark.parametrize("is_first_round", [False, True])
def test_a_crafted_update_can_be_sent_repeats_itself_and_leaves_what_it_saw(name: str, is_first_round: bool) -> None:
    view = AttackView(round=1, index=1, count=4, seed=17, sent=said) if is_first_round else view_of(index=1, sent=said)
    before = (OWN.copy(), {seat: update.copy() for seat, update in KNOWN.items()})
    first, second = (load_attack(name).poison_update(OWN, view) for _ in range(2))
    assert first.shape == (COUNT,)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert first.tobytes() == second.tobytes()
    assert np.array_equal(OWN, before[0])
    assert all(np.array_equal(KNOWN[seat], update) for seat, update in before[1].items())
    parse(encode(first, MIXED, header_for(MIXED)), MIXED)


@pytest.mark.parametrize("name", CHANGES_UPDATE)
def test_a_huge_or_empty_world_is_no_reason_to_send_what_cannot_be_sent(name: str) -> None:
    for known in (np.full(COUNT, 30, np.float32), np.zeros(COUNT, np.float32)):
        view = view_of(known_updates={2: known, 4: -known, 5: known}, sent=said, previous_step=known)
        sent = load_attack(name).poison_update(known, view)
        assert np.isfinite(sent).all()
        assert np.abs(sent).max() < 32
        encode(sent, MIXED, header_for(MIXED))


@pytest.mark.parametrize("name", sorted(set(CHANGES_UPDATE) - MAY_BE_EQUAL))
def test_colluders_never_send_equal_messages(name: str) -> None:
    sent = {said(load_attack(name).poison_update(OWN, view_of(index=index, sent=said))).tobytes() for index in range(4)}
    assert len(sent) == 4
