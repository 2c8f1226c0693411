"""The trainer's half of a round, as an attacker goes through it: what it sees, and what becomes of what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.attestation import Domain, checksum_address
from contracts.values import Address
from node.attacks import Attack, AttackView
from node.checkpoint import Checkpoint, dequantise, genesis
from node.checks.shelf import TraceShelf
from node.checks.trace import Trace, read_vector
from node.codec import Update, decode, encode, expect_header, parse
from node.errors import ExchangeError
from node.rounds.history import Commit, Place, Reveal, RoundHistory, Seat, SwarmHistory
from node.rounds.maker import UpdateMaker
from node.state_directory import PreparedUpdate, StateDirectory
from node.storage.unixfs import root_of
from node.training import ErrorFeedback, LocalState
from tests.node.codec.layouts import MIXED, header_for, normal_vector

Float32 = npt.NDArray[np.float32]

PLACE = Place(1, 0, bytes(32))
ME, FRIEND, OTHER = (checksum_address(letter * 20) for letter in (b"m", b"f", b"o"))
DOMAIN = Domain(31337, ME)
OWNERS = {1: OTHER, 2: FRIEND, 3: OTHER, 4: ME, 5: OTHER, 6: FRIEND}
FIRST = genesis(MIXED)
BASE = Checkpoint(FIRST.manifest_digest, 1, FIRST.digest, FIRST.theta + np.int32(1 << 10))
TRAINED = normal_vector(MIXED, seed=9)
RESIDUAL = normal_vector(MIXED, seed=8)


class Spy(Attack):
    """Honest, but remembers what it saw."""

    name = "spy"
    looks_at_others = True

    def __init__(self) -> None:
        self.views: list[AttackView] = []

    def poison_update(self, update: Float32, view: AttackView) -> Float32:
        self.views.append(view)
        return update


class Crafter(Spy):
    """Sends the reversed update as it is, in bytes of its own making, and trains as the first of its accomplices."""

    uses_error_feedback = False

    def trains_as(self, seat: int, colluders: Sequence[int]) -> int:
        return colluders[0]

    def poison_update(self, update: Float32, view: AttackView) -> Float32:
        return -update

    def poison_message(self, data: bytes) -> bytes:
        return b"no" + data


class Library:
    """What others revealed, by seat; that of seat 5 is nowhere to be had."""

    async def base(self, round_: RoundHistory) -> tuple[Checkpoint, Checkpoint | None]:
        return (FIRST, None) if round_.number == 1 else (BASE, FIRST)

    async def update(self, round_: RoundHistory, reveal: Reveal, holders: Sequence[Address]) -> Update:
        if reveal.seat == 5:
            raise ExchangeError("nobody has it")
        return revealed(reveal.seat)


class Trainer:
    """Learns the same thing every time, all of it in the last steps."""

    def start(self, theta: npt.NDArray[np.int32]) -> LocalState:
        return LocalState(TRAINED, (TRAINED, TRAINED))

    def advance(self, state: LocalState, round_number: int, steps: range) -> LocalState:
        last = steps.stop == MIXED.local.steps
        return replace(state, parameters=np.zeros_like(TRAINED)) if last else state


def revealed(seat: int) -> Update:
    message = encode(normal_vector(MIXED, seed=seat), MIXED, header_for(MIXED, seat=seat))
    return parse(message, MIXED)


def round_of(number: int) -> RoundHistory:
    commits = tuple(Commit(seat, owner, bytes(32), PLACE) for seat, owner in OWNERS.items())
    reveals = tuple(Reveal(seat, bytes(32), bytes(32), bytes(32), PLACE) for seat in OWNERS)
    return RoundHistory(
        number, bytes(32), bytes(32), 1, 100, 5, 10, 20, 20, 20, 30, PLACE, commits=commits, reveals=reveals
    )


HISTORY = replace(
    SwarmHistory.start(seat_stake_wei=1, genesis_digest=FIRST.digest),
    seats={seat: Seat(seat, owner, 0) for seat, owner in OWNERS.items()},
    rounds=(round_of(1), round_of(2)),
)


def missed() -> SwarmHistory:
    """The history without the reveal of seat 4 in round 1."""
    first, second = HISTORY.rounds
    reveals = tuple(item for item in first.reveals if item.seat != 4)
    return replace(HISTORY, rounds=(replace(first, reveals=reveals), second))


async def made(
    folder: Path, attack: Attack, number: int = 2, history: SwarmHistory = HISTORY
) -> tuple[StateDirectory, PreparedUpdate, list[int]]:
    """Prepare an update of seat 4; the state directory, the update and the seats that were trained."""
    nothing: Any = None
    library: Any = Library()
    state = StateDirectory(folder, identity={})
    shelf = TraceShelf(state.traces)
    carried = ErrorFeedback(MIXED.layout.parameter_count, beta_q16=MIXED.beta_q16)
    carried.residual = RESIDUAL
    carried.save(state.feedback_file(number - 1, 4))
    trained: list[int] = []

    def trainer_of(seat: int) -> Any:
        trained.append(seat)
        return Trainer()

    maker = UpdateMaker(
        project=nothing,
        domain=DOMAIN,
        manifest=MIXED,
        trainer_of=trainer_of,
        library=library,
        state=state,
        store=nothing,
        shelf=shelf,
        training=asyncio.Lock(),
        attack=attack,
        accomplices=(FRIEND,),
        attack_seed=17,
        me=ME,
    )
    await maker.prepare(history, history.round(number), 4)
    shelf.close()
    update = state.update(number, 4)
    assert update is not None
    return state, update, trained


def residual(state: StateDirectory, number: int) -> Float32:
    path = state.feedback_file(number, 4)
    return ErrorFeedback.load(path, MIXED.layout.parameter_count, beta_q16=MIXED.beta_q16).residual


async def test_an_attacker_sees_what_others_revealed_and_where_it_stands_among_its_accomplices(tmp_path: Path) -> None:
    spy = Spy()
    state, _, trained = await made(tmp_path, spy)
    state.close()
    [view] = spy.views
    assert (view.round, view.index, view.count, view.seed) == (2, 1, 3, 17)  # after seat 2, before seat 6
    assert set(view.known_updates) == set(view.revealed_updates) == {1, 3}
    for seat, update in view.known_updates.items():
        assert np.array_equal(update, decode(revealed(seat), MIXED.layout))
    assert view.previous_step is not None
    assert np.array_equal(view.previous_step, dequantise(FIRST.theta, MIXED) - dequantise(BASE.theta, MIXED))
    assert np.array_equal(
        view.sent(TRAINED), decode(parse(encode(TRAINED, MIXED, header_for(MIXED)), MIXED), MIXED.layout)
    )
    assert trained == [4]


async def test_in_the_first_round_there_is_nothing_to_see(tmp_path: Path) -> None:
    spy = Spy()
    (await made(tmp_path, spy, 1))[0].close()
    [view] = spy.views
    assert not view.known_updates
    assert not view.revealed_updates
    assert view.previous_step is None


async def test_error_feedback_enters_an_honest_message_and_keeps_what_it_left_out(tmp_path: Path) -> None:
    state, update, _ = await made(tmp_path, Attack())
    message = state.outbox_file(2, 4).read_bytes()
    assert update.digest == root_of(message).digest
    parsed = parse(message, MIXED)
    expected = replace(header_for(MIXED, round=2, seat=4), run_id=DOMAIN.run_id, base_digest=bytes(32))
    expect_header(parsed.header, replace(expected, trace_root=parsed.header.trace_root))
    corrected = np.float32(MIXED.beta_q16 / (1 << 16)) * RESIDUAL + TRAINED
    assert np.array_equal(residual(state, 2), corrected - decode(parsed, MIXED.layout))
    state.close()


async def test_a_crafted_message_goes_out_as_it_is_and_leaves_error_feedback_alone(tmp_path: Path) -> None:
    state, update, trained = await made(tmp_path, Crafter())
    message = state.outbox_file(2, 4).read_bytes()
    assert message.startswith(b"noFXW1")
    assert update.digest == root_of(message).digest
    sent = decode(parse(message.removeprefix(b"no"), MIXED), MIXED.layout)
    assert np.array_equal(sent, decode(parse(encode(-TRAINED, MIXED, header_for(MIXED)), MIXED), MIXED.layout))
    assert np.array_equal(residual(state, 2), RESIDUAL)
    assert trained == [2]
    state.close()


async def test_error_feedback_is_cleared_when_the_round_before_was_missed(tmp_path: Path) -> None:
    state, _, _ = await made(tmp_path, Attack(), history=missed())
    message = state.outbox_file(2, 4).read_bytes()
    assert np.array_equal(residual(state, 2), TRAINED - decode(parse(message, MIXED), MIXED.layout))
    state.close()


async def test_a_message_is_bound_to_the_trace_of_its_training(tmp_path: Path) -> None:
    state, _, _ = await made(tmp_path, Attack())
    header = parse(state.outbox_file(2, 4).read_bytes(), MIXED).header
    shelf = TraceShelf(state.traces)
    trace = Trace.from_bytes(shelf.get_block(header.trace_root), MIXED)
    assert len(trace.states) == MIXED.checks.segments
    assert np.array_equal(read_vector(shelf.get(shelf.resolve(trace.feedback_before)), MIXED), RESIDUAL)
    assert np.array_equal(read_vector(shelf.get(shelf.resolve(trace.feedback_after)), MIXED), residual(state, 2))
    shelf.close()
    state.close()
