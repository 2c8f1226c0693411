"""The checker's half of a round: fetch what a drawn seat committed to, do the drawn part again, say what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog

from contracts.values import Address
from node.checks.draw import Check, draw_checks
from node.checks.replay import FailedCheck, check_close, check_message, is_last, is_same, replay
from node.checks.trace import (
    MalformedTrace,
    Trace,
    digest_of,
    piece_limit_bytes,
    read_state,
    read_vector,
)
from node.codec import Update
from node.codec.header import NO_TRACE
from node.errors import ExchangeError, MalformedMessage
from node.exchange.errors import FetchFailed
from node.exchange.fetch import Fetcher
from node.manifest import Manifest
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.library import Library
from node.rounds.state import Knowledge
from node.storage.errors import MalformedDag, ObjectTooLarge
from node.storage.memory import MemoryStore
from node.training import LocalState, Trainer

_T = TypeVar("_T")


class TraceWithheld(ExchangeError):
    """A drawn seat did not show how it trained."""

    def __init__(self, round_number: int, seat: int, cause: str) -> None:
        super().__init__(f"round {round_number}: the trace of seat {seat} is not to be had: {cause}")
        self.round, self.seat, self.cause = round_number, seat, cause


class Patience:
    """How long a check waits for the owner of a trace, for all of its pieces together; own training does not count."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    async def wait(self, fetching: Awaitable[_T]) -> _T:
        """What is being fetched. Raises TimeoutError when patience has run out."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                return await fetching
        finally:
            self._left = max(0.0, self._left - (time.monotonic() - begun))


@dataclass
class Findings:
    """What this peer knows about the checks of one round."""

    number: int
    checks: tuple[Check, ...] | None = None
    passed: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    withheld: set[int] = field(default_factory=set)


class Checker:
    """Does the spot checks this peer is drawn for. `trainer_of` makes honest trainers of any seat.

    `patience_seconds`: how long one check waits for the owner. Whoever takes longer withholds its trace: else a gateway
    that answers slowly enough would keep what its seat made up from being found out in time.
    """

    def __init__(
        self,
        *,
        me: Address,
        manifest: Manifest,
        library: Library,
        fetcher: Fetcher,
        pieces: MemoryStore,
        trainer_of: Callable[[int], Trainer],
        training: asyncio.Lock,
        patience_seconds: float,
    ) -> None:
        self._patience_seconds = patience_seconds
        self._me, self._manifest, self._library = me, manifest, library
        self._fetcher, self._pieces, self._trainer_of, self._training = fetcher, pieces, trainer_of, training
        self._nothing_left_out = digest_of(bytes(4 * manifest.layout.parameter_count))
        self._findings, self._under_way = Findings(0), 0
        self._log = structlog.get_logger("checker")

    def knowledge(self, history: SwarmHistory, round_: RoundHistory, known: Knowledge) -> Knowledge:
        """`known`, completed with the checks of this round. Call it when revealing is over."""
        findings = self._of(round_.number)
        if findings.checks is None:
            findings.checks = draw_checks(self._manifest, round_, history.active_seats(round_.epoch))
        return replace(
            known,
            checks=findings.checks,
            passed=frozenset(findings.passed),
            failed=frozenset(findings.failed),
            withheld=frozenset(findings.withheld),
        )

    async def replay(self, history: SwarmHistory, round_: RoundHistory, seat: int) -> None:
        """Do the check of a seat. Raises TraceWithheld when its owner does not show its trace."""
        findings = self._of(round_.number)
        check = next(check for check in findings.checks or () if check.seat == seat)
        self._under_way += 1
        try:
            await self._check(history, round_, check)
        except (FailedCheck, MalformedTrace, MalformedDag, ObjectTooLarge) as fault:
            findings.failed.add(seat)
            self._log.warning("check failed", round=round_.number, seat=seat, cause=str(fault))
        except (FetchFailed, TimeoutError) as error:
            findings.withheld.add(seat)
            cause = str(error) or f"not all of it came within {self._patience_seconds:g} s"
            raise TraceWithheld(round_.number, seat, cause) from error
        else:
            findings.passed.add(seat)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._pieces.collect_garbage()

    async def _check(self, history: SwarmHistory, round_: RoundHistory, check: Check) -> None:
        manifest, seat, patience = self._manifest, check.seat, Patience(self._patience_seconds)
        update = await self._library.update(round_, round_.reveal_by_seat[seat], ())
        trace = await patience.wait(self._trace(round_, update))
        await patience.wait(self._check_feedback(history, round_, seat, trace))
        base, _ = await self._library.base(round_)
        end_bytes, feedback_bytes = await patience.wait(
            asyncio.gather(
                self._piece(round_, seat, trace.states[-1]), self._piece(round_, seat, trace.feedback_before)
            )
        )
        end, feedback = read_state(end_bytes, manifest, last=True), read_vector(feedback_bytes, manifest)
        trainer = self._trainer_of(seat)
        first = trainer.start(base.theta)
        await asyncio.to_thread(check_message, update, manifest, trace, first, end.parameters, feedback)
        start = first
        if check.segment > 0:
            start = await patience.wait(self._state(round_, seat, trace, check.segment - 1))
        async with self._training:
            ours = await asyncio.to_thread(
                replay, trainer, manifest, start, round_number=round_.number, seat=seat, segment=check.segment
            )
        if not is_same(trace, check.segment, ours):
            theirs = await patience.wait(self._state(round_, seat, trace, check.segment))
            await asyncio.to_thread(check_close, seat, manifest, start, ours, theirs, check.key)

    async def _check_feedback(self, history: SwarmHistory, round_: RoundHistory, seat: int, trace: Trace) -> None:
        """Error feedback goes on from the message a seat revealed in the round before, or begins with nothing."""
        if trace.feedback_before == self._nothing_left_out:
            return
        earlier = history.round(round_.number - 1) if round_.number > 1 else None
        reveal = None if earlier is None or earlier.voided is not None else earlier.reveal_by_seat.get(seat)
        if earlier is None or reveal is None:
            raise FailedCheck(seat, "it goes on from error feedback, and sent nothing in the round before")
        try:
            before = await self._trace(earlier, await self._library.update(earlier, reveal, ()))
        except MalformedMessage as error:
            raise FailedCheck(seat, f"it goes on from a message that is none: {error}") from error
        if trace.feedback_before != before.feedback_after:
            raise FailedCheck(seat, "its error feedback is not what it had after the round before")

    async def _trace(self, round_: RoundHistory, update: Update) -> Trace:
        header = update.header
        if header.trace_root == NO_TRACE:
            raise FailedCheck(header.seat, f"its message of round {round_.number} has no trace")
        return Trace.from_bytes(await self._piece(round_, header.seat, header.trace_root), self._manifest)

    async def _state(self, round_: RoundHistory, seat: int, trace: Trace, segment: int) -> LocalState:
        data = await self._piece(round_, seat, trace.states[segment])
        return read_state(data, self._manifest, last=is_last(trace, segment))

    async def _piece(self, round_: RoundHistory, seat: int, digest: bytes) -> bytes:
        """A piece of a trace, from its owner: nobody else has it. Raises FetchFailed, MalformedDag, ObjectTooLarge."""
        owner = round_.commit_by_seat[seat].owner
        return await self._fetcher.fetch(
            digest,
            self._library.sources([owner]),
            maximum_bytes=piece_limit_bytes(self._manifest),
            round=round_.number,
        )

    def _of(self, number: int) -> Findings:
        if self._findings.number != number:
            self._findings = Findings(number)
            self._fetcher.forget(number - 1)
        return self._findings
