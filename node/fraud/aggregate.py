"""One parameter of a round, computed again in plain integers, as `src/libraries/Aggregate.sol` does."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.disputes import Arithmetic, Case, Place, Record
from node.aggregation.fixed_point import AGGREGATE_BITS, GUARD_BITS, THETA_MAXIMUM, THETA_MINIMUM
from node.checkpoint import PARAMETERS_PER_LEAF
from node.fraud.facts import Facts, ProofRefused, base_data_root, check_arithmetic
from node.fraud.records import chunk_at, value_at
from node.fraud.revealed import revealed_in
from node.merkle import ZERO_HASH, verify_position
from node.rounds.outcome import PackedContribution

_NUMBER_BYTES = 4
_RATE_BITS = 16


def is_aggregate_wrong(
    case: Case,
    facts: Facts,
    contributions: Sequence[PackedContribution],
    arithmetic: Arithmetic,
    place: Place,
    records: Sequence[Record],
) -> bool:
    """Whether the parameter is another than follows from what was accepted. Raises ProofRefused."""
    check_arithmetic(arithmetic, facts)
    if arithmetic.layout_root == ZERO_HASH:
        raise ProofRefused("Disputes_NotProvable")
    leaves = -(-arithmetic.parameter_count // PARAMETERS_PER_LEAF)
    leaf = place.coordinate // PARAMETERS_PER_LEAF
    if leaf >= leaves:
        raise ProofRefused("Disputes_NoSuchCoordinate")
    _require(case.result.data_root, leaf, leaves, b"".join(place.next_leaf), place.next_proof)
    following = _parameter(place.next_leaf, place.coordinate)
    if place.coordinate >= arithmetic.parameter_count:
        return following != 0
    _require(base_data_root(case, facts), leaf, leaves, b"".join(place.base_leaf), place.base_proof)
    tensor = place.tensor
    _require(arithmetic.layout_root, place.tensor_index, arithmetic.tensor_count, tensor.leaf, place.tensor_proof)
    if not tensor.start <= place.coordinate < tensor.start + tensor.size:
        raise ProofRefused("Disputes_WrongTensor")
    total = _sum(case, facts, contributions, arithmetic, place, records)
    before = _parameter(place.base_leaf, place.coordinate)
    return total is None or following != step(before, total, tensor.grid_bits, arithmetic.alpha_q16)


def step(before: int, total: int, grid_bits: int, alpha_q16: int) -> int:
    """A parameter after the round. `total`: of weights times values, in 2^-56. Halves are rounded upward."""
    mean = _rounded(total, AGGREGATE_BITS - GUARD_BITS - grid_bits)
    following = before - _rounded(mean * alpha_q16, GUARD_BITS + _RATE_BITS)
    return max(THETA_MINIMUM, min(THETA_MAXIMUM, following))


def _sum(
    case: Case,
    facts: Facts,
    contributions: Sequence[PackedContribution],
    arithmetic: Arithmetic,
    place: Place,
    records: Sequence[Record],
) -> int | None:
    """The weighted sum over all updates with weight; None where one of their records is none."""
    chunk = chunk_at(place.tensor, place.tensor_index, place.coordinate)
    weighted = [item for item in contributions if item.weight != 0]
    revealed = revealed_in(case.revelations, facts.domain, case.round, facts.owners)
    if any(item.seat not in revealed for item in weighted):
        raise ProofRefused("Disputes_NotRevealed")
    if len(records) != len(weighted):
        raise ProofRefused("Disputes_WrongRecordCount")
    values = []
    for item, record in zip(weighted, records, strict=True):
        root = revealed[item.seat].data_root
        _require(root, chunk.index, arithmetic.chunk_count, record.data, record.proof)
        values.append(value_at(record.data, chunk))
    known = [value for value in values if value is not None]
    if len(known) != len(values):
        return None
    return sum(item.weight * value for item, value in zip(weighted, known, strict=True))


def _require(root: bytes, index: int, count: int, leaf: bytes, proof: Sequence[bytes]) -> None:
    if not verify_position(root, index, count, leaf, proof):
        raise ProofRefused("Disputes_BadProof")


def _parameter(leaf: Sequence[bytes], coordinate: int) -> int:
    at = _NUMBER_BYTES * (coordinate % PARAMETERS_PER_LEAF)
    return int.from_bytes(b"".join(leaf)[at : at + _NUMBER_BYTES], "little", signed=True)


def _rounded(value: int, bits: int) -> int:
    return (value + (1 << (bits - 1))) >> bits
