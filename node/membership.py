"""Becoming and staying a member: seats staked, endpoint announced."""

from __future__ import annotations

from contracts.client import SEATS_A_TRANSACTION, Registry, Token
from contracts.errors import SwarmProofError
from contracts.values import Address
from node.observer import ChainObserver


class NotEnoughStake(SwarmProofError):
    """The account cannot pay for the seats it asked for."""

    def __init__(self, account: Address, seats: int, needed_wei: int, balance_wei: int) -> None:
        super().__init__(
            f"account {account} holds {balance_wei} of the stake token, {seats} more seats cost {needed_wei}"
        )
        self.account, self.seats, self.needed_wei, self.balance_wei = account, seats, needed_wei, balance_wei


def seats_of(observer: ChainObserver, account: Address) -> tuple[int, ...]:
    """Seats of an account that are staked and not on their way out."""
    return tuple(
        seat.number for seat in observer.history.seats.values() if seat.owner == account and seat.inactive_epoch is None
    )


async def ensure_seats(
    registry: Registry, token: Token, observer: ChainObserver, account: Address, wanted: int
) -> None:
    """Stake what is missing; they count from the next epoch on. Raises NotEnoughStake."""
    missing = wanted - len(seats_of(observer, account))
    if missing <= 0:
        return
    needed = missing * await registry.seat_stake()
    balance = await token.balance_of(account)
    if balance < needed:
        raise NotEnoughStake(account, missing, needed, balance)
    await token.approve(registry.address, needed)
    for start in range(0, missing, SEATS_A_TRANSACTION):
        await registry.stake(min(SEATS_A_TRANSACTION, missing - start))
    await observer.refresh()


async def ensure_endpoint(registry: Registry, observer: ChainObserver, account: Address, url: str) -> None:
    """Announce where this peer serves, if the chain says otherwise."""
    announced = observer.history.endpoints.get(account)
    if announced is None or announced.url != url:
        await registry.set_endpoint(url, bytes(32))
        await observer.refresh()
