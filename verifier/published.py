"""The record a peer publishes for a round, against what was recomputed: the first leaf that differs. Pure.

The comparison is between JSON documents, so a value that cannot even be parsed is named like any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.attestation import Domain, result_digest
from contracts.values import Address
from node.merkle import PositionTree
from node.rounds.history import RoundHistory
from node.rounds.outcome import Reason, RoundOutcome, contribution_leaf
from node.rounds.record import MAXIMUM_RECORD_BYTES, MessageFile, RecordError, RoundRecord
from node.storage.unixfs import root_of
from verifier import objects
from verifier.signatures import check_signature
from verifier.verdict import Reject, reject

# What a peer says about itself; no result binds it.
UNATTESTED = ("computed_hash", "signatures", "accuracy", "loss", "have_lists")


@dataclass(frozen=True)
class Difference:
    """Where two documents differ first. `path`: keys and indices from the top."""

    path: tuple[str | int, ...]
    expected: str
    found: str


def parse_record(round_number: int, data: bytes) -> dict[str, Any] | Reject:
    """The record as a JSON object; its values are not believed yet."""
    where = objects.round_record(round_number)
    if len(data) > MAXIMUM_RECORD_BYTES:
        return reject(round_number, where, "length", f"at most {MAXIMUM_RECORD_BYTES} bytes", f"{len(data)} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        return reject(round_number, where, "form", "JSON", str(error))
    if not isinstance(document, dict):
        return reject(round_number, where, "form", "a JSON object", type(document).__name__)
    return document


def input_seats(round_number: int, document: Mapping[str, Any]) -> tuple[int, ...] | Reject:
    """The seats whose updates went in, as the record says."""
    inputs = document.get("inputs")
    leaves = inputs if isinstance(inputs, list) else [None]
    seats = [leaf.get("seat") if isinstance(leaf, dict) else None for leaf in leaves]
    numbers = tuple(seat for seat in seats if isinstance(seat, int))
    if len(numbers) == len(seats):
        return numbers
    where = objects.round_record(round_number)
    return reject(round_number, where, "inputs", "a list of leaves with their seats", str(inputs)[:80])


def failed_seats(document: Mapping[str, Any]) -> frozenset[int]:
    """The seats that failed their check, as the record says."""
    contributions = document.get("contributions")
    items = [item for item in contributions if isinstance(item, dict)] if isinstance(contributions, list) else []
    seats = (item.get("seat") for item in items if item.get("reason") == Reason.FAILED_CHECK.slug)
    return frozenset(seat for seat in seats if isinstance(seat, int))


def fits_weight_root(round_: RoundHistory, data: bytes) -> bool:
    """Whether a record's contributions are the ones that were signed for, right or wrong."""
    try:
        record = RoundRecord.from_json(data, round_.number)
    except RecordError:
        return False
    return PositionTree(map(contribution_leaf, record.contributions)).root == round_.accepted.result.weight_root


def expected_record(
    round_: RoundHistory, rule: str, domain: Domain, outcome: RoundOutcome, messages: Mapping[int, bytes]
) -> dict[str, Any]:
    """The record that an honest peer publishes for this outcome, without what no result binds."""
    record = RoundRecord(
        round=round_.number,
        seed=round_.seed,
        rule=rule,
        result=outcome.result,
        result_hash=result_digest(domain, round_.number, outcome.result),
        checkpoint=root_of(outcome.checkpoint_bytes),
        checkpoint_bytes=len(outcome.checkpoint_bytes),
        inputs=outcome.inputs,
        contributions=outcome.contributions,
        rewards=outcome.rewards,
        signatures={},
        messages={seat: MessageFile(root_of(data), len(data)) for seat, data in messages.items()},
    )
    document: dict[str, Any] = json.loads(record.to_json())
    return {name: value for name, value in document.items() if name not in UNATTESTED}


def check_leaves(round_number: int, expected: Mapping[str, Any], document: Mapping[str, Any]) -> Reject | None:
    """Compare a published record with the expected one, part by part."""
    difference = first_difference(expected, {key: document[key] for key in document if key not in UNATTESTED})
    if difference is None:
        return None
    name = _named(difference.path, expected, document)
    return reject(round_number, objects.round_record(round_number), name, difference.expected, difference.found)


def evidence_of_leaves(expected: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, str]:
    """What published leaves say where they differ from the recomputed ones, by field of the result they hash to."""
    evidence = {}
    for field, part in (("weight_root", "contributions"), ("reward_root", "rewards"), ("cumulative_total", "rewards")):
        difference = first_difference(expected[part], document.get(part))
        if difference is not None:
            name = _named((part, *difference.path), expected, document)
            evidence[field] = f"{name}: expected {difference.expected}, found {difference.found}"
    return evidence


def check_record_signatures(
    round_: RoundHistory, domain: Domain, document: Mapping[str, Any], weights: Mapping[Address, int]
) -> Reject | None:
    """Every signature a record lists must be one of its signer's, an attester of the snapshot."""
    digest = result_digest(domain, round_.number, round_.accepted.result)
    listed = document.get("signatures")
    if not isinstance(listed, list):
        return reject(round_.number, objects.round_record(round_.number), "signatures", "a list", str(listed)[:80])
    for item in listed:
        signer, text = (item.get("signer"), item.get("signature")) if isinstance(item, dict) else (None, None)
        where = f"signature of {signer} in the record of round {round_.number}"
        signature = _signature(text)
        if signature is None:
            return reject(round_.number, where, "form", "65 bytes in 0x-hexadecimal", str(text)[:200])
        found = check_signature(round_, where, digest, signature, weights)
        if isinstance(found, Reject):
            return found
        if found != signer:
            return reject(round_.number, where, "signer", signer, found)
    return None


def signers(document: Mapping[str, Any]) -> tuple[Address, ...]:
    """The accounts whose signatures a record lists, after `check_record_signatures` found nothing."""
    return tuple(item["signer"] for item in document["signatures"])


def first_difference(expected: Any, found: Any, path: tuple[str | int, ...] = ()) -> Difference | None:
    """The first place, in the order of `expected`, where two JSON values differ."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in [*expected, *(key for key in found if key not in expected)]:
            if key not in expected or key not in found:
                sides = [json.dumps(side.get(key))[:200] if key in side else "nothing" for side in (expected, found)]
                return Difference((*path, key), *sides)
            difference = first_difference(expected[key], found[key], (*path, key))
            if difference is not None:
                return difference
        return None
    if isinstance(expected, Sequence) and isinstance(found, Sequence) and not isinstance(expected, str):
        for index, (one, other) in enumerate(zip(expected, found, strict=False)):
            difference = first_difference(one, other, (*path, index))
            if difference is not None:
                return difference
        if len(expected) != len(found):
            return Difference(path, f"{len(expected)} items", f"{len(found)} items")
        return None
    if type(expected) is type(found) and expected == found:
        return None
    both_texts = isinstance(expected, str) and isinstance(found, str)
    sides = [side if both_texts else json.dumps(side)[:200] for side in (expected, found)]
    return Difference(path, *sides)


def _named(path: tuple[str | int, ...], expected: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """A path in words: rewards, 2, cumulative_wei -> reward leaf of 0x...: cumulative_wei."""
    match path:
        case ("rewards", int(index), *rest):
            leaf = _item(expected, "rewards", index) or _item(document, "rewards", index)
            return ": ".join([f"reward leaf of {leaf.get('account')}", *map(str, rest)])
        case ("contributions", int(index), *rest):
            leaf = _item(expected, "contributions", index) or _item(document, "contributions", index)
            return ": ".join([f"contribution of seat {leaf.get('seat')}", *map(str, rest)])
        case ("inputs", int(index), *rest):
            leaf = _item(expected, "inputs", index) or _item(document, "inputs", index)
            return ": ".join([f"input of seat {leaf.get('seat')}", *map(str, rest)])
    return ": ".join(map(str, path))


def _item(document: Mapping[str, Any], part: str, index: int) -> Mapping[str, Any]:
    items = document.get(part)
    item = items[index] if isinstance(items, list) and index < len(items) else None
    return item if isinstance(item, dict) else {}


def _signature(text: object) -> bytes | None:
    if not isinstance(text, str) or not text.startswith("0x"):
        return None
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        return None
