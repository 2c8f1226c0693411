"""The chain as clients see it: machine, index, pool and clock under one lock.

Two locks. `_lock` guards index, pool and clock and is held for microseconds, so that polling never waits for a block.
`_building` is held while a block is built or the chain is turned back; it is always taken first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice

from eth.abc import BlockHeaderAPI, SignedTransactionAPI, StateAPI
from eth_typing import Address

from devnet.accounts import Account
from devnet.admission import Standing, check_transaction, decode_transaction
from devnet.blocklog import BlockLog, WriteFailed
from devnet.clock import ChainClock
from devnet.errors import InvalidParams
from devnet.evm import BuildFailed, BuiltBlock, Machine, StateEdit
from devnet.formats import Json, transaction_json
from devnet.hexing import data
from devnet.index import Index, IndexedBlock, LogFilter, index_block
from devnet.journal import Change, Journal
from devnet.pool import Pool
from devnet.records import BlockRecord, Record, RewindRecord, SnapshotRecord
from devnet.restoring import NotReproduced, block_record, rebuild

logger = logging.getLogger("devnet")

BLOCK_GAS_LIMIT = 30_000_000
INITIAL_BALANCE_WEI = 1_000_000 * 10**18
MAXIMUM_TRANSACTIONS_PER_BLOCK = 1_500


class Chain:
    """A development chain without a thread of its own; worker.py builds the blocks."""

    def __init__(
        self,
        *,
        chain_id: int,
        accounts: Sequence[Account],
        wall: Callable[[], float] = time.time,
        genesis_time_seconds: int | None = None,
    ) -> None:
        """Without a genesis time the chain begins now."""
        self.chain_id = chain_id
        self.accounts = tuple(accounts)
        self.machine = Machine(
            chain_id=chain_id,
            accounts=accounts,
            balance_wei=INITIAL_BALANCE_WEI,
            gas_limit=BLOCK_GAS_LIMIT,
            genesis_time_seconds=int(wall()) if genesis_time_seconds is None else genesis_time_seconds,
        )
        self._building = threading.RLock()
        self._lock = threading.RLock()
        self.changed = threading.Condition(self._lock)
        self._clock = ChainClock(wall)
        self._index = Index(self.machine.genesis)
        self._pool = Pool()
        self._head_state: StateAPI | None = None
        self._snapshots: dict[int, SnapshotRecord] = {}
        self._next_snapshot = 1
        self._automine = True
        self.interval_seconds: float | None = None
        self._log: BlockLog | None = None
        self._fault: WriteFailed | None = None
        self._changes: Journal[Change] = Journal()
        self._arrivals: Journal[SignedTransactionAPI] = Journal()

    # Reading: constant time, never waits for a block that is being built.

    @property
    def head(self) -> IndexedBlock:
        """The newest block."""
        with self._lock:
            return self._index.head

    def block(self, number: int) -> IndexedBlock | None:
        """The block at a height, or None."""
        with self._lock:
            return self._index.block(number)

    def block_by_hash(self, block_hash: str) -> IndexedBlock | None:
        """The block with a hash, or None."""
        with self._lock:
            return self._index.block_by_hash(block_hash)

    def logs(self, first: int, last: int, wanted: LogFilter) -> list[Json]:
        """The matching logs of the blocks from `first` to `last`, both included."""
        with self._lock:
            return self._index.logs(first, last, wanted)

    def receipt(self, transaction_hash: str) -> Json | None:
        """The receipt of a mined transaction, or None."""
        with self._lock:
            return self._index.receipt(transaction_hash)

    def transaction(self, transaction_hash: str) -> Json | None:
        """A mined or waiting transaction, or None."""
        with self._lock:
            mined = self._index.transaction(transaction_hash)
            if mined is not None:
                return mined
            waiting = self._pool.get(bytes.fromhex(transaction_hash[2:]))
        return None if waiting is None else transaction_json(waiting)

    def signed_transaction(self, transaction_hash: bytes) -> SignedTransactionAPI | None:
        """A mined or waiting transaction as it was signed, or None."""
        with self._lock:
            return self._index.signed_transaction(data(transaction_hash)) or self._pool.get(transaction_hash)

    def next_header(self) -> BlockHeaderAPI:
        """The header a block built now would start from: what the tag `pending` means for calls."""
        with self._lock:
            head = self._index.head.header
            return self.machine.next_header(head, self._clock.next_timestamp(head.timestamp))

    def waiting(self) -> list[SignedTransactionAPI]:
        """The transactions that wait, in order of arrival."""
        with self._lock:
            return self._pool.transactions()

    def pending_nonce(self, address: bytes) -> int:
        """The nonce of an account's next transaction, counting those that wait."""
        with self._lock:
            return self._pool.next_nonce(address, self._nonce(address))

    # Transactions.

    def submit_raw(self, raw: bytes) -> bytes:
        """Take a signed transaction into the pool and return its hash. Raises TransactionRejected."""
        return self.submit(decode_transaction(self.machine, raw))

    def submit(self, transaction: SignedTransactionAPI) -> bytes:
        """Take a decoded transaction into the pool and return its hash. Raises TransactionRejected."""
        sender = transaction.sender
        with self._lock:
            head = self._index.head.header
            standing = Standing(
                chain_id=self.chain_id,
                base_fee=self._next_base_fee(),
                gas_limit=head.gas_limit,
                nonce=self._nonce(sender),
                balance=self._state().get_balance(sender),
                queued_cost=self._pool.queued_cost_wei(sender, besides_nonce=transaction.nonce),
            )
            check_transaction(transaction, standing)
            self._pool.add(transaction)
            self._arrivals.append(transaction)
            self.changed.notify_all()
        return transaction.hash

    # Building.

    @property
    def automine(self) -> bool:
        """Whether the worker builds blocks by itself."""
        return self._automine

    def set_automine(self, enabled: bool) -> None:
        """Let the worker build blocks by itself, or leave all to `mine`: then none of its blocks comes any more."""
        with self._building, self._lock:
            self._automine = enabled
            self.changed.notify_all()

    def set_interval(self, seconds: float) -> None:
        """Build an empty block after that long without one, in place of the heartbeat; 0: never."""
        with self._lock:
            self.interval_seconds = seconds
            self.changed.notify_all()

    def has_work(self) -> bool:
        """True when some waiting transaction could run now."""
        with self._lock:
            return next(self._pool.executable(self._next_base_fee(), self._nonce), None) is not None

    def is_time_forced(self) -> bool:
        """True while somebody has fixed the time of the next block."""
        with self._lock:
            return self._clock.is_forced

    def mine_automatically(self) -> None:
        """Build one block, unless that has been left to `mine` in the meantime."""
        with self._building:
            if self._automine:
                self.mine()

    def mine(self, timestamp: int | None = None) -> IndexedBlock:
        """Build one block from what can run now, empty if nothing can.

        Raises InvalidParams when `timestamp` is not after the head.
        """
        with self._building:
            if timestamp is not None:
                self.force_next_timestamp(timestamp)
            while True:
                try:
                    return self._mine_once()
                except BuildFailed as failure:
                    logger.error("dropped a transaction the machine broke on: %s", failure)
                    with self._lock:
                        self._pool.remove(failure.transaction)

    def edit(self, edits: Sequence[StateEdit]) -> IndexedBlock:
        """Build a block without transactions whose state has these edits."""
        with self._building:
            return self._mine_once(tuple(edits))

    def _mine_once(self, edits: tuple[StateEdit, ...] = ()) -> IndexedBlock:
        with self._lock:
            parent = self._index.head.header
            timestamp = self._clock.next_timestamp(parent.timestamp)
            executable = self._pool.executable(self._next_base_fee(), self._nonce)
            candidates = [] if edits else list(islice(executable, MAXIMUM_TRANSACTIONS_PER_BLOCK))
            offset_seconds = self._clock.offset_after(timestamp)
        built = self.machine.build(parent, timestamp, candidates, edits)
        # In the log before anybody hears of it: what a client has seen is there after any end of this process.
        self._write(block_record(built, offset_seconds))
        return self._take(built, offset_seconds)

    def _take(self, built: BuiltBlock, offset_seconds: int) -> IndexedBlock:
        """Make a block the head."""
        indexed = index_block(built)
        with self._lock:
            self._index.append(indexed)
            self._changes.append(Change(indexed, removed=False))
            self._head_state = None
            self._clock.block_built(built.block.header.timestamp, offset_seconds)
            for transaction in built.block.transactions:
                self._pool.remove(transaction)
            for transaction, reason in built.refused:
                logger.warning("dropped transaction 0x%s: %s", transaction.hash.hex(), reason)
                self._pool.remove(transaction)
            self._pool.drop_stale(self._nonce)
            self.changed.notify_all()
        return indexed

    # Time and snapshots.

    def increase_time(self, seconds: int) -> int:
        """Let the next block come at least `seconds` after the head; returns the offset to the wall clock."""
        with self._lock:
            offset = self._clock.advance(seconds, self._index.head.header.timestamp)
            self.changed.notify_all()
            return offset

    def force_next_timestamp(self, timestamp: int) -> None:
        """Fix the time of the next block. Raises InvalidParams when it is not after the head."""
        with self._lock:
            head_timestamp = self._index.head.header.timestamp
            if timestamp <= head_timestamp:
                raise InvalidParams(f"timestamp {timestamp} is not after the head's, {head_timestamp}")
            self._clock.force(timestamp)
            self.changed.notify_all()

    def snapshot(self) -> int:
        """Remember the head; returns the number to revert to it."""
        with self._building, self._lock:
            snapshot = SnapshotRecord(self._next_snapshot, self._index.head.number, self._clock.offset_seconds)
            self._write(snapshot)
            self._remember(snapshot)
            return snapshot.identifier

    def revert(self, snapshot_number: int) -> bool:
        """Go back to a snapshot, forgetting later blocks and snapshots and all that waits; False if there is none."""
        with self._building, self._lock:
            snapshot = self._snapshots.get(snapshot_number)
            if snapshot is None:
                return False
            self._write(RewindRecord(snapshot_number))
            self._snapshots = {key: value for key, value in self._snapshots.items() if key < snapshot_number}
            for removed in reversed(self._index.truncate(snapshot.number)):
                self._changes.append(Change(removed, removed=True))
            self.machine.rewind(self._index.head.header)
            self._head_state = None
            self._clock.restore(snapshot.offset_seconds)
            self._pool.clear()
            self.changed.notify_all()
            return True

    # The block log.

    def keep_in(self, log: BlockLog) -> None:
        """Write everything from now on to a log that holds everything up to now."""
        self._log = log

    def close(self) -> None:
        """Build nothing more and let another process have the log."""
        with self._building:
            if self._log is not None:
                self._log.close()

    @property
    def fault(self) -> WriteFailed | None:
        """Why the chain cannot go on, if it cannot."""
        return self._fault

    def restore(self, record: Record) -> None:
        """Do again what a log says, the next record after those before. Raises NotReproduced."""
        with self._building:
            if isinstance(record, BlockRecord):
                self._take(rebuild(self.machine, self._index.head.header, record), record.offset_seconds)
                self._clock.restore(record.offset_seconds)
            elif isinstance(record, SnapshotRecord):
                self._remember(record)
            elif not isinstance(record, RewindRecord) or not self.revert(record.identifier):
                raise NotReproduced("record", "a block, or a snapshot that there is", record)

    def _write(self, record: Record) -> None:
        if self._log is None:
            return
        try:
            self._log.append(record.encode())
        except WriteFailed as failure:
            with self._lock:
                self._fault = failure
                self.changed.notify_all()
            raise

    def _remember(self, snapshot: SnapshotRecord) -> None:
        self._snapshots[snapshot.identifier] = snapshot
        self._next_snapshot = snapshot.identifier + 1

    # What happened, for filters and subscriptions.

    def changes_since(self, position: int) -> tuple[int, list[Change]]:
        """Blocks that came and went after a position, and the position after them."""
        with self._lock:
            return self._changes.position, self._changes.since(position)

    def arrivals_since(self, position: int) -> tuple[int, list[SignedTransactionAPI]]:
        """Transactions the pool took in after a position, and the position after them."""
        with self._lock:
            return self._arrivals.position, self._arrivals.since(position)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this, under the lock, whenever a block or a transaction comes or goes."""
        with self._lock:
            self._changes.listen(listener)
            self._arrivals.listen(listener)

    # Under the lock.

    def _state(self) -> StateAPI:
        if self._head_state is None:
            self._head_state = self.machine.state(self._index.head.header)
        return self._head_state

    def _nonce(self, address: bytes) -> int:
        return self._state().get_nonce(Address(address))

    def _next_base_fee(self) -> int:
        head = self._index.head.header
        return self.machine.next_base_fee(head)
