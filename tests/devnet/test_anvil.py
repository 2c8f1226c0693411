"""`--engine anvil`: the same start, accounts, blocks and times, and a child that never outlives its parent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from websockets.sync.client import connect

from devnet import anvil
from devnet.errors import DevnetError
from tests.devnet.signing import ETHER, Wallet
from tests.support.devnet import Devnet, running_devnet
from tests.support.rpc import Rpc, RpcFailure, wait_for

NOBODY = "0x" + "00" * 19 + "aa"
COMMAND = (sys.executable, "-m", "devnet", "--engine", "anvil", "--port", "0", "--json")

try:
    anvil.find_anvil()
except DevnetError:
    MISSING = True
else:
    MISSING = False
needs_anvil = pytest.mark.skipif(MISSING, reason="anvil is not installed: run npm ci --ignore-scripts in contracts/")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")


@pytest.fixture(scope="module")
def shared() -> Iterator[Devnet]:
    """A devnet of this file on anvil, without heartbeat."""
    with running_devnet(engine="anvil", heartbeat_seconds=0, accounts=3) as running:
        yield running


@pytest.fixture
def rpc(shared: Devnet) -> Iterator[Rpc]:
    """Raw JSON-RPC to it."""
    with closing(Rpc(shared.rpc_url)) as client:
        yield client


def head_time(rpc: Rpc) -> int:
    """The time of the newest block."""
    return int(rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def child_of(process: subprocess.Popen[str]) -> Path:
    """What the kernel tells about its anvil, as long as there is one."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return Path("/proc", child)


def is_gone(process: Path) -> bool:
    """True once it has ended, also while nobody has asked for its status."""
    try:
        return "\nState:\tZ" in (process / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@needs_anvil
def test_the_same_accounts_have_the_same_money(shared: Devnet, rpc: Rpc) -> None:
    assert shared.accounts[0].address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert rpc("eth_accounts") == [account.address.lower() for account in shared.accounts]
    assert {rpc.integer("eth_getBalance", account.address, "latest") for account in shared.accounts} <= {10**24}
    assert (rpc.integer("eth_chainId"), rpc("web3_clientVersion")[:6]) == (shared.chain_id, "anvil/")
    genesis = rpc("eth_getBlockByNumber", "0x0", False)
    assert (genesis["gasLimit"], genesis["baseFeePerGas"]) == (hex(30_000_000), hex(10**9))


@needs_anvil
def test_block_times_are_those_of_the_other_engine(rpc: Rpc) -> None:
    before = head_time(rpc)
    for _ in range(3):
        rpc("evm_mine")
    assert head_time(rpc) >= before + 3
    rpc("evm_mine", hex(before + 50))
    assert head_time(rpc) == before + 50
    rpc("evm_mine", {"timestamp": before + 60, "blocks": 2})
    assert head_time(rpc) == before + 61
    rpc("evm_increaseTime", 100)
    rpc("evm_mine")
    assert head_time(rpc) >= before + 161
    rpc("evm_setNextBlockTimestamp", hex(before + 1_000))
    rpc("evm_mine", {"blocks": 2})
    assert before + 1_001 <= head_time(rpc) < before + 1_010
    with pytest.raises(RpcFailure, match="is not after the head's"):
        rpc("evm_mine", hex(before))


@needs_anvil
def test_a_snapshot_brings_back_head_time_and_an_empty_pool(shared: Devnet, rpc: Rpc) -> None:
    rpc("evm_mine")
    number, before = rpc.integer("eth_blockNumber"), head_time(rpc)
    snapshot = rpc("evm_snapshot")
    rpc("evm_mine", hex(before + 5_000))
    rpc("evm_setAutomine", False)
    gift = {"from": shared.accounts[0].address, "to": NOBODY, "value": "0x1"}
    rpc("eth_sendTransaction", gift)
    assert rpc("evm_revert", snapshot) is True
    assert (rpc.integer("eth_blockNumber"), head_time(rpc)) == (number, before)
    rpc("evm_mine")
    assert rpc("eth_getBlockByNumber", "latest", False)["transactions"] == []
    assert head_time(rpc) < before + 4_000
    assert rpc("evm_revert", snapshot) is False
    rpc("evm_setAutomine", True)
    assert rpc.receipt(rpc("eth_sendTransaction", gift))["status"] == "0x1"


@needs_anvil
def test_without_automine_nothing_is_built(shared: Devnet, rpc: Rpc) -> None:
    rpc("evm_setAutomine", False)
    sent = rpc("eth_sendTransaction", {"from": shared.accounts[1].address, "to": NOBODY, "value": "0x1"})
    number = rpc.integer("eth_blockNumber")
    time.sleep(0.3)
    assert rpc.integer("eth_blockNumber") == number
    rpc("evm_mine")
    assert rpc("eth_getTransactionReceipt", sent)["blockNumber"] == hex(number + 1)
    rpc("evm_setAutomine", True)


@needs_anvil
def test_what_is_written_to_accounts_is_part_of_a_block(rpc: Rpc) -> None:
    number = rpc.integer("eth_blockNumber")
    assert rpc("evm_setAccountBalance", NOBODY, hex(7 * ETHER)) is True
    assert rpc.integer("eth_getBalance", NOBODY, "latest") == 7 * ETHER
    assert rpc.integer("eth_blockNumber") == number + 1


@needs_anvil
def test_a_batch_may_mix_both_kinds_of_methods(rpc: Rpc) -> None:
    number = rpc.integer("eth_blockNumber")
    answers = rpc.post([rpc.request("evm_mine"), rpc.request("eth_blockNumber"), rpc.request("evm_nonsense")])
    assert answers[1]["result"] == hex(number + 1)
    assert "error" in answers[2]


@needs_anvil
def test_a_websocket_answers_and_notifies(shared: Devnet, rpc: Rpc) -> None:
    with connect(shared.rpc_url.replace("http", "ws"), proxy=None) as socket_:
        socket_.send(json.dumps(rpc.request("eth_subscribe", "newHeads")))
        subscription = json.loads(socket_.recv(timeout=20))["result"]
        request = rpc.request("evm_mine")
        socket_.send(json.dumps(request))
        messages = [json.loads(socket_.recv(timeout=20)) for _ in range(2)]
    assert {message.get("id") for message in messages} == {request["id"], None}
    (notice,) = [message["params"] for message in messages if "params" in message]
    assert notice["subscription"] == subscription
    assert notice["result"]["number"] == rpc("eth_blockNumber")


@needs_anvil
def test_senders_at_once_lose_nothing_while_blocks_are_built(shared: Devnet, rpc: Rpc) -> None:
    """Left to itself, anvil lets a transaction wait forever when the one before is just being put into a block."""
    wallets = [Wallet.funded(rpc, shared) for _ in range(4)]
    signed = [[wallet.sign(nonce=nonce) for nonce in range(150)] for wallet in wallets]

    def send(raws: list[str]) -> list[str]:
        with closing(Rpc(shared.rpc_url)) as client:
            sent = []
            for start in range(0, len(raws), 10):
                batch = [client.request("eth_sendRawTransaction", raw) for raw in raws[start : start + 10]]
                sent += [answer["result"] for answer in client.post(batch)]
            return sent

    with ThreadPoolExecutor(len(wallets)) as threads:
        hashes = [transaction_hash for sent in threads.map(send, signed) for transaction_hash in sent]
    receipts = [rpc.receipt(transaction_hash) for transaction_hash in hashes]
    assert {receipt["status"] for receipt in receipts} == {"0x1"}
    assert len({(receipt["blockNumber"], receipt["transactionIndex"]) for receipt in receipts}) == 600


@needs_anvil
def test_the_heartbeat_goes_on() -> None:
    with running_devnet(engine="anvil", heartbeat_seconds=0.1) as devnet, closing(Rpc(devnet.rpc_url)) as client:
        wait_for(lambda: client.integer("eth_blockNumber") >= 3)


@needs_anvil
@needs_linux
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_anvil_ends_with_its_parent(ending: signal.Signals) -> None:
    with running_devnet(engine="anvil") as devnet:
        child = child_of(devnet.process)
        devnet.process.send_signal(ending)
        assert devnet.process.wait(timeout=20) == (0 if ending == signal.SIGTERM else -signal.SIGKILL)
        wait_for(lambda: is_gone(child))


@needs_anvil
@needs_linux
def test_the_end_of_anvil_is_the_end_of_the_devnet_and_says_why() -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        os.kill(int(child_of(process).name), signal.SIGABRT)
        assert process.wait(timeout=20) == 1
        assert "anvil ended with SIGABRT; it may map at most 8 GiB of memory" in process.stderr.read()


@needs_anvil
@needs_linux
def test_its_memory_is_bounded() -> None:
    with running_devnet(engine="anvil") as devnet:
        limits = " ".join((child_of(devnet.process) / "limits").read_text().split())
    assert f"Max address space {anvil.ADDRESS_SPACE_BYTES} {anvil.ADDRESS_SPACE_BYTES} bytes" in limits


@needs_anvil
def test_an_occupied_port_is_one_sentence_here_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        command = [*COMMAND[:-2], str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_without_anvil_the_error_says_where_it_was_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(anvil, "INSTALLED", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DevnetError, match=f"anvil was not found, neither in {tmp_path} .* nor on PATH"):
        anvil.find_anvil()


def test_a_folder_is_refused_since_anvil_would_not_survive_in_it(tmp_path: Path) -> None:
    command = [*COMMAND, "--data-dir", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: --data-dir needs --engine py-evm: ")
