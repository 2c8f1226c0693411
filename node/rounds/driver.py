"""The shell around `node.rounds.state`: watches the chain and the mailbox, and carries out what the peer should do.

One loop, no timeouts to guess: look, decide, start what is not running yet, wait until something changes. An action
that fails is reported and decided on again a little later, from what is true then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog

from contracts.client import Project
from contracts.errors import ContractReverted, SwarmProofError
from contracts.values import Address
from node.attacks.base import Attack
from node.exchange.mailbox import Mailbox
from node.observer import ChainObserver, ChainReplaced
from node.rounds import state
from node.rounds.attester import Attester
from node.rounds.maker import UpdateMaker
from node.rounds.record_book import RecordBook
from node.rounds.settlement import Settlement
from node.rounds.state import Action, Knowledge, Rules, next_actions

FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 4.0
KEPT_RETRIES = 256


@dataclass(frozen=True)
class Retry:
    """When a failed action may start again (seconds on the event loop's clock), and the pause that led there."""

    not_before: float
    pause: float


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
        settlement: Settlement,
        book: RecordBook,
        attack: Attack,
        claims: bool,
        poll_seconds: float,
    ) -> None:
        self._me, self._project, self._rules, self._observer, self._mailbox = me, project, rules, observer, mailbox
        self._maker, self._attester, self._settlement, self._attack = maker, attester, settlement, attack
        self._book, self._claims, self._poll_seconds = book, claims, poll_seconds
        self._mailbox_version = mailbox.version
        self._chain_readable = True
        self._running: dict[Action, asyncio.Task[None]] = {}
        self._retries: dict[Action, Retry] = {}
        self._log = structlog.get_logger("driver")

    async def run(self, *, until_complete: bool) -> None:
        """Drive until cancelled, or until the project is complete and nothing is left to do."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._look()
                actions = self._decide()
                for action in actions:
                    self._start(action, loop.time())
                if until_complete and not actions and not self._running and self._is_complete():
                    return
                await self._wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _look(self) -> None:
        self._mailbox_version = self._mailbox.version
        try:
            await self._observer.refresh()
        except ChainReplaced:
            raise  # nothing this peer holds is worth anything there
        except SwarmProofError as error:
            if self._chain_readable:
                self._log.warning("the chain cannot be read, waiting for it", cause=str(error))
            self._chain_readable = False
            return
        if not self._chain_readable:
            self._log.info("the chain can be read again", block=self._observer.head.number)
        self._chain_readable = True

    def _decide(self) -> tuple[Action, ...]:
        history, now = self._observer.history, self._observer.head.timestamp
        known = Knowledge(
            settled=self._book.settled(history),
            earned_wei=self._book.earned_wei(history) if self._claims else 0,
        )
        current = history.current
        if current is not None and current.acceptance is None:
            own = frozenset(seat.number for seat in history.active_seats(current.epoch, self._me))
            known = replace(known, prepared=self._maker.prepared(current, own))
            known = self._attester.knowledge(current, known)
        actions = next_actions(history, self._rules, known, self._me, now=now)
        return tuple(
            action
            for action in actions
            if not isinstance(action, state.Reveal) or self._attack.reveals_in(action.round)
        )

    def _is_complete(self) -> bool:
        return state.is_complete(self._observer.history, self._rules)

    def _start(self, action: Action, now_seconds: float) -> None:
        retry = self._retries.get(action)
        if action not in self._running and (retry is None or now_seconds >= retry.not_before):
            self._running[action] = asyncio.create_task(self._carry_out(action))

    async def _wait(self) -> None:
        """Until a statement arrives, an action ends, or the chain is due for another look."""
        changed = asyncio.ensure_future(self._mailbox.wait_changed(self._mailbox_version))
        await asyncio.wait(
            {changed, *self._running.values()}, timeout=self._poll_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        changed.cancel()
        self._running = {action: task for action, task in self._running.items() if not task.done()}

    async def _carry_out(self, action: Action) -> None:
        """Run one action; the boundary at which its failure becomes a line in the log and a later retry."""
        try:
            await self._dispatch(action)
            self._retries.pop(action, None)
        except Exception as error:
            last = self._retries.pop(action, None)
            pause = FIRST_RETRY_SECONDS if last is None else min(2 * last.pause, LONGEST_RETRY_SECONDS)
            self._retries[action] = Retry(asyncio.get_running_loop().time() + pause, pause)
            while len(self._retries) > KEPT_RETRIES:
                self._retries.pop(next(iter(self._retries)))
            self._report(action, error)

    def _report(self, action: Action, error: Exception) -> None:
        name = type(action).__name__.lower()
        if isinstance(error, ContractReverted):
            # Somebody else was faster, or the window closed while the transaction was under way.
            self._log.info("not accepted by the contract", action=name, cause=str(error))
        elif isinstance(error, SwarmProofError):
            self._log.warning("will try again", action=name, cause=str(error))
        else:
            self._log.error("unexpected failure, will try again", action=name, exc_info=error)

    async def _dispatch(self, action: Action) -> None:
        history = self._observer.history
        match action:
            case state.Open():
                await self._project.open_round()
            case state.Prepare(number, seat):
                await self._maker.prepare(history, history.round(number), seat)
            case state.Commit(number, seat):
                await self._maker.commit(history.round(number), seat)
            case state.Reveal(number, seat):
                await self._maker.reveal(history.round(number), seat)
            case state.Fetch(number, seats):
                await self._attester.fetch(history.round(number), seats)
            case state.Announce(number, seats):
                await self._attester.announce(history.round(number), seats)
            case state.Propose(number, proposal):
                await self._attester.propose(history.round(number), proposal)
            case state.Attest(number, seats):
                await self._attester.attest(history, history.round(number), seats)
            case state.Submit(number):
                await self._attester.submit(history, history.round(number))
            case state.Settle(number):
                await self._settlement.settle(history, history.round(number))
            case state.Finalize(number):
                await self._settlement.finalize(history.round(number))
            case state.Skip(number):
                await self._project.skip_round(number)
            case state.Claim():
                await self._settlement.claim(history)
