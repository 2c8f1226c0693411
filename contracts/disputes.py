"""Fraud proofs as Python objects: what a proof consists of, and the contract that judges it.

The structs mirror `src/interfaces/IDisputes.sol` field by field; `node.fraud` makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from eth_hash.auto import keccak

from contracts.attestation import Result, compact_signature, encoded_number, encoded_word
from contracts.chain import Receipt
from contracts.contract import Contract
from contracts.values import ZERO_ADDRESS, Address

PROOF_GAS: Final = 1 << 24  # no transaction may have more (EIP-7825); what is not used costs nothing

_ZERO = bytes(32)
NO_RESULT: Final = Result(_ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, 0)


class Fraud(IntEnum):
    """What was proven false."""

    AGGREGATE = 0
    REWARDS = 1
    INPUTS = 2
    AVAILABILITY = 3


@dataclass(frozen=True)
class Case:
    """An accepted result and all that its round has on the chain.

    `base`: result of the round accepted before, NO_RESULT where this is the first. `contributions`: packed, as they
    were accepted. `revelations`: everything revealed in order, packed as the project chains it, also what does not
    count.
    """

    project: Address
    round: int
    result: Result
    base: Result
    contributions: bytes
    revelations: tuple[bytes, ...]


@dataclass(frozen=True)
class Arithmetic:
    """What a project computes with; a project is created with the hash.

    `layout_root`: over its tensors; zero where the aggregate is no weighted sum and cannot be opened.
    """

    alpha_q16: int
    share_cap_q16: int
    parameter_count: int
    chunk_count: int
    tensor_count: int
    layout_root: bytes

    @property
    def hash(self) -> bytes:
        """keccak256(abi.encode(arithmetic)): `arithmetic_hash` of the configuration."""
        return keccak(
            encoded_number(self.alpha_q16, 32)
            + encoded_number(self.share_cap_q16, 32)
            + encoded_number(self.parameter_count, 64)
            + encoded_number(self.chunk_count, 32)
            + encoded_number(self.tensor_count, 32)
            + encoded_word(self.layout_root)
        )


@dataclass(frozen=True)
class Tensor:
    """A tensor in the flat vector: leaf of the layout tree. `bits`: of an entry in a record, 8 where it is dense."""

    start: int
    size: int
    first_chunk: int
    entries_per_chunk: int
    grid_bits: int
    bits: int

    @property
    def leaf(self) -> bytes:
        """abi.encode(tensor)."""
        fields = (self.start, self.size, self.first_chunk, self.entries_per_chunk, self.grid_bits, self.bits)
        widths = (64, 64, 32, 16, 8, 8)
        return b"".join(encoded_number(value, width) for value, width in zip(fields, widths, strict=True))


@dataclass(frozen=True)
class Place:
    """A parameter before and after the round: eight words of eight numbers each, and where they are in their trees."""

    coordinate: int
    tensor_index: int
    tensor: Tensor
    tensor_proof: tuple[bytes, ...]
    base_leaf: tuple[bytes, ...]
    base_proof: tuple[bytes, ...]
    next_leaf: tuple[bytes, ...]
    next_proof: tuple[bytes, ...]


@dataclass(frozen=True)
class Record:
    """What an update that counted says about the parameter's chunk."""

    data: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class Earned:
    """Leaf of a reward tree: all that an account ever earned."""

    account: Address
    cumulative: int


@dataclass(frozen=True)
class Proof:
    """A call of the contract that judges it; `arguments` follow the case."""

    fraud: Fraud
    case: Case
    arguments: tuple[object, ...] = field(default=())

    @property
    def function(self) -> str:
        """Name of the call."""
        return f"prove{self.fraud.name.capitalize()}"


@dataclass(frozen=True)
class Slashing:
    """Who pays for a proven result: `signatures` of 65 bytes by signer, and the seats those accounts own."""

    signatures: dict[Address, bytes]
    seats: tuple[int, ...]


class Disputes(Contract):
    """The contract that voids what is proven false. One for all projects."""

    artifact = "Disputes"

    async def prove(self, proof: Proof, slashing: Slashing | None = None) -> Receipt:
        """Void a result and, in the same transaction, take the stake of who signed it. Event FraudProven."""
        calls = [self.calldata(proof)]
        if slashing is not None and slashing.seats:
            calls.append(self._slash_call(proof.case.project, proof.case.round, proof.case.result, slashing))
        # Every second counts before a result is final, and a node may need many to estimate this much work.
        return await self.chain.send(self.address, self.abi.encode_call("multicall", calls), gas=PROOF_GAS)

    def calldata(self, proof: Proof) -> bytes:
        """The call that a proof is."""
        return self.abi.encode_call(proof.function, proof.case, *proof.arguments)

    async def slash_signers(self, project: Address, round: int, result: Result, slashing: Slashing) -> Receipt:
        """Take the stake of signers of a result that was proven false; half is the prover's."""
        return await self.chain.send(self.address, self._slash_call(project, round, result, slashing))

    async def prove_equivocation(
        self,
        project: Address,
        round: int,
        first: tuple[Result, bytes],
        second: tuple[Result, bytes],
        seats: Sequence[int],
    ) -> Receipt:
        """Take the stake of seats whose owner signed two results, given with 65-byte signatures. EquivocationProven."""
        signed = [part for result, signature in (first, second) for part in (result, compact_signature(signature))]
        return await self._send("proveEquivocation", project, round, *signed, list(seats))

    async def prover_of(self, project: Address, result_hash: bytes) -> Address | None:
        """Who proved this result of a project false."""
        prover: Address = await self._read("proverOf", project, result_hash)
        return None if prover == ZERO_ADDRESS else prover

    def _slash_call(self, project: Address, round: int, result: Result, slashing: Slashing) -> bytes:
        ordered = sorted(slashing.signatures.items(), key=lambda item: bytes.fromhex(item[0][2:]))
        compact = [compact_signature(signature) for _, signature in ordered]
        return self.abi.encode_call("slashSigners", project, round, result, compact, list(slashing.seats))
