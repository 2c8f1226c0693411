"""A whole swarm in one process: what the default manifests reach, and what attackers get."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from node.rounds.outcome import Reason
from node.tasks import Task, load_task
from scripts.simulate import Swarm, main, summarise

MNIST_DIR = Path(os.environ.get("SWARMPROOF_MNIST_DIR", Path(__file__).parents[3] / "shared" / "data" / "mnist"))
FLIPPERS = {7: "sign-flip", 8: "label-flip"}


@pytest.fixture(scope="module")
def digits() -> Task:
    return load_task("digits")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_learns_in_eight_rounds_while_two_of_eight_flip(digits: Task, seed: int) -> None:
    manifest = digits.default_manifest(seed=seed)
    rounds = list(Swarm(digits, manifest, FLIPPERS).rounds(8))
    summary = summarise(rounds, manifest, FLIPPERS)
    assert summary.accuracy >= 0.945
    assert summary.attacker_rounds == ()
    assert summary.attacker_share < 0.02
    assert summary.honest_most < 2 * summary.honest_least


def test_two_runs_give_the_same_result_in_every_round(digits: Task) -> None:
    manifest = digits.default_manifest()
    first, second = ([item.outcome for item in Swarm(digits, manifest, FLIPPERS).rounds(3)] for _ in range(2))
    assert [outcome.result for outcome in first] == [outcome.result for outcome in second]
    assert [outcome.checkpoint_bytes for outcome in first] == [outcome.checkpoint_bytes for outcome in second]


def test_stopping_and_going_on_changes_nothing(digits: Task) -> None:
    manifest = digits.default_manifest()
    swarm = Swarm(digits, manifest, {})
    parts = [*swarm.rounds(1), *swarm.rounds(2)]
    whole = list(Swarm(digits, manifest, {}).rounds(3))
    assert [item.number for item in parts] == [1, 2, 3]
    assert parts[-1].outcome.result == whole[-1].outcome.result


@pytest.mark.parametrize(
    ("attack", "reasons"),
    [
        ("sign-flip", {Reason.FILTERED}),
        ("label-flip", {Reason.FILTERED}),
        ("noise", {Reason.FILTERED}),
        ("silent", {Reason.NO_REVEAL}),
        ("wrong-bytes", {Reason.NOT_AVAILABLE}),
        ("bit-flip", {Reason.NOT_AVAILABLE}),
        ("zero", {Reason.ZERO_UPDATE}),
        ("overflow", {Reason.FILTERED}),
    ],
)
def test_an_attacker_earns_nothing_and_the_reason_is_on_record(digits: Task, attack: str, reasons: set[Reason]) -> None:
    swarm = Swarm(digits, digits.default_manifest(), {8: attack})
    last = [item.outcome.contributions[-1] for item in swarm.rounds(3)]
    assert {contribution.reason for contribution in last} == reasons
    assert {(contribution.weight, contribution.reward_wei) for contribution in last} == {(0, 0)}


def test_equal_messages_count_once_and_colluders_know_it(digits: Task) -> None:
    last = {7: "sybil-duplicate", 8: "sybil-duplicate"}
    (only,) = Swarm(digits, digits.default_manifest(rule="mean"), last).rounds(1)
    assert [item.reason is Reason.DUPLICATE for item in only.outcome.contributions[-2:]] == [False, True]
    (only,) = Swarm(digits, digits.default_manifest(rule="mean"), dict.fromkeys((7, 8), "sybil")).rounds(1)
    assert Reason.DUPLICATE not in [item.reason for item in only.outcome.contributions]


def test_a_copier_with_nothing_to_copy_sends_zeros_and_earns_nothing(digits: Task) -> None:
    (only,) = Swarm(digits, digits.default_manifest(), {8: "copy"}).rounds(1)
    contribution = only.outcome.contributions[-1]
    assert (contribution.reason, contribution.reward_wei) == (Reason.ZERO_UPDATE, 0)


def test_copying_last_rounds_updates_pays_little(digits: Task) -> None:
    manifest = digits.default_manifest()
    summary = summarise(list(Swarm(digits, manifest, {8: "copy"}).rounds(8)), manifest, {8: "copy"})
    assert summary.attacker_share < 0.06  # half of a fair share
    assert summary.accuracy >= 0.94


@pytest.mark.slow
@pytest.mark.skipif(not MNIST_DIR.is_dir(), reason=f"no MNIST files in {MNIST_DIR} (set SWARMPROOF_MNIST_DIR)")
def test_mnist_learns_in_twenty_rounds_while_three_of_eight_attack() -> None:
    task = load_task("mnist", data_dir=MNIST_DIR)
    attacks = {6: "sign-flip", 7: "label-flip", 8: "noise"}
    manifest = task.default_manifest()
    summary = summarise(list(Swarm(task, manifest, attacks).rounds(20)), manifest, attacks)
    assert summary.accuracy >= 0.95
    assert summary.attacker_share <= 0.10
    assert summary.bits_per_parameter <= 0.17


def test_the_command_prints_a_line_or_an_object_for_each_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "1", "--seeds", "2", "--attack", "noise"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["seed 0", "seed 1"]
    assert main(["--rounds", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seed"] == 0


def test_missing_data_is_one_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--task", "mnist"]) == 2
    assert capsys.readouterr().err == (
        "error: task mnist needs a folder with the MNIST IDX files, but no data folder is configured\n"
    )
