"""The shell around `node.rounds.state`: watches the chain and the mailbox, and carries out what the peer should do.

One loop, no timeouts to guess: look, decide, start what is not running yet, wait until something changes. See
`node.action_loop`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from contracts.client import Project
from contracts.errors import SwarmProofError
from contracts.values import Address
from node.action_loop import ActionLoop
from node.attacks.base import Attack
from node.exchange.mailbox import Mailbox
from node.observer import ChainObserver
from node.rounds import state
from node.rounds.attester import Attester
from node.rounds.checker import Checker
from node.rounds.collector import Collector
from node.rounds.history import Phase
from node.rounds.maker import UpdateMaker
from node.rounds.record_book import RecordBook
from node.rounds.settlement import Settlement
from node.rounds.state import Action, Knowledge, Rules, next_actions
from node.rounds.witness import Witness

REVEALING = (state.Reveal, state.ShowOpenings, state.OpenAlone)


class Driver:
    """Drives one peer through all rounds of its project."""

    def __init__(
        self,
        *,
        me: Address,
        project: Project,
        rules: Rules,
        observer: ChainObserver,
        mailbox: Mailbox,
        maker: UpdateMaker,
        attester: Attester,
        witness: Witness,
        checker: Checker,
        collector: Collector,
        settlement: Settlement,
        book: RecordBook,
        attack: Attack,
        claims: bool,
        poll_seconds: float,
    ) -> None:
        self._me, self._project, self._rules, self._observer, self._mailbox = me, project, rules, observer, mailbox
        self._maker, self._attester, self._settlement, self._attack = maker, attester, settlement, attack
        self._checker, self._witness, self._collector = checker, witness, collector
        self._book, self._claims, self._poll_seconds = book, claims, poll_seconds
        self._mailbox_version = mailbox.version
        self._actions: ActionLoop[Action] = ActionLoop(self._dispatch, log="driver")

    async def run(self, *, until_complete: bool) -> None:
        """Drive until cancelled, or until the project is complete and nothing is left to do."""
        try:
            while True:
                self._mailbox_version = self._mailbox.version
                await self._observer.look()
                actions = self._decide(await self._drawn())
                self._actions.start(actions)
                if until_complete and not actions and not self._actions.busy and self._is_complete():
                    return
                await self._wait()
        finally:
            await self._actions.close()

    async def _drawn(self) -> frozenset[int]:
        """Own seats that may act now, where the project draws them: the contracts say so."""
        history, now = self._observer.history, self._observer.head.timestamp
        current, phase = history.current, None
        if current is not None and not current.ended:
            phase = current.phase(now)
        asked = (phase is Phase.COMMIT and self._rules.trainers) or (
            phase is Phase.ATTEST_COMMIT and self._rules.attesters
        )
        if current is None or not asked:
            return frozenset()
        seats = [seat.number for seat in history.active_seats(current.epoch, self._me)]
        may = self._witness.may_train if phase is Phase.COMMIT else self._witness.may_attest
        try:
            return frozenset([seat for seat in seats if await may(current.number, seat)])
        except SwarmProofError:
            return frozenset()  # asked again at the next look

    def _decide(self, drawn: frozenset[int]) -> tuple[Action, ...]:
        history, now = self._observer.history, self._observer.head.timestamp
        known = Knowledge(
            settled=self._book.settled(history),
            earned_wei=self._book.earned_wei(history) if self._claims else 0,
            block=self._observer.head.number,
        )
        current = history.current
        if current is not None and not current.ended:
            own = frozenset(seat.number for seat in history.active_seats(current.epoch, self._me))
            known = replace(known, prepared=self._maker.prepared(current, own))
            known = self._attester.knowledge(current, known)
            known = self._collector.knowledge(history, current, known)
            if current.phase(now) is Phase.ATTEST_COMMIT:
                known = self._witness.knowledge(current, known)
            if current.phase(now) in (Phase.AVAILABILITY, Phase.ATTEST_COMMIT, Phase.ATTEST):
                known = self._checker.knowledge(history, current, known)
            known = replace(known, drawn=drawn)
        actions = next_actions(history, self._rules, known, self._me, now=now)
        return tuple(
            action for action in actions if not isinstance(action, REVEALING) or self._attack.reveals_in(action.round)
        )

    def _is_complete(self) -> bool:
        return state.is_complete(self._observer.history, self._rules)

    async def _wait(self) -> None:
        """Until a statement arrives, an action ends, or the chain is due for another look."""
        changed = asyncio.ensure_future(self._mailbox.wait_changed(self._mailbox_version))
        await self._actions.wait(changed, timeout_seconds=self._poll_seconds)
        changed.cancel()

    async def _dispatch(self, action: Action) -> None:
        history = self._observer.history
        match action:
            case state.Open():
                due = history.finalizable(self._observer.head.timestamp)
                await self._project.open_round([(number, acceptance.result) for number, acceptance in due])
            case state.Prepare(number, seat):
                await self._maker.prepare(history, history.round(number), seat)
            case state.Commit(number, seat):
                await self._maker.commit(history.round(number), seat)
            case state.Reveal(number, seat):
                await self._maker.reveal(history.round(number), seat)
            case state.Promise(number, seats):
                await self._collector.promise(history.round(number), seats)
            case state.PostBatch(number, batch, together):
                await self._collector.post(history, history.round(number), batch, together)
            case state.TellBatch(number, batch):
                await self._collector.tell(history.round(number), batch)
            case state.ShowOpenings(number, seats):
                await self._collector.show(history, history.round(number), seats)
            case state.OpenBatch(number, batch, together):
                await self._collector.open(history, history.round(number), batch, together)
            case state.OpenAlone(number, batch, together):
                await self._collector.open_alone(history, history.round(number), batch, together)
            case state.Fetch(number, seats):
                await self._attester.fetch(history.round(number), seats)
            case state.Replay(number, seat):
                await self._checker.replay(history, history.round(number), seat)
            case state.Announce(number):
                await self._attester.announce(history.round(number), action)
            case state.Propose(number, proposal):
                await self._attester.propose(history.round(number), proposal)
            case state.PostVotes(number, words):
                await self._witness.post_votes(history.round(number), history.attesters(number), words)
            case state.Attest(number, seats, failed):
                await self._attester.attest(history, history.round(number), seats, failed)
            case state.CommitResult(number, chosen):
                await self._witness.commit_result(history.round(number), chosen)
            case state.PromiseResult(number, chosen):
                await self._witness.promise_result(history.round(number), chosen)
            case state.PostResults(number, accounts):
                await self._witness.post_results(history.round(number), accounts)
            case state.ShowResult(number):
                await self._attester.show(history.round(number))
            case state.Appear(number):
                await self._witness.appear(history, history.round(number))
            case state.Submit(number):
                await self._attester.submit(history, history.round(number))
            case state.Settle(number):
                await self._settlement.settle(history, history.round(number))
            case state.Finalize(number):
                await self._settlement.finalize(history.round(number))
            case state.PinSeed():
                await self._project.pin_seed()
            case state.PunishSilence(number, silent):
                await self._witness.punish_silence(number, silent)
            case state.PunishBatchSilence(number, seat):
                silence = self._collector.silence(history, history.round(number), seat)
                await self._witness.punish_batch_silence(number, silence)
            case state.Leak(number, absent):
                await self._witness.leak(number, absent)
            case state.Skip(number):
                await self._project.skip_round(number)
            case state.Claim():
                await self._settlement.claim(history)
