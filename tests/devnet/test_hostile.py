"""Clients that mean harm or know no better: every method with nonsense, broken bodies, floods; the devnet lives on."""

from __future__ import annotations

import json
import random
import socket
from contextlib import ExitStack
from typing import Any

import pytest

from devnet.accounts import development_accounts
from devnet.chain import Chain
from devnet.rpc import Dispatcher
from tests.devnet.programs import LOG_INPUT
from tests.devnet.signing import Wallet
from tests.devnet.sockets import open_socket
from tests.devnet.test_subscriptions import resident_bytes
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc, RpcFailure

METHODS = sorted(Dispatcher(Chain(chain_id=1, accounts=development_accounts(1))).method_names())
# Many blocks are work that was asked for, not an attack.
QUIET = [name for name in METHODS if not name.endswith("_mine")]
ADDRESS, HASH = "0x" + "11" * 20, "0x" + "22" * 32
TRIES = 25
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]


def nonsense(source: random.Random, depth: int = 0) -> Any:
    """A JSON value: now and then a plausible one, mostly not."""
    plain: list[Any] = [
        *(None, True, False, 0, -1, 1, 2**64, 10**400, 0.5, -0.0, 1e308),
        *("", "0x", "0x0", "0x00", "0x1", "-0x1", "0xg", "0x" + "f" * 64, "0x" + "f" * 65, "0x" + "1" * 100_000),
        *(
            "latest",
            "pending",
            "earliest",
            "safe",
            "newest",
            ADDRESS,
            ADDRESS.upper(),
            HASH,
            HASH[:-1],
            "\x00",
            "\ud800",
        ),
        *("logs", "newHeads", "callTracer"),
    ]
    if depth > 3 or source.random() < 0.6:
        return source.choice(plain)
    if source.random() < 0.4:
        return [nonsense(source, depth + 1) for _ in range(source.randrange(5))]
    names = [
        *("from", "to", "data", "input", "value", "gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas", "nonce"),
        *(
            "accessList",
            "address",
            "storageKeys",
            "topics",
            "fromBlock",
            "toBlock",
            "blockHash",
            "blockNumber",
            "chainId",
        ),
        *(
            "tracer",
            "tracerConfig",
            "stateOverrides",
            "blockOverrides",
            "balance",
            "code",
            "state",
            "stateDiff",
            "time",
        ),
        *(
            "number",
            "types",
            "domain",
            "message",
            "primaryType",
            "authorizationList",
            "timestamp",
            ADDRESS,
            HASH,
            "",
            "x",
        ),
    ]
    return {source.choice(names): nonsense(source, depth + 1) for _ in range(source.randrange(6))}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_method_fails_on_nonsense_and_the_chain_goes_on(fresh_devnet: Devnet, fresh_rpc: Rpc, seed: int) -> None:
    source = random.Random(seed)
    before = resident_bytes(fresh_devnet)
    for method in QUIET:
        batch = [
            fresh_rpc.request(method, *(nonsense(source) for _ in range(source.randrange(5)))) for _ in range(TRIES)
        ]
        answers = fresh_rpc.http.post("/", content=json.dumps(batch)).json()
        for request, answer in zip(batch, answers, strict=True):
            error = answer.get("error")
            assert error is None or error["code"] != -32603, request
            assert error is None or len(error["message"]) < 1_000, request
    fresh_rpc("evm_setAutomine", True)
    fresh_rpc("evm_setIntervalMining", 1_000)
    wallet = Wallet.funded(fresh_rpc, fresh_devnet)
    assert wallet.deploy(LOG_INPUT)
    assert resident_bytes(fresh_devnet) - before < 150 << 20


@pytest.mark.parametrize("seed", SEEDS)
def test_no_body_breaks_the_parser(rpc: Rpc, seed: int) -> None:
    source = random.Random(seed)
    sound = json.dumps(rpc.request("eth_getBlockByNumber", "latest", False)).encode()
    for _ in range(200):
        body = bytearray(sound)
        for _ in range(source.randrange(1, 6)):
            place = source.randrange(len(body))
            body[place : place + source.randrange(3)] = source.choice(
                [b"", b"\x00", b"[", b'"', b"{", b"\xff", b"1e999"]
            )
        answer = rpc.http.post("/", content=bytes(body))
        assert answer.status_code in (200, 204)
        if answer.status_code == 200:
            assert json.loads(answer.content)["jsonrpc"] == "2.0"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "eth_chainId"}', -32700),
        (b'{"jsonrpc": "2.0", "id": 1e999, "method": "eth_chainId"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [' + b"9" * 5_000 + b"]}", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [' + b"9" * 4_000 + b"]}", -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "' + b"x" * 100_000 + b'"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": ' + b'{"a":' * 60_000, -32700),
        (b"[" * 5_000_000, -32700),
    ],
)
def test_extreme_bodies_are_refused_with_a_code(rpc: Rpc, body: bytes, code: int) -> None:
    error = rpc.http.post("/", content=body).json()["error"]
    assert error["code"] == code
    assert len(error["message"]) < 1_000


def test_long_lists_are_refused_with_geths_words(rpc: Rpc) -> None:
    for wanted in ({"address": [ADDRESS] * 1_001}, {"topics": [[HASH] * 1_001]}):
        with pytest.raises(RpcFailure, match="exceed max addresses or topics per search position: 1001, at most 1000"):
            rpc("eth_getLogs", wanted)
    with pytest.raises(RpcFailure, match="exceed max topics: 5, at most 4"):
        rpc("eth_newFilter", {"topics": [None] * 5})
    with pytest.raises(RpcFailure, match="1001 accounts, at most 1000"):
        rpc("eth_call", {}, "latest", {f"0x{number:040x}": {} for number in range(1_001)})


def test_the_answers_of_a_batch_are_bounded_and_each_request_still_answered(
    fresh_devnet: Devnet, fresh_rpc: Rpc
) -> None:
    wallet = Wallet.funded(fresh_rpc, fresh_devnet)
    fresh_rpc("evm_setAutomine", False)
    code = wallet.sign(to=None, data="0x" + "00" * 40_000, gas=2_000_000)
    fresh_rpc("eth_sendRawTransaction", code)
    fresh_rpc("evm_mine")
    batch = [fresh_rpc.request("eth_getBlockByNumber", "latest", True) for _ in range(1_000)]
    answers = fresh_rpc.post(batch)
    refused = [answer["error"] for answer in answers if "error" in answer]
    assert [answer["id"] for answer in answers] == [request["id"] for request in batch]
    assert len(refused) > 500
    assert refused[0] == {"code": -32003, "message": "response too large"}


def test_filters_are_bounded(fresh_rpc: Rpc) -> None:
    methods = ("eth_newBlockFilter", "eth_newPendingTransactionFilter")
    for _ in range(10):
        batch = [fresh_rpc.request(methods[number % 2]) for number in range(1_000)]
        assert all("result" in answer for answer in fresh_rpc.post(batch))
    with pytest.raises(RpcFailure, match="too many filters: at most 10000"):
        fresh_rpc("eth_newFilter", {})
    assert fresh_rpc("eth_uninstallFilter", "0x1") is True
    assert fresh_rpc("eth_getFilterChanges", fresh_rpc("eth_newFilter", {})) == []


def test_connections_that_stop_in_the_middle_of_a_request_hold_nobody_up(fresh_devnet: Devnet, fresh_rpc: Rpc) -> None:
    host, port = fresh_devnet.rpc_url.removeprefix("http://").split(":")
    with ExitStack() as stack:
        for _ in range(200):
            half = stack.enter_context(socket.create_connection((host, int(port))))
            half.sendall(b"POST / HTTP/1.1\r\nHost: devnet\r\nContent-Length: 1000000\r\n\r\n[")
        for _ in range(50):
            stack.enter_context(open_socket(fresh_devnet))
        assert fresh_rpc("eth_chainId") == hex(fresh_devnet.chain_id)
