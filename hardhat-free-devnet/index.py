"""Everything clients poll for, ready as JSON in memory: blocks, transactions, receipts, logs.

py-evm finds a transaction by walking all blocks backwards; this index answers in constant time and touches neither the
virtual machine nor its database. The caller holds the chain's lock around every method.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from eth.abc import BlockAPI, BlockHeaderAPI, SignedTransactionAPI

from devnet.evm import BuiltBlock
from devnet.formats import Json, block_json, receipts_json, transaction_json
from devnet.hexing import data


@dataclass(frozen=True)
class IndexedBlock:
    """One block: `json` lists transaction hashes; `transactions` and `receipts` are in block order."""

    block: BlockAPI
    json: Json
    transactions: tuple[Json, ...]
    receipts: tuple[Json, ...]

    @property
    def header(self) -> BlockHeaderAPI:
        """py-evm's header."""
        return self.block.header

    @property
    def number(self) -> int:
        """Height; genesis is 0."""
        return self.block.number

    def full_json(self) -> Json:
        """The block with whole transactions in place of their hashes."""
        return {**self.json, "transactions": list(self.transactions)}


@dataclass(frozen=True)
class LogFilter:
    """What `eth_getLogs` selects by: 0x-prefixed lower-case text throughout.

    `addresses`: None = any. `topics`: by position, None = any, otherwise one of the set.
    """

    addresses: frozenset[str] | None = None
    topics: tuple[frozenset[str] | None, ...] = ()

    def matches(self, log: Json) -> bool:
        """True when the log passes."""
        if self.addresses is not None and log["address"] not in self.addresses:
            return False
        topics = log["topics"]
        if len(self.topics) > len(topics):
            return False
        return all(wanted is None or topic in wanted for wanted, topic in zip(self.topics, topics, strict=False))


class Index:
    """The canonical chain from genesis to head."""

    def __init__(self, genesis: BlockAPI) -> None:
        self._blocks: list[IndexedBlock] = []
        self._numbers: dict[str, int] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._logs: list[Json] = []
        self._log_blocks: list[int] = []
        self.append(index_block(BuiltBlock(genesis, (), ())))

    @property
    def head(self) -> IndexedBlock:
        """The newest block."""
        return self._blocks[-1]

    def append(self, indexed: IndexedBlock) -> None:
        """Make a block the head."""
        if self._blocks:
            _share_values(self.head.json, indexed.json)
        self._blocks.append(indexed)
        self._numbers[indexed.json["hash"]] = indexed.number
        for position, receipt in enumerate(indexed.receipts):
            self._places[receipt["transactionHash"]] = (indexed.number, position)
            self._logs.extend(receipt["logs"])
            self._log_blocks.extend([indexed.number] * len(receipt["logs"]))

    def truncate(self, number: int) -> list[IndexedBlock]:
        """Forget all blocks above `number`; returns them, oldest first."""
        removed = self._blocks[number + 1 :]
        del self._blocks[number + 1 :]
        for indexed in removed:
            del self._numbers[indexed.json["hash"]]
            for receipt in indexed.receipts:
                del self._places[receipt["transactionHash"]]
        keep = bisect_right(self._log_blocks, number)
        del self._logs[keep:]
        del self._log_blocks[keep:]
        return removed

    def block(self, number: int) -> IndexedBlock | None:
        """The block at a height, or None."""
        return self._blocks[number] if 0 <= number < len(self._blocks) else None

    def block_by_hash(self, block_hash: str) -> IndexedBlock | None:
        """The block with a hash, or None."""
        number = self._numbers.get(block_hash)
        return None if number is None else self._blocks[number]

    def transaction(self, transaction_hash: str) -> Json | None:
        """A mined transaction, or None."""
        place = self._places.get(transaction_hash)
        return None if place is None else self._blocks[place[0]].transactions[place[1]]

    def signed_transaction(self, transaction_hash: str) -> SignedTransactionAPI | None:
        """A mined transaction as it was signed, or None."""
        place = self._places.get(transaction_hash)
        return None if place is None else self._blocks[place[0]].block.transactions[place[1]]

    def receipt(self, transaction_hash: str) -> Json | None:
        """The receipt of a mined transaction, or None."""
        place = self._places.get(transaction_hash)
        return None if place is None else self._blocks[place[0]].receipts[place[1]]

    def logs(self, first: int, last: int, wanted: LogFilter) -> list[Json]:
        """The matching logs of the blocks from `first` to `last`, both included."""
        start = bisect_left(self._log_blocks, first)
        end = bisect_right(self._log_blocks, last)
        return [log for log in self._logs[start:end] if wanted.matches(log)]


def _share_values(parent: Json, block: Json) -> None:
    """Let a block hold its parent's texts where they are the same: a chain that idles repeats most of them."""
    for name, value in block.items():
        if parent[name] == value:
            block[name] = parent[name]


def index_block(built: BuiltBlock) -> IndexedBlock:
    """Turn a block into its JSON forms once, when it is built."""
    block = built.block
    return IndexedBlock(
        block=block,
        json=block_json(block, [data(transaction.hash) for transaction in block.transactions]),
        transactions=tuple(
            transaction_json(transaction, block, position) for position, transaction in enumerate(block.transactions)
        ),
        receipts=tuple(receipts_json(block, built.receipts)),
    )
