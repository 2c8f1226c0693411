"""WebSocket: requests, subscriptions, removed logs, clients that do not read, limits."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections import deque
from contextlib import closing
from pathlib import Path
from socket import SHUT_RDWR

import pytest
from websockets.exceptions import ConnectionClosed

from tests.devnet.programs import LOG_INPUT, word
from tests.devnet.signing import Wallet
from tests.devnet.sockets import open_socket
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc, RpcFailure


def log(contract: str, topic: int, value: int) -> dict[str, object]:
    """A transaction that makes the contract emit one log."""
    return {"to": contract, "data": "0x" + word(topic) + word(value), "gas": 100_000}


def resident_bytes(devnet: Devnet) -> int:
    """The memory the devnet's process holds."""
    pages = Path(f"/proc/{devnet.process.pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


def test_requests_batches_and_failures_are_answered_as_over_http(devnet: Devnet) -> None:
    with open_socket(devnet) as socket:
        assert socket("eth_chainId") == hex(devnet.chain_id)
        batch = [{"jsonrpc": "2.0", "id": number, "method": "net_version"} for number in (1, 2)]
        assert [answer["id"] for answer in socket.exchange(json.dumps(batch))] == [1, 2]
        assert socket.exchange(b'{"jsonrpc": "2.0", "id": 3, "method": "eth_syncing"}')["result"] is False
        assert socket.exchange("{")["error"]["code"] == -32700
        with pytest.raises(RpcFailure, match='no "sights" subscription in eth namespace') as caught:
            socket("eth_subscribe", "sights")
        assert caught.value.code == -32601


def test_over_http_nothing_can_be_subscribed_to(rpc: Rpc) -> None:
    with pytest.raises(RpcFailure, match="notifications not supported") as caught:
        rpc("eth_subscribe", "newHeads")
    assert caught.value.code == -32601


def test_heads_logs_and_arrivals_are_told_until_unsubscribed(fresh_devnet: Devnet, fresh_rpc: Rpc) -> None:
    wallet = Wallet.funded(fresh_rpc, fresh_devnet)
    contract = wallet.deploy(LOG_INPUT)
    fresh_rpc("evm_setAutomine", False)
    with open_socket(fresh_devnet) as socket:
        heads = socket("eth_subscribe", "newHeads")
        chosen = socket("eth_subscribe", "logs", {"address": contract, "topics": ["0x" + word(2)]})
        hashes = socket("eth_subscribe", "newPendingTransactions")
        whole = socket("eth_subscribe", "newPendingTransactions", True)
        sent = [wallet.send(**log(contract, topic, 10 + topic)) for topic in (1, 2)]
        assert [socket.told(hashes), socket.told(hashes)] == sent
        assert [socket.told(whole)["hash"], socket.told(whole)["hash"]] == sent
        fresh_rpc("evm_mine")
        mined = fresh_rpc("eth_getBlockByNumber", "latest", False)
        assert socket.told(heads) == fresh_rpc("eth_getHeaderByNumber", "latest")
        assert socket.told(chosen) == fresh_rpc("eth_getLogs", {"blockHash": mined["hash"]})[1]
        assert socket("eth_unsubscribe", heads) is True
        with pytest.raises(RpcFailure, match="subscription not found"):
            socket("eth_unsubscribe", heads)


def test_logs_come_back_as_removed_when_the_chain_is_reverted(fresh_devnet: Devnet, fresh_rpc: Rpc) -> None:
    wallet = Wallet.funded(fresh_rpc, fresh_devnet)
    contract = wallet.deploy(LOG_INPUT)
    fresh_rpc("evm_setAutomine", False)
    snapshot = fresh_rpc("evm_snapshot")
    with open_socket(fresh_devnet) as socket:
        chosen = socket("eth_subscribe", "logs", {"address": contract})
        polled = fresh_rpc("eth_newFilter", {"address": contract})
        for value in (1, 2):
            wallet.send(**log(contract, 1, value))
            fresh_rpc("evm_mine")
        first, second = socket.told(chosen), socket.told(chosen)
        fresh_rpc("evm_revert", snapshot)
        assert socket.told(chosen) == second | {"removed": True}
        assert socket.told(chosen) == first | {"removed": True}
        wallet.nonce -= 2
        wallet.send(**log(contract, 1, 3))
        fresh_rpc("evm_mine")
        third = socket.told(chosen)
        assert (third["data"], third["removed"]) == ("0x" + word(3), False)
        assert [item["data"][-1] + str(item["removed"]) for item in fresh_rpc("eth_getFilterChanges", polled)] == [
            "1False", "2False", "2True", "1True", "3False",
        ]  # fmt: skip


def test_a_client_that_does_not_read_is_given_up_and_costs_bounded_memory(fresh_devnet: Devnet, fresh_rpc: Rpc) -> None:
    fresh_rpc("evm_setAutomine", False)
    with open_socket(fresh_devnet, max_queue=1, close_timeout=1) as idle:
        for _ in range(200):
            idle("eth_subscribe", "newHeads")
        before = resident_bytes(fresh_devnet)
        fresh_rpc("evm_mine", {"blocks": 100})
        with pytest.raises(ConnectionClosed, match="not read fast enough"):
            deque(idle.connection, maxlen=0)
        assert resident_bytes(fresh_devnet) - before < 200 << 20
    with open_socket(fresh_devnet) as other:
        assert other("eth_blockNumber") == fresh_rpc("eth_blockNumber")


def test_a_connection_has_a_limit_of_subscriptions(fresh_devnet: Devnet) -> None:
    with open_socket(fresh_devnet) as socket:
        for _ in range(1_000):
            socket("eth_subscribe", "logs", {})
        with pytest.raises(RpcFailure, match="too many subscriptions: at most 1000 a connection"):
            socket("eth_subscribe", "logs", {})


def test_a_message_beyond_the_limit_ends_the_connection_and_the_server_lives(devnet: Devnet) -> None:
    with open_socket(devnet) as socket, pytest.raises(ConnectionClosed):
        socket.exchange(" " * ((16 << 20) + 1))
    with open_socket(devnet) as socket:
        assert socket("eth_chainId") == hex(devnet.chain_id)


def test_clients_that_come_and_go_leave_nothing_behind_in_the_log() -> None:
    command = [sys.executable, "-m", "devnet", "--json", "--port", "0", "--heartbeat-seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        devnet = Devnet(rpc_url=told["rpc_url"], chain_id=told["chain_id"], accounts=(), process=process)
        with closing(Rpc(devnet.rpc_url)) as rpc:
            for ends_politely in (True, False, True, False):
                with open_socket(devnet, close_timeout=0.1) as socket:
                    socket("eth_subscribe", "newHeads")
                    socket.connection.send('{"jsonrpc": "2.0", "id": 9, "method": "eth_call", "params": [{}]}')
                    rpc("evm_mine")
                    if not ends_politely:
                        socket.connection.socket.shutdown(SHUT_RDWR)
                rpc("evm_mine")
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
