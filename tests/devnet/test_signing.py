"""Signatures with the development accounts' keys, recovered by eth-account; and what is not signed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from tests.devnet.signing import GWEI
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc, RpcFailure

MESSAGE = "0x68656c6c6f"
TYPED: dict[str, Any] = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
        "Mail": [{"name": "to", "type": "address"}, {"name": "lines", "type": "string[]"}],
    },
    "primaryType": "Mail",
    "domain": {"name": "post", "chainId": 31337},
    "message": {"to": "0x" + "ab" * 20, "lines": ["dear", "reader"]},
}


def test_messages_are_signed_in_both_orders_of_parameters(rpc: Rpc, devnet: Devnet) -> None:
    account = devnet.accounts[3].address
    signature = rpc("eth_sign", account, MESSAGE)
    assert Account.recover_message(encode_defunct(hexstr=MESSAGE), signature=signature) == account
    assert rpc("personal_sign", MESSAGE, account) == rpc("personal_sign", MESSAGE, account, "password") == signature


def test_typed_data_is_signed_as_an_object_and_as_text(rpc: Rpc, devnet: Devnet) -> None:
    account = devnet.accounts[3].address
    signature = rpc("eth_signTypedData_v4", account, TYPED)
    assert Account.recover_message(encode_typed_data(full_message=TYPED), signature=signature) == account
    assert rpc("eth_signTypedData_v4", account, json.dumps(TYPED)) == signature


def test_a_signed_transaction_is_not_sent_until_somebody_sends_it(rpc: Rpc, devnet: Devnet) -> None:
    sender, recipient = (account.address for account in devnet.accounts[12:14])
    signed = rpc("eth_signTransaction", {"from": sender, "to": recipient, "value": "0x5"})
    assert rpc("eth_getTransactionByHash", signed["tx"]["hash"]) is None
    assert rpc("eth_sendRawTransaction", signed["raw"]) == signed["tx"]["hash"]
    assert rpc.receipt(signed["tx"]["hash"])["status"] == "0x1"
    authorization = Account.from_key(devnet.accounts[14].private_key).sign_authorization(
        {"chainId": devnet.chain_id, "address": recipient, "nonce": 0}
    )
    listed = {"address": recipient, "yParity": hex(authorization.y_parity), "chainId": hex(devnet.chain_id)}
    listed |= {"nonce": "0x0", "r": hex(authorization.r), "s": hex(authorization.s)}
    code = {"from": sender, "to": recipient, "authorizationList": [listed], "gas": "0x30000"}
    assert rpc("eth_signTransaction", code)["tx"]["authorizationList"] == [listed | {"address": recipient.lower()}]
    legacy = rpc("eth_signTransaction", {"from": sender, "to": recipient, "gasPrice": hex(2 * GWEI), "gas": "0x5208"})
    assert legacy["tx"]["type"] == "0x0"


def test_nothing_is_signed_for_strangers_or_without_sense(rpc: Rpc, devnet: Devnet) -> None:
    stranger = "0x" + "cd" * 20
    for method, *params in (
        ("eth_sign", stranger, MESSAGE),
        ("personal_sign", MESSAGE, stranger),
        ("eth_signTypedData_v4", stranger, TYPED),
        ("eth_signTransaction", {"from": stranger, "to": stranger}),
    ):
        with pytest.raises(RpcFailure, match="not a development account"):
            rpc(method, *params)
    with pytest.raises(RpcFailure, match="typed data: ") as caught:
        rpc("eth_signTypedData_v4", devnet.accounts[0].address, {"types": {}})
    assert caught.value.code == -32602
