"""What an attester says on the chain besides a result: votes for others, promises, that it is there."""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from contracts.attendance import Attendance, AttendanceDomain, availability_words, seats_of_word
from contracts.attestation import Domain, recover, result_digest
from contracts.errors import InvalidSignature
from contracts.values import Address, SignedAvailability
from node.rounds.agreement import HaveList
from node.rounds.attester import Attester
from node.rounds.history import RoundHistory, SwarmHistory

VOTES_AT_ONCE = 64


class Witness:
    """Carries out what an attester does on the chain. Transactions are this peer's, what is brought may be others'."""

    def __init__(
        self, *, contract: Attendance, attendance: AttendanceDomain, domain: Domain, me: Address, attester: Attester
    ) -> None:
        self._contract, self._attendance, self._domain, self._me = contract, attendance, domain, me
        self._attester = attester
        self._log = structlog.get_logger("witness")

    async def post_votes(self, round_: RoundHistory, words: frozenset[int]) -> None:
        """Bring what attesters signed about these words of seats, as far as the chain does not have it."""
        latest = self._attester.latest(round_).values()
        votes = [vote for have in latest for vote in self._votes_of(round_, have, words)]
        self._log.warning("an own update is left out, votes go to the chain", round=round_.number, votes=len(votes))
        for start in range(0, len(votes), VOTES_AT_ONCE):
            await self._contract.post_availability(
                self._attendance.project, round_.number, votes[start : start + VOTES_AT_ONCE]
            )

    async def commit_result(self, round_: RoundHistory, seats: tuple[int, ...]) -> None:
        """Promise the signed result before anybody shows one."""
        signed = self._attester.signed_now(round_)
        assert signed is not None, "next_actions promises signed results only"
        commitment = self._attendance.attestation_hash(
            round_.number, self._me, signed.result_hash, self._attester.opening(round_)
        )
        await self._contract.commit_attestation(self._attendance.project, round_.number, commitment, seats)

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

    async def leak(self, round_number: int, seats: tuple[int, ...]) -> None:
        """Take a little of seats whose owners were absent."""
        await self._contract.leak(self._attendance.project, round_number, seats)

    async def may_train(self, round_number: int, seat: int) -> bool:
        """Whether the contract takes a commitment of this seat now."""
        return await self._contract.may_train(self._attendance.project, round_number, seat)

    async def may_attest(self, round_number: int, seat: int) -> bool:
        """Whether the contract takes a promise with this seat now."""
        return await self._contract.may_attest(self._attendance.project, round_number, seat)

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
