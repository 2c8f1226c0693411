"""Chain time, block production, snapshots: what tests of other parts build on."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.devnet.programs import LOG_INPUT, STORE_INPUT, word
from tests.devnet.signing import Wallet
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc, RpcFailure, wait_for


def head_time(rpc: Rpc) -> int:
    """Seconds since 1970 on the newest block."""
    return int(rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def test_empty_blocks_let_chain_time_follow_the_clock(fresh_rpc: Rpc) -> None:
    start = fresh_rpc.integer("eth_blockNumber")
    wait_for(lambda: fresh_rpc.integer("eth_blockNumber") >= start + 2)
    assert abs(head_time(fresh_rpc) - time.time()) < 2.5


def test_without_heartbeat_nothing_happens_until_there_is_something_to_mine(
    start_devnet: Callable[..., Devnet],
) -> None:
    quiet, beating = start_devnet(heartbeat_seconds=0), start_devnet(heartbeat_seconds=1)
    with closing(Rpc(quiet.rpc_url)) as rpc, closing(Rpc(beating.rpc_url)) as reference:
        wait_for(lambda: reference.integer("eth_blockNumber") >= 2)
        assert rpc.integer("eth_blockNumber") == 0
        Wallet.funded(rpc, quiet)
        assert rpc.integer("eth_blockNumber") == 1


def test_blocks_come_no_faster_than_allowed_and_chain_time_runs_ahead_under_load(
    start_devnet: Callable[..., Devnet],
) -> None:
    devnet = start_devnet(blocks_per_second=4, heartbeat_seconds=0)
    with closing(Rpc(devnet.rpc_url)) as rpc:
        wallet = Wallet.funded(rpc, devnet)
        first = rpc.integer("eth_blockNumber")
        began = time.monotonic()
        while rpc.integer("eth_blockNumber") < first + 8:
            rpc.receipt(wallet.send())
        # Eight blocks need seven pauses of a quarter of a second.
        assert time.monotonic() - began >= 7 / 4 - 0.05
        assert head_time(rpc) > time.time() + 2


def test_a_transaction_does_not_wait_when_the_last_block_is_old(start_devnet: Callable[..., Devnet]) -> None:
    devnet = start_devnet(blocks_per_second=0.001, heartbeat_seconds=0)
    with closing(Rpc(devnet.rpc_url)) as rpc:
        wallet = Wallet.funded(rpc, devnet)
        waiting = wallet.send()
        assert rpc("eth_getTransactionReceipt", waiting) is None
        rpc("evm_mine")
        assert rpc.receipt(waiting)["blockNumber"] == "0x2"


def test_increased_time_counts_from_the_head_even_when_that_is_ahead_of_the_clock(fresh_rpc: Rpc) -> None:
    fresh_rpc("evm_setAutomine", False)
    fresh_rpc("evm_mine", {"blocks": 50})
    ahead = head_time(fresh_rpc)
    fresh_rpc("evm_increaseTime", 100)
    fresh_rpc("evm_mine")
    assert ahead + 100 <= head_time(fresh_rpc) <= ahead + 102


def test_increased_time_alone_brings_a_block(fresh_rpc: Rpc) -> None:
    before = head_time(fresh_rpc)
    fresh_rpc("evm_increaseTime", "0xe10")
    wait_for(lambda: head_time(fresh_rpc) >= before + 3600)


def test_the_next_blocks_time_can_be_chosen_and_the_clock_goes_on_from_there(
    fresh_rpc: Rpc, fresh_wallet: Wallet
) -> None:
    chosen = head_time(fresh_rpc) + 5000
    fresh_rpc("evm_setNextBlockTimestamp", chosen)
    receipt = fresh_rpc.receipt(fresh_wallet.send())
    block = fresh_rpc("eth_getBlockByNumber", receipt["blockNumber"], False)
    assert int(block["timestamp"], 16) == chosen
    after = fresh_rpc.receipt(fresh_wallet.send())
    later = int(fresh_rpc("eth_getBlockByNumber", after["blockNumber"], False)["timestamp"], 16)
    assert chosen < later < chosen + 30
    with pytest.raises(RpcFailure, match="is not after the head's"):
        fresh_rpc("evm_setNextBlockTimestamp", chosen)


def test_mine_takes_a_time_or_a_number_of_blocks(fresh_rpc: Rpc) -> None:
    fresh_rpc("evm_setAutomine", False)
    chosen = head_time(fresh_rpc) + 500
    fresh_rpc("evm_mine", chosen)
    assert head_time(fresh_rpc) == chosen
    before = fresh_rpc.integer("eth_blockNumber")
    fresh_rpc("evm_mine", {"timestamp": hex(chosen + 100), "blocks": "0x3"})
    assert fresh_rpc.integer("eth_blockNumber") == before + 3
    assert head_time(fresh_rpc) == chosen + 102
    with pytest.raises(RpcFailure, match="is not after the head's"):
        fresh_rpc("evm_mine", chosen)


def test_a_revert_brings_back_state_time_nonces_and_logs(fresh_rpc: Rpc, fresh_wallet: Wallet) -> None:
    store, log = fresh_wallet.deploy(STORE_INPUT), fresh_wallet.deploy(LOG_INPUT)
    fresh_rpc("evm_setAutomine", False)
    words = "0x" + word(1) + word(7)
    snapshot = fresh_rpc("evm_snapshot")
    head = fresh_rpc("eth_getBlockByNumber", "latest", False)
    nonce = fresh_wallet.nonce
    mined = [fresh_wallet.send(to=contract, data=words, gas=100_000) for contract in (store, log)]
    fresh_rpc("evm_increaseTime", 10_000)
    fresh_rpc("evm_mine")
    waiting = fresh_wallet.send()
    inner = fresh_rpc("evm_snapshot")
    assert fresh_rpc("evm_revert", snapshot) is True
    assert fresh_rpc("eth_getBlockByNumber", "latest", False) == head
    assert fresh_rpc("eth_getStorageAt", store, "0x1") == "0x" + word(0)
    assert fresh_rpc("eth_getLogs", {"fromBlock": "0x0", "address": log}) == []
    for transaction_hash in (*mined, waiting):
        assert fresh_rpc("eth_getTransactionReceipt", transaction_hash) is None
        assert fresh_rpc("eth_getTransactionByHash", transaction_hash) is None
    assert fresh_rpc.integer("eth_getTransactionCount", fresh_wallet.address, "pending") == nonce
    assert fresh_rpc("evm_revert", snapshot) is False
    assert fresh_rpc("evm_revert", inner) is False
    fresh_wallet.nonce = nonce
    again = fresh_wallet.send(to=store, data=words, gas=100_000)
    fresh_rpc("evm_mine")
    assert fresh_rpc.receipt(again)["blockNumber"] == hex(int(head["number"], 16) + 1)
    assert fresh_rpc("eth_getStorageAt", store, "0x1") == "0x" + word(7)
    assert head_time(fresh_rpc) < int(head["timestamp"], 16) + 1000


def test_a_revert_to_genesis_works_and_the_chain_goes_on(start_devnet: Callable[..., Devnet]) -> None:
    devnet = start_devnet(heartbeat_seconds=0)
    with closing(Rpc(devnet.rpc_url)) as rpc:
        genesis = rpc("eth_getBlockByNumber", "0x0", False)
        snapshot = rpc("evm_snapshot")
        wallet = Wallet.funded(rpc, devnet)
        assert rpc("evm_revert", snapshot) is True
        assert rpc("eth_getBlockByNumber", "latest", False) == genesis
        assert rpc("eth_getBalance", wallet.address) == "0x0"
        again = Wallet.funded(rpc, devnet)
        assert rpc.receipt(again.send())["status"] == "0x1"
