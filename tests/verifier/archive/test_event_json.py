"""Chain values as JSON: every event comes back, every change is noticed and named."""

from __future__ import annotations

import dataclasses
import json
import typing
from enum import IntEnum
from typing import Any

import pytest

from contracts.attestation import Result, checksum_address
from contracts.events import Event, RoundOpened, UnstakeBegun
from contracts.values import Address
from verifier.archive.event_json import event_from_json, event_to_json
from verifier.errors import ArchiveDamaged

KINDS = sorted(Event.__subclasses__(), key=lambda kind: kind.__name__)
RESULT = Result(*(bytes([number]) * 32 for number in range(6)), cumulative_total=1 << 100)


def example(kind: Any) -> Any:
    """A value of a field's type; integers too large for most readers of JSON."""
    if kind is Address:
        return checksum_address(b"\x12" * 20)
    samples: dict[Any, Any] = {int: 1 << 60, bool: True, bytes: b"\x01\x02", str: "http://[::1]:1/ü", Result: RESULT}
    if kind in samples:
        return samples[kind]
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return list(kind)[-1]
    if dataclasses.is_dataclass(kind):
        return build(kind)
    arguments = typing.get_args(kind)
    return (example(arguments[0]),) * 2 if typing.get_origin(kind) is tuple else example(arguments[0])


def build(kind: Any) -> Any:
    hints = typing.get_type_hints(kind)
    return kind(**{item.name: example(hints[item.name]) for item in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_comes_back(kind: type[Event]) -> None:
    event = build(kind)
    document = json.loads(json.dumps(event_to_json(event)))
    assert event_from_json(document, "here") == event


def test_an_event_without_a_block_time_comes_back() -> None:
    event = dataclasses.replace(build(RoundOpened), block_timestamp=None)
    assert event_from_json(json.loads(json.dumps(event_to_json(event))), "here") == event


def test_integers_stay_exact_for_readers_with_53_bits() -> None:
    fields = event_to_json(dataclasses.replace(build(RoundOpened), epoch=(1 << 53) - 1, pool=1 << 53))["fields"]
    assert fields["epoch"] == (1 << 53) - 1
    assert fields["pool"] == str(1 << 53)


@pytest.mark.parametrize("kind", [RoundOpened, UnstakeBegun])
def test_every_changed_byte_is_noticed_and_names_the_place(kind: type[Event]) -> None:
    text = json.dumps(event_to_json(build(kind)))
    for position in range(len(text)):
        changed = text[:position] + chr(ord(text[position]) ^ 1) + text[position + 1 :]
        try:
            document = json.loads(changed)
        except ValueError:
            continue
        with pytest.raises(ArchiveDamaged, match=r"^the archive is damaged: here"):
            event_from_json(document, "here")


@pytest.mark.parametrize("document", [None, [], 7, {}, {"event": "Event", "fields": {}}, {"event": [], "fields": []}])
def test_what_is_no_event_is_refused(document: object) -> None:
    with pytest.raises(ArchiveDamaged):
        event_from_json(document, "here")
