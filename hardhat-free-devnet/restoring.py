"""A block and its record in the log: written when it is built, run again when the chain comes back."""

from __future__ import annotations

from typing import Any

import rlp
from eth.abc import BlockHeaderAPI
from eth.vm.forks.prague.blocks import PragueBlockHeader
from rlp.exceptions import RLPException

from devnet.evm import BuildFailed, BuiltBlock, Machine
from devnet.records import BlockRecord

# In the order in which they say most about what went wrong; the hash covers all.
COMPARED = ("transaction_root", "gas_used", "receipt_root", "state_root", "hash")


class NotReproduced(Exception):
    """Running a block again gave something else than its record says."""

    def __init__(self, what: str, expected: object, found: object) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what, self.expected, self.found = what, expected, found


def block_record(built: BuiltBlock, offset_seconds: int) -> BlockRecord:
    """What is needed to get a block again."""
    return BlockRecord(
        header=rlp.encode(built.block.header),
        transactions=tuple(transaction.encode() for transaction in built.block.transactions),
        edits=built.edits,
        offset_seconds=offset_seconds,
    )


def rebuild(machine: Machine, parent: BlockHeaderAPI, record: BlockRecord) -> BuiltBlock:
    """Run a block again on top of `parent`. Raises NotReproduced."""
    try:
        header: Any = rlp.decode(record.header, PragueBlockHeader)
        transactions = [machine.decode(raw) for raw in record.transactions]
    except (RLPException, ValueError, TypeError) as failure:
        raise NotReproduced(f"block after {parent.block_number}", "its header and transactions", failure) from failure
    name = f"block {header.block_number}"
    if header.parent_hash != parent.hash:
        raise NotReproduced(f"{name}, parent", f"0x{parent.hash.hex()}", f"0x{header.parent_hash.hex()}")
    try:
        built = machine.build(parent, header.timestamp, transactions, record.edits)
    except BuildFailed as failure:
        raise NotReproduced(name, "transactions that run", failure) from failure
    for field in COMPARED:
        expected, found = getattr(header, field), getattr(built.block.header, field)
        if expected != found:
            raise NotReproduced(f"{name}, {field.replace('_', ' ')}", _shown(expected), _shown(found))
    return built


def _shown(value: object) -> object:
    return f"0x{value.hex()}" if isinstance(value, bytes) else value
