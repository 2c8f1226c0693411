"""Looks at every accepted result before it is final, and brings down what is false."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from contracts.chain import Chain
from contracts.disputes import Disputes, Fraud
from contracts.errors import SwarmProofError
from contracts.values import ProjectConfiguration
from node.fraud import ProofRefused, find_fraud
from node.observer import ChainObserver
from node.rounds.history import RoundHistory
from node.rounds.library import Library
from node.storage.memory import MemoryStore
from verifier.watch.evidence import gather, slashing_of


@dataclass(frozen=True)
class Verdict:
    """What a watcher makes of an accepted result.

    `fraud`: what it proved false, None if nothing. `missing`: what it could not get, so that it may have overlooked
    something. `voided`: the proof was accepted, by the chain and from this watcher.
    """

    round: int
    result_hash: bytes
    fraud: Fraud | None
    missing: tuple[str, ...]
    voided: bool = False

    @property
    def conclusive(self) -> bool:
        """Whether there is nothing to look at again."""
        return self.fraud is not None or not self.missing


class Watcher:
    """Watches one project. `store`: what `library` fetches into; emptied after each look, or it would grow for ever."""

    def __init__(
        self,
        chain: Chain,
        observer: ChainObserver,
        library: Library,
        store: MemoryStore,
        disputes: Disputes,
        configuration: ProjectConfiguration,
        *,
        poll_seconds: float,
    ) -> None:
        self._chain, self._observer, self._disputes = chain, observer, disputes
        self._library, self._store = library, store
        self._configuration, self._poll_seconds = configuration, poll_seconds
        self.verdicts: dict[bytes, Verdict] = {}
        self._log = structlog.get_logger("watch")

    async def run(self, *, once: bool) -> None:
        """Watch until cancelled; `once`: until every result that can still be voided was looked at."""
        while True:
            await self._observer.look()
            for round_ in self._unfinished():
                await self._look_at(round_)
            if once and not self._unfinished():
                return
            await asyncio.sleep(self._poll_seconds)

    def _unfinished(self) -> list[RoundHistory]:
        """Results that can be voided and are not known to be right, in the order of rounds.

        The first that is false takes the later ones with it, so they wait for the next look at the chain.
        """
        waiting = [item for item in self._observer.history.rounds if item.acceptance and item.finalized is None]
        return [item for item in waiting if not self._is_settled(item)]

    def _is_settled(self, round_: RoundHistory) -> bool:
        assert round_.acceptance is not None
        known = self.verdicts.get(round_.acceptance.result_hash)
        return known is not None and known.conclusive

    async def _look_at(self, round_: RoundHistory) -> None:
        assert round_.acceptance is not None
        result_hash = round_.acceptance.result_hash
        history = self._observer.history
        gathered = await gather(self._library, history, round_, self._configuration)
        self._store.collect_garbage()
        try:
            proof = await asyncio.to_thread(find_fraud, gathered.evidence)
        except ProofRefused as refused:
            # The history is not what the chain has now: the next look will tell.
            self._log.warning("a result cannot be judged", round=round_.number, cause=str(refused))
            return
        before = self.verdicts.get(result_hash)
        if proof is None:
            verdict = Verdict(round_.number, result_hash, None, gathered.missing)
            if verdict != before:
                self._report(verdict)
        else:
            self._log.error("the quorum signed something false", round=round_.number, fraud=proof.fraud.name.lower())
            slashing = await slashing_of(self._chain, history, round_)
            try:
                receipt = await self._disputes.prove(proof, slashing)
            except SwarmProofError as error:
                # Somebody else was faster, the result became final, or the endpoint is slow: the next look will tell.
                self._log.warning("the proof was not taken", round=round_.number, cause=str(error))
                await self._observer.look()
                return
            verdict = Verdict(round_.number, result_hash, proof.fraud, gathered.missing, voided=True)
            self._log.info(
                "result voided",
                round=round_.number,
                fraud=proof.fraud.name.lower(),
                slashed_seats=list(slashing.seats),
                gas=receipt.gas_used,
            )
            await self._observer.look()
        self.verdicts[result_hash] = verdict

    def _report(self, verdict: Verdict) -> None:
        if verdict.missing:
            self._log.warning("a result could not be checked", round=verdict.round, missing=list(verdict.missing))
        else:
            self._log.info("result checked", round=verdict.round, result="0x" + verdict.result_hash.hex())
