"""What a party to the court sees and acts through: chain, court, token, and who serves where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from contracts.chain import Chain
from contracts.client import Registry, Token
from contracts.court import Court
from contracts.events import EndpointChanged
from contracts.values import Address
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source
from node.observer import ChainObserver, HistoryObserver
from node.rounds.history import SwarmHistory
from verifier.court.history import CourtHistory, fold_all
from verifier.errors import TooFewTokens


@dataclass(frozen=True)
class Surroundings:
    """What a party sees and acts through. `seats` follows the verifiers' registry."""

    chain: Chain
    court: Court
    token: Token
    observer: HistoryObserver[CourtHistory]
    seats: ChainObserver
    epoch_seconds: int
    client: PeerClient


async def look_around(
    chain: Chain,
    court_address: Address,
    verifier_registry: Address,
    session: aiohttp.ClientSession,
    me: Address,
    *,
    from_block: int,
) -> Surroundings:
    """Court, token and observers of one deployment, with everything read that the chain has so far."""
    court, registry = Court(chain, court_address), Registry(chain, verifier_registry)
    observer = HistoryObserver(
        chain, [court_address, verifier_registry], CourtHistory(), fold_all, from_block=from_block
    )
    start = SwarmHistory.start(seat_stake_wei=await registry.seat_stake(), genesis_digest=bytes(32))
    seats = ChainObserver(chain, [verifier_registry], start, from_block=from_block)
    await observer.refresh()
    await seats.refresh()
    return Surroundings(
        chain=chain,
        court=court,
        token=Token(chain, await court.token()),
        observer=observer,
        seats=seats,
        epoch_seconds=await registry.epoch_seconds(),
        client=PeerClient(session, me),
    )


async def announced_sources(
    chain: Chain, registries: Sequence[Address], *, from_block: int, me: Address | None = None
) -> tuple[Source, ...]:
    """Everybody who has announced an endpoint in one of these registries, newest announcement first."""
    head = await chain.head()
    newest = {
        event.account: event.url
        for event in await chain.logs(registries, from_block, head.number)
        if isinstance(event, EndpointChanged)
    }
    return tuple(Source(account, url) for account, url in reversed(newest.items()) if url and account != me)


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
