"""What a party to the court sees and acts through: chain, court, token, and who serves where."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import aiohttp

from contracts.chain import Chain
from contracts.client import Registry, Token
from contracts.court import Court
from contracts.deploy import Deployment
from contracts.errors import SwarmProofError
from contracts.events import ProjectCreated
from contracts.values import Address
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source
from node.observer import ChainObserver, HistoryObserver
from node.rounds.history import SwarmHistory
from verifier.court.history import CourtHistory, fold_all
from verifier.errors import TooFewTokens


@dataclass(frozen=True)
class Surroundings:
    """What a party sees and acts through.

    `seats` follows the verifiers' registry, `trainers` those of all projects, which are read when they are asked for.
    """

    chain: Chain
    court: Court
    token: Token
    observer: HistoryObserver[CourtHistory]
    seats: ChainObserver
    trainers: Trainers
    epoch_seconds: int
    client: PeerClient


@dataclass(frozen=True)
class CourtSite:
    """Where a court is: it, the verifiers' registry, the projects' factory, and the block they were deployed in."""

    court: Address
    verifier_registry: Address
    factory: Address
    from_block: int

    @classmethod
    def of(cls, deployment: Deployment) -> CourtSite:
        """The court of a deployment."""
        return cls(deployment.court, deployment.verifier_registry, deployment.factory, deployment.block_number)


class Trainers:
    """Those who train, in every project that stakes the court's token: whose seats cost nothing could be anybody."""

    def __init__(self, chain: Chain, factory: Address, token: Address, from_block: int) -> None:
        self._chain, self._factory, self._token, self._next_block = chain, factory, token, from_block
        self._observers: list[ChainObserver] = []

    async def look(self) -> tuple[ChainObserver, ...]:
        """Every project's seats as of now, those with the most at stake first; what cannot be read now is left out."""
        with contextlib.suppress(SwarmProofError):
            await self._find_projects()
        for observer in self._observers:
            await observer.look()
        return tuple(sorted(self._observers, key=_stake_of, reverse=True))

    async def _find_projects(self) -> None:
        head = await self._chain.head()
        if head.number < self._next_block:
            return
        for event in await self._chain.logs([self._factory], self._next_block, head.number):
            if isinstance(event, ProjectCreated) and await Registry(self._chain, event.registry).token() == self._token:
                self._observers.append(await _members(self._chain, event.registry, event.block_number))
        self._next_block = head.number + 1


def _stake_of(observer: ChainObserver) -> int:
    history = observer.history
    return history.seat_stake_wei * sum(not seat.withdrawn for seat in history.seats.values())


async def look_around(chain: Chain, site: CourtSite, session: aiohttp.ClientSession, me: Address) -> Surroundings:
    """Court, token and observers of one deployment, with everything of the court read that the chain has so far."""
    court, registry = Court(chain, site.court), Registry(chain, site.verifier_registry)
    token = Token(chain, await court.token())
    observer = HistoryObserver(
        chain, [site.court, site.verifier_registry], CourtHistory(), fold_all, from_block=site.from_block
    )
    seats = await _members(chain, site.verifier_registry, site.from_block)
    await observer.refresh()
    await seats.refresh()
    return Surroundings(
        chain=chain,
        court=court,
        token=token,
        observer=observer,
        seats=seats,
        trainers=Trainers(chain, site.factory, token.address, site.from_block),
        epoch_seconds=await registry.epoch_seconds(),
        client=PeerClient(session, me),
    )


async def _members(chain: Chain, registry: Address, from_block: int) -> ChainObserver:
    stake = await Registry(chain, registry).seat_stake()
    start = SwarmHistory.start(seat_stake_wei=stake, genesis_digest=bytes(32))
    return ChainObserver(chain, [registry], start, from_block=from_block)


async def staked_sources(around: Surroundings, me: Address) -> tuple[Source, ...]:
    """Everybody else who holds a seat, for training or in court. Anybody can announce a gateway, and many that hang
    would take the time in which a verifier has to commit: who has nothing at stake is not asked."""
    announced = [
        Source(account, endpoint.url)
        for observer in (*await around.trainers.look(), around.seats)
        for account, endpoint in observer.history.member_endpoints.items()
        if account != me
    ]
    return tuple(dict.fromkeys(announced))


async def ensure_balance(around: Surroundings, me: Address, amount: int) -> None:
    """Deposit what is missing in the court. Raises TooFewTokens."""
    missing = amount - await around.court.balance_of(me)
    if missing <= 0:
        return
    held = await around.token.balance_of(me)
    if held < missing:
        raise TooFewTokens(me, held, missing)
    await around.token.ensure_allowance(around.court.address, missing)
    await around.court.deposit(missing)
