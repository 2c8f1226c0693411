"""Blocks, headers, receipts and transactions as the bytes that hashes are taken over."""

from __future__ import annotations

import rlp
from eth.abc import SignedTransactionAPI

from devnet import parameters
from devnet.chain import Chain
from devnet.errors import ServerError
from devnet.formats import LEGACY, transaction_type
from devnet.hexing import data, parse_data, parse_quantity
from devnet.index import IndexedBlock
from devnet.parameters import Method, Params, take


def methods(chain: Chain) -> dict[str, Method]:
    """The table of methods by name."""
    raw = Raw(chain)
    return {
        "debug_getRawBlock": raw.block,
        "debug_getRawHeader": raw.header,
        "debug_getRawReceipts": raw.receipts,
        "debug_getRawTransaction": raw.transaction,
        "eth_getRawTransactionByBlockHashAndIndex": raw.transaction_by_index,
        "eth_getRawTransactionByBlockNumberAndIndex": raw.transaction_by_index,
        "eth_getRawTransactionByHash": raw.transaction,
    }


class Raw:
    """The methods."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def block(self, params: Params) -> str:
        """debug_getRawBlock."""
        block = self._block(params).block
        # A typed transaction is a byte string inside the list, a legacy one is a list already.
        transactions = [
            rlp.decode(item.encode()) if transaction_type(item) == LEGACY else item.encode()
            for item in block.transactions
        ]
        return data(rlp.encode([rlp.decode(rlp.encode(block.header)), transactions, [], []]))

    def header(self, params: Params) -> str:
        """debug_getRawHeader."""
        return data(rlp.encode(self._block(params).header))

    def receipts(self, params: Params) -> list[str]:
        """debug_getRawReceipts."""
        found = self._block(params)
        trie = self._chain.machine.trie(found.header.receipt_root)
        return [data(trie[rlp.encode(index)]) for index in range(len(found.block.transactions))]

    def transaction(self, params: Params) -> str | None:
        """eth_getRawTransactionByHash and debug_getRawTransaction; null when there is none."""
        (value,) = take(params, 1)
        found = self._chain.signed_transaction(parse_data(value, "hash", length=32))
        return None if found is None else _encoded(found)

    def transaction_by_index(self, params: Params) -> str | None:
        """eth_getRawTransactionByBlockHashAndIndex and ByBlockNumberAndIndex."""
        name, position = take(params, 2)
        found = parameters.block_or_none(self._chain, name)
        index = parse_quantity(position, "index")
        if found is None or index >= len(found.block.transactions):
            return None
        return _encoded(found.block.transactions[index])

    def _block(self, params: Params) -> IndexedBlock:
        (tag,) = take(params, 1)
        found = parameters.block_or_none(self._chain, tag)
        if found is None:
            raise ServerError("block not found")
        return found


def _encoded(transaction: SignedTransactionAPI) -> str:
    return data(transaction.encode())
