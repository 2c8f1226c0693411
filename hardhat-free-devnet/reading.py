"""Methods answered from memory, in constant time: what clients poll."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from devnet import fees, parameters
from devnet.chain import Chain
from devnet.errors import InvalidParams, LimitExceeded
from devnet.formats import Json, header_json, transaction_json
from devnet.hexing import data, parse_data, parse_quantity, quantity
from devnet.index import IndexedBlock
from devnet.parameters import Method, Params, take

MAXIMUM_LOGS = 250_000
MODULES = ("anvil", "debug", "eth", "evm", "hardhat", "net", "personal", "rpc", "txpool", "web3")


def methods(chain: Chain) -> dict[str, Method]:
    """The table of methods by name."""
    reading = Reading(chain)
    return {
        "eth_accounts": lambda params: [account.address.lower() for account in chain.accounts],
        "eth_blobBaseFee": lambda params: quantity(1),
        "eth_blockNumber": lambda params: quantity(chain.head.number),
        "eth_chainId": lambda params: quantity(chain.chain_id),
        "eth_coinbase": lambda params: data(parameters.ZERO_ADDRESS),
        "eth_feeHistory": reading.fee_history,
        "eth_gasPrice": lambda params: quantity(fees.gas_price(chain)),
        "eth_getBlockByHash": reading.block_by_hash,
        "eth_getBlockByNumber": reading.block_by_number,
        "eth_getBlockReceipts": reading.block_receipts,
        "eth_getBlockTransactionCountByHash": reading.transaction_count,
        "eth_getBlockTransactionCountByNumber": reading.transaction_count,
        "eth_getHeaderByHash": reading.header_by_hash,
        "eth_getHeaderByNumber": reading.header_by_number,
        "eth_getLogs": reading.logs,
        "eth_getTransactionByBlockHashAndIndex": reading.transaction_by_index,
        "eth_getTransactionByBlockNumberAndIndex": reading.transaction_by_index,
        "eth_getTransactionByHash": reading.transaction,
        "eth_getTransactionReceipt": reading.receipt,
        "eth_getUncleByBlockHashAndIndex": lambda params: None,
        "eth_getUncleByBlockNumberAndIndex": lambda params: None,
        "eth_getUncleCountByBlockHash": reading.uncle_count,
        "eth_getUncleCountByBlockNumber": reading.uncle_count,
        "eth_maxPriorityFeePerGas": lambda params: quantity(fees.SUGGESTED_TIP_WEI),
        "eth_pendingTransactions": reading.pending_transactions,
        "eth_syncing": lambda params: False,
        "net_listening": lambda params: True,
        "net_peerCount": lambda params: quantity(0),
        "net_version": lambda params: str(chain.chain_id),
        "rpc_modules": lambda params: dict.fromkeys(MODULES, "1.0"),
        "txpool_content": reading.pool_content,
        "txpool_status": reading.pool_status,
        "web3_clientVersion": lambda params: client_version(),
        "web3_sha3": reading.sha3,
    }


def client_version() -> str:
    """Name, version and platform, in the usual form."""
    try:
        own = version("swarmproof")
    except PackageNotFoundError:
        own = "unknown"
    return f"swarmproof-devnet/v{own}/{platform.system().lower()}/python{platform.python_version()}"


class Reading:
    """The methods that have parameters."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def block_by_number(self, params: Params) -> Json | None:
        """eth_getBlockByNumber."""
        tag, full = take(params, 1, 1)
        return _rendered(parameters.block_or_none(self._chain, tag), full)

    def block_by_hash(self, params: Params) -> Json | None:
        """eth_getBlockByHash."""
        block_hash, full = take(params, 1, 1)
        return _rendered(self._chain.block_by_hash(_hash(block_hash)), full)

    def header_by_number(self, params: Params) -> Json | None:
        """eth_getHeaderByNumber."""
        found = parameters.block_or_none(self._chain, take(params, 1)[0])
        return None if found is None else header_json(found.json)

    def header_by_hash(self, params: Params) -> Json | None:
        """eth_getHeaderByHash."""
        found = parameters.canonical_hash(self._chain, take(params, 1)[0])
        return None if found is None else header_json(found.json)

    def uncle_count(self, params: Params) -> str | None:
        """eth_getUncleCountByBlockHash and ByBlockNumber: since proof of stake there are none."""
        return None if parameters.block_or_none(self._chain, take(params, 1)[0]) is None else quantity(0)

    def pending_transactions(self, params: Params) -> list[Json]:
        """eth_pendingTransactions."""
        take(params, 0)
        return [transaction_json(item) for item in self._chain.waiting()]

    def pool_content(self, params: Params) -> Json:
        """txpool_content: what waits, by sender and nonce; `queued` waits for an earlier nonce too."""
        take(params, 0)
        pending, queued = self._pool()
        return {"pending": pending, "queued": queued}

    def pool_status(self, params: Params) -> Json:
        """txpool_status."""
        take(params, 0)
        pending, queued = self._pool()
        return {
            name: quantity(sum(map(len, part.values()))) for name, part in (("pending", pending), ("queued", queued))
        }

    def _pool(self) -> tuple[dict[str, Json], dict[str, Json]]:
        pending: dict[str, Json] = {}
        queued: dict[str, Json] = {}
        waiting = self._chain.waiting()
        next_nonces = {sender: self._chain.pending_nonce(sender) for sender in {item.sender for item in waiting}}
        for item in waiting:
            part = pending if item.nonce < next_nonces[item.sender] else queued
            part.setdefault(to_checksum_address(item.sender), {})[str(item.nonce)] = transaction_json(item)
        return pending, queued

    def block_receipts(self, params: Params) -> list[Json] | None:
        """eth_getBlockReceipts."""
        found = parameters.block_or_none(self._chain, take(params, 1)[0])
        return None if found is None else list(found.receipts)

    def transaction_count(self, params: Params) -> str | None:
        """eth_getBlockTransactionCountByHash and ByNumber."""
        found = parameters.block_or_none(self._chain, take(params, 1)[0])
        return None if found is None else quantity(len(found.transactions))

    def transaction_by_index(self, params: Params) -> Json | None:
        """eth_getTransactionByBlockHashAndIndex and ByBlockNumberAndIndex."""
        name, position = take(params, 2)
        found = parameters.block_or_none(self._chain, name)
        index = parse_quantity(position, "index")
        return None if found is None or index >= len(found.transactions) else found.transactions[index]

    def transaction(self, params: Params) -> Json | None:
        """eth_getTransactionByHash."""
        return self._chain.transaction(_hash(take(params, 1)[0]))

    def receipt(self, params: Params) -> Json | None:
        """eth_getTransactionReceipt."""
        return self._chain.receipt(_hash(take(params, 1)[0]))

    def logs(self, params: Params) -> list[Json]:
        """eth_getLogs."""
        (value,) = take(params, 1)
        given = parameters.filter_object(value)
        wanted = parameters.log_filter(given)
        first, last = parameters.log_range(self._chain, given)
        return limited(self._chain.logs(first, last, wanted))

    def fee_history(self, params: Params) -> Json:
        """eth_feeHistory."""
        count, newest, percentiles = take(params, 2, 1)
        values = [] if percentiles is None else percentiles
        if not isinstance(values, list) or not all(
            isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100 for value in values
        ):
            raise InvalidParams("reward percentiles: expected a list of numbers from 0 to 100")
        if values != sorted(values):
            raise InvalidParams("reward percentiles: expected ascending numbers")
        blocks = parse_quantity(count, "blockCount")
        if blocks == 0:
            raise InvalidParams("blockCount: expected at least 1")
        return fees.fee_history(self._chain, blocks, parameters.block(self._chain, newest), values)

    def sha3(self, params: Params) -> str:
        """web3_sha3."""
        return data(keccak(parse_data(take(params, 1)[0], "data")))


def limited(logs: list[Json]) -> list[Json]:
    """The logs, if an answer can hold them. Raises LimitExceeded."""
    if len(logs) > MAXIMUM_LOGS:
        raise LimitExceeded(f"query returned more than {MAXIMUM_LOGS} results: ask for a shorter range")
    return logs


def _rendered(found: IndexedBlock | None, full: object) -> Json | None:
    if full is not None and not isinstance(full, bool):
        raise InvalidParams("expected true for whole transactions or false for their hashes")
    if found is None:
        return None
    return found.full_json() if full else found.json


def _hash(value: object) -> str:
    return data(parse_data(value, "hash", length=32))
