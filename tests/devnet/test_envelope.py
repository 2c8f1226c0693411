"""JSON-RPC 2.0 itself: ids, batches, notifications, and each kind of malformed request."""

from __future__ import annotations

import pytest

from tests.support.rpc import Rpc, RpcFailure


def test_the_callers_id_comes_back_whatever_it_is(rpc: Rpc) -> None:
    for identifier in (7, "seven", None, 1.5, ""):
        answer = rpc.post({"jsonrpc": "2.0", "id": identifier, "method": "eth_chainId", "params": []})
        assert answer == {"jsonrpc": "2.0", "id": identifier, "result": "0x7a69"}


def test_params_may_be_left_out(rpc: Rpc) -> None:
    assert rpc.post({"jsonrpc": "2.0", "id": 1, "method": "net_version"})["result"] == "31337"


def test_a_batch_is_answered_in_order_with_each_error_in_its_place(rpc: Rpc) -> None:
    batch = [rpc.request("eth_chainId"), rpc.request("eth_noSuchThing"), 17, rpc.request("eth_syncing")]
    answers = rpc.post(batch)
    assert [answer["id"] for answer in answers] == [batch[0]["id"], batch[1]["id"], None, batch[3]["id"]]  # type: ignore[index]
    assert answers[0]["result"] == "0x7a69"
    assert answers[1]["error"]["code"] == -32601
    assert answers[2]["error"]["code"] == -32600
    assert answers[3]["result"] is False


def test_a_notification_gets_no_answer(rpc: Rpc) -> None:
    notification = {"jsonrpc": "2.0", "method": "eth_chainId"}
    for body in (notification, [notification, notification]):
        answer = rpc.http.post("/", json=body)
        assert (answer.status_code, answer.content) == (204, b"")
    assert len(rpc.post([notification, rpc.request("eth_chainId")])) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"3", -32600),
        (b'"eth_chainId"', -32600),
        (b"{}", -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "eth_chainId"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "eth_chainId"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": {"a": 1}}', -32602),
        (b"[" + b",".join([b"1"] * 1001) + b"]", -32600),
    ],
)
def test_a_malformed_body_is_named(rpc: Rpc, body: bytes, code: int) -> None:
    answer = rpc.http.post("/", content=body).json()
    assert answer["error"]["code"] == code
    assert answer["error"]["message"]


def test_a_body_beyond_the_limit_is_refused_and_the_server_lives(rpc: Rpc) -> None:
    assert rpc.http.post("/", content=b" " * ((16 << 20) + 1)).status_code == 413
    assert rpc("eth_chainId") == "0x7a69"


def test_other_http_methods_are_refused(rpc: Rpc) -> None:
    assert rpc.http.get("/").status_code == 405


@pytest.mark.parametrize(
    ("method", "params", "part"),
    [
        ("eth_getBalance", [], "missing value for required argument 0"),
        ("eth_getBalance", ["0x12"], "address: expected 20 bytes, got 1"),
        ("eth_getBalance", ["0x" + "0g" * 20], "hexadecimal"),
        ("eth_getBalance", [True], "hexadecimal"),
        ("eth_getBalance", ["0x" + "00" * 20, "newest"], "block: expected a hexadecimal quantity, got 'newest'"),
        ("eth_getBalance", ["0x" + "00" * 20, "latest", 1], "too many arguments, want at most 2"),
        ("eth_getBlockByNumber", ["0x", False], "quantity"),
        ("eth_getBlockByNumber", ["0x1", "yes"], "expected true"),
        ("eth_getBlockByNumber", ["-0x1", False], "quantity"),
        ("eth_getBlockByHash", ["0x1234", False], "expected 32 bytes"),
        ("eth_getTransactionReceipt", ["0x123"], "odd length"),
        ("eth_call", ["0x"], "expected a transaction object"),
        ("eth_call", [{"to": "0x" + "00" * 20, "data": "0x1", "input": "0x1"}], "odd length"),
        ("eth_call", [{"data": "0x01", "input": "0x02"}], "not equal"),
        ("eth_call", [{"value": "0x1" + "00" * 32}], "out of range"),
        ("eth_call", [{}, "latest", {"0x" + "00" * 20: {"balanse": "0x1"}}], "balanse is not supported"),
        ("eth_getLogs", [{"topics": [None] * 5}], "at most 4"),
        ("eth_getLogs", [{"fromBlock": "0x2", "toBlock": "0x1"}], "invalid block range"),
        ("eth_feeHistory", ["0x1", "latest", [50, 10]], "ascending"),
        ("eth_feeHistory", ["0x1", "latest", ["a"]], "percentiles"),
        ("eth_feeHistory", ["0x0", "latest"], "at least 1"),
        ("evm_increaseTime", [-1], "out of range"),
        ("evm_increaseTime", ["soon"], "quantity"),
        ("evm_setNextBlockTimestamp", [1], "not after the head"),
        ("evm_setAutomine", ["yes"], "true or false"),
    ],
)
def test_a_wrong_parameter_is_named(rpc: Rpc, method: str, params: list[object], part: str) -> None:
    with pytest.raises(RpcFailure, match=part) as caught:
        rpc(method, *params)
    assert caught.value.code == -32602
