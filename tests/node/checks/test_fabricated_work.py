"""Fabricated work is caught and unpaid, honest work is paid: real training, traces, draws and replays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from node.attacks.registry import load_attack
from node.checks.replay import FailedCheck, check_close, check_message, is_same, replay
from node.checks.segments import segments_of
from node.checks.trace import digest_of, record, vector_bytes
from node.codec import decode, encode, parse
from node.manifest import LocalTraining, Manifest
from node.rounds.outcome import Reason
from node.tasks import Split, Task, load_task
from node.training import ErrorFeedback, LocalState, Trainer
from scripts.spot_checks.swarm import CheckedSwarm
from tests.node.codec.layouts import header_for

SEATS = 6
KEY = bytes(32)


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task("digits")


@pytest.fixture(scope="module")
def manifest(task: Task) -> Manifest:
    local = LocalTraining("adamw", steps=9, batch_size=32, learning_rate_millionths=3000)
    return task.default_manifest(shard_count=SEATS, byzantine=2, rule="clipped-mean", local=local)


@pytest.fixture
def swarm(task: Task, manifest: Manifest, tmp_path: Path) -> Iterator[CheckedSwarm]:
    attacks = {5: load_attack("sign-flip"), 6: load_attack("label-flip")}
    swarm = CheckedSwarm(task, manifest, tmp_path, seats=SEATS, attacks=attacks, withheld=(4,))
    yield swarm
    swarm.close()


async def test_who_makes_it_up_or_hides_it_is_not_paid_and_has_no_weight(swarm: CheckedSwarm) -> None:
    for _ in range(2):  # the second round goes on from error feedback
        checked = await swarm.round()
        assert checked.failed == {4, 5, 6}
        for item in checked.outcome.contributions:
            if item.seat in checked.failed:
                assert (item.reason, item.weight, item.reward_wei) == (Reason.FAILED_CHECK, 0, 0)
            else:
                assert item.reason is Reason.NONE
                assert item.reward_wei > 0
        # Three of three say the same, of everybody.
        assert all(passed is (seat not in checked.failed) for (_, seat), passed in checked.findings.items())
        assert len(checked.findings) == 3 * SEATS


async def test_who_shows_its_trace_too_slowly_withholds_it(task: Task, manifest: Manifest, tmp_path: Path) -> None:
    slow = CheckedSwarm(task, manifest, tmp_path, seats=SEATS, stalling=(2,), patience_seconds=0.2)
    try:
        assert (await slow.round()).failed == {2}
    finally:
        slow.close()


class Work:
    """One seat's honest round, piece by piece."""

    def __init__(self, task: Task, manifest: Manifest) -> None:
        shards = task.shards(manifest.shard_count, Split(), manifest.seed)
        self.trainer = Trainer(task, manifest, shards[0], seat=1, seed=manifest.seed)
        self.states = [self.trainer.start(np.zeros(manifest.layout.parameter_count, dtype=np.int32) + 1000)]
        for steps in segments_of(manifest):
            self.states.append(self.trainer.advance(self.states[-1], 1, steps))
        self.before = np.full_like(self.states[0].parameters, 0.001)
        carried = ErrorFeedback(len(self.before), beta_q16=manifest.beta_q16)
        carried.residual = self.before
        vector = carried.corrected(self.states[0].parameters - self.states[-1].parameters)
        self.update = parse(encode(vector, manifest, header_for(manifest, seat=1)), manifest)
        carried.sent(decode(self.update, manifest.layout))
        self.after = carried.residual
        self.trace, _ = record(self.states, self.before, self.after, salt=KEY)


@pytest.fixture(scope="module")
def work(task: Task, manifest: Manifest) -> Work:
    return Work(task, manifest)


def message_fault(work: Work, manifest: Manifest, **changes: object) -> str:
    found = {"update": work.update, "trace": work.trace, "end": work.states[-1].parameters, "feedback": work.before}
    found |= changes
    with pytest.raises(FailedCheck) as caught:
        check_message(
            found["update"],
            manifest,
            found["trace"],
            work.states[0],
            found["end"],
            found["feedback"],  # type: ignore[arg-type]
        )
    return caught.value.cause


def test_an_honest_message_follows_from_its_training(work: Work, manifest: Manifest) -> None:
    check_message(work.update, manifest, work.trace, work.states[0], work.states[-1].parameters, work.before)
    for segment in range(len(work.trace.states)):
        ends = replay(work.trainer, manifest, work.states[segment], round_number=1, seat=1, segment=segment)
        assert is_same(work.trace, segment, ends)


def test_a_message_beside_its_training_is_caught(work: Work, manifest: Manifest) -> None:
    foreign = parse(encode(-decode(work.update, manifest.layout), manifest, work.update.header), manifest)
    assert "does not follow" in message_fault(work, manifest, update=foreign)
    assert "does not follow" in message_fault(work, manifest, end=work.states[1].parameters)
    assert "does not follow" in message_fault(work, manifest, feedback=-work.before)


def test_error_feedback_that_hides_something_for_the_next_round_is_caught(work: Work, manifest: Manifest) -> None:
    hidden = replace(work.trace, feedback_after=digest_of(vector_bytes(10 * work.after)))
    assert "error feedback" in message_fault(work, manifest, trace=hidden)


def test_numbers_of_any_size_are_a_failed_check_and_no_crash(work: Work, manifest: Manifest) -> None:
    huge = np.full_like(work.before, 3e38)
    assert "cannot be encoded" in message_fault(work, manifest, end=-huge, feedback=huge)
    with pytest.raises(FailedCheck, match="diverged"):
        replay(
            work.trainer,
            manifest,
            LocalState(huge, (huge, -huge)),
            round_number=1,
            seat=1,
            segment=1,
        )


@pytest.mark.parametrize("segment", [0, 1, 2])
def test_a_jump_between_honest_segments_is_caught_where_it_happens(
    manifest: Manifest, work: Work, segment: int
) -> None:
    jump = np.random.Generator(np.random.PCG64(0)).standard_normal(len(work.before)).astype(np.float32) / 100
    states = work.states[: segment + 1] + [
        replace(state, parameters=state.parameters + jump) for state in work.states[segment + 1 :]
    ]
    trace, _ = record(states, work.before, work.after, salt=KEY)
    last = segment == len(trace.states) - 1
    theirs = replace(states[segment + 1], moments=()) if last else states[segment + 1]
    ours = replay(work.trainer, manifest, states[segment], round_number=1, seat=1, segment=segment)
    assert not is_same(trace, segment, ours)
    with pytest.raises(FailedCheck, match="bits"):
        check_close(1, manifest, states[segment], ours, theirs, KEY)


def test_a_rounding_error_is_forgiven(manifest: Manifest, work: Work) -> None:
    noise = np.random.Generator(np.random.PCG64(0)).standard_normal(len(work.before)).astype(np.float32)
    theirs = replace(work.states[1], parameters=work.states[1].parameters * (1 + np.float32(1e-6) * noise))
    assert not is_same(work.trace, 0, theirs)
    check_close(1, manifest, work.states[0], work.states[1], theirs, KEY)


async def test_error_feedback_goes_on_from_the_round_before_or_from_nothing(
    task: Task, manifest: Manifest, tmp_path: Path
) -> None:
    swarm = CheckedSwarm(task, manifest, tmp_path, seats=3)
    assert not (await swarm.round()).failed
    smuggled = ErrorFeedback(manifest.layout.parameter_count, beta_q16=manifest.beta_q16)
    smuggled.residual += np.float32(0.01)
    smuggled.save(swarm.states[1].feedback_file(1, 1))
    swarm.states[2].feedback_file(1, 2).unlink()
    assert (await swarm.round()).failed == {1}
    swarm.close()
