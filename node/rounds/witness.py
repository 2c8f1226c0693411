"""What an attester says on the chain besides a result: votes for others, promises, that it is there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import structlog

from contracts.attendance import Attendance, AttendanceDomain, BatchSilence, availability_words, seats_of_word
from contracts.attestation import Domain, recover, result_digest, sign_digest
from contracts.errors import InvalidSignature
from contracts.values import Address, SignedAttestation, SignedAvailability
from node.exchange.envelope import Envelope
from node.exchange.mailbox import Mailbox
from node.rounds.agreement import HaveList
from node.rounds.attester import Attester
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.knowledge import Knowledge
from node.rounds.promises import ATTESTATION, attestation_body, parse_attestation
from node.rounds.speaker import Speaker
from node.rounds.statements import Statements

VOTES_AT_ONCE = 64


class Witness:
    """Carries out what an attester does on the chain. Transactions are this peer's, what is brought may be others'."""

    def __init__(
        self,
        *,
        contract: Attendance,
        attendance: AttendanceDomain,
        domain: Domain,
        key: bytes,
        me: Address,
        attester: Attester,
        mailbox: Mailbox,
        speaker: Speaker,
    ) -> None:
        self._contract, self._attendance, self._domain, self._me = contract, attendance, domain, me
        self._key, self._attester, self._speaker = key, attester, speaker
        self._promised = Statements(mailbox, ATTESTATION, self._parse)
        self._log = structlog.get_logger("witness")

    async def post_votes(self, round_: RoundHistory, attesters: Collection[Address], words: frozenset[int]) -> None:
        """Bring what attesters signed about these words of seats, as far as the chain does not have it.

        One vote of anybody else would make the chain refuse all of them.
        """
        latest = [have for have in self._attester.latest(round_).values() if have.sender in attesters]
        votes = [vote for have in latest for vote in self._votes_of(round_, have, words)]
        self._log.warning("an own update is left out, votes go to the chain", round=round_.number, votes=len(votes))
        for start in range(0, len(votes), VOTES_AT_ONCE):
            await self._contract.post_availability(
                self._attendance.project, round_.number, votes[start : start + VOTES_AT_ONCE]
            )

    async def commit_result(self, round_: RoundHistory, seats: tuple[int, ...]) -> None:
        """Commit to the signed result before anybody shows one."""
        commitment = self._commitment(round_)
        await self._contract.commit_attestation(self._attendance.project, round_.number, commitment, seats)

    def knowledge(self, round_: RoundHistory, known: Knowledge) -> Knowledge:
        """`known`, completed with the promises of results that peers signed."""
        if not known.batched:
            return known
        attestations = dict(self._promised.of_round(round_.number))
        return replace(known, gathered=replace(known.gathered, attestations=attestations))

    async def promise_result(self, round_: RoundHistory, seats: tuple[int, ...]) -> None:
        """Sign and spread what a collector can bring to the chain for this peer."""
        commitment = self._commitment(round_)
        digest = self._attendance.attestation_digest(round_.number, commitment, seats)
        promised = SignedAttestation(commitment, seats, sign_digest(self._key, digest))
        await self._speaker.say(round_, ATTESTATION, attestation_body(promised))

    async def post_results(self, round_: RoundHistory, accounts: tuple[Address, ...]) -> None:
        """Bring what these accounts promised to the chain."""
        attestations = self.knowledge(round_, Knowledge(batched=True)).gathered.attestations
        chosen = [attestations[account] for account in accounts]
        await self._contract.commit_attestations(self._attendance.project, round_.number, chosen)
        self._log.info("promised results posted", round=round_.number, results=len(chosen))

    async def appear(self, history: SwarmHistory, round_: RoundHistory) -> None:
        """Say what was found: the signed result, else what follows from the updates that are here."""
        signed = self._attester.signed_now(round_)
        if signed is not None:
            found = signed.result_hash
        else:
            outcome = await self._attester.compute(history, round_, self._attester.held(round_), frozenset())
            found = result_digest(self._domain, round_.number, outcome.result)
        await self._contract.attest(self._attendance.project, round_.number, found)

    async def punish_silence(self, round_number: int, seats: tuple[int, ...]) -> None:
        """Take the bond of seats that did not reveal."""
        await self._contract.punish_silence(self._attendance.project, round_number, seats)

    async def punish_batch_silence(self, round_number: int, silence: BatchSilence) -> None:
        """Take the bond of a seat whose commitment stands in a batch and was not opened."""
        await self._contract.punish_batch_silence(self._attendance.project, round_number, silence)

    async def leak(self, round_number: int, seats: tuple[int, ...]) -> None:
        """Take a little of seats whose owners were absent."""
        await self._contract.leak(self._attendance.project, round_number, seats)

    async def may_train(self, round_number: int, seat: int) -> bool:
        """Whether the contract takes a commitment of this seat now."""
        return await self._contract.may_train(self._attendance.project, round_number, seat)

    async def may_attest(self, round_number: int, seat: int) -> bool:
        """Whether the contract takes a promise with this seat now."""
        return await self._contract.may_attest(self._attendance.project, round_number, seat)

    def _commitment(self, round_: RoundHistory) -> bytes:
        signed = self._attester.signed_now(round_)
        assert signed is not None, "next_actions promises signed results only"
        opening = self._attester.opening(round_)
        return self._attendance.attestation_hash(round_.number, self._me, signed.result_hash, opening)

    def _parse(self, envelope: Envelope) -> SignedAttestation:
        return parse_attestation(self._attendance, envelope.round, envelope.sender, envelope.body)

    def _votes_of(self, round_: RoundHistory, have: HaveList, words: frozenset[int]) -> Iterator[SignedAvailability]:
        known = round_.votes.get(have.sender, frozenset())
        for (word, bitmap), signature in zip(availability_words(have.seats).items(), have.votes, strict=False):
            if word not in words or seats_of_word(word, bitmap) <= known:
                continue
            digest = self._attendance.availability_digest(round_.number, word, bitmap)
            try:
                signer = recover(digest, signature)
            except InvalidSignature:
                continue
            if signer == have.sender:
                yield SignedAvailability(word, bitmap, signature)
