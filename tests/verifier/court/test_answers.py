"""What a party promises: the class's digest, a keyed one in appeals, a refusal where there can be no output."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pytest
import torch

from contracts.court import ringer_digest
from node.generation import Generation, GenerationError
from node.storage.local import LocalStore
from tests.support.court_world import sketch_class, sketch_task
from tests.verifier.court.test_decisions import COMMITTED, ID, SUBMITTED, address, in_round
from verifier.cheats import CHEATS
from verifier.classes import OutputClass
from verifier.court.answers import Answers, draft_answer, refusal_digest
from verifier.court.conduct import CONDUCTS, Conduct, Draft, Occasion, behaviour
from verifier.court.directory import CourtDirectory
from verifier.court.exchange import Board
from verifier.court.history import CourtHistory
from verifier.court.job import Job
from verifier.court.regenerate import Order
from verifier.court.ringers import RingerSecret
from verifier.errors import CannotRegenerate, CheatImpossible, UnknownCheat
from verifier.hashes import appeal_digest, load_hash

SEED, KEY = b"\x11" * 32, b"\x22" * 32


class Machine:
    """Generates what it is told to, or fails as it is told to."""

    def __init__(self, outcome: Generation | Exception) -> None:
        self.outcome = outcome
        self.orders: list[Order] = []

    async def generate(self, order: Order) -> Generation:
        self.orders.append(order)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def job_of_sketches() -> Job:
    class_ = replace(SUBMITTED.class_, description=sketch_class(address(9)).to_bytes())
    return replace(SUBMITTED, class_=class_, seed=SEED)


def sketch() -> Generation:
    task = sketch_task()
    model = task.model()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 16)
    return task.generate(model, ["7"], [SEED], task.default_sampling)[0]


async def draft(outcome: Generation | Exception, key: bytes | None = None) -> Draft:
    machine: Any = Machine(outcome)
    return await draft_answer(machine, job_of_sketches(), SEED, key)


async def test_the_first_round_takes_the_classs_digest_and_appeals_a_keyed_one() -> None:
    made = sketch()
    first, appeal = await draft(made), await draft(made, KEY)
    assert first == Draft(load_hash("phash").digest(made, seed=SEED), made.to_bytes())
    assert appeal == Draft(appeal_digest(made, key=KEY), made.to_bytes())
    assert first.digest != appeal.digest


async def test_where_nobody_can_generate_the_refusal_is_the_answer() -> None:
    for key, beacon in ((None, SEED), (KEY, KEY)):
        assert await draft(GenerationError("no such prompt"), key) == Draft(refusal_digest(beacon), b"")
    assert refusal_digest(SEED) != refusal_digest(KEY)


async def test_an_output_the_hash_cannot_take_is_refused_too() -> None:
    short = Generation("image", np.zeros((16, 16), np.uint8), np.zeros((2, 4), np.float32))
    assert await draft(short, KEY) == Draft(refusal_digest(KEY), b"")  # nothing between the first row and the last


async def test_a_machine_that_cannot_regenerate_promises_nothing() -> None:
    with pytest.raises(CannotRegenerate, match="nobody serves it"):
        await draft(CannotRegenerate("nobody serves it"))


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize(
    ("name", "words"), [("md5", "hash 'md5' is unknown"), ("tokens", "tokens is of text, sampler euler makes image")]
)
async def test_a_hash_that_is_unknown_here_is_no_refusal(name: str, words: str, key: bytes | None) -> None:
    job, machine = job_of_sketches(), cast(Any, Machine(sketch()))
    description = replace(OutputClass.from_bytes(job.class_.description), hash=name).to_bytes()
    job = replace(job, class_=replace(job.class_, description=description))
    with pytest.raises(CannotRegenerate, match=words):
        await draft_answer(machine, job, SEED, key)
    assert machine.orders == []


@pytest.fixture
def occasion() -> Occasion:
    earlier = in_round(COMMITTED)
    return Occasion(CourtHistory(jobs=MappingProxyType({ID: earlier})), job_of_sketches(), 0, SEED)


async def test_an_answer_is_written_down_before_it_is_promised(tmp_path: Path, occasion: Occasion) -> None:
    directory = CourtDirectory(tmp_path / "state", identity={})
    machine: Any = Machine(sketch())
    with LocalStore(tmp_path / "blocks") as store:
        me, board = address(1), Board()
        answers = Answers(
            me=me, key=KEY, regenerator=machine, conduct=Conduct(), directory=directory, store=store, board=board
        )
        await answers.prepare(occasion, SEED)
        answer = answers.get(ID, 0, SEED)
        assert answer is not None
        assert list(store.blocks()) == []
        await answers.hand_over(answer)
        assert store.get(store.resolve(answer.output_digest)).startswith(b"\x89PNG")
        again = answers.get(ID, 0, SEED)
        assert again == answer
    directory.close()


async def test_colluders_commit_to_what_their_accomplice_left(tmp_path: Path, occasion: Occasion) -> None:
    async def never() -> Draft:
        raise AssertionError("a colluder generates nothing")

    async def made() -> Draft:
        return Draft(42, b"output")

    async def honest() -> Draft:
        return Draft(7, b"right")

    colluding = CONDUCTS["colluding"](tmp_path)
    assert await colluding.draft(occasion, honest) == Draft(7, b"right")  # a job of somebody else
    assert await Conduct(tmp_path).draft(occasion, made) == Draft(42, b"output")
    assert json.loads((tmp_path / occasion.file_name).read_text())["output"] == b"output".hex()
    assert await colluding.draft(occasion, never) == Draft(42, b"output")
    with pytest.raises(CheatImpossible, match="no answer for this round"):
        await colluding.draft(replace(occasion, round=1), never)


async def test_a_ringers_worker_answers_its_own_tests_as_they_say_and_all_else_honestly(
    tmp_path: Path, occasion: Occasion
) -> None:
    async def made() -> Draft:
        return Draft(42, b"output")

    ringer, secret = CONDUCTS["ringer"](tmp_path), RingerSecret.make()
    assert await ringer.draft(occasion, made) == Draft(42, b"output")
    secret.save(tmp_path, ID)
    assert RingerSecret.load(tmp_path, ID) == secret
    assert (await ringer.draft(occasion, made)).digest == ringer_digest(secret.digest, SEED)
    assert await ringer.draft(replace(occasion, round=1), made) == Draft(42, b"output")


@pytest.mark.parametrize("name", ["colluding", "ringer"])
def test_nobody_is_in_league_with_nobody(name: str) -> None:
    with pytest.raises(CheatImpossible, match=f"no cheating with {name}: no accomplice_dir is set"):
        behaviour(name)


def test_one_setting_names_every_way_to_cheat() -> None:
    assert not CONDUCTS.keys() & CHEATS.keys()
    for name in CONDUCTS:
        conduct, cheat = behaviour(name, Path("accomplices"))
        assert (type(conduct), cheat.name) == (CONDUCTS[name], "honest")
    for name in CHEATS:
        conduct, cheat = behaviour(name)
        assert (type(conduct), cheat.name) == (Conduct, name)
    assert behaviour(None)[1].name == "honest"
    with pytest.raises(UnknownCheat, match="kindness"):
        behaviour("kindness")
