"""`eth_getLogs` and filters: selection by address, topic and range; what filters report, and after a revert."""

from __future__ import annotations

from typing import Any

import pytest

from devnet.errors import LimitExceeded
from devnet.reading import limited
from tests.devnet.programs import LOG_INPUT, word
from tests.devnet.signing import Wallet
from tests.support.rpc import Rpc, RpcFailure


def emit(rpc: Rpc, wallet: Wallet, contract: str, topic: int, value: int) -> dict[str, Any]:
    """Emit one log and return its receipt."""
    return rpc.receipt(wallet.send(to=contract, data="0x" + word(topic) + word(value), gas=100_000))


def values(logs: list[dict[str, Any]]) -> list[int]:
    """The data of each log."""
    return [int(log["data"], 16) for log in logs]


def test_logs_are_selected_by_address_topic_and_range(rpc: Rpc, wallet: Wallet) -> None:
    one, other = wallet.deploy(LOG_INPUT), wallet.deploy(LOG_INPUT)
    receipts = [
        emit(rpc, wallet, contract, topic, value)
        for contract, topic, value in ((one, 1, 10), (other, 1, 11), (one, 2, 12))
    ]
    first, second, third = (receipt["blockNumber"] for receipt in receipts)
    span = {"fromBlock": first, "toBlock": third}

    def select(**wanted: object) -> list[int]:
        return values(rpc("eth_getLogs", span | {"address": [one, other]} | wanted))

    assert select() == [10, 11, 12]
    assert select(address=one) == [10, 12]
    assert select(address=one.upper().replace("0X", "0x")) == [10, 12]
    assert select(topics=["0x" + word(1)]) == [10, 11]
    assert select(topics=[["0x" + word(1), "0x" + word(2)]]) == [10, 11, 12]
    assert select(topics=[None]) == [10, 11, 12]
    assert select(topics=[[]]) == [10, 11, 12]
    assert select(topics=[None, None]) == []
    assert select(topics=["0x" + word(3)]) == []
    assert select(toBlock=second) == [10, 11]
    assert select(fromBlock=third, toBlock="latest") == [12]
    by_hash = {"blockHash": receipts[1]["blockHash"]}
    assert rpc("eth_getLogs", by_hash) == receipts[1]["logs"]
    assert rpc("eth_getLogs", by_hash | {"address": one}) == []


def test_a_block_hash_excludes_a_range_and_must_exist(rpc: Rpc) -> None:
    genesis = rpc("eth_getBlockByNumber", "0x0", False)["hash"]
    with pytest.raises(RpcFailure, match="cannot specify both"):
        rpc("eth_getLogs", {"blockHash": genesis, "fromBlock": "0x0"})
    with pytest.raises(RpcFailure, match="unknown block"):
        rpc("eth_getLogs", {"blockHash": "0x" + "22" * 32})


def test_a_log_filter_reports_each_log_once(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(LOG_INPUT)
    emit(rpc, wallet, contract, 1, 1)
    identifier = rpc("eth_newFilter", {"address": contract})
    assert rpc("eth_getFilterChanges", identifier) == []
    emit(rpc, wallet, contract, 1, 2)
    emit(rpc, wallet, contract, 1, 3)
    assert values(rpc("eth_getFilterChanges", identifier)) == [2, 3]
    assert rpc("eth_getFilterChanges", identifier) == []
    since_genesis = rpc("eth_newFilter", {"address": contract, "fromBlock": "0x0"})
    assert values(rpc("eth_getFilterLogs", since_genesis)) == [1, 2, 3]
    assert rpc("eth_uninstallFilter", identifier) is True
    assert rpc("eth_uninstallFilter", identifier) is False
    with pytest.raises(RpcFailure, match="filter not found"):
        rpc("eth_getFilterChanges", identifier)


def test_a_filter_ends_at_its_last_block(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(LOG_INPUT)
    identifier = rpc("eth_newFilter", {"address": contract, "toBlock": rpc("eth_blockNumber")})
    emit(rpc, wallet, contract, 1, 1)
    assert rpc("eth_getFilterChanges", identifier) == []


def test_a_block_filter_reports_hashes_also_of_blocks_that_replace_reverted_ones(fresh_rpc: Rpc) -> None:
    fresh_rpc("evm_setAutomine", False)
    snapshot = fresh_rpc("evm_snapshot")
    identifier = fresh_rpc("eth_newBlockFilter")
    fresh_rpc("evm_mine", {"blocks": 3})
    assert len(fresh_rpc("eth_getFilterChanges", identifier)) == 3
    fresh_rpc("evm_revert", snapshot)
    fresh_rpc("evm_increaseTime", 1000)
    fresh_rpc("evm_mine", {"blocks": 2})
    head = fresh_rpc("eth_getBlockByNumber", "latest", False)
    assert fresh_rpc("eth_getFilterChanges", identifier) == [head["parentHash"], head["hash"]]
    with pytest.raises(RpcFailure, match="filter not found"):
        fresh_rpc("eth_getFilterLogs", identifier)


def test_an_answer_has_a_limit_of_logs() -> None:
    with pytest.raises(LimitExceeded, match="more than 250000 results: ask for a shorter range"):
        limited([{}] * 250_001)
    assert len(limited([{}] * 250_000)) == 250_000
