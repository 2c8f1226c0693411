"""Every rule in whole rounds: messages in, state and pay out, whatever their lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from node.aggregation.history import Histories
from node.aggregation.judgement import JudgedInput, Judgement, State, judge
from node.aggregation.reasons import Reason
from node.manifest import TensorSpec
from tests.node.aggregation.messages import Message, manifest, round_messages
from tests.node.aggregation.rules.test_every_rule import NAMES

TENSORS = (TensorSpec("sparse", (40, 50), 64), TensorSpec("dense", (30,), 0))
PEERS = 15
SEED = b"\x05" * 32


def resized(message: Message, bits: int) -> Message:
    """2^bits times the message."""
    return Message(message.positions, message.mantissas, (message.shifts.astype(np.int16) + bits).astype(np.uint8))


def rounds_of(rule: str, count: int, *, seats: Sequence[int]) -> list[Judgement]:
    """Rounds in which one of the messages is 32 times as long as the others and one is 32 times shorter."""
    m = manifest(tensors=TENSORS, rule=rule, history_buckets=64)
    theta = np.zeros(m.layout.parameter_count, dtype=np.int32)
    state, previous, judged = State(theta, Histories.empty(m)), None, []
    for number in range(1, count + 1):
        messages = list(round_messages(m.layout, f"rounds {number}", PEERS))
        messages[1], messages[2] = resized(messages[1], 5), resized(messages[2], -5)
        inputs = [JudgedInput(seat, 99 - seat, bytes([seat]) * 32, messages[seat]) for seat in seats]
        judged.append(judge(m, round=number, seed=SEED, state=state, previous_theta=previous, inputs=inputs))
        previous, state = state.theta, judged[-1].state
    return judged


@pytest.mark.parametrize("name", NAMES)
def test_rounds_end_with_pay_that_follows_the_weights(name: str) -> None:
    for judged in rounds_of(name, 2, seats=range(PEERS)):
        assert len(judged.weights) == len(judged.scores) == len(judged.reasons) == PEERS
        assert all(score == 0 for weight, score in zip(judged.weights, judged.scores, strict=True) if weight <= 0)
        assert all(
            (weight <= 0) == (reason is Reason.FILTERED)
            for weight, reason in zip(judged.weights, judged.reasons, strict=True)
        )


@pytest.mark.parametrize("name", ["clipped-mean", "normalized-mean"])
def test_a_message_of_almost_no_length_cannot_silence_the_others_where_it_speaks(name: str) -> None:
    m = manifest(tensors=TENSORS, rule=name, mean="contributor")
    messages = list(round_messages(m.layout, "silence", PEERS))
    moved = []
    for bits in (0, -10):
        sent = [resized(messages[0], bits), *messages[1:]]
        start = State(np.zeros(m.layout.parameter_count, dtype=np.int32), Histories.empty(m))
        inputs = [JudgedInput(seat, seat, bytes([seat]) * 32, message) for seat, message in enumerate(sent)]
        judged = judge(m, round=1, seed=SEED, state=start, previous_theta=None, inputs=inputs)
        moved.append(float(np.abs(judged.state.theta[messages[0].positions].astype(np.int64)).mean()))
    assert moved[1] > moved[0] / 3


@pytest.mark.parametrize("name", NAMES)
def test_without_inputs_the_state_stays(name: str) -> None:
    [judged] = rounds_of(name, 1, seats=())
    assert not judged.state.theta.any()
    assert (judged.weights, judged.scores, judged.reasons) == ((), (), ())
