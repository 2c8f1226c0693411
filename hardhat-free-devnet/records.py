"""What the block log holds: how the chain began, then blocks, snapshots and rewinds in the order they happened.

A record is an RLP list whose first item is its kind. A block is what has to be run again to get it, and the header that
must come out. Offsets are those of chain time to the clock (clock.py), which may be negative.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import rlp
from rlp.exceptions import RLPException

from devnet.evm import StateEdit

GENESIS, BLOCK, SNAPSHOT, REWIND = (b"genesis", b"block", b"snapshot", b"rewind")


class UnknownRecord(Exception):
    """Bytes that no version of this file has written."""


@dataclass(frozen=True)
class GenesisRecord:
    """How the chain began. `accounts`: addresses with money, in order; amounts in wei."""

    chain_id: int
    accounts: tuple[str, ...]
    balance_wei: int
    gas_limit: int
    genesis_time_seconds: int

    def encode(self) -> bytes:
        """As bytes."""
        return rlp_encode([GENESIS, json.dumps(asdict(self)).encode()])


@dataclass(frozen=True)
class BlockRecord:
    """A block: header and signed transactions in their canonical bytes, and what was written to accounts before."""

    header: bytes
    transactions: tuple[bytes, ...]
    edits: tuple[StateEdit, ...]
    offset_seconds: int

    def encode(self) -> bytes:
        """As bytes."""
        edits = [_edit_items(edit) for edit in self.edits]
        return rlp_encode([BLOCK, self.header, self.transactions, edits, _signed(self.offset_seconds)])


@dataclass(frozen=True)
class SnapshotRecord:
    """`evm_snapshot` answered `identifier` when the head was `number`."""

    identifier: int
    number: int
    offset_seconds: int

    def encode(self) -> bytes:
        """As bytes."""
        return rlp_encode([SNAPSHOT, _signed(self.identifier), _signed(self.number), _signed(self.offset_seconds)])


@dataclass(frozen=True)
class RewindRecord:
    """`evm_revert` went back to a snapshot."""

    identifier: int

    def encode(self) -> bytes:
        """As bytes."""
        return rlp_encode([REWIND, _signed(self.identifier)])


Record = GenesisRecord | BlockRecord | SnapshotRecord | RewindRecord


def decode_record(payload: bytes) -> Record:
    """Read a record. Raises UnknownRecord."""
    try:
        kind, *items = rlp.decode(payload, strict=True)
        if kind == GENESIS:
            (fields,) = items
            values = json.loads(fields)
            return GenesisRecord(**{**values, "accounts": tuple(values["accounts"])})
        if kind == BLOCK:
            header, transactions, edits, offset = items
            return BlockRecord(header, tuple(transactions), tuple(_edit(edit) for edit in edits), int(offset))
        if kind == SNAPSHOT:
            return SnapshotRecord(*(int(item) for item in items))
        if kind == REWIND:
            return RewindRecord(*(int(item) for item in items))
    except (RLPException, ValueError, TypeError, KeyError) as failure:
        raise UnknownRecord(f"{type(failure).__name__}: {failure}") from failure
    raise UnknownRecord(f"a record of kind {kind!r}")


def rlp_encode(items: Sequence[Any]) -> bytes:
    """RLP of nested lists of bytes."""
    encoded: bytes = rlp.encode(items)
    return encoded


def _signed(value: int) -> bytes:
    """Decimal text: RLP has no negative integers."""
    return str(value).encode()


def _optional(value: int | None) -> bytes:
    return b"" if value is None else _signed(value)


def _edit_items(edit: StateEdit) -> list[Any]:
    return [
        edit.address,
        _optional(edit.balance),
        _optional(edit.nonce),
        [] if edit.code is None else [edit.code],
        [[_signed(slot), _signed(value)] for slot, value in edit.storage],
        b"\x01" if edit.clears_storage else b"",
    ]


def _edit(items: Sequence[Any]) -> StateEdit:
    address, balance, nonce, code, storage, clears_storage = items
    return StateEdit(
        address=address,
        balance=int(balance) if balance else None,
        nonce=int(nonce) if nonce else None,
        code=code[0] if code else None,
        storage=tuple((int(slot), int(value)) for slot, value in storage),
        clears_storage=bool(clears_storage),
    )
