"""More than two thirds of the stake sign something false: the chain accepts it, the audit does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from node.checkpoint import Checkpoint
from node.merkle import PositionTree, StandardTree
from node.rounds.outcome import RewardLeaf, RoundOutcome, contribution_leaf, reward_leaf
from tests.support.devnet import Devnet
from tests.verifier.conftest import settings_of
from tests.verifier.swarm import FinishedProject, RoundPlan, play, running_swarm
from verifier.audit import audit
from verifier.verdict import Reject

PARAMETER = 17


def false_state(outcome: RoundOutcome) -> RoundOutcome:
    """One parameter of the new state is off by one step of the grid."""
    theta = outcome.checkpoint.theta.copy()
    theta[PARAMETER] += 1
    checkpoint = replace(outcome.checkpoint, theta=theta.astype(np.int32))
    return with_checkpoint(outcome, checkpoint)


def false_previous(outcome: RoundOutcome) -> RoundOutcome:
    """The new state is right, but claims another past."""
    return with_checkpoint(outcome, replace(outcome.checkpoint, previous_digest=bytes(32)))


def with_checkpoint(outcome: RoundOutcome, checkpoint: Checkpoint) -> RoundOutcome:
    result = replace(outcome.result, cid=checkpoint.digest, data_root=checkpoint.data_root)
    return replace(outcome, result=result, checkpoint=checkpoint, checkpoint_bytes=checkpoint.to_bytes())


def false_weight(outcome: RoundOutcome) -> RoundOutcome:
    """Seat 2 is said to have weighed more."""
    contributions = tuple(
        replace(item, weight=item.weight + 1) if item.seat == 2 else item for item in outcome.contributions
    )
    root = PositionTree(map(contribution_leaf, contributions)).root
    return replace(outcome, contributions=contributions, result=replace(outcome.result, weight_root=root))


def false_reward(outcome: RoundOutcome) -> RoundOutcome:
    """One account gets what another one earned; the sum stays."""
    rewards = list(outcome.rewards)
    richest = max(range(len(rewards)), key=lambda index: rewards[index].cumulative_wei)
    other = (richest + 1) % len(rewards)
    rewards[richest] = replace(rewards[richest], cumulative_wei=rewards[richest].cumulative_wei - 7)
    rewards[other] = replace(rewards[other], cumulative_wei=rewards[other].cumulative_wei + 7)
    return with_rewards(outcome, rewards)


def withheld_reward(outcome: RoundOutcome) -> RoundOutcome:
    """Every seat is paid one unit less, as the contract wants it: in contributions, rewards and total."""
    short = {item.seat: min(1, item.reward_wei) for item in outcome.contributions}
    contributions = tuple(
        replace(item, reward_wei=item.reward_wei - short[item.seat]) for item in outcome.contributions
    )
    lost = {leaf.account: 0 for leaf in outcome.rewards}
    for item in outcome.contributions:
        lost[item.owner] += short[item.seat]
    paid = with_rewards(
        outcome,
        [replace(leaf, cumulative_wei=leaf.cumulative_wei - lost[leaf.account]) for leaf in outcome.rewards],
    )
    root = PositionTree(map(contribution_leaf, contributions)).root
    return replace(paid, contributions=contributions, result=replace(paid.result, weight_root=root))


def with_rewards(outcome: RoundOutcome, rewards: list[RewardLeaf]) -> RoundOutcome:
    leaves = tuple(rewards)
    root = StandardTree([reward_leaf(leaf) for leaf in leaves]).root
    result = replace(outcome.result, reward_root=root, cumulative_total=sum(leaf.cumulative_wei for leaf in leaves))
    return replace(outcome, rewards=leaves, result=result)


def false_data_root(outcome: RoundOutcome) -> RoundOutcome:
    """A root that no checkpoint opens to."""
    return replace(outcome, result=replace(outcome.result, data_root=b"\x01" * 32))


LIES: dict[str, Callable[[RoundOutcome], RoundOutcome]] = {
    lie.__name__: lie
    for lie in (false_state, false_previous, false_weight, false_reward, withheld_reward, false_data_root)
}


@pytest.fixture(scope="module")
def lying(verifier_devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FinishedProject]]:
    """A project for each lie: the first round is honest, the second one false."""
    folder = tmp_path_factory.mktemp("lying")

    async def build() -> dict[str, FinishedProject]:
        async with running_swarm(verifier_devnet, folder) as swarm:
            return {
                name: await play(swarm, folder / name, (RoundPlan(), RoundPlan(falsify=lie)))
                for name, lie in LIES.items()
            }

    projects = asyncio.run(build())
    yield projects
    for project in projects.values():
        project.store.close()


async def rejected(project: FinishedProject, folder: Path) -> Reject:
    """Audit online, then from both archives: all three must say the same."""
    verdicts = []
    async with project.gateway() as url:
        for form in ("folder", "project.car"):
            verdicts.append(await audit(settings_of(project, url, export=folder / form)))
            verdicts.append(await audit(settings_of(project, offline=folder / form)))
    online, *others = verdicts
    assert isinstance(online, Reject)
    assert all(verdict == online for verdict in others)
    assert online.round == 2
    assert online.rounds == (1,)
    assert online.object == "result of round 2"
    return online


async def test_a_false_state_is_named_with_its_first_parameter(
    lying: dict[str, FinishedProject], tmp_path: Path
) -> None:
    project = lying["false_state"]
    verdict = await rejected(project, tmp_path)
    found = int(project.outcomes[2].checkpoint.theta[PARAMETER])
    assert verdict.name == "cid"
    assert verdict.found == "0x" + project.outcomes[2].result.cid.hex()
    assert verdict.evidence["first_difference"] == (
        f"1 parameters differ, first parameter {PARAMETER}: expected {found - 1}, found {found}"
    )


async def test_a_false_past_is_told_from_a_false_state(lying: dict[str, FinishedProject], tmp_path: Path) -> None:
    verdict = await rejected(lying["false_previous"], tmp_path)
    assert verdict.name == "cid"
    assert verdict.evidence["first_difference"] == "the headers differ, the parameters do not"


async def test_a_false_weight_is_named_with_its_seat(lying: dict[str, FinishedProject], tmp_path: Path) -> None:
    project = lying["false_weight"]
    verdict = await rejected(project, tmp_path)
    weight = project.outcomes[2].contributions[1].weight
    assert verdict.name == "weightRoot"
    assert verdict.evidence["first_difference"] == (
        f"contribution of seat 2: weight: expected {weight - 1}, found {weight}"
    )


async def test_a_false_reward_is_named_with_its_account(lying: dict[str, FinishedProject], tmp_path: Path) -> None:
    verdict = await rejected(lying["false_reward"], tmp_path)
    assert verdict.name == "rewardRoot"
    first = verdict.evidence["first_difference"]
    accounts = [leaf.account for leaf in lying["false_reward"].outcomes[2].rewards]
    assert any(first.startswith(f"reward leaf of {account}: cumulative_wei: expected") for account in accounts)


async def test_a_withheld_reward_is_rejected(lying: dict[str, FinishedProject], tmp_path: Path) -> None:
    assert (await rejected(lying["withheld_reward"], tmp_path)).name == "weightRoot"


async def test_a_false_data_root_is_rejected(lying: dict[str, FinishedProject], tmp_path: Path) -> None:
    verdict = await rejected(lying["false_data_root"], tmp_path)
    assert (verdict.name, verdict.found) == ("dataRoot", "0x" + "01" * 32)
