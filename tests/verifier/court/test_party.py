"""A party on a chain that a test tells it about: what it keeps, shows and leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from contracts.court import output_commitment
from contracts.court_values import JobTerms, JobVerdict, Opening
from node.generation import Generation
from node.observer import Head
from node.storage.local import LocalStore
from tests.support.court_world import sketch_class
from tests.verifier.court.test_decisions import (
    AT,
    COMMITTED,
    DRAWN,
    FIRST,
    ID,
    SUBMITTED,
    WORKER,
    address,
    decided,
    in_round,
)
from verifier.court.answers import Answers, opening_of
from verifier.court.conduct import Conduct, Occasion
from verifier.court.directory import CourtDirectory
from verifier.court.exchange import Board
from verifier.court.findings import Findings
from verifier.court.gathering import opens
from verifier.court.history import CourtHistory
from verifier.court.job import Commitment, Job, JobRound, Opened
from verifier.court.party import Party
from verifier.court.regenerate import Order

SEED = bytes(32)


class Machine:
    """Generates once it may."""

    def __init__(self) -> None:
        self.may, self.begun = asyncio.Event(), asyncio.Event()
        self.orders: list[Order] = []

    async def generate(self, order: Order) -> Generation:
        self.orders.append(order)
        self.begun.set()
        await self.may.wait()
        return Generation("image", np.zeros((32, 32), np.uint8), np.zeros((3, 4), np.float32))


@dataclass
class Told:
    """The chain as the test says it is."""

    history: CourtHistory = field(default_factory=CourtHistory)
    head: Head = field(default_factory=lambda: Head(number=30, hash=bytes(32), timestamp=50))

    async def look(self) -> None:
        pass

    def say(self, *jobs: Job, time: int = 50) -> None:
        by_id = {job.job_id: job for job in jobs}
        going = {job.job_id: job for job in jobs if job.ending is None}
        self.history = CourtHistory(jobs=MappingProxyType(by_id), open_jobs=MappingProxyType(going))
        self.head = replace(self.head, timestamp=time)


class Court:
    """Takes everything."""

    def __init__(self) -> None:
        self.worked: list[JobTerms] = []

    async def balance_of(self, _: object) -> int:
        return 1000

    async def commit_work(self, terms: JobTerms, _: bytes) -> None:
        self.worked.append(terms)


@dataclass
class Play:
    """A worker and what it sees."""

    party: Party
    told: Told
    court: Court
    machine: Machine
    answers: Answers
    store: LocalStore

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            await self.party.run(until=condition)


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    """The worker of `test_decisions`."""
    told, court, machine, directory = Told(), Court(), Machine(), CourtDirectory(tmp_path / "state", identity={})
    seats: Any = SimpleNamespace(look=told.look, history=SimpleNamespace(active_seats=lambda _: [], endpoints={}))
    around: Any = SimpleNamespace(court=court, observer=told, seats=seats, epoch_seconds=1)
    regenerator: Any = machine
    with LocalStore(tmp_path / "blocks") as store:
        answers = Answers(
            me=WORKER,
            key=bytes(32),
            regenerator=regenerator,
            conduct=Conduct(),
            directory=directory,
            store=store,
            board=Board(),
        )
        yield Play(Party(WORKER, around, answers=answers, poll_seconds=0.01), told, court, machine, answers, store)
    directory.close()


def job_of_sketches(job: Job = SUBMITTED, **changes: Any) -> Job:
    class_ = replace(job.class_, description=sketch_class(address(9)).to_bytes())
    return replace(job, class_=class_, seed=SEED, **changes)


def committed_to(opening: Opening, round_: JobRound = COMMITTED) -> JobRound:
    """The round with the worker's commitment to this."""
    parts = (opening.digest, opening.output_digest, opening.salt)
    own = Commitment(0, WORKER, output_commitment(ID, round_.number, WORKER, *parts), AT)
    return replace(round_, commitments=MappingProxyType({**round_.commitments, 0: own}))


async def answered(play: Play) -> Opening:
    """The worker has made its answer to the first round."""
    play.machine.may.set()
    await play.answers.prepare(Occasion(CourtHistory(), job_of_sketches(), 0, SEED), SEED)
    answer = play.answers.get(ID, 0, SEED)
    assert answer is not None
    return opening_of(answer, 0)


async def test_what_was_gathered_on_a_chain_that_is_no_more_is_asked_for_again() -> None:
    old, new = Opening(0, 1, bytes(32), b"a" * 32), Opening(0, 1, bytes(32), b"b" * 32)
    found, before, after = Findings(), committed_to(old), committed_to(new)
    found.gathered[ID, 0] = {0: old}
    assert found.openings(in_round(before), before, None) == {0: old}
    assert found.openings(in_round(after), after, None) == {}
    assert found.openings(in_round(after), after, new) == {0: new}
    assert found.openings(in_round(after), after, old) == {}
    opened = replace(after, openings=MappingProxyType({0: Opened(new, WORKER, AT)}))
    assert found.openings(in_round(opened), opened, old) == {0: new}
    assert opens(in_round(opened), opened, new)
    assert not opens(in_round(opened), opened, old)


async def test_an_opening_that_was_shown_for_another_commitment_is_shown_anew(play: Play) -> None:
    opening = await answered(play)
    play.answers.board.show(ID, 0, replace(opening, salt=b"another chain's salt".ljust(32)))
    play.told.say(job_of_sketches(in_round(committed_to(opening))), time=150)
    await play.until(lambda: play.answers.board.opening(ID, 0) == opening)


async def test_an_output_whose_round_was_decided_and_appealed_in_one_look_is_served(play: Play) -> None:
    opening = await answered(play)
    first = replace(committed_to(opening), decision=decided(JobVerdict.INCONCLUSIVE).rounds[0].decision)
    appealed = replace(FIRST, number=1, pinned_block=60, commitments=MappingProxyType({}), seed=None)
    job = job_of_sketches(in_round(committed_to(opening)))
    play.told.say(replace(job, rounds=(committed_to(opening, DRAWN),)), time=150)
    party = asyncio.create_task(play.until(lambda: play.answers.board.opening(ID, 0) is not None))
    await asyncio.sleep(0.05)  # what happens while a party runs is not what it finds when it starts
    assert list(play.store.blocks()) == []
    play.told.say(replace(job, rounds=(first, appealed), pinned_block=60), time=150)
    await party
    assert play.store.get(play.store.resolve(opening.output_digest)).startswith(b"\x89PNG")


async def test_nothing_is_generated_for_a_job_whose_window_was_over_before_its_turn_came(play: Play) -> None:
    late, soon, other = (replace(job_of_sketches(), job_id=bytes([n]) * 32) for n in (1, 2, 3))
    late, other = (replace(job, work_end=1000, input=text) for job, text in ((late, b"first"), (other, b"third")))
    play.told.say(late, soon, other)
    party = asyncio.create_task(play.until(lambda: len(play.court.worked) == 2))
    await asyncio.wait_for(play.machine.begun.wait(), timeout=30)
    play.told.say(late, soon, other, time=100)
    play.machine.may.set()
    await party
    assert [order.input for order in play.machine.orders] == [b"first", b"third"]


async def test_what_is_known_of_a_job_is_forgotten_with_its_end() -> None:
    found, other = Findings(), b"o" * 32
    for job in (ID, other):
        found.drawn[job, 0, 20] = ()
        found.gathered[job, 0] = {}
        found.remade[job, 0, SEED] = 7
    found.keep_only({other})
    assert {key[0] for part in (found.drawn, found.gathered, found.remade) for key in part} == {other}
