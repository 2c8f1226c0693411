"""chain.json: the chain record of an archive, one event, signature list and block hash a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from verifier.archive.event_json import check, dataclass_from_json, event_from_json, event_to_json, to_json
from verifier.chain_record import ChainRecord, ProjectFacts
from verifier.errors import ArchiveDamaged
from verifier.objects import CHAIN_PATH

VERSION = 2
K = TypeVar("K")
V = TypeVar("V")
_PARTS = ("version", "project", "check", "events", "signatures", "block_hashes")


@dataclass(frozen=True)
class _Signatures:
    round: int
    signatures: tuple[bytes, ...]


@dataclass(frozen=True)
class _BlockHash:
    block: int
    hash: bytes


def encode_chain(record: ChainRecord) -> bytes:
    """The bytes of chain.json."""
    facts = to_json(record.facts)
    signatures = [_Signatures(number, parts) for number, parts in sorted(record.signatures.items())]
    hashes = [_BlockHash(number, found) for number, found in sorted(record.block_hashes.items())]
    parts = {
        "version": str(VERSION),
        "project": json.dumps(facts, indent=1),
        "check": json.dumps(check(facts)),
        "events": _lines(event_to_json(event) for event in record.events),
        "signatures": _lines(map(to_json, signatures)),
        "block_hashes": _lines(map(to_json, hashes)),
    }
    assert tuple(parts) == _PARTS
    return ("{" + ",\n".join(f'"{name}": {text}' for name, text in parts.items()) + "}\n").encode()


def decode_chain(data: bytes) -> ChainRecord:
    """Read chain.json; ArchiveDamaged names the part that is not what was written.

    Signatures and hashes carry no check of their own: the audit compares each with what it must sign or lead to.
    """
    document = _load(data)
    if set(document) != set(_PARTS):
        raise ArchiveDamaged(CHAIN_PATH, f"the parts {list(_PARTS)}", str(list(document)))
    if document["version"] != VERSION:
        raise ArchiveDamaged(f"{CHAIN_PATH}: version", str(VERSION), str(document["version"]))
    facts = document["project"]
    if document["check"] != check(facts):
        raise ArchiveDamaged(f"{CHAIN_PATH}: project", f"check {document['check']}", f"check {check(facts)}")
    return ChainRecord(
        facts=dataclass_from_json(ProjectFacts, facts, f"{CHAIN_PATH}: project"),
        events=tuple(
            event_from_json(item, f"{CHAIN_PATH}: event {index}") for index, item in _items(document, "events")
        ),
        signatures=_unique(
            (item.round, item.signatures)
            for item in (
                dataclass_from_json(_Signatures, part, _named("signatures", part))
                for _, part in _items(document, "signatures")
            )
        ),
        block_hashes=_unique(
            (item.block, item.hash)
            for item in (
                dataclass_from_json(_BlockHash, part, _named("hash", part))
                for _, part in _items(document, "block_hashes")
            )
        ),
    )


def _unique(pairs: Iterable[tuple[K, V]]) -> dict[K, V]:
    mapping: dict[K, V] = {}
    for key, value in pairs:
        if key in mapping:
            raise ArchiveDamaged(CHAIN_PATH, "each round and block once", f"{key} twice")
        mapping[key] = value
    return mapping


def _lines(items: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]"


def _load(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ArchiveDamaged(CHAIN_PATH, "JSON", str(error)) from error
    if not isinstance(document, dict):
        raise ArchiveDamaged(CHAIN_PATH, "a JSON object", type(document).__name__)
    return document


def _items(document: dict[str, Any], name: str) -> Iterable[tuple[int, Any]]:
    items = document[name]
    if not isinstance(items, list):
        raise ArchiveDamaged(f"{CHAIN_PATH}: {name}", "a list", type(items).__name__)
    return enumerate(items)


def _named(what: str, part: Any) -> str:
    place = {key: part[key] for key in ("round", "block") if key in part} if isinstance(part, dict) else {}
    return f"{CHAIN_PATH}: {what}" + "".join(f" of {key} {value}" for key, value in place.items())
