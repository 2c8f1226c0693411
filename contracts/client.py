"""The contracts as Python objects: every function under its own name, in snake case, with types.

Reading functions return values. Changing ones send a transaction from the chain's account, wait until it is mined and
return its `Receipt`; `receipt.event(SeatsStaked)` is what happened. All raise what `Chain.call` and `Chain.send` do:
a contract's refusal is the exception named after its custom error, in `contracts.reverts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from contracts.abi import ContractAbi, contract_abi
from contracts.attestation import Result, compact_signature, expand_signature
from contracts.chain import Chain, Receipt
from contracts.errors import MissingAccount
from contracts.values import Address, Phase, ProjectConfiguration, ProjectStatus, RoundView, Seat, Status

__all__ = [
    "Factory",
    "Phase",
    "Project",
    "ProjectConfiguration",
    "ProjectStatus",
    "Registry",
    "RoundView",
    "Seat",
    "Status",
    "Token",
    "decode_accept_call",
]


class Contract:
    """One deployed contract, reached through one chain."""

    artifact: ClassVar[str]

    def __init__(self, chain: Chain, address: Address) -> None:
        self.chain = chain
        self.address = address

    @property
    def abi(self) -> ContractAbi:
        """The contract's artifact."""
        return contract_abi(self.artifact)

    async def _read(self, name: str, *arguments: object) -> Any:
        (value,) = await self.chain.call(self.abi, self.address, name, *arguments)
        return value

    async def _send(self, name: str, *arguments: object) -> Receipt:
        return await self.chain.send(self.address, self.abi.encode_call(name, *arguments))


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
        return await self._send("beginUnstake", list(seat_ids))

    async def unstake(self, seat_ids: Sequence[int]) -> Receipt:
        """Take back the stake of thawed seats. Event SeatsUnstaked."""
        return await self._send("unstake", list(seat_ids))

    async def set_endpoint(self, url: str, peer_key: bytes) -> Receipt:
        """Announce where we serve our blocks; `peer_key` 32 bytes. Event EndpointChanged."""
        return await self._send("setEndpoint", url, peer_key)

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

    async def thaw_end(self, seat_id: int) -> int:
        """Chain time from which a leaving seat's stake can be taken back; 0 while no exit was begun."""
        return int(await self._read("thawEnd", seat_id))

    async def seats_at(self, account: Address, epoch: int) -> int:
        """Seats of the account that count in that epoch."""
        return int(await self._read("seatsAt", account, epoch))

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
    """Creates projects that share one registry."""

    artifact = "ProjectFactory"

    async def create_project(self, configuration: ProjectConfiguration, manifest: bytes) -> Receipt:
        """Create a project. Event ProjectCreated, with its address."""
        return await self._send("createProject", configuration, manifest)

    async def registry(self) -> Address:
        """The registry of all its projects."""
        address: Address = await self._read("registry")
        return address

    async def implementation(self) -> Address:
        """The code that all its projects run."""
        address: Address = await self._read("implementation")
        return address

    async def is_project(self, project: Address) -> bool:
        """Whether this factory created it."""
        return bool(await self._read("isProject", project))


class Project(Contract):
    """One project: its rounds, its checkpoints, its money."""

    artifact = "TrainingProject"

    async def fund(self, amount: int) -> Receipt:
        """Add approved tokens to the budget. Event ProjectFunded."""
        return await self._send("fund", amount)

    async def open_round(self) -> Receipt:
        """Open the next round. Event RoundOpened."""
        return await self._send("openRound")

    async def commit(self, round_number: int, seat: int, commitment: bytes) -> Receipt:
        """Commit an own seat (`attestation.commitment_hash`). Event UpdateCommitted."""
        return await self._send("commit", round_number, seat, commitment)

    async def reveal(self, round_number: int, seat: int, digest: bytes, data_root: bytes, salt: bytes) -> Receipt:
        """Reveal what the seat committed to. Event UpdateRevealed."""
        return await self._send("reveal", round_number, seat, digest, data_root, salt)

    async def accept_signed(self, round_number: int, result: Result, signatures: Sequence[bytes]) -> Receipt:
        """Submit a result with signatures of 65 bytes, signers in ascending order. Event ResultAccepted."""
        compact = [compact_signature(signature) for signature in signatures]
        return await self._send("acceptSigned", round_number, result, compact)

    async def finalize(self, round_number: int, result: Result) -> Receipt:
        """Make an accepted result final after its challenge window. Event RoundFinalized."""
        return await self._send("finalize", round_number, result)

    async def skip_round(self, round_number: int) -> Receipt:
        """Give up a lapsed round. Event RoundSkipped."""
        return await self._send("skipRound", round_number)

    async def claim(self, account: Address, cumulative: int, proof: Sequence[bytes]) -> Receipt:
        """Pay an account what it earned and has not received. Event RewardClaimed."""
        return await self._send("claim", account, cumulative, list(proof))

    async def request_close(self) -> Receipt:
        """As owner, stop rounds that are not open yet. Event CloseRequested."""
        return await self._send("requestClose")

    async def close(self) -> Receipt:
        """Refund the owner once complete or closable. Event ProjectClosed."""
        return await self._send("close")

    async def configuration(self) -> ProjectConfiguration:
        """Everything fixed at creation."""
        configuration: ProjectConfiguration = await self._read("configuration")
        return configuration

    async def status(self) -> ProjectStatus:
        """The project as a whole."""
        status: ProjectStatus = await self._read("status")
        return status

    async def round(self, round_number: int) -> RoundView:
        """One round; all zero when it was never opened."""
        view: RoundView = await self._read("round", round_number)
        return view

    async def commitment_of(self, round_number: int, seat: int) -> bytes:
        """What is stored for a seat: its commitment, after the reveal the hash of digest and data root."""
        return bytes(await self._read("commitmentOf", round_number, seat))

    async def claimed(self, account: Address) -> int:
        """What an account has received."""
        return int(await self._read("claimed", account))

    async def commitment_hash(
        self, round_number: int, seat: int, account: Address, digest: bytes, data_root: bytes, salt: bytes
    ) -> bytes:
        """The contract's own `attestation.commitment_hash`."""
        return bytes(await self._read("commitmentHash", round_number, seat, account, digest, data_root, salt))

    async def result_hash(self, round_number: int, result: Result) -> bytes:
        """The contract's own `attestation.result_digest`."""
        return bytes(await self._read("resultHash", round_number, result))


def decode_accept_call(transaction_input: bytes) -> tuple[int, Result, list[bytes]]:
    """Round, result and signatures (65 bytes each) of a transaction that called acceptSigned on a project itself.

    Raises MalformedAnswer for any other input.
    """
    number, result, signatures = contract_abi("TrainingProject").decode_call("acceptSigned", transaction_input)
    return number, result, [expand_signature(r, vs) for r, vs in signatures]
