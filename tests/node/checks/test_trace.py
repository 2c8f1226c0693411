"""What a seat commits to: traces and their pieces, and everything that is none."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import numpy as np
import pytest

from node.checks.segments import segments_of
from node.checks.trace import (
    MalformedTrace,
    Trace,
    digest_of,
    piece_limit_bytes,
    read_state,
    read_vector,
    record,
    state_bytes,
    vector_bytes,
)
from node.manifest import LocalTraining, SpotChecks
from node.training import LocalState
from tests.node.codec.layouts import MIXED, Float32, normal_vector


def vector(seed: int) -> Float32:
    return normal_vector(MIXED, seed=seed)


STATES = [LocalState(vector(i), (vector(10 + i), vector(20 + i))) for i in range(4)]
TRACE, PIECES = record(STATES, vector(30), vector(31), salt=bytes(32))


@pytest.mark.parametrize(("steps", "segments"), [(30, 3), (31, 4), (2, 5), (1, 1)])
def test_segments_are_even_and_cover_every_step_once(steps: int, segments: int) -> None:
    manifest = replace(MIXED, local=LocalTraining(steps=steps), checks=SpotChecks(segments=segments))
    parts = segments_of(manifest)
    assert [step for part in parts for step in part] == list(range(steps))
    assert len(parts) == min(steps, segments)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_trace_names_every_piece_by_its_digest() -> None:
    assert (*TRACE.states, TRACE.feedback_before, TRACE.feedback_after) == tuple(map(digest_of, PIECES))
    assert Trace.from_bytes(TRACE.to_bytes(), MIXED) == TRACE
    assert max(map(len, PIECES)) <= piece_limit_bytes(MIXED)


def test_states_come_back_bit_by_bit_the_last_one_without_moments() -> None:
    for state, piece in zip(STATES[1:], PIECES, strict=False):
        last = state is STATES[-1]
        found = read_state(piece, MIXED, last=last)
        assert found.parameters.tobytes() == state.parameters.tobytes()
        assert [m.tobytes() for m in found.moments] == ([] if last else [m.tobytes() for m in state.moments])
    assert np.array_equal(read_vector(PIECES[3], MIXED), vector(30))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        cbor2.dumps(5),
        cbor2.dumps([bytes(32), 7, bytes(32), bytes(32)]),
        cbor2.dumps([bytes(32), [bytes(32)] * 3, bytes(32)]),
        cbor2.dumps([bytes(32), [bytes(32)] * 2, bytes(32), bytes(32)]),
        cbor2.dumps([bytes(32), [bytes(31)] * 3, bytes(32), bytes(32)]),
        cbor2.dumps([bytes(32), ["a" * 32] * 3, bytes(32), bytes(32)]),
        TRACE.to_bytes() + b"\0",
        b"\x98\x04" + TRACE.to_bytes()[1:],
    ],
)
def test_anything_else_is_no_trace(data: bytes) -> None:
    with pytest.raises(MalformedTrace):
        Trace.from_bytes(data, MIXED)


def test_a_piece_of_another_length_or_with_values_that_are_no_numbers_is_refused() -> None:
    endless = STATES[0].parameters.copy()
    endless[5] = np.inf
    for data in (
        b"",
        PIECES[0][:-4],
        PIECES[0] + bytes(4),
        state_bytes(replace(STATES[0], parameters=endless), last=False),
    ):
        with pytest.raises(MalformedTrace):
            read_state(data, MIXED, last=False)
    with pytest.raises(MalformedTrace):
        read_vector(vector_bytes(endless), MIXED)
