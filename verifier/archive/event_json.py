"""Chain values as JSON and back: events, results, configurations. One event a line, each with a check over itself.

Bytes are 0x-hexadecimal; integers from 2^53 on are decimal strings, since many readers of JSON keep only 53 bits.
Reading is driven by the types of the dataclasses and accepts only what writing gives.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing
from collections.abc import Hashable
from enum import IntEnum
from functools import cache
from typing import Any, TypeVar

from contracts import events
from contracts.events import Event
from verifier.errors import ArchiveDamaged

EXACT_INTEGERS = 1 << 53
T = TypeVar("T")
_HEADER = tuple(field.name for field in dataclasses.fields(Event))


def event_to_json(event: Event) -> dict[str, Any]:
    """An event as a JSON object: its name, where it stands, its fields, and a check over all of it."""
    place = {name: to_json(getattr(event, name)) for name in _HEADER}
    fields = {
        item.name: to_json(getattr(event, item.name)) for item in dataclasses.fields(event) if item.name not in _HEADER
    }
    document = {"event": type(event).__name__, **place, "fields": fields}
    return {**document, "check": check(document)}


def event_from_json(document: Any, where: str) -> Event:
    """Read an event; ArchiveDamaged naming `where` and, as far as it can be told, the event."""
    if not isinstance(document, dict):
        raise ArchiveDamaged(where, "an event", repr(document)[:80])
    name = document.get("event")
    fields = document.get("fields")
    round_number = fields.get("round") if isinstance(fields, dict) else None
    where = f"{where}, {name}" + ("" if round_number is None else f" of round {round_number}")
    expected = check({key: value for key, value in document.items() if key != "check"})
    if document.get("check") != expected:
        raise ArchiveDamaged(where, f"check {document.get('check')}", f"check {expected}")
    kind = _kinds().get(name) if isinstance(name, str) else None
    if kind is None or not isinstance(fields, dict):
        raise ArchiveDamaged(where, "a known event", repr(name))
    values = {key: value for key, value in document.items() if key not in ("event", "fields", "check")}
    return dataclass_from_json(kind, {**values, **fields}, where)


def to_json(value: Any) -> Any:
    """A value of the chain as JSON."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < EXACT_INTEGERS else str(value)
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {item.name: to_json(getattr(value, item.name)) for item in dataclasses.fields(value)}
    raise TypeError(f"no JSON form for {type(value).__name__}")


def dataclass_from_json(kind: type[T], document: Any, where: str) -> T:
    """Read a dataclass; ArchiveDamaged naming `where` and the field."""
    types = _types(typing.cast(Hashable, kind))
    if not isinstance(document, dict) or set(document) != set(types):
        found = sorted(document) if isinstance(document, dict) else repr(document)[:80]
        raise ArchiveDamaged(where, f"the fields {sorted(types)}", str(found))
    return kind(**{name: from_json(types[name], document[name], f"{where}: {name}") for name in types})


def from_json(kind: Any, value: Any, where: str) -> Any:
    """Read a value of type `kind`; ArchiveDamaged naming `where` unless `to_json` would give it back."""
    try:
        parsed = _parse(kind, value, where)
        if to_json(parsed) == value:
            return parsed
    except (ValueError, TypeError) as error:
        raise ArchiveDamaged(where, _named(kind), repr(value)[:80]) from error
    raise ArchiveDamaged(where, _named(kind), repr(value)[:80])


def check(document: Any) -> str:
    """Sixteen hexadecimal digits of the sha2-256 of a JSON value: tells damage, proves nothing."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _parse(kind: Any, value: Any, where: str) -> Any:
    while hasattr(kind, "__supertype__"):  # an Address is a NewType over text
        kind = kind.__supertype__
    if kind is bytes:
        return bytes.fromhex(_text(value).removeprefix("0x"))
    if kind is int:
        return int(_text(value)) if isinstance(value, str) else _integer(value)
    if kind is str:
        return _text(value)
    if kind is bool:
        return _boolean(value)
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return kind(_integer(value))
    if typing.get_origin(kind) is tuple:
        inner, _ = typing.get_args(kind)
        return tuple(from_json(inner, item, where) for item in list(value))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return dataclass_from_json(kind, value, where)
    options = typing.get_args(kind)
    if type(None) in options:
        return None if value is None else _parse(options[0], value, where)
    raise TypeError(f"no type {kind}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not an integer")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _named(kind: Any) -> str:
    named = {bytes: "0x-hexadecimal bytes", int: "an integer", str: "a text"}
    return named.get(kind, getattr(kind, "__name__", str(kind)))


@cache
def _types(kind: Hashable) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {item.name: hints[item.name] for item in dataclasses.fields(typing.cast(Any, kind))}


@cache
def _kinds() -> dict[str, type[Event]]:
    return {name: kind for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, Event)}
