"""Audit one accepted round: get its objects, recompute it, compare. Every answer is a value."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.values import Address
from node.manifest import Manifest
from node.rounds.drawing import supporters
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.outcome import RoundOutcome
from verifier import have_lists, objects, published, replay, signatures
from verifier.chain_record import ChainRecord
from verifier.material import Bases, MaterialReader
from verifier.replay import RoundMaterial
from verifier.sources import Missing, Published, Source
from verifier.verdict import Finding, Inconclusive, Reject


@dataclass(frozen=True, eq=False)
class _Recomputed:
    outcome: RoundOutcome
    messages: Mapping[int, bytes]


class RoundAuditor:
    """Audits rounds of one project, in ascending order."""

    def __init__(self, source: Source, chain: ChainRecord, history: SwarmHistory, manifest: Manifest) -> None:
        self._source, self._chain, self._history, self._manifest = source, chain, history, manifest
        self._domain = chain.facts.domain
        self._material = MaterialReader(source, history, manifest)

    async def audit(self, number: int, earned: Mapping[Address, int] | None) -> RoundOutcome | Finding:
        """Recompute an accepted round. `earned`: wei by account before it; None: take it from the record before."""
        round_ = self._history.round(number)
        found = (
            replay.check_opening(round_, self._history, self._chain.facts.configuration, self._chain.block_hashes)
            or replay.check_result_hash(round_, self._domain)
            or replay.check_commitments(round_, self._domain)
        )
        if found is not None:
            return found
        bases = await self._material.bases(round_)
        if not isinstance(bases, Bases):
            return bases
        produced = await self._material.produced(round_)
        if not isinstance(produced, bytes):
            return produced
        before = await self._material.earned_before(number) if earned is None else earned
        if not isinstance(before, Mapping):
            return before
        outcome = await self._against_records(round_, bases, produced, before)
        if isinstance(outcome, RoundOutcome):
            self._material.keep(round_.accepted.result.cid, outcome.checkpoint)
        return outcome

    async def _against_records(
        self, round_: RoundHistory, bases: Bases, produced: bytes, earned: Mapping[Address, int]
    ) -> RoundOutcome | Finding:
        """Recompute with the input set of the first record that fits the chain; then ask until one record is right.

        One peer that serves a false record must not be able to make a round look false: the others are asked too.
        """
        recomputed: _Recomputed | None = None
        rejected: Reject | None = None
        unanswered: list[str] = []
        async for item in self._source.records(objects.round_record(round_.number)):
            if isinstance(item, Missing):
                unanswered.append(item.reason)
                continue
            document = self._readable(round_, item)
            if isinstance(document, Reject):
                rejected = rejected or document
                continue
            if recomputed is None:
                answer = await self._recompute(round_, bases, produced, earned, document)
                if isinstance(answer, Reject) and not published.fits_weight_root(round_, item.data):
                    # It may be this very record that lies about who failed a check.
                    rejected = rejected or replace(answer, evidence={**answer.evidence, "served_by": item.origin})
                    continue
                if not isinstance(answer, _Recomputed):
                    return answer
                recomputed = answer
            found = self._check_document(round_, recomputed, document)
            if found is None:
                return recomputed.outcome
            if isinstance(found, Inconclusive):
                unanswered.append(found.reason)
                continue
            rejected = rejected or replace(found, evidence={**found.evidence, "served_by": item.origin})
        name = objects.round_record(round_.number)
        return rejected or Inconclusive(round_.number, name.title, "; ".join(unanswered) or "nobody was asked")

    def _readable(self, round_: RoundHistory, item: Published) -> dict[str, Any] | Reject:
        """The record as a document whose input set is the one the chain accepted."""
        document = published.parse_record(round_.number, item.data)
        if isinstance(document, Reject):
            return replace(document, evidence={"served_by": item.origin})
        seats = published.input_seats(round_.number, document)
        found = seats if isinstance(seats, Reject) else replay.check_inputs(round_, seats)
        return document if found is None else replace(found, evidence={**found.evidence, "served_by": item.origin})

    async def _recompute(
        self,
        round_: RoundHistory,
        bases: Bases,
        produced: bytes,
        earned: Mapping[Address, int],
        document: Mapping[str, Any],
    ) -> _Recomputed | Finding:
        """Everything the chain's result must follow from; `document` gives the input set and evidence only."""
        seats = published.input_seats(round_.number, document)
        messages = seats if isinstance(seats, Reject) else await self._material.messages(round_, seats)
        if not isinstance(messages, Mapping):
            return messages
        material = RoundMaterial(bases.base, bases.previous, messages, earned, published.failed_seats(document))
        outcome = await asyncio.to_thread(
            replay.recompute, self._manifest, self._domain, self._history, round_, material
        )
        if isinstance(outcome, Reject):
            return outcome
        recomputed = _Recomputed(outcome, messages)
        evidence = published.evidence_of_leaves(self._expected(round_, recomputed), document)
        found = replay.compare_result(round_, outcome, produced, self._manifest, evidence) or self._check_quorum(
            round_, document
        )
        return found or recomputed

    def _check_quorum(self, round_: RoundHistory, document: Mapping[str, Any]) -> Finding | None:
        """Signatures of the accepting call; where it went through another contract, those the record lists."""
        quorum = supporters(self._history, round_)
        submitted = self._chain.signatures.get(round_.number)
        if submitted is not None:
            return signatures.check_quorum(round_, self._domain, submitted, quorum)
        weights = self._history.attesters(round_.number)
        found = published.check_record_signatures(round_, self._domain, document, weights)
        if found is None and not signatures.carries_quorum(published.signers(document), quorum):
            reason = "the accepting call cannot be read, and the record lists no quorum of signatures"
            return Inconclusive(round_.number, f"signatures of round {round_.number}", reason)
        return found

    def _check_document(
        self, round_: RoundHistory, recomputed: _Recomputed, document: Mapping[str, Any]
    ) -> Finding | None:
        weights = self._history.attesters(round_.number)
        found = published.check_leaves(
            round_.number, self._expected(round_, recomputed), document
        ) or published.check_record_signatures(round_, self._domain, document, weights)
        return found or have_lists.check_have_lists(round_, self._history, self._manifest, self._domain, document)

    def _expected(self, round_: RoundHistory, recomputed: _Recomputed) -> dict[str, Any]:
        return published.expected_record(
            round_, self._manifest.rule, self._domain, recomputed.outcome, recomputed.messages
        )
