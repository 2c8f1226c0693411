"""The contracts as Python objects: every function under its own name, in snake case, with types.

Reading functions return values. Changing ones send a transaction from the chain's account, wait until it is mined and
return its `Receipt`; `receipt.event(SeatsStaked)` is what happened. All raise what `Chain.call` and `Chain.send` do:
a contract's refusal is the exception named after its custom error, in `contracts.reverts`.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.attendance import Attendance
from contracts.chain import Receipt
from contracts.contract import Contract
from contracts.errors import MissingAccount
from contracts.project import AcceptCall, Project, decode_accept_call
from contracts.values import Address, Phase, ProjectConfiguration, ProjectStatus, RoundView, Seat, SeatTerms, Status

__all__ = [
    "AcceptCall",
    "Attendance",
    "Contract",
    "Factory",
    "Phase",
    "Project",
    "ProjectConfiguration",
    "ProjectStatus",
    "Registry",
    "RoundView",
    "Seat",
    "SeatTerms",
    "Status",
    "Token",
    "decode_accept_call",
]

SEATS_A_TRANSACTION = 100  # each is staked or left for less than 100,000 gas, a transaction may have 2^24
ENTRY_GAS = 25_000  # a new entry in a history by epochs, above one that is written again


class Token(Contract):
    """An ERC-20 token. Amounts in its smallest unit."""

    artifact = "SwarmToken"

    async def balance_of(self, account: Address) -> int:
        """What an account holds."""
        return int(await self._read("balanceOf", account))

    async def allowance(self, owner: Address, spender: Address) -> int:
        """What `spender` may move of `owner`'s tokens."""
        return int(await self._read("allowance", owner, spender))

    async def total_supply(self) -> int:
        """Everything there is."""
        return int(await self._read("totalSupply"))

    async def decimals(self) -> int:
        """How many decimal places a person is shown."""
        return int(await self._read("decimals"))

    async def symbol(self) -> str:
        """Its short name."""
        return str(await self._read("symbol"))

    async def transfer(self, recipient: Address, amount: int) -> Receipt:
        """Move own tokens."""
        return await self._send("transfer", recipient, amount)

    async def approve(self, spender: Address, amount: int) -> Receipt:
        """Let `spender` move up to `amount` of own tokens."""
        return await self._send("approve", spender, amount)

    async def ensure_allowance(self, spender: Address, amount: int) -> None:
        """Approve `amount` if less is approved."""
        if self.chain.account is None:
            raise MissingAccount
        if await self.allowance(self.chain.account.address, spender) < amount:
            await self.approve(spender, amount)


class Registry(Contract):
    """Seats, their stake, endpoints. Changes of stake act from the next epoch."""

    artifact = "PeerRegistry"

    async def stake(self, count: int) -> Receipt:
        """Stake new seats; count * seat_stake() tokens must be approved. Event SeatsStaked."""
        return await self._send("stake", count)

    async def begin_unstake(self, seat_ids: Sequence[int]) -> Receipt:
        """Begin the exit of own seats. Event UnstakeBegun."""
        # Estimated in one epoch and mined in the next, it begins the entries of the later one: two, and one a seat.
        spare_gas = ENTRY_GAS * (2 + len(seat_ids))
        return await self.chain.send(
            self.address, self.abi.encode_call("beginUnstake", list(seat_ids)), spare_gas=spare_gas
        )

    async def unstake(self, seat_ids: Sequence[int]) -> Receipt:
        """Take back the stake of thawed seats. Event SeatsUnstaked."""
        return await self._send("unstake", list(seat_ids))

    async def set_endpoint(self, url: str, peer_key: bytes) -> Receipt:
        """Announce where we serve our blocks; `peer_key` 32 bytes. Event EndpointChanged."""
        return await self._send("setEndpoint", url, peer_key)

    async def withdraw_reward(self) -> Receipt:
        """Take what we were rewarded for reports. Event RewardWithdrawn."""
        return await self._send("withdrawReward")

    async def pause(self, seconds: int) -> Receipt:
        """As guardian, stop new stakes and rounds for so long, seven days at most. Event Paused."""
        return await self._send("pause", seconds)

    async def unpause(self) -> Receipt:
        """As guardian, end a pause. Event Paused."""
        return await self._send("unpause")

    async def reward_of(self, reporter: Address) -> int:
        """What a reporter can withdraw."""
        return int(await self._read("rewardOf", reporter))

    async def guardian(self) -> Address:
        """Who can pause new stakes and rounds; the zero address: nobody."""
        address: Address = await self._read("guardian")
        return address

    async def paused_until(self) -> int:
        """End of the pause; in the past or 0: nothing is paused."""
        return int(await self._read("pausedUntil"))

    async def slasher(self) -> Address:
        """Who can slash; the zero address: nobody."""
        address: Address = await self._read("slasher")
        return address

    async def token(self) -> Address:
        """The token that is staked."""
        address: Address = await self._read("token")
        return address

    async def seat_stake(self) -> int:
        """Stake of one seat."""
        return int(await self._read("seatStake"))

    async def epoch_seconds(self) -> int:
        """Length of an epoch; the epoch at a chain time is that time divided by it."""
        return int(await self._read("epochSeconds"))

    async def thaw_seconds(self) -> int:
        """How long stake stays locked after its seat stopped counting."""
        return int(await self._read("thawSeconds"))

    async def current_epoch(self) -> int:
        """Epoch of the newest block's time."""
        return int(await self._read("currentEpoch"))

    async def seat_count(self) -> int:
        """Seats ever staked; ids run from 1 to this."""
        return int(await self._read("seatCount"))

    async def seat(self, seat_id: int) -> Seat:
        """A seat; one never staked has the zero address as owner."""
        seat: Seat = await self._read("seat", seat_id)
        return seat

    async def seat_owner_at(self, seat_id: int, epoch: int) -> Address:
        """Owner if the seat counts in that epoch, else the zero address."""
        owner: Address = await self._read("seatOwnerAt", seat_id, epoch)
        return owner

    async def seat_owners_at(self, seat_ids: Sequence[int], epoch: int) -> tuple[Address, ...]:
        """seat_owner_at() of many seats."""
        owners: tuple[Address, ...] = await self._read("seatOwnersAt", list(seat_ids), epoch)
        return owners

    async def thaw_end(self, seat_id: int) -> int:
        """Chain time from which a leaving seat's stake can be taken back; 0 while no exit was begun."""
        return int(await self._read("thawEnd", seat_id))

    async def seats_at(self, account: Address, epoch: int) -> int:
        """Seats of the account that count in that epoch."""
        return int(await self._read("seatsAt", account, epoch))

    async def seats_of(self, accounts: Sequence[Address], epoch: int) -> tuple[int, ...]:
        """seats_at() of many accounts."""
        seats: tuple[int, ...] = await self._read("seatsOf", list(accounts), epoch)
        return seats

    async def total_seats_at(self, epoch: int) -> int:
        """Seats that count in that epoch."""
        return int(await self._read("totalSeatsAt", epoch))

    async def stake_at(self, account: Address, epoch: int) -> int:
        """seats_at() in stake."""
        return int(await self._read("stakeAt", account, epoch))

    async def total_stake_at(self, epoch: int) -> int:
        """total_seats_at() in stake."""
        return int(await self._read("totalStakeAt", epoch))


class Factory(Contract):
    """Creates projects, each with a registry of its own."""

    artifact = "ProjectFactory"

    async def create_project(
        self, configuration: ProjectConfiguration, seat_terms: SeatTerms, manifest: bytes
    ) -> Receipt:
        """Create a project and its registry, whose address it fills in. Event ProjectCreated, with its address."""
        return await self._send("createProject", configuration, seat_terms, manifest)

    async def implementation(self) -> Address:
        """The code that all its projects run."""
        address: Address = await self._read("implementation")
        return address

    async def is_project(self, project: Address) -> bool:
        """Whether this factory created it."""
        return bool(await self._read("isProject", project))
