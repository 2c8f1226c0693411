"""A chain that lives in a folder: its block log, a lock against a second process, and the way back after any end.

Every block of the log is run again at the start, and its header must come out as it was written: hash, state root,
receipts root. What is not in a block is not in the folder: waiting transactions, filters, time moved since the head.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

from devnet.accounts import Account
from devnet.blocklog import BlockLog, DamagedLog, Entry
from devnet.chain import BLOCK_GAS_LIMIT, INITIAL_BALANCE_WEI, Chain
from devnet.errors import DevnetError
from devnet.records import GenesisRecord, Record, UnknownRecord, decode_record
from devnet.restoring import NotReproduced

logger = logging.getLogger("devnet")

BLOCKS_BETWEEN_REPORTS = 2_000
LOG_NAME = "blocks.log"


class OtherGenesis(DevnetError):
    """The folder holds a chain that began otherwise than the options say."""

    def __init__(self, path: Path, what: str, expected: object, found: object) -> None:
        super().__init__(f"{path} holds another chain: {what}: asked for {expected}, found {found}")
        self.path, self.expected, self.found = path, expected, found


def open_chain(
    folder: Path, *, chain_id: int, accounts: Sequence[Account], wall: Callable[[], float] = time.time
) -> Chain:
    """The chain of a folder, which is made when it is not there; the folder belongs to this process from now on.

    Raises LogInUse, OtherGenesis, DamagedLog, or DevnetError when the folder cannot be used.
    """
    path = folder / LOG_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        log = BlockLog(path, _genesis(chain_id, accounts, int(wall())).encode())
    except OSError as failure:
        raise DevnetError(f"cannot use the data directory {folder}: {failure.strerror or failure}") from failure
    try:
        return _restored(log, chain_id, accounts, wall)
    except BaseException:
        log.close()
        raise


def _restored(log: BlockLog, chain_id: int, accounts: Sequence[Account], wall: Callable[[], float]) -> Chain:
    path = log.path
    entries = log.replay()
    first = next(entries, None)
    found = None if first is None else _decoded(path, first)
    if not isinstance(found, GenesisRecord):
        raise DamagedLog(path, 0 if first is None else first.offset, "first record", "a genesis", found)
    wanted = _genesis(chain_id, accounts, found.genesis_time_seconds)
    for field in fields(GenesisRecord):
        expected, had = getattr(wanted, field.name), getattr(found, field.name)
        if expected != had:
            raise OtherGenesis(path, field.name, _shown(expected), _shown(had))
    chain = Chain(chain_id=chain_id, accounts=accounts, wall=wall, genesis_time_seconds=found.genesis_time_seconds)
    for entry in entries:
        record = _decoded(path, entry)
        if chain.head.number % BLOCKS_BETWEEN_REPORTS == BLOCKS_BETWEEN_REPORTS - 1:
            logger.info("%s: checking block %d", path, chain.head.number + 1)
        try:
            chain.restore(record)
        except NotReproduced as failure:
            raise DamagedLog(path, entry.offset, failure.what, failure.expected, failure.found) from failure
    chain.keep_in(log)
    return chain


def _genesis(chain_id: int, accounts: Sequence[Account], genesis_time_seconds: int) -> GenesisRecord:
    return GenesisRecord(
        chain_id=chain_id,
        accounts=tuple(account.address for account in accounts),
        balance_wei=INITIAL_BALANCE_WEI,
        gas_limit=BLOCK_GAS_LIMIT,
        genesis_time_seconds=genesis_time_seconds,
    )


def _decoded(path: Path, entry: Entry) -> Record:
    try:
        return decode_record(entry.payload)
    except UnknownRecord as failure:
        raise DamagedLog(path, entry.offset, "kind of record", "one this version writes", failure) from failure


def _shown(value: object) -> object:
    """The value for a message: of many accounts their number."""
    return f"{len(value)} accounts" if isinstance(value, tuple) else value
