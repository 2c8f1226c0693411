"""A random walk over everything people can do, right or wrong, at any time: what must always hold, holds.

After every step the books balance. After the walk everybody leaves with what is theirs, without anybody's help.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from eth_abi.abi import encode

from contracts.attestation import Result
from contracts.chain import Chain
from contracts.client import Project, Registry, Token
from contracts.errors import ContractReverted
from contracts.events import RewardClaimed, SeatsStaked
from contracts.reverts.base import RevertedWithPanic
from contracts.values import Address, Phase, ProjectStatus, Status
from node.merkle import StandardTree
from tests.support.stage import (
    EPOCH_SECONDS,
    ROUND_POOL,
    SEAT_STAKE,
    THAW_SECONDS,
    Peer,
    Stage,
    address_of,
    make_result,
)

STEPS = 150


@dataclass
class Walk:
    """The walker, and the books it keeps from what it saw succeed."""

    stage: Stage
    luck: random.Random
    seats: dict[int, Peer] = field(default_factory=dict)
    leaving: set[int] = field(default_factory=set)
    results: dict[int, Result] = field(default_factory=dict)
    earned: dict[int, dict[Address, int]] = field(default_factory=dict)
    claimed: Counter[Address] = field(default_factory=Counter)
    funded: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    last: ProjectStatus | None = None

    async def attempt(self, name: str, action: Callable[[], Awaitable[object]]) -> None:
        """One step; a refusal is as good as a success, unless it is a defect."""
        try:
            await action()
        except RevertedWithPanic:
            raise
        except ContractReverted as refusal:
            self.refused[type(refusal).__name__] += 1
        else:
            self.done[name] += 1

    async def step(self) -> None:
        """Do something at random; mostly what moves the project on, or it would never get far."""
        project, current = self.stage.project, (await self.stage.project.status()).last_round
        view = await project.round(current)
        peer = self.luck.choice(self.stage.peers)
        likely = {
            Phase.COMMIT: ["commit"] * 6,
            Phase.REVEAL: ["reveal"] * 6,
            Phase.ATTEST: ["accept"] * 4,
            Phase.LAPSED: ["skip"] * 4,
        }.get(view.phase, ["open"] * 4)
        anything = ["open", "commit", "reveal", "accept", "finalize", "skip", "claim", "fund", "stake", "leave"]
        name = self.luck.choice([*likely, *anything, "unstake", "wait", "wait", "finalize", "claim"])
        number = self.luck.choice([current, current, current, self.luck.randint(0, current + 1)])
        actions: dict[str, Callable[[], Awaitable[object]]] = {
            "open": project.open_round,
            "commit": lambda: self.commit(number),
            "reveal": lambda: self.reveal(number),
            "accept": lambda: self.accept(number),
            "finalize": self.finalize,
            "skip": lambda: project.skip_round(number),
            "claim": lambda: self.claim(peer),
            "fund": lambda: self.fund(peer),
            "stake": lambda: self.stake(peer),
            "leave": lambda: self.leave(peer),
            "unstake": lambda: self.unstake(peer),
            "wait": self.wait,
        }
        await self.attempt(name, actions[name])

    async def commit(self, number: int) -> None:
        for peer in self.some_seats():
            commitment = self.stage.commitment(peer, number)
            await self.attempt("seat commits", partial(peer.project.commit, number, peer.seat, commitment))

    async def reveal(self, number: int) -> None:
        for peer in self.some_seats():
            await self.attempt("seat reveals", partial(self.stage.reveal, peer, number))

    def some_seats(self) -> list[Peer]:
        """Seats in random order; mostly all of them, now and then a few."""
        count = self.luck.choice([len(self.seats)] * 3 + [self.luck.randint(1, len(self.seats))])
        return [replace(peer, seat=seat) for seat, peer in self.luck.sample(sorted(self.seats.items()), count)]

    async def accept(self, number: int) -> None:
        status = await self.stage.project.status()
        before = self.earned.get(status.last_accepted, {})
        share = self.luck.randint(0, ROUND_POOL // len(self.stage.peers))
        earned = {peer.address: before.get(peer.address, 0) + share for peer in self.stage.peers}
        total = sum(earned.values()) + self.luck.choice([0, 0, 0, -1, ROUND_POOL])
        result = make_result(
            number, status.head_digest, max(0, total), self.tree(earned).root, before=status.accepted_total
        )
        signers = self.luck.sample(
            self.stage.peers, self.luck.randint(len(self.stage.peers) - 2, len(self.stage.peers))
        )
        await self.stage.submit(number, result, self.stage.sign(number, result, signers))
        self.results[number], self.earned[number] = result, earned

    async def finalize(self) -> None:
        last = (await self.stage.project.status()).last_finalized
        number = self.luck.choice([next((each for each in sorted(self.results) if each > last), 1)] * 4 + [last + 2])
        await self.stage.project.finalize(number, self.results.get(number) or make_result(1, bytes(32), 0))

    async def claim(self, peer: Peer) -> None:
        finalized = (await self.stage.project.status()).last_finalized
        earned = self.earned.get(finalized, {peer.address: 1})
        index = sorted(earned).index(peer.address)
        amount = earned[peer.address]
        receipt = await peer.project.claim(peer.address, amount, self.tree(earned).proof(index))
        self.claimed[peer.address] += receipt.event(RewardClaimed).amount

    async def fund(self, peer: Peer) -> None:
        amount = self.luck.randint(1, 10**17)
        await Token(peer.chain, self.stage.token.address).approve(self.stage.project.address, amount)
        await peer.project.fund(amount)
        self.funded += amount

    async def stake(self, peer: Peer) -> None:
        await Token(peer.chain, self.stage.token.address).approve(self.stage.registry.address, SEAT_STAKE)
        receipt = await Registry(peer.chain, self.stage.registry.address).stake(1)
        self.seats[receipt.event(SeatsStaked).first_seat] = peer

    async def leave(self, peer: Peer) -> None:
        seat = self.luck.choice(self.own_seats(peer) * 5 + sorted(self.seats))
        # Enough stay for the project to go on.
        if len(self.seats) - len(self.leaving) > 5:
            await Registry(peer.chain, self.stage.registry.address).begin_unstake([seat])
            self.leaving.add(seat)

    def own_seats(self, peer: Peer) -> list[int]:
        return sorted(seat for seat, owner in self.seats.items() if owner is peer)

    async def unstake(self, peer: Peer) -> None:
        seat = self.luck.choice(self.own_seats(peer) * 5 + sorted(self.seats))
        await Registry(peer.chain, self.stage.registry.address).unstake([seat])
        del self.seats[seat]
        self.leaving.discard(seat)

    async def wait(self) -> None:
        seconds = self.luck.choice([1, 20, 60, 60, 60, 100, EPOCH_SECONDS, THAW_SECONDS if self.leaving else 60])
        self.stage.mine(await self.stage.now() + seconds)

    @staticmethod
    def tree(earned: dict[Address, int]) -> StandardTree:
        return StandardTree([encode(["address", "uint256"], pair) for pair in sorted(earned.items())])

    async def check(self) -> None:
        """The books balance, and nothing that is settled changes."""
        stage, status = self.stage, await self.stage.project.status()
        held = await stage.token.balance_of(stage.project.address)
        assert held == status.funded - status.refunded - status.claimed_total
        assert status.funded == self.funded
        assert status.claimed_total == self.claimed.total()
        assert status.claimed_total <= status.finalized_total <= status.accepted_total
        assert status.accepted_total <= status.finalized_total + status.reserved
        assert status.reserved == status.unfinalized_rounds * ROUND_POOL
        assert held == (status.finalized_total - status.claimed_total) + status.reserved + status.available
        assert await stage.token.balance_of(stage.registry.address) == len(self.seats) * SEAT_STAKE
        epoch = await stage.registry.current_epoch()
        counted = [await stage.registry.seats_at(peer.address, epoch) for peer in stage.peers]
        assert sum(counted) == await stage.registry.total_seats_at(epoch) <= len(self.seats)
        if self.last is not None:
            assert status.last_finalized >= self.last.last_finalized
            assert status.finalized_total >= self.last.finalized_total
            assert status.last_round - self.last.last_round in (0, 1)
        view = await stage.project.round(status.last_round)
        assert view.reveals <= view.commits <= view.seats
        assert status.reserved * 3 <= max(view.seats, 1) * SEAT_STAKE or view.status is not Status.OPEN
        self.last = status

    async def everybody_leaves(self) -> None:
        """From wherever the walk ended: anybody settles the rounds, then all money goes home."""
        stage = self.stage
        outsider = Project(stage.outsider, stage.project.address)
        await stage.project.request_close()
        stage.mine(await stage.now() + 10 * THAW_SECONDS)
        status = await outsider.status()
        for number in range(status.last_finalized + 1, status.last_round + 1):
            phase = (await outsider.round(number)).phase
            if phase is Phase.LAPSED:
                await outsider.skip_round(number)
            elif phase is Phase.SETTLED:
                await outsider.finalize(number, self.results[number])
        await outsider.close()
        status = await outsider.status()
        earned = self.earned.get(status.last_finalized, {})
        for index, (account, amount) in enumerate(sorted(earned.items())):
            if amount > self.claimed[account]:
                await outsider.claim(account, amount, self.tree(earned).proof(index))
        assert await stage.token.balance_of(stage.project.address) == status.finalized_total - sum(earned.values())
        for seat, peer in sorted(self.seats.items()):
            if seat not in self.leaving:
                await Registry(peer.chain, stage.registry.address).begin_unstake([seat])
        stage.mine(await stage.now() + EPOCH_SECONDS + THAW_SECONDS)
        for seat, peer in sorted(self.seats.items()):
            await Registry(peer.chain, stage.registry.address).unstake([seat])
        assert await stage.token.balance_of(stage.registry.address) == 0


async def supply(chains: list[Chain], stage: Stage) -> int:
    """What all people and contracts hold together."""
    contracts = [stage.project.address, stage.registry.address, stage.deployment.insurance]
    holders = [*(address_of(chain) for chain in chains), *contracts]
    return sum([await stage.token.balance_of(holder) for holder in holders])


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
async def test_the_books_balance_whatever_people_do_and_everybody_can_leave(stage: Stage, seed: int) -> None:
    walk = Walk(stage, random.Random(seed), seats={peer.seat: peer for peer in stage.peers})
    walk.funded = (await stage.project.status()).funded
    everybody = [stage.owner, *(peer.chain for peer in stage.peers), stage.outsider]
    before = await supply(everybody, stage)
    for _ in range(STEPS):
        await walk.step()
        await walk.check()
    wanted = ("open", "seat commits", "seat reveals", "accept", "finalize", "claim", "skip", "fund", "stake", "leave")
    for name in wanted:
        assert walk.done[name] > 0, f"the walk never managed to {name}: {walk.done} {walk.refused}"
    assert len(walk.refused) > 5, walk.refused
    await walk.everybody_leaves()
    assert await supply(everybody, stage) == before
