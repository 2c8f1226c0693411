"""The process: start, options, occupied port, end; and answers while a block is being built."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading

import pytest

from devnet.__main__ import main
from tests.devnet.programs import LOOP_FOREVER
from tests.devnet.signing import Wallet
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc

FIRST_KNOWN_ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "devnet", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_json_line_says_where_it_listens_and_which_keys_have_money(fresh_devnet: Devnet, fresh_rpc: Rpc) -> None:
    assert fresh_devnet.accounts[0].address == FIRST_KNOWN_ACCOUNT
    assert len({account.private_key for account in fresh_devnet.accounts}) == 20
    for account in fresh_devnet.accounts:
        assert fresh_rpc.integer("eth_getBalance", account.address) == 10**24


def test_without_json_it_greets_with_url_and_keys() -> None:
    command = [sys.executable, "-m", "devnet", "--port", "0", "--accounts", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.terminate()
        assert process.wait() == 0
    assert lines[0].startswith("devnet listening on http://127.0.0.1:")
    assert FIRST_KNOWN_ACCOUNT in lines[2]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_asked(fresh_devnet: Devnet, fresh_rpc: Rpc, ending: signal.Signals) -> None:
    fresh_rpc("eth_chainId")
    fresh_devnet.process.send_signal(ending)
    assert fresh_devnet.process.wait(timeout=20) == 0


def test_it_ends_at_once_even_while_something_long_is_computed(
    fresh_devnet: Devnet, fresh_rpc: Rpc, fresh_wallet: Wallet
) -> None:
    endless = fresh_wallet.deploy(LOOP_FOREVER)
    fresh_wallet.send(to=endless, gas=30_000_000)
    body = json.dumps(fresh_rpc.request("eth_call", {"to": endless})).encode()
    host, port = fresh_devnet.rpc_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\nHost: devnet\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        fresh_rpc("eth_chainId")
        fresh_devnet.process.terminate()
        assert fresh_devnet.process.wait(timeout=5) == 0


def test_an_occupied_port_is_one_sentence_and_status_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        ended = run("--port", str(port))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--port", "x"],
        ["--blocks-per-second", "0"],
        ["--heartbeat-seconds", "-1"],
        ["--accounts", "-1"],
        ["--chain-id", "0"],
    ],
)
def test_an_impossible_option_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert f"argument {arguments[0]}: " in capsys.readouterr().err


def test_polling_goes_on_while_a_block_is_being_built(
    fresh_devnet: Devnet, fresh_rpc: Rpc, fresh_wallet: Wallet
) -> None:
    fresh_rpc("evm_setAutomine", False)
    batch = [fresh_rpc.request("eth_sendRawTransaction", fresh_wallet.sign(nonce=nonce)) for nonce in range(400)]
    assert all("result" in answer for answer in fresh_rpc.post(batch))
    before = fresh_rpc.integer("eth_blockNumber")
    miner = Rpc(fresh_devnet.rpc_url)
    mining = threading.Thread(target=miner, args=("evm_mine",))
    mining.start()
    answered_meanwhile = 0
    while mining.is_alive() and fresh_rpc.integer("eth_blockNumber") == before:
        answered_meanwhile += 1
    mining.join()
    miner.close()
    assert len(fresh_rpc("eth_getBlockByNumber", "latest", False)["transactions"]) == 400
    assert answered_meanwhile >= 5


async def test_many_clients_at_once_get_their_own_answers(devnet: Devnet) -> None:
    host, port = devnet.rpc_url.removeprefix("http://").split(":")

    async def ask(client: int) -> list[object]:
        reader, writer = await asyncio.open_connection(host, int(port))
        answers: list[object] = []
        for number in range(20):
            request = {"jsonrpc": "2.0", "id": f"{client}/{number}", "method": "eth_blockNumber", "params": []}
            body = json.dumps(request).encode()
            writer.write(b"POST / HTTP/1.1\r\nHost: devnet\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            answers.append(json.loads(await reader.readexactly(length))["id"])
        writer.close()
        await writer.wait_closed()
        return answers

    answers = await asyncio.gather(*(ask(client) for client in range(16)))
    assert answers == [[f"{client}/{number}" for number in range(20)] for client in range(16)]
