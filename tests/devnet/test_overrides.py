"""State and block overrides: what a call sees in place of what the chain holds, and nobody else does."""

from __future__ import annotations

import pytest

from tests.devnet.programs import CONTEXT, STORE_INPUT, word
from tests.devnet.signing import ETHER, Wallet
from tests.support.rpc import Rpc, RpcFailure

ADDRESS = "0x" + "5a" * 20
# BALANCE of the caller; SLOAD of the slot in the input.
BALANCE_OF_CALLER = "0x33315f5260205ff3"
LOAD_INPUT = "0x5f35545f5260205ff3"


def test_balance_code_and_nonce_are_overridden_for_one_call(rpc: Rpc) -> None:
    state = {ADDRESS: {"code": BALANCE_OF_CALLER, "nonce": "0x7"}, "0x" + "6b" * 20: {"balance": hex(3 * ETHER)}}
    call = {"from": "0x" + "6b" * 20, "to": ADDRESS, "value": hex(ETHER)}
    assert rpc.integer("eth_call", call, "latest", state) == 2 * ETHER
    assert rpc.integer("eth_estimateGas", call, "latest", state) > 21_000
    assert rpc("eth_getCode", ADDRESS) == "0x"
    with pytest.raises(RpcFailure, match="insufficient funds"):
        rpc("eth_call", call)


def test_storage_is_replaced_or_changed(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(STORE_INPUT)
    rpc.receipt(wallet.send(to=contract, data="0x" + word(1) + word(10), gas=100_000))

    def load(slot: int, **override: object) -> int:
        state = {contract: {"code": LOAD_INPUT, **override}}
        return rpc.integer("eth_call", {"to": contract, "data": "0x" + word(slot)}, "latest", state)

    second = {"0x" + word(2): "0x" + word(20)}
    assert [load(slot) for slot in (1, 2)] == [10, 0]
    assert [load(slot, stateDiff=second) for slot in (1, 2)] == [10, 20]
    assert [load(slot, state=second) for slot in (1, 2)] == [0, 20]
    assert [load(slot, state={}) for slot in (1, 2)] == [0, 0]


def test_the_block_is_overridden(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(CONTEXT)
    block = {"time": "0x123456789", "number": "0x77", "prevRandao": "0x" + word(99), "gasLimit": "0x1000000"}
    answer = rpc("eth_call", {"to": contract}, "latest", {}, block)
    assert answer == "0x" + word(0x123456789) + word(0x77) + word(31337) + word(99)
    base_fee = rpc("eth_call", {"data": "0x485f5260205ff3"}, "latest", {}, {"baseFeePerGas": "0x5"})
    assert int(base_fee, 16) == 0
    paying = {"data": "0x485f5260205ff3", "gas": "0x20000", "from": wallet.address, "maxFeePerGas": "0x64"}
    assert rpc.integer("eth_call", paying, "latest", {}, {"baseFeePerGas": "0x5"}) == 5


@pytest.mark.parametrize(
    ("state", "block", "words"),
    [
        ([], None, "expected an object of objects"),
        ({ADDRESS: 1}, None, "expected an object of objects"),
        ({"0x12": {}}, None, "expected 20 bytes"),
        ({ADDRESS: {"state": {}, "stateDiff": {}}}, None, "has both 'state' and 'stateDiff'"),
        ({ADDRESS: {"movePrecompileToAddress": ADDRESS}}, None, "movePrecompileToAddress is not supported"),
        ({ADDRESS: {"state": {"0x1": "0x1"}}}, None, "odd length"),
        ({ADDRESS: {"nonce": "0x" + "f" * 16}}, None, "out of range"),
        (None, 7, "expected an object"),
        (None, {"withdrawals": []}, "withdrawals is not supported"),
    ],
)
def test_what_is_not_understood_is_refused(rpc: Rpc, state: object, block: object, words: str) -> None:
    with pytest.raises(RpcFailure, match=words) as caught:
        rpc("eth_call", {"to": ADDRESS}, "latest", state, block)
    assert caught.value.code == -32602
