"""What a node answers, decoded: logs into events, error data into exceptions. Strict: what does not fit is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.abi import decode as decode_plain
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from contracts import events
from contracts.abi import CONTRACT_NAMES, Component, contract_abi, decode, selector, signature
from contracts.attestation import checksum_address
from contracts.errors import ContractReverted, MalformedAnswer
from contracts.events import Event
from contracts.reverts import reverts_by_name
from contracts.reverts.base import RevertedWithData, RevertedWithPanic, RevertedWithReason, TypedRevert

REASON_SELECTOR = bytes.fromhex("08c379a0")  # Error(string)
PANIC_SELECTOR = bytes.fromhex("4e487b71")  # Panic(uint256)


@dataclass(frozen=True)
class EventShape:
    """How an event lies in a log: names of its fields in order, indexed components and the others."""

    kind: type[Event]
    names: tuple[str, ...]
    components: tuple[Component, ...]

    @property
    def indexed(self) -> list[Component]:
        """What lies in the topics after the first."""
        return [component for component in self.components if component["indexed"]]

    @property
    def plain(self) -> list[Component]:
        """What lies in the data."""
        return [component for component in self.components if not component["indexed"]]


@cache
def event_shapes() -> Mapping[bytes, EventShape]:
    """Every event of the contracts by its topic."""
    shapes: dict[bytes, EventShape] = {}
    for entry in _entries("event"):
        kind = getattr(events, entry["name"], None)
        if kind is not None:
            own = tuple(name for name in kind.__annotations__)
            shapes[keccak(signature(entry).encode())] = EventShape(kind, own, tuple(entry["inputs"]))
    return shapes


@cache
def _error_shapes() -> Mapping[bytes, tuple[type[TypedRevert], tuple[Component, ...]]]:
    classes = reverts_by_name()
    known = [entry for entry in _entries("error") if entry["name"] in classes]
    return {selector(entry): (classes[entry["name"]], tuple(entry["inputs"])) for entry in known}


def _entries(kind: str) -> list[Component]:
    return [entry for name in CONTRACT_NAMES for entry in contract_abi(name).entries if entry["type"] == kind]


def is_our_event(log: Mapping[str, Any]) -> bool:
    """Whether a raw log has the topics of one of our events; other contracts may share a name and types with us."""
    shape = event_shapes().get(hex_bytes(log["topics"][0])) if log["topics"] else None
    return shape is not None and len(log["topics"]) == 1 + len(shape.indexed)


def decode_event(log: Mapping[str, Any]) -> Event:
    """One raw log as an event. Raises MalformedAnswer when it is none of ours, or is pending or removed."""
    try:
        topics = [hex_bytes(topic) for topic in log["topics"]]
        place = _place(log)
        data = hex_bytes(log["data"])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedAnswer("eth_getLogs", f"a log without place or data: {error!r}") from error
    shape = event_shapes().get(topics[0]) if topics else None
    if shape is None:
        named = "without a topic" if not topics else f"with the topic 0x{topics[0].hex()}"
        raise MalformedAnswer(
            "eth_getLogs", f"{place['address']} emitted a log {named}, which no contract of ours emits"
        )
    if len(topics) != 1 + len(shape.indexed):
        raise MalformedAnswer("eth_getLogs", f"{shape.kind.__name__} with {len(topics)} topics")
    source = f"eth_getLogs ({shape.kind.__name__})"
    from_topics = iter(decode(shape.indexed, b"".join(topics[1:]), source))
    from_data = iter(decode(shape.plain, data, source))
    values = [next(from_topics if component["indexed"] else from_data) for component in shape.components]
    return shape.kind(**place, **dict(zip(shape.names, values, strict=True)))


def _place(log: Mapping[str, Any]) -> dict[str, Any]:
    if log.get("removed"):
        raise ValueError("removed by a reorganisation")
    timestamp = log.get("blockTimestamp")
    return {
        "address": checksum_address(hex_bytes(log["address"])),
        "block_number": hex_number(log["blockNumber"]),
        "block_hash": hex_bytes(log["blockHash"]),
        "log_index": hex_number(log["logIndex"]),
        "transaction_hash": hex_bytes(log["transactionHash"]),
        "block_timestamp": None if timestamp is None else hex_number(timestamp),
    }


def decode_revert(data: bytes) -> ContractReverted:
    """The exception for what a contract answered when it refused; total: never raises."""
    shape = _error_shapes().get(data[:4])
    try:
        if shape is not None:
            return shape[0](*decode(shape[1], data[4:], "revert"))
        if data[:4] == REASON_SELECTOR:
            return RevertedWithReason(decode_plain(["string"], data[4:])[0])
        if data[:4] == PANIC_SELECTOR:
            return RevertedWithPanic(decode_plain(["uint256"], data[4:])[0])
    except (MalformedAnswer, DecodingError, ValueError, OverflowError):
        return RevertedWithData(data)
    return RevertedWithData(data)


def hex_bytes(text: str) -> bytes:
    """Bytes of 0x-prefixed hexadecimal data. Raises ValueError or TypeError."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError(f"{text!r} is not hexadecimal data")
    return bytes.fromhex(text[2:])


def hex_number(text: str) -> int:
    """Number of a 0x-prefixed quantity. Raises ValueError."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError(f"{text!r} is not a hexadecimal quantity")
    return int(text[2:], 16)
