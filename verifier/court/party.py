"""The shell around `verifier.court.decisions`: watches the chain and carries out what one party should do."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog

from contracts.court import appeal_key, job_seed
from contracts.court_values import COMMITTEE_SIZES, JobPhase, Member, Opening, RoundRecord
from contracts.errors import ChainError
from contracts.reverts.court import Court_CommitteeMismatch
from contracts.values import Address
from node.action_loop import ActionLoop
from verifier.committee import Verdict, hamming
from verifier.committee import decide as judge
from verifier.court import decisions
from verifier.court.answers import Answers, draft_answer, opening_of
from verifier.court.conduct import Occasion
from verifier.court.decisions import JobAction, Knowledge, Now, index_of, members_of, next_actions
from verifier.court.directory import Answer
from verifier.court.findings import Draw, Findings, InRound
from verifier.court.gathering import ask_for_commitment, ask_for_opening, opens
from verifier.court.history import CourtHistory
from verifier.court.job import WORKER, Job, JobRound
from verifier.court.regenerate import Regenerator
from verifier.court.report import report_of
from verifier.court.ringers import Ringers, RingerSecret
from verifier.court.surroundings import Surroundings, ensure_balance
from verifier.court.workbench import Workbench
from verifier.errors import AnswerLost, NoPartyToRound


class Party:
    """One account in court.

    `answers`: what it promises, None for one that only requests. `checker`: regenerates the outputs it asked for, for a
    requester that wants to be sure. `ringers`: folder with the secrets of own ringers. `appeals`: whether to put up
    money against verdicts it does not share.
    """

    def __init__(
        self,
        me: Address,
        surroundings: Surroundings,
        *,
        answers: Answers | None = None,
        checker: Regenerator | None = None,
        ringers: Path | None = None,
        appeals: bool = False,
        poll_seconds: float = 0.2,
    ) -> None:
        self._me, self._answers, self._checker = me, answers, checker
        self._ringers = None if ringers is None else Ringers(ringers)
        self._appeals, self._poll_seconds = appeals, poll_seconds
        self._around, self._court, self._observer = surroundings, surroundings.court, surroundings.observer
        self._actions: ActionLoop[JobAction] = ActionLoop(self._dispatch, log="court")
        self._found = Findings()
        self._bench = Workbench()
        self._open: tuple[bytes, ...] = ()
        self._log = structlog.get_logger("court")

    @property
    def history(self) -> CourtHistory:
        """What happened in court, as of the newest block seen."""
        return self._observer.history

    async def run(self, *, until: Callable[[], bool] | None = None) -> None:
        """Do what there is to do until cancelled, or until a condition holds."""
        try:
            await self._look()
            if self._answers is not None:
                await self._answers.recover(self.history.jobs)
            while until is None or not until():
                self._actions.start(self._decide())
                await self._actions.wait(timeout_seconds=self._poll_seconds)
                await self._look()
        finally:
            await self._actions.close()

    async def _look(self) -> None:
        await self._observer.look()
        await self._around.seats.look()
        await self._learn_beacons()
        self._report()

    def _decide(self) -> tuple[JobAction, ...]:
        head = self._observer.head
        return next_actions(self.history, self._knowledge(), self._me, Now(head.number, head.timestamp))

    def _knowledge(self) -> Knowledge:
        jobs = self.history.open_jobs.values()
        places = [(job, job.current.number if job.current is not None else 0) for job in jobs]
        answers = self._answers
        epoch = self._observer.head.timestamp // self._around.epoch_seconds
        return Knowledge(
            drawn=self._found.drawn,
            prepared=frozenset((job.job_id, number) for job, number in places if self._answer(job, number) is not None),
            offered=frozenset(
                (job.job_id, number)
                for job, number in places
                if (beacon := self._found.offered.get(_draw_of(job))) and beacon == self._beacon(job, number)
            ),
            together={
                draw[:2]: self._found.together[draw] for draw in map(_draw_of, jobs) if draw in self._found.together
            },
            shown=frozenset(
                (job.job_id, round_.number)
                for job in jobs
                for round_ in job.rounds
                if answers is not None
                and (own := answers.board.opening(job.job_id, round_.number)) is not None
                and opens(job, round_, own)
            ),
            gathered=frozenset(
                (job.job_id, round_.number)
                for job in jobs
                if (round_ := job.current) is not None
                and self._openings(job, round_).keys() >= round_.commitments.keys()
            ),
            checked=self._compared(jobs),
            ringers=frozenset(job.job_id for job in jobs if self._ringer(job) is not None),
            pool_seats=len(self._around.seats.history.active_seats(epoch)),
            appeals=self._appeals,
            checks=self._checker is not None,
            commits=answers is not None and answers.conduct.commits(),
            shows_up=answers is not None and answers.conduct.reveals(),
        )

    # ---- what is known of a round ---------------------------------------------------------------------------------

    async def _learn_beacons(self) -> None:
        """What follows from pinned blocks that the court has not used yet.

        Asked for at every look: after a reorganisation it is another block.
        """
        for job in self.history.open_jobs.values():
            now = self._observer.head
            if now.number < job.pinned_block or not self._awaits_beacon(job, job.phase(now.timestamp)):
                continue
            try:
                block_hash = await self._around.chain.block_hash(job.pinned_block)
            except ChainError:
                return  # the observer has said so
            if block_hash is not None:
                number = 0 if job.current is None else job.current.number
                seed = job_seed(job.job_id, block_hash)
                self._found.beacons[_draw_of(job)] = appeal_key(job.job_id, number, block_hash) if number else seed

    def _awaits_beacon(self, job: Job, phase: JobPhase) -> bool:
        """Whether we need to know a seed or key that nobody has recorded."""
        if self._answers is None:
            return False
        if phase is JobPhase.WORK:
            return job.terms.worker == self._me and job.seed is None
        round_ = job.current
        if phase is not JobPhase.COMMIT or round_ is None or round_.seed is not None:
            return False
        return index_of(job, members_of(job, round_, self._found.drawn), self._me) is not None

    def _beacon(self, job: Job, number: int) -> bytes | None:
        """The job's seed in round 0, later the round's key; None while it is not known."""
        recorded = job.seed if number == 0 else job.rounds[number].seed
        return recorded or self._found.beacons.get(_draw_of(job))

    def _ringer(self, job: Job) -> RingerSecret | None:
        """What makes this job a ringer, if we requested it as one and it may still be exposed."""
        first = job.current is not None and job.current.number == 0 and job.ringer is None
        if self._ringers is None or job.terms.requester != self._me or not first:
            return None
        return self._ringers.secret(job.job_id)

    def _answer(self, job: Job, number: int) -> Answer | None:
        beacon = self._beacon(job, number)
        if self._answers is None or beacon is None:
            return None
        return self._answers.get(job.job_id, number, beacon)

    def _openings(self, job: Job, round_: JobRound) -> dict[int, Opening]:
        """All openings at hand by index."""
        own = None if self._answers is None else self._answers.board.opening(job.job_id, round_.number)
        return self._found.openings(job, round_, own)

    def _compared(self, jobs: Iterable[Job]) -> dict[InRound, bool | None]:
        """Rounds whose output was made here too: whether the worker's agrees, None while that is not open."""
        found: dict[InRound, bool | None] = {}
        for job in jobs:
            round_ = job.current
            own = None if round_ is None else self._found.remade.get((job.job_id, round_.number, round_.seed or b""))
            if round_ is not None and own is not None:
                worker = self._openings(job, round_).get(WORKER)
                agrees = None if worker is None else hamming(own, worker.digest) <= round_.threshold
                found[job.job_id, round_.number] = agrees
        return found

    # ---- actions --------------------------------------------------------------------------------------------------

    async def _dispatch(self, action: JobAction) -> None:
        if isinstance(action, decisions.Prepare | decisions.Check):
            await self._bench.use(lambda: self._attempt(action), lambda: self._seconds_left(action))
        else:
            await self._attempt(action)

    def _seconds_left(self, action: JobAction) -> float | None:
        """Until the phase ends in which an action is to be done; None when it is not to be done any more."""
        if action not in self._decide():
            return None
        now = self._observer.head.timestamp
        end = self.history.job(action.job).phase_end(now)
        return math.inf if end is None else end - now

    async def _attempt(self, action: JobAction) -> None:
        job = self.history.job(action.job)
        try:
            await self._carry_out(job, action)
        except Court_CommitteeMismatch:
            self._found.forget_draw(_draw_of(job))  # it was of a block that is no more: asked again
            raise

    async def _carry_out(self, job: Job, action: JobAction) -> None:
        match action:
            case decisions.PinBlock():
                await self._court.pin_block(job.terms)
            case decisions.DrawSeed():
                await self._court.draw_seed(job.terms)
            case decisions.DrawCommittee():
                await self._court.draw_committee(job.terms)
            case decisions.LookUpCommittee():
                self._found.drawn[_draw_of(job)] = await self._court.committee_of(job.terms)
            case decisions.Prepare(round=number):
                await self._prepare(job, number)
            case decisions.Commit(round=number):
                await self._commit(job, number)
            case decisions.Offer(round=number):
                answers, answer = self._promised(job, number)
                occasion = Occasion(self.history, job, number, answer.beacon)
                answers.offer(occasion, answer, self._committee(job)[1])
                self._found.offered[_draw_of(job)] = answer.beacon
            case decisions.GatherOffers(round=number):
                await self._gather_offers(job, job.rounds[number])
            case decisions.CommitTogether(round=number):
                entries = [signed for _, signed in sorted(self._found.signed[_draw_of(job)].items())]
                await self._court.commit_signed(job.terms, self._committee(job)[0], entries)
            case decisions.Show(round=number):
                await self._show(job, job.rounds[number])
            case decisions.Gather(round=number):
                await self._gather(job, job.rounds[number])
            case decisions.Reveal(round=number):
                await self._reveal(job, job.rounds[number])
            case decisions.Decide(round=number):
                round_ = job.rounds[number]
                await self._court.decide(job.terms, round_.members, round_.log, _in_order(self._openings(job, round_)))
            case decisions.DecideDue(round=number):
                round_ = job.rounds[number]
                opened = {index: item.opening for index, item in round_.openings.items()}
                await self._court.decide(job.terms, round_.members, round_.log, _in_order(opened))
            case decisions.DecideAndEnd(round=number):
                await self._decide_and_end(job, job.rounds[number])
            case decisions.Check(round=number):
                await self._check(job, job.rounds[number])
            case decisions.ExposeRinger(round=number):
                round_, secret = job.rounds[number], self._ringer(job)
                if secret is not None:
                    worker = round_.openings[WORKER].opening
                    await self._court.expose_ringer(job.terms, round_.log, worker, secret.digest, secret.salt)
            case decisions.Appeal(round=number):
                await ensure_balance(
                    self._around, self._me, 2 * COMMITTEE_SIZES[number + 1] * job.class_.terms.verifier_fee
                )
                await self._court.appeal(job.terms)
            case decisions.Finalize():
                await self._court.finalize(job.terms, [round_.record for round_ in job.rounds if round_.record])
            case decisions.Expire():
                await self._court.expire_job(job.terms)

    async def _prepare(self, job: Job, number: int) -> None:
        seed, beacon = self._beacon(job, 0), self._beacon(job, number)
        if self._answers is None or seed is None or beacon is None:
            return await asyncio.sleep(self._poll_seconds)  # the node has not shown the pinned block yet
        await self._answers.prepare(Occasion(self.history, job, number, beacon), seed)

    async def _commit(self, job: Job, number: int) -> None:
        answers, answer = self._promised(job, number)
        commitment = answers.commitment(Occasion(self.history, job, number, answer.beacon), answer)
        if job.current is None:
            await ensure_balance(self._around, self._me, job.class_.terms.worker_bond)
            await self._court.commit_work(job.terms, commitment)
            return
        members, index = self._committee(job)
        await self._court.commit(job.terms, members, index, commitment)

    def _committee(self, job: Job) -> tuple[tuple[Member, ...], int]:
        """The committee that this party belongs to, and its index there. Raises NoPartyToRound."""
        members = () if job.current is None else members_of(job, job.current, self._found.drawn)
        index = index_of(job, members, self._me)
        if index is None:
            raise NoPartyToRound(job.job_id, self._me)
        return members, index

    async def _gather_offers(self, job: Job, round_: JobRound) -> None:
        """Ask everybody who has not committed for a signed commitment, and note when all of them are at hand."""
        members, _ = self._committee(job)
        accounts = {place: member.account for place, member in enumerate(members, start=1) if not member.vacant}
        if round_.number > 0:
            accounts[WORKER] = job.terms.worker
        draw = _draw_of(job)
        signed = self._found.signed.setdefault(draw, {})
        own = None if self._answers is None else self._answers.board.commitment(job.job_id, round_.number)
        if own is not None:
            signed[own.entry.index] = own
        missing = [index for index in accounts if index not in signed and index not in round_.commitments]
        found = await asyncio.gather(
            *(ask_for_commitment(self._around, job, round_.number, index, accounts[index]) for index in missing)
        )
        signed |= {item.entry.index: item for item in found if item is not None}
        if None in found:
            await asyncio.sleep(self._poll_seconds)
        else:
            self._found.together.setdefault(draw, self._observer.head.timestamp)

    async def _show(self, job: Job, round_: JobRound) -> None:
        answers, opening = self._own_opening(job, round_)
        await answers.hand_over(self._promised(job, round_.number)[1])
        answers.board.show(job.job_id, round_.number, opening)

    async def _reveal(self, job: Job, round_: JobRound) -> None:
        _, opening = self._own_opening(job, round_)
        await self._court.reveal(job.terms, round_.members, round_.log, [opening])

    def _promised(self, job: Job, number: int) -> tuple[Answers, Answer]:
        """The own answer in a round. Raises AnswerLost."""
        answer = self._answer(job, number)
        if self._answers is None or answer is None:
            raise AnswerLost(job.job_id, number)
        return self._answers, answer

    def _own_opening(self, job: Job, round_: JobRound) -> tuple[Answers, Opening]:
        """What opens the own commitment on the chain. Raises AnswerLost when that was to something else."""
        answers, answer = self._promised(job, round_.number)
        index = index_of(job, round_.members, self._me)
        if index is None or not opens(job, round_, opening_of(answer, index)):
            raise AnswerLost(job.job_id, round_.number)
        return answers, opening_of(answer, index)

    async def _gather(self, job: Job, round_: JobRound) -> None:
        """Ask everybody whose opening is missing; what does not fit the commitment is no answer."""
        held = self._openings(job, round_)
        missing = [index for index in round_.commitments if index not in held]
        found = await asyncio.gather(*(ask_for_opening(self._around, job, round_, index) for index in missing))
        gathered = self._found.gathered.setdefault((job.job_id, round_.number), {})
        gathered |= {opening.index: opening for opening in found if opening is not None}
        if None in found:
            await asyncio.sleep(self._poll_seconds)

    async def _decide_and_end(self, job: Job, round_: JobRound) -> None:
        """Decide; and if that is acceptance, which nobody but us could appeal, end the job with it."""
        openings = self._openings(job, round_)
        digests = {index: opening.digest for index, opening in openings.items()}
        members = [digests.get(index) for index in range(1, round_.size + 1)]
        outcome = judge(digests.get(WORKER), members, round_.threshold)
        call = (job.terms, round_.members, round_.log, _in_order(openings))
        if outcome.verdict is not Verdict.ACCEPT:
            await self._court.decide(*call)
            return
        near, far = (sum(2 << place for place in places) for places in (outcome.near, outcome.far))  # bit 0: the worker
        record = RoundRecord(round_.members, sum(1 << index for index in openings), near, far)
        earlier = [item.record for item in job.rounds[:-1] if item.record is not None]
        await self._court.decide_and_finalize(*call, [*earlier, record])

    async def _check(self, job: Job, round_: JobRound) -> None:
        """Make the output that the worker promised. Raises CannotRegenerate."""
        if self._checker is None or job.seed is None or round_.seed is None:
            return
        own = await draft_answer(self._checker, job, job.seed, None if round_.number == 0 else round_.seed)
        self._found.remade[job.job_id, round_.number, round_.seed] = own.digest

    def _report(self) -> None:
        """One line a job, when it has ended while we looked on."""
        history = self.history
        ended = [history.jobs[job] for job in self._open if job in history.jobs and job not in history.open_jobs]
        for report in (report_of(job, self._me) for job in ended):
            if report is not None:
                self._log.info("job ended", **report)
        if ended:
            self._found.keep_only(history.open_jobs)
        self._open = tuple(history.open_jobs)


def _draw_of(job: Job) -> Draw:
    """What the newest pinned block of a job is for."""
    return job.job_id, 0 if job.current is None else job.current.number, job.pinned_block


def _in_order(openings: Mapping[int, Opening]) -> list[Opening]:
    """Openings as the court takes them."""
    return [openings[index] for index in sorted(openings)]
