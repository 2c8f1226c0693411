"""From py-evm's objects to the JSON of the Ethereum API: blocks, transactions, receipts, logs.

Source: https://github.com/ethereum/execution-apis (schemas), checked against web3.py, ethers and cast.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import rlp
from eth._utils.address import generate_contract_address
from eth.abc import BlockAPI, ReceiptAPI, SignedTransactionAPI

from devnet.hexing import data, quantity

Json = dict[str, Any]

LEGACY, ACCESS_LIST, DYNAMIC_FEE, BLOB, SET_CODE = range(5)


def block_json(block: BlockAPI, transaction_hashes: Sequence[str]) -> Json:
    """A block whose `transactions` are their hashes."""
    header: Any = block.header
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "nonce": data(header.nonce),
        "sha3Uncles": data(header.uncles_hash),
        "logsBloom": data(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": data(header.transaction_root),
        "stateRoot": data(header.state_root),
        "receiptsRoot": data(header.receipt_root),
        "miner": data(header.coinbase),
        "difficulty": quantity(header.difficulty),
        "totalDifficulty": quantity(0),
        "extraData": data(header.extra_data),
        "size": quantity(_block_size(block)),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "mixHash": data(header.mix_hash),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
        "withdrawalsRoot": data(header.withdrawals_root),
        "withdrawals": [],
        "blobGasUsed": quantity(header.blob_gas_used),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "requestsHash": data(header.requests_hash),
        "uncles": [],
        "transactions": list(transaction_hashes),
    }


def transaction_type(transaction: SignedTransactionAPI) -> int:
    """0 legacy, 1 access list, 2 dynamic fee, 3 blob, 4 set code."""
    return transaction.type_id or LEGACY


def transaction_json(transaction: SignedTransactionAPI, block: BlockAPI | None = None, index: int = 0) -> Json:
    """A transaction; without a block it is pending and says null where a block would be named."""
    fields: Any = transaction
    kind = transaction_type(transaction)
    answer: Json = {
        "type": quantity(kind),
        "hash": data(transaction.hash),
        "nonce": quantity(transaction.nonce),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "value": quantity(transaction.value),
        "gas": quantity(transaction.gas),
        "input": data(transaction.data),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
        "blockHash": None if block is None else data(block.hash),
        "blockNumber": None if block is None else quantity(block.number),
        "blockTimestamp": None if block is None else quantity(block.header.timestamp),
        "transactionIndex": None if block is None else quantity(index),
    }
    if transaction.chain_id is not None:
        answer["chainId"] = quantity(transaction.chain_id)
    if kind == LEGACY:
        return answer | {"gasPrice": quantity(fields.gas_price), "v": quantity(fields.v)}
    answer |= {"v": quantity(transaction.y_parity), "yParity": quantity(transaction.y_parity)}
    answer["accessList"] = access_list_json(transaction.access_list)
    if kind == ACCESS_LIST:
        return answer | {"gasPrice": quantity(fields.gas_price)}
    if kind == SET_CODE:
        answer["authorizationList"] = [_authorization_json(item) for item in transaction.authorization_list]
    base_fee = None if block is None else block.header.base_fee_per_gas
    return answer | {
        "maxFeePerGas": quantity(transaction.max_fee_per_gas),
        "maxPriorityFeePerGas": quantity(transaction.max_priority_fee_per_gas),
        "gasPrice": quantity(effective_gas_price(transaction, base_fee)),
    }


def access_list_json(entries: Iterable[tuple[bytes, Iterable[int]]]) -> list[Json]:
    """An EIP-2930 access list."""
    return [
        {"address": data(address), "storageKeys": [data(key.to_bytes(32, "big")) for key in keys]}
        for address, keys in entries
    ]


HEADER_OMITS = ("size", "totalDifficulty", "transactions", "uncles", "withdrawals")


def header_json(block: Json) -> Json:
    """The header of a block in its JSON form."""
    return {name: value for name, value in block.items() if name not in HEADER_OMITS}


def effective_gas_price(transaction: SignedTransactionAPI, base_fee: int | None) -> int:
    """What one gas costs the sender in a block of this base fee, in wei; the most it may cost without a block."""
    if base_fee is None:
        return transaction.max_fee_per_gas
    return min(transaction.max_fee_per_gas, base_fee + transaction.max_priority_fee_per_gas)


def receipts_json(block: BlockAPI, receipts: Sequence[ReceiptAPI]) -> list[Json]:
    """The receipts of all transactions of a block, with their logs."""
    answers: list[Json] = []
    gas_before = 0
    log_index = 0
    base_fee = block.header.base_fee_per_gas
    for index, (transaction, receipt) in enumerate(zip(block.transactions, receipts, strict=True)):
        where = {
            "transactionHash": data(transaction.hash),
            "transactionIndex": quantity(index),
            "blockHash": data(block.hash),
            "blockNumber": quantity(block.number),
        }
        logs = []
        for log in receipt.logs:
            logs.append(
                {
                    "address": data(log.address),
                    "topics": [data(topic.to_bytes(32, "big")) for topic in log.topics],
                    "data": data(log.data),
                    **where,
                    "blockTimestamp": quantity(block.header.timestamp),
                    "logIndex": quantity(log_index),
                    "removed": False,
                }
            )
            log_index += 1
        created = None if transaction.to else generate_contract_address(transaction.sender, transaction.nonce)
        answers.append(
            {
                **where,
                "type": quantity(transaction_type(transaction)),
                "status": quantity(int.from_bytes(receipt.state_root, "big")),
                "from": data(transaction.sender),
                "to": data(transaction.to) if transaction.to else None,
                "contractAddress": None if created is None else data(created),
                "cumulativeGasUsed": quantity(receipt.gas_used),
                "gasUsed": quantity(receipt.gas_used - gas_before),
                "effectiveGasPrice": quantity(effective_gas_price(transaction, base_fee)),
                "logs": logs,
                "logsBloom": data(receipt.bloom.to_bytes(256, "big")),
            }
        )
        gas_before = receipt.gas_used
    return answers


def _block_size(block: BlockAPI) -> int:
    """Bytes of the block as peers would send it: header, transactions, no uncles, no withdrawals."""
    transactions = 0
    for transaction in block.transactions:
        size = len(transaction.encode())
        # A typed transaction is a byte string inside the list, a legacy one is a list already.
        transactions += size if transaction_type(transaction) == LEGACY else size + _prefix_size(size)
    payload = len(rlp.encode(block.header)) + transactions + _prefix_size(transactions) + 2
    return payload + _prefix_size(payload)


def _prefix_size(length: int) -> int:
    """Bytes of the RLP prefix of a list or string of more than one byte."""
    return 1 if length < 56 else 1 + (length.bit_length() + 7) // 8


def _authorization_json(authorization: Any) -> Json:
    return {
        "chainId": quantity(authorization.chain_id),
        "address": data(authorization.address),
        "nonce": quantity(authorization.nonce),
        "yParity": quantity(authorization.y_parity),
        "r": quantity(authorization.r),
        "s": quantity(authorization.s),
    }
