"""The mailbox: what gets in, what is pushed out, what is never missed."""

from __future__ import annotations

import asyncio

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from contracts.attestation import Domain
from node.exchange.envelope import Envelope, seal
from node.exchange.mailbox import Mailbox, MailboxBounds, Verdict
from tests.support.gateways import DOMAIN

ALICE, BOB, MALLORY = b"\x0a" * 32, b"\x0b" * 32, b"\x0c" * 32
ADDRESS = {key: Account.from_key(key).address for key in (ALICE, BOB, MALLORY)}


class Clock:
    """Chain time that a test moves."""

    now = 1000

    def __call__(self) -> int:
        return self.now


def message(
    key: bytes = ALICE,
    *,
    kind: str = "k",
    round: int = 1,
    sequence: int = 1,
    expiry: int = 2000,
    body: bytes = b"",
    domain: Domain = DOMAIN,
) -> Envelope:
    return seal(domain, key, kind=kind, round=round, sequence=sequence, expiry=expiry, body=body)


def mailbox(bounds: MailboxBounds | None = None, clock: Clock | None = None) -> Mailbox:
    """Alice and Bob are members, Mallory is not."""
    members = {ADDRESS[ALICE], ADDRESS[BOB]}
    return Mailbox(DOMAIN, clock=clock or Clock(), is_member=members.__contains__, bounds=bounds)


def test_holds_what_members_say() -> None:
    box, one, two = mailbox(), message(ALICE), message(BOB)
    assert box.offer(two.encoded) is Verdict.ADDED
    assert box.offer(one.encoded) is Verdict.ADDED
    assert box.of_round(1) == tuple(sorted((one, two), key=lambda e: e.sender.lower()))
    assert box.of_round(1, "other") == box.of_round(2) == ()
    assert box.hashes() == box.hashes(1) == sorted((one.hash, two.hash))
    assert box.hashes(2) == []
    assert box.get(one.hash) == one.encoded
    assert box.get(bytes(32)) is None
    assert len(box) == 2


def test_the_same_envelope_counts_once() -> None:
    box = mailbox()
    assert box.offer(message().encoded) is Verdict.ADDED
    assert box.offer(message().encoded) is Verdict.DUPLICATE
    assert len(box) == 1


def test_the_highest_sequence_wins_in_any_order() -> None:
    old, new = message(sequence=1, body=b"old"), message(sequence=2, body=b"new")
    for first, second, verdict in ((old, new, Verdict.ADDED), (new, old, Verdict.STALE)):
        box = mailbox()
        box.offer(first.encoded)
        assert box.offer(second.encoded) is verdict
        assert box.of_round(1) == (new,)
        assert box.get(old.hash) is None
    assert box.offer(message(sequence=2, body=b"other").encoded) is Verdict.STALE


def test_a_replaced_envelope_is_known_and_cannot_come_back() -> None:
    box, old = mailbox(), message(sequence=1)
    box.offer(old.encoded)
    box.offer(message(sequence=2).encoded)
    assert box.knows(old.hash)
    assert box.offer(old.encoded) is Verdict.DUPLICATE


def test_kinds_rounds_and_senders_do_not_replace_each_other() -> None:
    box = mailbox()
    envelopes = [message(), message(kind="other"), message(round=2), message(BOB)]
    assert [box.offer(envelope.encoded) for envelope in envelopes] == [Verdict.ADDED] * 4


@pytest.mark.parametrize(
    ("envelope", "verdict"),
    [
        (message(expiry=1000).encoded, Verdict.EXPIRED),
        (message(MALLORY).encoded, Verdict.STRANGER),
        (message(domain=Domain(1, DOMAIN.project)).encoded, Verdict.FORGED),
        (b"", Verdict.MALFORMED),
        (b"x" * 5000, Verdict.MALFORMED),
    ],
)
def test_keeps_out_what_does_not_belong(envelope: bytes, verdict: Verdict) -> None:
    box = mailbox()
    assert box.offer(envelope) is verdict
    assert len(box) == 0
    assert box.version == 0


def test_a_forgery_does_not_block_the_real_one() -> None:
    """Same kind, sender and round, a higher sequence, and a signature of somebody else."""
    box = mailbox()
    forged = message(MALLORY, sequence=99)
    forged = Envelope(**{**{f: getattr(forged, f) for f in forged.__dataclass_fields__}, "sender": ADDRESS[ALICE]})
    assert box.offer(forged.encoded) is Verdict.FORGED
    assert box.offer(message().encoded) is Verdict.ADDED


def test_nothing_void_is_handed_out() -> None:
    clock = Clock()
    box = mailbox(clock=clock)
    box.offer(message(expiry=1500).encoded)
    clock.now = 1499
    assert len(box.of_round(1)) == 1
    clock.now = 1500
    assert box.of_round(1) == ()
    box.expire()
    assert len(box) == 0


def test_past_rounds_are_forgotten_for_good() -> None:
    box = mailbox()
    for round in (1, 2, 3):
        box.offer(message(round=round).encoded)
    box.forget(3)
    assert [e.round for r in range(5) for e in box.of_round(r)] == [3]
    assert box.offer(message(round=2, sequence=5).encoded) is Verdict.STALE
    box.forget(1)
    assert box.offer(message(round=2, sequence=5).encoded) is Verdict.STALE


def test_one_member_cannot_push_out_another() -> None:
    box = mailbox(MailboxBounds(per_sender=10, total=1000))
    box.offer(message(BOB).encoded)
    verdicts = [box.offer(message(ALICE, round=round).encoded) for round in range(100)]
    assert verdicts == [Verdict.ADDED] * 10 + [Verdict.FULL] * 90
    assert box.offer(message(BOB, round=2).encoded) is Verdict.ADDED
    assert len(box) == 12


def test_a_full_place_is_freed_by_time() -> None:
    clock = Clock()
    box = mailbox(MailboxBounds(per_sender=1, total=1), clock)
    box.offer(message(expiry=1500).encoded)
    assert box.offer(message(round=2).encoded) is Verdict.FULL
    clock.now = 1500
    assert box.offer(message(round=2).encoded) is Verdict.ADDED


def test_a_member_may_replace_its_own_word_when_all_is_full() -> None:
    box = mailbox(MailboxBounds(per_sender=1, total=1))
    box.offer(message().encoded)
    assert box.offer(message(sequence=2).encoded) is Verdict.ADDED


offers = st.tuples(st.sampled_from([ALICE, BOB]), st.integers(0, 3), st.integers(0, 3), st.sampled_from(["a", "b"]))


@given(st.lists(offers, max_size=25), st.randoms())
def test_the_order_of_arrival_does_not_matter(sent: list[tuple[bytes, int, int, str]], shuffle: object) -> None:
    envelopes = [message(key, round=r, sequence=s, kind=kind) for key, r, s, kind in sent]
    one, two = mailbox(), mailbox()
    for envelope in envelopes:
        one.offer(envelope.encoded)
    shuffle.shuffle(envelopes)  # type: ignore[attr-defined]
    for envelope in envelopes:
        two.offer(envelope.encoded)
    assert one.hashes() == two.hashes()
    assert len(one) == len(one._by_hash) == sum(map(len, one._by_sender.values()))


async def test_waiters_miss_no_change() -> None:
    box = mailbox()
    seen = box.version
    box.offer(message().encoded)
    assert await box.wait_changed(seen) == 1
    waiters = [asyncio.create_task(box.wait_changed()) for _ in range(3)]
    await asyncio.sleep(0)
    box.offer(message(round=2).encoded)
    box.offer(message(round=3).encoded)
    assert await asyncio.gather(*waiters) == [3, 3, 3]


async def test_listeners_hear_of_additions_only() -> None:
    box = mailbox()
    heard: list[Envelope] = []
    box.listen(heard.append)
    for data in (message().encoded, message().encoded, b"", message(sequence=2).encoded):
        box.offer(data)
    assert [envelope.sequence for envelope in heard] == [1, 2]
