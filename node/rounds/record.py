"""The public record of a round: what a peer serves so that anybody can see who got what, and why.

Nothing in it needs to be believed: inputs, contributions and rewards are leaves of roots that a quorum signed and the
chain holds, so `check_record` refuses a record that differs from the chain in a single leaf.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_typing import HexAddress, HexStr
from eth_utils.address import is_checksum_address

from contracts.attestation import Domain, Result, recover, result_digest
from contracts.errors import InvalidSignature
from contracts.values import Address
from node.errors import NodeError
from node.exchange.envelope import MAXIMUM_ENVELOPE_BYTES
from node.merkle import PositionTree, StandardTree
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.outcome import (
    Contribution,
    InputLeaf,
    Reason,
    RewardLeaf,
    contribution_leaf,
    input_leaf,
    reward_leaf,
)
from node.storage.cid import Cid

MAXIMUM_RECORD_BYTES = 16 << 20


class RecordError(NodeError):
    """A round record is malformed or does not belong to what the chain holds."""

    exit_code = 3

    def __init__(self, round_number: int, what: str, expected: object, found: object) -> None:
        super().__init__(f"record of round {round_number}: {what}: expected {expected}, found {found}")
        self.round, self.what, self.expected, self.found = round_number, what, expected, found


@dataclass(frozen=True)
class MessageFile:
    """The message behind a contribution."""

    cid: Cid
    bytes: int


@dataclass(frozen=True)
class RoundRecord:
    """A finished round, as one peer saw it. The roots in `result` bind inputs, contributions and rewards.

    Informative only: `messages` by seat, this peer's own `computed_hash` (None when it could not compute the round),
    `accuracy` and `loss`; and `have_lists`, the signed envelopes from which the input set and its failed seats follow.
    """

    round: int
    seed: bytes
    rule: str
    result: Result
    result_hash: bytes
    checkpoint: Cid
    checkpoint_bytes: int
    inputs: tuple[InputLeaf, ...]
    contributions: tuple[Contribution, ...]
    rewards: tuple[RewardLeaf, ...]
    signatures: Mapping[Address, bytes]
    messages: Mapping[int, MessageFile]
    computed_hash: bytes | None = None
    accuracy: float | None = None
    loss: float | None = None
    have_lists: tuple[bytes, ...] = ()

    @property
    def failed_seats(self) -> frozenset[int]:
        """Seats whose training was found invented."""
        return frozenset(item.seat for item in self.contributions if item.reason is Reason.FAILED_CHECK)

    def to_json(self) -> bytes:
        """The bytes a gateway serves."""
        return json.dumps(_document(self), separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes, round_number: int) -> RoundRecord:
        """Read a record; raises RecordError for anything malformed. Check it with `check_record` before use."""
        if len(data) > MAXIMUM_RECORD_BYTES:
            raise RecordError(round_number, "length in bytes", f"at most {MAXIMUM_RECORD_BYTES}", len(data))
        try:
            record = _read(json.loads(data))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, NodeError) as error:
            raise RecordError(round_number, "format", "a round record", repr(error)) from error
        if record.round != round_number:
            raise RecordError(round_number, "round", round_number, record.round)
        return record


def check_record(record: RoundRecord, history: SwarmHistory, round_: RoundHistory, domain: Domain) -> None:
    """Raise RecordError unless the record is what the chain accepted for this round."""
    acceptance = round_.acceptance
    if acceptance is None:
        raise RecordError(round_.number, "status", "accepted on the chain", "not accepted")
    number = round_.number
    for found in (record.result_hash, result_digest(domain, number, record.result)):
        _expect(number, "result hash", acceptance.result_hash, found)
    _expect(number, "seed", round_.seed, record.seed)
    _expect(number, "checkpoint", record.result.cid, record.checkpoint.digest)
    _expect(number, "input root", record.result.input_root, PositionTree(map(input_leaf, record.inputs)).root)
    weights = PositionTree(map(contribution_leaf, record.contributions)).root
    _expect(number, "weight root", record.result.weight_root, weights)
    rewards = StandardTree([reward_leaf(leaf) for leaf in record.rewards]).root
    _expect(number, "reward root", record.result.reward_root, rewards)
    # Owners and digests are not in the weight leaves: they follow from the registry and the input leaves.
    owners = [(seat.number, seat.owner) for seat in history.active_seats(round_.epoch)]
    _expect(number, "seats and their owners", owners, [(item.seat, item.owner) for item in record.contributions])
    digests = {leaf.seat: leaf.digest for leaf in record.inputs}
    for contribution in record.contributions:
        _expect(number, f"digest of seat {contribution.seat}", digests.get(contribution.seat), contribution.digest)
    for seat, message in record.messages.items():
        _expect(number, f"message of seat {seat}", digests.get(seat), message.cid.digest)
    for signer, signature in record.signatures.items():
        _expect(number, "signer of a signature", signer, _signer(acceptance.result_hash, signature))


def _signer(digest: bytes, signature: bytes) -> Address | str:
    try:
        return recover(digest, signature)
    except InvalidSignature:
        return "nobody"


def _expect(round_number: int, what: str, expected: object, found: object) -> None:
    if expected != found:
        raise RecordError(round_number, what, _shown(expected), _shown(found))


def _shown(value: object) -> object:
    return _hex(value) if isinstance(value, bytes) else value


# ---- JSON ---------------------------------------------------------------------------------------------------------


def _document(record: RoundRecord) -> dict[str, Any]:
    result = record.result
    return {
        "round": record.round,
        "seed": _hex(record.seed),
        "rule": record.rule,
        "result": {
            "prevCid": _hex(result.prev_cid),
            "inputRoot": _hex(result.input_root),
            "cid": _hex(result.cid),
            "dataRoot": _hex(result.data_root),
            "weightRoot": _hex(result.weight_root),
            "rewardRoot": _hex(result.reward_root),
            "cumulativeTotal": str(result.cumulative_total),
        },
        "result_hash": _hex(record.result_hash),
        "computed_hash": None if record.computed_hash is None else _hex(record.computed_hash),
        "checkpoint": {
            "cid": str(record.checkpoint),
            "digest": _hex(record.checkpoint.digest),
            "bytes": record.checkpoint_bytes,
        },
        "inputs": [
            {"seat": leaf.seat, "digest": _hex(leaf.digest), "data_root": _hex(leaf.data_root)}
            for leaf in record.inputs
        ],
        "contributions": [_contribution_document(item, record.messages) for item in record.contributions],
        "rewards": [{"account": leaf.account, "cumulative_wei": str(leaf.cumulative_wei)} for leaf in record.rewards],
        "signatures": [
            {"signer": signer, "signature": _hex(signature)} for signer, signature in record.signatures.items()
        ],
        "accuracy": record.accuracy,
        "loss": record.loss,
        "have_lists": [_hex(envelope) for envelope in record.have_lists],
    }


def _contribution_document(item: Contribution, messages: Mapping[int, MessageFile]) -> dict[str, Any]:
    message = messages.get(item.seat)
    return {
        "seat": item.seat,
        "owner": item.owner,
        "digest": None if item.digest is None else _hex(item.digest),
        "cid": None if message is None else str(message.cid),
        "message_bytes": None if message is None else message.bytes,
        "weight": item.weight,
        "score": str(item.score),
        "reason": item.reason.slug,
        "reward_wei": str(item.reward_wei),
    }


def _read(document: Any) -> RoundRecord:
    result = document["result"]
    return RoundRecord(
        round=_number(document["round"], 64),
        seed=_bytes(document["seed"]),
        rule=_text(document["rule"]),
        result=Result(
            prev_cid=_bytes(result["prevCid"]),
            input_root=_bytes(result["inputRoot"]),
            cid=_bytes(result["cid"]),
            data_root=_bytes(result["dataRoot"]),
            weight_root=_bytes(result["weightRoot"]),
            reward_root=_bytes(result["rewardRoot"]),
            cumulative_total=_decimal(result["cumulativeTotal"]),
        ),
        result_hash=_bytes(document["result_hash"]),
        computed_hash=None if document["computed_hash"] is None else _bytes(document["computed_hash"]),
        checkpoint=Cid.parse(_text(document["checkpoint"]["cid"])),
        checkpoint_bytes=_number(document["checkpoint"]["bytes"], 64),
        inputs=tuple(
            InputLeaf(_number(leaf["seat"], 32), _bytes(leaf["digest"]), _bytes(leaf["data_root"]))
            for leaf in document["inputs"]
        ),
        contributions=tuple(_read_contribution(item) for item in document["contributions"]),
        rewards=tuple(
            RewardLeaf(_account(leaf["account"]), _decimal(leaf["cumulative_wei"])) for leaf in document["rewards"]
        ),
        signatures={_account(item["signer"]): _bytes(item["signature"], 65) for item in document["signatures"]},
        messages={
            _number(item["seat"], 32): MessageFile(Cid.parse(_text(item["cid"])), _number(item["message_bytes"], 64))
            for item in document["contributions"]
            if item["cid"] is not None
        },
        accuracy=_optional_float(document["accuracy"]),
        loss=_optional_float(document["loss"]),
        have_lists=tuple(_envelope(item) for item in document["have_lists"]),
    )


def _read_contribution(item: Any) -> Contribution:
    return Contribution(
        seat=_number(item["seat"], 32),
        owner=_account(item["owner"]),
        digest=None if item["digest"] is None else _bytes(item["digest"]),
        weight=_signed_number(item["weight"], 32),
        score=_decimal(item["score"]),
        reason=Reason.of_slug(item["reason"]),
        reward_wei=_decimal(item["reward_wei"]),
    )


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(value: Any, length: int = 32) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x") or len(value) != 2 + 2 * length:
        raise ValueError(f"{value!r} is not 0x and {2 * length} digits")
    return bytes.fromhex(value[2:])


def _envelope(value: Any) -> bytes:
    text = value if isinstance(value, str) and value.startswith("0x") else ""
    if not 2 < len(text) <= 2 + 2 * MAXIMUM_ENVELOPE_BYTES:
        raise ValueError(f"{str(value)[:80]!r} is not an envelope")
    return bytes.fromhex(text[2:])


def _number(value: Any, bits: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << bits:
        raise ValueError(f"{value!r} is not an unsigned integer of {bits} bits")
    return value


def _signed_number(value: Any, bits: int) -> int:
    half = 1 << bits - 1
    if not isinstance(value, int) or isinstance(value, bool) or not -half <= value < half:
        raise ValueError(f"{value!r} is not a signed integer of {bits} bits")
    return value


def _decimal(value: Any) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 39:
        raise ValueError(f"{value!r} is not a decimal string")
    return _number(int(value), 128)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 256:
        raise ValueError(f"{value!r} is not a short string")
    return value


def _account(value: Any) -> Address:
    if not isinstance(value, str) or not is_checksum_address(value):
        raise ValueError(f"{value!r} is not a checksummed address")
    return Address(HexAddress(HexStr(value)))


def _optional_float(value: Any) -> float | None:
    if value is None or isinstance(value, float):
        return value
    raise ValueError(f"{value!r} is neither null nor a number")
