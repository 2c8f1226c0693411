"""Events of the court become jobs; what the court cannot have said is refused. Real chains: tests/frontend_api."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contracts.attestation import checksum_address
from contracts.court_values import ClassTerms, JobPhase, JobTerms, JobVerdict, Member, Opening, RoundRecord
from contracts.events import (
    Appealed,
    BlockPinned,
    ClassRegistered,
    Committed,
    CommitteeDrawn,
    Event,
    JobDecided,
    JobExpired,
    JobFinalized,
    JobSubmitted,
    RevealBegun,
    Revealed,
    RingerExposed,
    SeatSlashed,
    SeedDrawn,
    VerifierPaid,
    VerifierStruck,
    WorkCommitted,
)
from node.errors import HistoryError
from verifier.court.history import CourtHistory, fold_all

COURT, REQUESTER, WORKER, *VERIFIERS = (checksum_address(bytes([n]) * 20) for n in range(1, 14))
CLASS, JOB, SEED = b"c" * 32, b"j" * 32, b"s" * 32
TERMS = JobTerms(CLASS, REQUESTER, WORKER, 20, b"i" * 32, b"r" * 32, b"t" * 32)
CLASS_TERMS = ClassTerms(b"d" * 32, 16, 20, 2, 240, 1, 100, 100, 50, 200)
MEMBERS = tuple(Member(seat, account) for seat, account in enumerate(VERIFIERS[:3], start=1))
HIDDEN = 0xFFFF


@dataclass
class Chain:
    """Puts events one after another; `at` is the block of the next."""

    at: int = 1

    def __call__(self, kind: Callable[..., Event], **values: Any) -> Event:
        self.at += 1
        place = {"address": COURT, "block_number": self.at, "block_hash": bytes(32), "log_index": 0}
        return kind(**place, transaction_hash=self.at.to_bytes(32, "big"), **values)


def opening(index: int) -> Opening:
    return Opening(index, 7, b"o" * 32, b"q" * 32)


def committed(said: Chain) -> list[Event]:
    """A job up to the commitments of everybody."""
    events = [
        said(ClassRegistered, class_id=CLASS, terms=CLASS_TERMS, description=b"", usable_from=0),
        said(
            JobSubmitted,
            job_id=JOB,
            requester=REQUESTER,
            worker=WORKER,
            terms=TERMS,
            input=b"7",
            work_end=1000,
            pinned_block=4,
        ),
        said(SeedDrawn, job_id=JOB, seed=SEED),
        said(WorkCommitted, job_id=JOB, commitment=b"w" * 32, pinned_block=6, epoch=3, commit_end=1100),
        said(CommitteeDrawn, job_id=JOB, round=0, key=bytes(32), members=MEMBERS),
    ]
    for index, member in enumerate(MEMBERS, start=1):
        events.append(said(Committed, job_id=JOB, account=member.account, round=0, index=index, commitment=b"m" * 32))
    return [*events, said(RevealBegun, job_id=JOB, round=0, reveal_end=1060)]


def decided(said: Chain, verdict: JobVerdict = JobVerdict.ACCEPT, indices: tuple[int, ...] = (0, 1, 2, 3)) -> Event:
    return said(
        JobDecided,
        job_id=JOB,
        round=0,
        verdict=verdict,
        revealed=sum(1 << index for index in indices),
        near=0b0110,
        far=0b1000,
        distances=(0, 2, 4),
        openings=tuple(map(opening, indices)),
        appeal_end=1300,
    )


def finalized(said: Chain, verdict: JobVerdict = JobVerdict.ACCEPT) -> Event:
    return said(JobFinalized, job_id=JOB, verdict=verdict, requester_share=0, worker_share=260, burned=0)


def also(event: Event, kind: Callable[..., Event], index: int, **values: Any) -> Event:
    """Another event of the same transaction."""
    place = {name: getattr(event, name) for name in ("address", "block_number", "block_hash", "transaction_hash")}
    return kind(**place, log_index=index, **values)


def test_a_job_is_folded_from_submission_to_its_end() -> None:
    said = Chain()
    events = [*committed(said), decided(said)]
    before = fold_all(CourtHistory(), events)
    end = finalized(said)
    paid = also(end, VerifierPaid, 1, job_id=JOB, account=VERIFIERS[0], amount=2)
    struck = also(end, VerifierStruck, 2, job_id=JOB, account=VERIFIERS[1], strikes=3, absent=False)
    slashed = also(end, SeatSlashed, 3, seat=2, owner=VERIFIERS[1], amount=100, slashed=100)
    after = fold_all(before, [end, paid, struck, slashed])
    job = after.job(JOB)
    assert (job.number, job.seed, job.verdict) == (1, SEED, JobVerdict.ACCEPT)
    (only,) = job.rounds
    assert only.log.seed == SEED
    assert [(entry.index, entry.commitment[:1]) for entry in only.log.entries] == [
        (0, b"w"),
        *((n, b"m") for n in (1, 2, 3)),
    ]
    assert only.record is not None
    assert only.record == RoundRecord(MEMBERS, 0b1111, near=0b0110, far=0b1000)
    assert only.decision is not None
    assert only.decision.distances == (0, 2, 4)
    assert [item.account for item in only.openings.values()] == [WORKER, *VERIFIERS[:3]]
    assert (len(job.payments), len(job.strikes), len(job.slashes)) == (1, 1, 1)
    assert before.job(JOB).ending is None  # older histories stay valid


def test_a_batch_leaves_the_history_before_it_as_it_was() -> None:
    said = Chain()
    events = committed(said)
    before = fold_all(CourtHistory(), events[:-1])
    after = fold_all(before, events[-1:])
    assert before.job(JOB).rounds[0].all_committed is None
    assert after.job(JOB).rounds[0].all_committed is not None
    assert after.classes[CLASS] is before.classes[CLASS]
    assert fold_all(after, []) is after
    with pytest.raises(HistoryError):
        fold_all(before, [events[-1], events[-1]])
    assert before.job(JOB).rounds[0].all_committed is None
    one_by_one = CourtHistory()
    for event in events:
        one_by_one = fold_all(one_by_one, [event])
    assert one_by_one == after


def test_jobs_that_have_not_ended_are_at_hand_in_the_order_of_their_submission() -> None:
    said, ids = Chain(), [bytes([number]) * 32 for number in range(3)]
    class_, submitted, *going = committed(said)
    jobs = [replace(submitted, job_id=job, log_index=index) for index, job in enumerate(ids)]
    history = fold_all(CourtHistory(), [class_, *jobs])
    assert list(history.open_jobs) == ids
    changed = fold_all(history, [replace(event, job_id=ids[1]) for event in [*going, decided(said)]])
    assert list(changed.open_jobs) == ids
    assert changed.open_jobs[ids[1]] is changed.jobs[ids[1]]
    end = replace(finalized(said), job_id=ids[1])
    struck = also(end, VerifierStruck, 2, job_id=ids[1], account=VERIFIERS[1], strikes=3, absent=False)
    slashed = also(end, SeatSlashed, 3, seat=2, owner=VERIFIERS[1], amount=100, slashed=100)
    over = fold_all(changed, [end, struck, slashed])
    assert list(over.open_jobs) == [ids[0], ids[2]]
    assert list(over.jobs) == ids
    assert list(changed.open_jobs) == ids


def test_phases_follow_the_court_s_clock() -> None:
    said = Chain()
    events = [*committed(said), decided(said)]
    expected = [
        (2, 999, JobPhase.WORK, 1000),
        (2, 1000, JobPhase.EXPIRED, None),
        (4, 1099, JobPhase.COMMIT, 1100),
        (4, 1100, JobPhase.REVEAL, 1150),
        (4, 1150, JobPhase.DUE, None),
        (9, 1059, JobPhase.REVEAL, 1060),
        (9, 1060, JobPhase.DUE, None),
        (10, 1299, JobPhase.APPEAL, 1300),
        (10, 1300, JobPhase.SETTLED, None),
    ]
    for count, now, phase, end in expected:
        job = fold_all(CourtHistory(), events[:count]).job(JOB)
        assert (job.phase(now), job.phase_end(now)) == (phase, end)
    closed = fold_all(CourtHistory(), [*events, finalized(said)]).job(JOB)
    assert closed.phase(1300) is JobPhase.CLOSED


def test_an_exposed_ringer_ends_the_time_for_appeals_at_once() -> None:
    said = Chain()
    events = [*committed(said), decided(said), said(RingerExposed, job_id=JOB, digest=7)]
    job = fold_all(CourtHistory(), events).job(JOB)
    assert (job.verdict, job.phase(0)) == (JobVerdict.RINGER, JobPhase.SETTLED)
    with pytest.raises(HistoryError, match="impossible JobFinalized"):
        fold_all(CourtHistory(), [*events, finalized(said)])
    assert fold_all(CourtHistory(), [*events, finalized(said, JobVerdict.RINGER)]).job(JOB).ending is not None


def test_an_appeal_is_a_larger_round_that_the_worker_commits_to_anew() -> None:
    said, key = Chain(), b"k" * 32
    events = [*committed(said), decided(said, JobVerdict.INCONCLUSIVE)]
    called = said(
        Appealed,
        job_id=JOB,
        appellant=WORKER,
        round=1,
        committee_size=7,
        bond=28,
        pinned_block=30,
        epoch=4,
        commit_end=1500,
    )
    seven = tuple(Member(seat, account) for seat, account in enumerate(VERIFIERS[:7], start=1))
    drawn = said(CommitteeDrawn, job_id=JOB, round=1, key=key, members=seven)
    work = said(Committed, job_id=JOB, account=WORKER, round=1, index=0, commitment=b"W" * 32)
    job = fold_all(CourtHistory(), [*events, called, drawn, work]).job(JOB)
    first, second = job.rounds
    assert first.decision is not None
    assert (second.threshold, second.appellant, second.bond_wei, second.seed) == (20, WORKER, 28, key)
    assert [entry.index for entry in second.log.entries] == [0]
    assert second.record is None
    assert (job.verdict, job.phase(1400)) == (JobVerdict.INCONCLUSIVE, JobPhase.COMMIT)


def test_a_pinned_block_moves_the_window_of_the_phase_it_is_for() -> None:
    said = Chain()
    events = committed(said)[:4]
    repinned = said(BlockPinned, job_id=JOB, round=0, pinned_block=300, epoch=9, phase_end=2000)
    job = fold_all(CourtHistory(), [*events, repinned]).job(JOB)
    assert job.current is not None
    assert (job.current.pinned_block, job.current.epoch, job.pinned_block) == (300, 9, 300)
    assert (job.phase(1999), job.phase(2049), job.phase(2050)) == (JobPhase.COMMIT, JobPhase.REVEAL, JobPhase.DUE)
    waiting = fold_all(CourtHistory(), [*events[:2], replace(repinned, phase_end=1000)]).job(JOB)
    assert (waiting.pinned_block, waiting.work_end, waiting.current) == (300, 1000, None)


def test_who_opened_ahead_of_the_decision_keeps_that_place() -> None:
    said = Chain()
    events = committed(said)
    early = said(Revealed, job_id=JOB, account=VERIFIERS[1], round=0, opening=opening(2))
    job = fold_all(CourtHistory(), [*events, early, decided(said)]).job(JOB)
    assert job.current is not None
    assert job.current.openings[2].place.block_number == early.block_number
    assert job.current.openings[1].place.block_number == early.block_number + 1


def test_distances_that_could_not_be_taken_are_none() -> None:
    said = Chain()
    events = committed(said)
    shown = replace(decided(said, JobVerdict.REJECT_NO_SHOW, (1, 2)), near=0, far=0b110, distances=(HIDDEN,) * 3)
    job = fold_all(CourtHistory(), [*events, shown]).job(JOB)
    assert job.current is not None
    assert job.current.decision is not None
    assert job.current.decision.distances == (None, None, None)


def test_a_job_that_an_event_does_not_concern_stays_the_same_object() -> None:
    said = Chain()
    history = fold_all(CourtHistory(), committed(said))
    other = replace(committed(Chain())[1], job_id=b"o" * 32, block_number=said.at + 1)
    grown = fold_all(history, [other])
    assert grown.job(JOB) is history.job(JOB)
    assert grown.job(b"o" * 32).number == 2


@pytest.mark.parametrize(
    ("count", "change"),
    [
        (1, {"kind": SeedDrawn, "seed": SEED}),  # of a job that was never submitted
        (3, {"kind": SeedDrawn, "seed": SEED}),
        (2, {"kind": WorkCommitted, "commitment": SEED, "pinned_block": 1, "epoch": 1, "commit_end": 1}),
        (4, {"kind": WorkCommitted, "commitment": SEED, "pinned_block": 1, "epoch": 1, "commit_end": 1}),
        (4, {"kind": CommitteeDrawn, "round": 1, "key": SEED, "members": MEMBERS}),
        (4, {"kind": CommitteeDrawn, "round": 0, "key": SEED, "members": MEMBERS[:2]}),
        (5, {"kind": CommitteeDrawn, "round": 0, "key": SEED, "members": MEMBERS}),
        (5, {"kind": Committed, "account": VERIFIERS[5], "round": 0, "index": 1, "commitment": SEED}),
        (5, {"kind": Committed, "account": WORKER, "round": 0, "index": 0, "commitment": SEED}),
        (6, {"kind": Committed, "account": VERIFIERS[0], "round": 0, "index": 1, "commitment": SEED}),
        (5, {"kind": Revealed, "account": VERIFIERS[0], "round": 0, "opening": opening(1)}),
        (9, {"kind": RevealBegun, "round": 1, "reveal_end": 1}),
        (9, {"kind": RingerExposed, "digest": 7}),
        (9, {"kind": JobExpired, "refund": 1}),
        (9, {"kind": VerifierPaid, "account": VERIFIERS[0], "amount": 2}),
        (3, {"kind": RevealBegun, "round": 0, "reveal_end": 1}),
    ],
    ids=lambda value: value["kind"].__name__ if isinstance(value, dict) else str(value),
)
def test_what_the_court_cannot_have_said_is_refused(count: int, change: dict[str, Any]) -> None:
    said = Chain()
    history = fold_all(CourtHistory(), committed(said)[:count])
    event = said(change["kind"], job_id=JOB, **{name: value for name, value in change.items() if name != "kind"})
    with pytest.raises(HistoryError):
        fold_all(history, [event])


def test_a_decision_whose_openings_are_not_those_it_counted_is_refused() -> None:
    said = Chain()
    history = fold_all(CourtHistory(), committed(said))
    with pytest.raises(HistoryError, match="impossible JobDecided"):
        fold_all(history, [replace(decided(said), revealed=0b0111)])


def test_stake_is_taken_only_in_the_transaction_that_ends_a_job() -> None:
    said = Chain()
    history = fold_all(CourtHistory(), [*committed(said), decided(said)])
    loose = said(SeatSlashed, seat=2, owner=VERIFIERS[1], amount=100, slashed=100)
    with pytest.raises(HistoryError, match="impossible SeatSlashed"):
        fold_all(history, [loose])
    end = finalized(said)
    later = replace(loose, block_number=end.block_number + 1)
    with pytest.raises(HistoryError, match="impossible SeatSlashed"):
        fold_all(history, [end, later])


def test_events_come_in_chain_order() -> None:
    said = Chain()
    first, second = committed(said)[:2]
    with pytest.raises(HistoryError, match="out of chain order"):
        fold_all(fold_all(CourtHistory(), [first, second]), [second])
