"""One project as a Python object: its rounds, its checkpoints, its money. See `contracts.client`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.abi import contract_abi
from contracts.attestation import Result, compact_signature, expand_signature
from contracts.batches import BatchOpening, pack_openings, rest_of
from contracts.chain import Receipt
from contracts.contract import Contract
from contracts.values import (
    Address,
    Custody,
    ProjectConfiguration,
    ProjectStatus,
    RoundView,
)


class Project(Contract):
    """One project: its rounds, its checkpoints, its money."""

    artifact = "TrainingProject"

    async def fund(self, amount: int) -> Receipt:
        """Add approved tokens to the budget. Event ProjectFunded."""
        return await self._send("fund", amount)

    async def open_round(self, finalizing: Sequence[tuple[int, Result]] = ()) -> Receipt:
        """Open the next round, and finalize others before that in one transaction. Event RoundOpened."""
        calls = [self.abi.encode_call("finalize", number, result) for number, result in finalizing]
        if not calls:
            return await self._send("openRound")
        return await self._send("multicall", [*calls, self.abi.encode_call("openRound")])

    async def commit(self, round_number: int, seat: int, commitment: bytes) -> Receipt:
        """Commit an own seat (`attestation.commitment_hash`). Event UpdateCommitted."""
        return await self._send("commit", round_number, seat, commitment)

    async def reveal(self, round_number: int, seat: int, digest: bytes, data_root: bytes, salt: bytes) -> Receipt:
        """Reveal what the seat committed to. Event UpdateRevealed."""
        return await self._send("reveal", round_number, seat, digest, data_root, salt)

    async def post_commits(self, round_number: int, batch_hash: bytes, count: int) -> Receipt:
        """Commit many seats at once (`batches.batch_hash`). Event CommitsPosted."""
        return await self._send("postCommits", round_number, batch_hash, count)

    async def reveal_batch(
        self, round_number: int, batch: int, openings: Sequence[BatchOpening], entries: Sequence[bytes]
    ) -> Receipt:
        """Reveal updates out of a batch whose entries are these. Event UpdatesRevealed."""
        rest = rest_of(entries, openings)
        return await self._send("revealBatch", round_number, batch, pack_openings(openings), rest)

    async def pin_seed(self) -> Receipt:
        """Pin another block for the next seed, when the chain has forgotten the last one. Event SeedPinned."""
        return await self._send("pinSeed")

    async def accept_signed(
        self,
        round_number: int,
        result: Result,
        contributions: bytes,
        signatures: Sequence[bytes],
        openings: Sequence[Custody] = (),
    ) -> Receipt:
        """Submit a result with signatures of 65 bytes, signers in ascending order. Event ResultAccepted.

        `openings`: of the signers' commitments, in their order; none where attesters do not commit.
        """
        compact = [compact_signature(signature) for signature in signatures]
        return await self._send("acceptSigned", round_number, result, contributions, compact, list(openings))

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
        """Refund owner and insurance once complete or closable. Event ProjectClosed."""
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

    async def disputes(self) -> Address:
        """Who can void rounds."""
        address: Address = await self._read("disputes")
        return address

    async def attendance(self) -> Address:
        """Where attesters say what they hold, and that they are there."""
        address: Address = await self._read("attendance")
        return address

    async def insurance(self) -> Address:
        """Where pools go that nobody could be paid from."""
        address: Address = await self._read("insurance")
        return address

    async def seed(self) -> bytes:
        """Seed of the round opened last."""
        return bytes(await self._read("seed"))

    async def commitment_of(self, round_number: int, seat: int) -> bytes:
        """The first 27 bytes of what the seat committed to directly, zeros otherwise."""
        return bytes(await self._read("commitmentOf", round_number, seat))

    async def has_revealed(self, round_number: int, seat: int) -> bool:
        """Whether the seat revealed in this round, directly."""
        return bool(await self._read("hasRevealed", round_number, seat))

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

    async def signed_commitment_hash(self, round_number: int, seat: int, commitment: bytes) -> bytes:
        """The contract's own `attestation.commitment_digest`."""
        return bytes(await self._read("signedCommitmentHash", round_number, seat, commitment))


@dataclass(frozen=True)
class AcceptCall:
    """What a call of acceptSigned carried; signatures of 65 bytes."""

    round: int
    result: Result
    contributions: bytes
    signatures: tuple[bytes, ...]
    openings: tuple[Custody, ...]


def decode_accept_call(transaction_input: bytes) -> AcceptCall:
    """What a transaction carried that called acceptSigned on a project itself.

    Raises MalformedAnswer for any other input.
    """
    number, result, contributions, signatures, openings = contract_abi("TrainingProject").decode_call(
        "acceptSigned", transaction_input
    )
    expanded = tuple(expand_signature(r, vs) for r, vs in signatures)
    return AcceptCall(number, result, contributions, expanded, openings)
