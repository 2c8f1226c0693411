"""Running code without a transaction: results, reverts with their data, gas estimates, old blocks."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from tests.devnet.programs import (
    CALL_ITSELF,
    CONTEXT,
    ECHO,
    INVALID_OPCODE,
    LOOP_FOREVER,
    REVERT_WITH_INPUT,
    STORE_INPUT,
    WANTS_GAS,
    word,
)
from tests.devnet.signing import ETHER, Wallet
from tests.support.rpc import Rpc, RpcFailure

NOBODY = "0x" + "cd" * 20


def words(answer: str) -> list[int]:
    """The 32-byte words of an answer."""
    return [int(answer[start : start + 64], 16) for start in range(2, len(answer), 64)]


def test_a_call_returns_what_the_code_returns(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(ECHO)
    assert rpc("eth_call", {"to": contract, "data": "0xc0ffee"}, "latest") == "0xc0ffee"
    assert rpc("eth_call", {"to": contract, "input": "0x"}) == "0x"
    assert rpc("eth_call", {"to": NOBODY, "data": "0xc0ffee"}) == "0x"


def test_a_custom_error_comes_back_as_its_bytes(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(REVERT_WITH_INPUT)
    custom = "0xdeadbeef" + word(42)
    for method in ("eth_call", "eth_estimateGas"):
        with pytest.raises(RpcFailure) as caught:
            rpc(method, {"to": contract, "data": custom})
        assert (caught.value.code, caught.value.message, caught.value.data) == (3, "execution reverted", custom)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (bytes.fromhex("08c379a0") + encode(["string"], ["no money"]), "execution reverted: no money"),
        (
            bytes.fromhex("4e487b71") + encode(["uint256"], [0x11]),
            "execution reverted: arithmetic underflow or overflow",
        ),
        (bytes.fromhex("08c379a0") + b"\xff" * 32, "execution reverted"),
        (b"", "execution reverted"),
    ],
)
def test_a_standard_reason_is_spelled_out(rpc: Rpc, wallet: Wallet, returned: bytes, message: str) -> None:
    contract = wallet.deploy(REVERT_WITH_INPUT)
    with pytest.raises(RpcFailure) as caught:
        rpc("eth_call", {"to": contract, "data": "0x" + returned.hex()})
    assert (caught.value.message, caught.value.data) == (message, "0x" + returned.hex())


def test_a_failing_constructor_reverts_the_call(rpc: Rpc) -> None:
    with pytest.raises(RpcFailure, match="execution reverted") as caught:
        rpc("eth_call", {"data": "0x62c0ffee5f526003601dfd"})
    assert caught.value.data == "0xc0ffee"


def test_code_that_breaks_or_never_ends_is_an_error_with_a_name(rpc: Rpc, wallet: Wallet) -> None:
    broken, endless = wallet.deploy(INVALID_OPCODE), wallet.deploy(LOOP_FOREVER)
    with pytest.raises(RpcFailure, match="InvalidInstruction") as caught:
        rpc("eth_call", {"to": broken})
    assert caught.value.code == -32000
    with pytest.raises(RpcFailure, match="out of gas: gas required exceeds allowance \\(60000\\)"):
        rpc("eth_call", {"to": endless, "gas": "0xea60"})
    with pytest.raises(RpcFailure, match="intrinsic gas too low"):
        rpc("eth_call", {"to": endless, "gas": "0x5207"})


def test_the_deepest_recursion_the_machine_allows_is_survived(rpc: Rpc, wallet: Wallet) -> None:
    assert rpc("eth_call", {"to": wallet.deploy(CALL_ITSELF)}) == "0x"


def test_a_call_sees_the_block_it_names(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(CONTEXT)
    block = rpc("eth_getBlockByNumber", "latest", False)
    timestamp, number, chain_id, randao = words(rpc("eth_call", {"to": contract}, block["number"]))
    assert (hex(timestamp), hex(number), chain_id) == (block["timestamp"], block["number"], 31337)
    assert f"0x{randao:064x}" == block["mixHash"]
    by_hash = rpc("eth_call", {"to": contract}, {"blockHash": block["hash"]})
    assert words(by_hash) == [timestamp, number, chain_id, randao]
    ahead = words(rpc("eth_call", {"to": contract}, "pending"))
    assert ahead[1] > number
    assert ahead[0] > timestamp


def test_old_state_stays_readable(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(STORE_INPUT)
    heights = []
    for value in (11, 12):
        receipt = rpc.receipt(wallet.send(to=contract, data="0x" + word(5) + word(value), gas=100_000))
        heights.append(receipt["blockNumber"])
    for value, height in zip((11, 12), heights, strict=True):
        assert rpc("eth_getStorageAt", contract, "0x5", height) == "0x" + word(value)
        assert rpc("eth_getStorageAt", contract, "0x" + word(5), {"blockNumber": height}) == "0x" + word(value)
    assert rpc("eth_getStorageAt", contract, "0x5") == "0x" + word(12)
    assert rpc.integer("eth_getTransactionCount", wallet.address, heights[0]) == 2
    assert rpc("eth_getCode", contract, "earliest") == "0x"
    assert rpc("eth_getBalance", wallet.address, "earliest") == "0x0"


def test_state_at_a_block_that_does_not_exist_is_an_error(rpc: Rpc) -> None:
    for method, params in (("eth_getBalance", [NOBODY]), ("eth_call", [{"to": NOBODY}])):
        with pytest.raises(RpcFailure, match="header not found") as caught:
            rpc(method, *params, "0xffffff")
        assert caught.value.code == -32000


def test_an_estimate_is_enough_and_hardly_more(rpc: Rpc, wallet: Wallet) -> None:
    store = wallet.deploy(STORE_INPUT)
    for to, data in ((NOBODY, "0x"), (NOBODY, "0x" + "ff" * 100), (store, "0x" + word(1) + word(2))):
        estimate = rpc.integer("eth_estimateGas", {"from": wallet.address, "to": to, "data": data})
        receipt = rpc.receipt(wallet.send(to=to, data=data, gas=estimate))
        assert receipt["status"] == "0x1"
        assert int(receipt["gasUsed"], 16) == estimate


def test_an_estimate_finds_the_gas_that_code_insists_on(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(WANTS_GAS)
    estimate = rpc.integer("eth_estimateGas", {"from": wallet.address, "to": contract})
    assert rpc.receipt(wallet.send(to=contract, gas=estimate))["status"] == "0x1"
    assert 121_000 < estimate < 125_000


def test_an_estimate_for_clearing_storage_counts_the_gas_before_its_refund(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(STORE_INPUT)
    rpc.receipt(wallet.send(to=contract, data="0x" + word(1) + word(2), gas=100_000))
    clearing = "0x" + word(1) + word(0)
    estimate = rpc.integer("eth_estimateGas", {"from": wallet.address, "to": contract, "data": clearing})
    receipt = rpc.receipt(wallet.send(to=contract, data=clearing, gas=estimate))
    assert receipt["status"] == "0x1"
    assert int(receipt["gasUsed"], 16) < estimate


def test_an_estimate_above_the_callers_own_limit_is_refused(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(STORE_INPUT)
    with pytest.raises(RpcFailure, match="exceeds allowance \\(30000\\)"):
        rpc("eth_estimateGas", {"to": contract, "data": "0x" + word(1) + word(2), "gas": "0x7530"})


def test_value_nobody_has_cannot_be_sent_in_a_call(rpc: Rpc, wallet: Wallet) -> None:
    for method in ("eth_call", "eth_estimateGas"):
        with pytest.raises(RpcFailure, match=r"insufficient funds for gas \* price \+ value"):
            rpc(method, {"from": wallet.address, "to": NOBODY, "value": hex(11 * ETHER)})


def test_a_call_leaves_no_trace(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(STORE_INPUT)
    rpc("eth_call", {"from": wallet.address, "to": contract, "data": "0x" + word(1) + word(2), "value": "0x0"})
    assert rpc("eth_getStorageAt", contract, "0x1") == "0x" + word(0)
    assert rpc.integer("eth_getTransactionCount", wallet.address) == wallet.nonce
