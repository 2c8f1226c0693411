"""After a result was accepted: checkpoint and record must be here; then the round is finalized and its pay claimed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from contracts.attestation import Domain, recover, result_digest
from contracts.chain import Chain
from contracts.client import Project, decode_accept_call
from contracts.errors import InvalidSignature, MalformedAnswer
from contracts.values import Address
from node.checkpoint import Checkpoint, to_tensors
from node.errors import ExchangeError, MalformedMessage, StorageError
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source
from node.merkle import StandardTree
from node.rounds.attester import Attester
from node.rounds.history import Acceptance, RoundHistory, SwarmHistory
from node.rounds.library import Library
from node.rounds.outcome import RoundOutcome, reward_leaf
from node.rounds.record import RoundRecord
from node.rounds.record_book import RecordBook
from node.rounds.record_fetch import fetch_record
from node.storage.unixfs import root_of
from node.tasks.base import Evaluation, Task
from node.training import load_parameters


class Settlement:
    """Keeps what a finished round leaves behind, and collects what it pays."""

    def __init__(
        self,
        *,
        chain: Chain,
        project: Project,
        domain: Domain,
        me: Address,
        rule: str,
        task: Task,
        library: Library,
        book: RecordBook,
        attester: Attester,
        client: PeerClient,
    ) -> None:
        self._chain, self._project, self._domain, self._me = chain, project, domain, me
        self._rule, self._task, self._library = rule, task, library
        self._book, self._attester, self._client = book, attester, client
        self._log = structlog.get_logger("settlement")

    async def settle(self, history: SwarmHistory, round_: RoundHistory) -> None:
        """Bring checkpoint and record of an accepted round here, computing the round ourselves if that is possible."""
        acceptance = round_.accepted
        outcome = self._attester.outcome(round_.number)
        computed = self._hash(round_, outcome)
        if computed != acceptance.result_hash:
            # We were not there, or signed over another input set: compute what the quorum says it computed.
            outcome = await self._replay(history, round_)
            computed = self._hash(round_, outcome)
        if outcome is not None and computed == acceptance.result_hash:
            record = await self._record_of(history, round_, acceptance, outcome)
        else:
            record = await self._fetch_record(history, round_)
        checkpoint = await self._library.checkpoint(acceptance.result.cid)
        evaluation = await asyncio.to_thread(self._evaluate, checkpoint)
        self._book.save(replace(record, computed_hash=computed, accuracy=evaluation.accuracy, loss=evaluation.loss))
        self._report(round_, record, computed, evaluation)

    async def finalize(self, round_: RoundHistory) -> None:
        """End the challenge window on the chain."""
        await self._project.finalize(round_.number, round_.accepted.result)

    async def claim(self, history: SwarmHistory) -> None:
        """Claim everything earned up to the last finalized round."""
        last = [item.number for item in history.rounds if item.finalized is not None][-1]
        record = self._book.get(last)
        assert record is not None, "next_actions claims what a record shows"
        position = [leaf.account for leaf in record.rewards].index(self._me)
        total = record.rewards[position].cumulative_wei
        proof = StandardTree([reward_leaf(leaf) for leaf in record.rewards]).proof(position)
        await self._project.claim(self._me, total, proof)
        self._log.info("claimed", cumulative_wei=str(total))

    async def _replay(self, history: SwarmHistory, round_: RoundHistory) -> RoundOutcome | None:
        """Compute a round again: one we signed before a restart, or one that others finished without us.

        None if some of its inputs are gone. Raises RecordUnavailable when nobody can tell which they were.
        """
        signed = self._attester.signed(round_.number, round_.accepted.result_hash)
        if signed is not None:
            seats, failed = signed.seats, signed.failed
        else:
            record = await self._fetch_record(history, round_)
            seats, failed = frozenset(leaf.seat for leaf in record.inputs), record.failed_seats
        try:
            updates = {
                seat: await self._library.update(round_, round_.reveal_by_seat[seat], history.member_endpoints)
                for seat in sorted(seats)
            }
            await self._learn_earned_before(history, round_)
        except (ExchangeError, StorageError, MalformedMessage) as error:
            self._log.warning("round not replayed", round=round_.number, cause=str(error))
            return None
        outcome = await self._attester.compute(history, round_, updates, failed)
        await self._library.keep(outcome.checkpoint, outcome.checkpoint_bytes)
        return outcome

    async def _record_of(
        self, history: SwarmHistory, round_: RoundHistory, acceptance: Acceptance, outcome: RoundOutcome
    ) -> RoundRecord:
        data = await self._chain.transaction_input(acceptance.place.transaction_hash)
        messages = {leaf.seat: await asyncio.to_thread(self._library.file, leaf.digest) for leaf in outcome.inputs}
        return RoundRecord(
            round=round_.number,
            seed=round_.seed,
            rule=self._rule,
            result=outcome.result,
            result_hash=acceptance.result_hash,
            checkpoint=root_of(outcome.checkpoint_bytes),
            checkpoint_bytes=len(outcome.checkpoint_bytes),
            inputs=outcome.inputs,
            contributions=outcome.contributions,
            rewards=outcome.rewards,
            signatures=signatures_of(data, round_.number, acceptance),
            messages=messages,
            have_lists=await self._have_lists(history, round_, acceptance),
        )

    async def _have_lists(
        self, history: SwarmHistory, round_: RoundHistory, acceptance: Acceptance
    ) -> tuple[bytes, ...]:
        """What the input set follows from: as this peer signed it, else as another peer's record shows it."""
        signed = self._attester.signed(round_.number, acceptance.result_hash)
        if signed is not None:
            return signed.evidence
        return (await self._fetch_record(history, round_)).have_lists

    async def _learn_earned_before(self, history: SwarmHistory, round_: RoundHistory) -> None:
        """Fetch the record before this round if it is not here: a newcomer has none, who was away lacks the newest."""
        earlier = history.previous_accepted(round_.number)
        if earlier is not None and self._book.get(earlier.number) is None:
            record = await self._fetch_record(history, earlier)
            self._book.save(replace(record, computed_hash=None, accuracy=None, loss=None))

    async def _fetch_record(self, history: SwarmHistory, round_: RoundHistory) -> RoundRecord:
        endpoints = history.member_endpoints.items()
        sources = [Source(account, endpoint.url) for account, endpoint in endpoints if account != self._me]
        return await fetch_record(self._client, sources, history, round_, self._domain)

    def _hash(self, round_: RoundHistory, outcome: RoundOutcome | None) -> bytes | None:
        return None if outcome is None else result_digest(self._domain, round_.number, outcome.result)

    def _evaluate(self, checkpoint: Checkpoint) -> Evaluation:
        model = self._task.model()
        load_parameters(model, to_tensors(checkpoint, self._library.manifest))
        return self._task.evaluate(model)

    def _report(
        self, round_: RoundHistory, record: RoundRecord, computed: bytes | None, evaluation: Evaluation
    ) -> None:
        """The one canonical line per peer per round."""
        accepted = round_.accepted.result_hash
        mine = [item for item in record.contributions if item.owner == self._me]
        if computed is not None and computed != accepted:
            self._log.error(
                "the quorum signed something else than we computed",
                round=round_.number,
                accepted="0x" + accepted.hex(),
                computed="0x" + computed.hex(),
            )
        self._log.info(
            "round settled",
            round=round_.number,
            checkpoint=str(record.checkpoint),
            accuracy=round(evaluation.accuracy, 4),
            loss=round(evaluation.loss, 4),
            agreed=computed == accepted,
            reward_wei=str(sum(item.reward_wei for item in mine)),
            reasons=[item.reason.slug for item in mine if item.reason.slug is not None],
        )


def signatures_of(transaction_input: bytes, round_number: int, acceptance: Acceptance) -> dict[Address, bytes]:
    """The signatures that a transaction brought a result onto the chain with, by signer.

    None when it called another contract that passed them on: anyone may submit, and the chain checked them.
    """
    try:
        call = decode_accept_call(transaction_input)
        if (call.round, call.result) != (round_number, acceptance.result):
            return {}
        return {recover(acceptance.result_hash, signature): signature for signature in call.signatures}
    except (MalformedAnswer, InvalidSignature):
        return {}
