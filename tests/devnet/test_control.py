"""What only a development chain can: blocks on demand, empty blocks at intervals, writing to accounts."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.devnet.programs import ECHO, word
from tests.devnet.signing import Wallet
from tests.support.devnet import Devnet, running_devnet
from tests.support.rpc import Rpc, RpcFailure, wait_for

ADDRESS = "0x" + "3c" * 20


@pytest.mark.parametrize("family", ["hardhat", "anvil"])
def test_accounts_are_written_under_the_names_of_other_chains(fresh_rpc: Rpc, family: str) -> None:
    assert fresh_rpc(f"{family}_setBalance", ADDRESS, "0x64") is True
    assert fresh_rpc(f"{family}_setNonce", ADDRESS, "0x5") is True
    assert fresh_rpc(f"{family}_setCode", ADDRESS, "0x" + ECHO) is True
    assert fresh_rpc(f"{family}_setStorageAt", ADDRESS, "0x1", "0x" + word(9)) is True
    assert fresh_rpc("eth_getBalance", ADDRESS) == "0x64"
    assert fresh_rpc("eth_getTransactionCount", ADDRESS) == "0x5"
    assert fresh_rpc("eth_call", {"to": ADDRESS, "data": "0x1234"}) == "0x1234"
    assert fresh_rpc("eth_getStorageAt", ADDRESS, "0x1") == "0x" + word(9)


def test_each_write_is_a_block_without_transactions_and_can_be_reverted(fresh_devnet: Devnet, fresh_rpc: Rpc) -> None:
    wallet = Wallet.funded(fresh_rpc, fresh_devnet)
    fresh_rpc("evm_setAutomine", False)
    waiting = wallet.send(value=1)
    snapshot, before = fresh_rpc("evm_snapshot"), fresh_rpc.integer("eth_blockNumber")
    fresh_rpc("evm_setAccountBalance", ADDRESS, "0x1")
    block = fresh_rpc("eth_getBlockByNumber", "latest", False)
    assert (int(block["number"], 16), block["transactions"]) == (before + 1, [])
    assert fresh_rpc("eth_getTransactionByHash", waiting)["blockHash"] is None
    assert fresh_rpc("eth_getBalance", ADDRESS, hex(before)) == "0x0"
    assert fresh_rpc("evm_revert", snapshot) is True
    assert fresh_rpc("eth_getBalance", ADDRESS) == "0x0"


def test_many_blocks_come_at_once_with_times_apart(fresh_rpc: Rpc) -> None:
    fresh_rpc("evm_setAutomine", False)
    before = fresh_rpc.integer("eth_blockNumber")
    assert fresh_rpc("hardhat_mine", "0x4", "0x3c") is True
    times = [
        int(fresh_rpc("eth_getBlockByNumber", hex(before + step), False)["timestamp"], 16) for step in (1, 2, 3, 4)
    ]
    assert [later - earlier for earlier, later in pairwise(times)] == [60, 60, 60]
    assert fresh_rpc("anvil_mine") is True
    assert fresh_rpc.integer("eth_blockNumber") == before + 5
    with pytest.raises(RpcFailure, match="out of range"):
        fresh_rpc("hardhat_mine", 1_001)
    with pytest.raises(RpcFailure, match="block times strictly increase"):
        fresh_rpc("hardhat_mine", 2, 0)


def test_empty_blocks_come_at_the_interval_that_was_chosen() -> None:
    with running_devnet(heartbeat_seconds=0) as devnet:
        rpc = Rpc(devnet.rpc_url)
        assert rpc("evm_setIntervalMining", 20) is True
        wait_for(lambda: rpc.integer("eth_blockNumber") >= 5)
        assert rpc("evm_setIntervalMining", 0) is True
        rpc("evm_mine")  # whatever was being built is done now
        stopped = rpc("eth_blockNumber")
        assert rpc("hardhat_setBalance", ADDRESS, "0x1") is True
        assert int(rpc("eth_blockNumber"), 16) == int(stopped, 16) + 1
        rpc.close()


def test_a_filter_of_arrivals_reports_what_the_pool_takes_in(fresh_devnet: Devnet, fresh_rpc: Rpc) -> None:
    wallet = Wallet.funded(fresh_rpc, fresh_devnet)
    hashes, whole = fresh_rpc("eth_newPendingTransactionFilter"), fresh_rpc("eth_newPendingTransactionFilter", True)
    sent = [wallet.send(value=value) for value in (1, 2)]
    assert fresh_rpc("eth_getFilterChanges", hashes) == sent
    assert [item["hash"] for item in fresh_rpc("eth_getFilterChanges", whole)] == sent
    assert fresh_rpc("eth_getFilterChanges", hashes) == []
