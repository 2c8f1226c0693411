"""Promises of results in statements: what a peer spreads, what it believes of others, and what a collector brings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from contracts.attendance import AttendanceDomain
from contracts.attestation import Domain, checksum_address, recover, sign_digest
from contracts.values import Address, Custody, SignedAttestation, SignedAvailability
from node.exchange.envelope import Envelope, seal
from node.exchange.mailbox import Mailbox, Verdict
from node.rounds.history import Place, RoundHistory
from node.rounds.knowledge import Knowledge
from node.rounds.promises import ATTESTATION, attestation_body
from node.rounds.witness import Witness

DOMAIN = Domain(31337, checksum_address(b"p" * 20))
ATTENDANCE = AttendanceDomain(DOMAIN.chain_id, checksum_address(b"a" * 20), DOMAIN.project)
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
ME, OTHER = (recover(bytes(32), sign_digest(key, bytes(32))) for key in (KEY, OTHER_KEY))
ROUND = RoundHistory(1, bytes(32), bytes(32), 1, 100, 4, 100, 130, 130, 190, 250, Place(1, 0, bytes(32)))
OPENING = Custody(b"c" * 32, b"s" * 32)
BATCHED = Knowledge(batched=True)


class Contract:
    """Remembers what is brought."""

    def __init__(self) -> None:
        self.brought: list[SignedAttestation] = []
        self.votes: list[SignedAvailability] = []

    async def post_availability(self, project: Address, number: int, votes: list[SignedAvailability]) -> None:
        self.votes += votes

    async def commit_attestations(self, project: Address, number: int, signed: list[SignedAttestation]) -> None:
        self.brought += signed


class Speaker:
    """Reaches this peer's own mailbox only."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox, self._sequence = mailbox, 0

    async def say(self, round_: RoundHistory, kind: str, body: bytes) -> None:
        self._sequence += 1
        offer(self._mailbox, KEY, body, kind=kind, sequence=self._sequence)


def offer(mailbox: Mailbox, key: bytes, body: bytes, *, kind: str = ATTESTATION, sequence: int = 1) -> Envelope:
    envelope = seal(DOMAIN, key, kind=kind, round=1, sequence=sequence, expiry=300, body=body)
    assert mailbox.offer(envelope.encoded) is Verdict.ADDED
    return envelope


def voting(key: bytes) -> Any:
    """A list that says that seat 1 is held, and the signature under that."""
    sender = recover(bytes(32), sign_digest(key, bytes(32)))
    signature = sign_digest(key, ATTENDANCE.availability_digest(1, 0, 1 << 1))
    return SimpleNamespace(sender=sender, seats=frozenset({1}), votes=(signature,))


def witness() -> tuple[Witness, Mailbox, Contract]:
    mailbox, contract = Mailbox(DOMAIN, clock=lambda: 140, is_member=lambda _: True), Contract()
    attester: Any = SimpleNamespace(
        latest=lambda _: {item.sender: item for item in (voting(KEY), voting(OTHER_KEY))},
        signed_now=lambda _: SimpleNamespace(result_hash=b"r" * 32),
        opening=lambda _: OPENING,
    )
    taking: Any = contract
    speaker: Any = Speaker(mailbox)
    tested = Witness(
        contract=taking,
        attendance=ATTENDANCE,
        domain=DOMAIN,
        key=KEY,
        me=ME,
        attester=attester,
        mailbox=mailbox,
        speaker=speaker,
    )
    return tested, mailbox, contract


async def test_what_a_peer_promises_is_what_it_would_have_committed_to_and_others_can_bring_it() -> None:
    tested, _, contract = witness()
    await tested.promise_result(ROUND, (2, 5))
    [(account, said)] = tested.knowledge(ROUND, BATCHED).gathered.attestations.items()
    assert (account, said.seat_ids) == (ME, (2, 5))
    assert said.commitment == ATTENDANCE.attestation_hash(1, ME, b"r" * 32, OPENING)
    await tested.post_results(ROUND, (ME,))
    assert contract.brought == [said]


async def test_of_a_sender_the_newest_promise_counts_and_nonsense_does_not() -> None:
    tested, mailbox, _ = witness()
    for seats in ((2,), (2, 5)):
        await tested.promise_result(ROUND, seats)
    offer(mailbox, OTHER_KEY, b"nonsense")
    found = tested.knowledge(ROUND, BATCHED).gathered.attestations
    assert {account: said.seat_ids for account, said in found.items()} == {ME: (2, 5)}
    stolen = attestation_body(found[ME])
    offer(mailbox, OTHER_KEY, stolen, sequence=2)
    assert tested.knowledge(ROUND, BATCHED).gathered.attestations.keys() == {ME}


async def test_without_the_setting_nothing_is_gathered() -> None:
    tested, _, _ = witness()
    await tested.promise_result(ROUND, ())
    assert tested.knowledge(ROUND, Knowledge()).gathered.attestations == {}


async def test_votes_of_who_has_no_stake_in_the_round_are_not_brought() -> None:
    tested, _, contract = witness()
    await tested.post_votes(ROUND, {ME}, frozenset({0}))
    [vote] = contract.votes
    assert recover(ATTENDANCE.availability_digest(1, vote.word, vote.bitmap), vote.signature) == ME
