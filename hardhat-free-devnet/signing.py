"""Signatures with the keys of the development accounts: `eth_sign`, typed data, transactions.

Sources: EIP-191 (messages), EIP-712 (typed data), geth's `eth_signTransaction`.
"""

from __future__ import annotations

import json
from typing import Any

from eth.vm.forks.prague import PragueVM
from eth_account import Account as Signer
from eth_account.messages import SignableMessage, encode_defunct, encode_typed_data

from devnet import fees
from devnet.accounts import Account
from devnet.chain import Chain
from devnet.errors import InvalidParams, RpcError, ServerError
from devnet.formats import Json, transaction_json
from devnet.hexing import data, parse_address, parse_data
from devnet.parameters import CallObject, Method, Params, call_object, take
from devnet.running import Running


def methods(chain: Chain, running: Running) -> dict[str, Method]:
    """The table of methods by name."""
    signing = Signing(chain, running)
    return {
        "eth_sendTransaction": signing.send,
        "eth_sign": signing.sign_message,
        "eth_signTransaction": signing.sign_transaction,
        "eth_signTypedData": signing.sign_typed_data,
        "eth_signTypedData_v4": signing.sign_typed_data,
        "personal_sign": signing.sign_personally,
    }


class Signing:
    """The methods."""

    def __init__(self, chain: Chain, running: Running) -> None:
        self._chain = chain
        self._running = running
        self._accounts = {account.raw_address: account for account in chain.accounts}

    def send(self, params: Params) -> str:
        """eth_sendTransaction."""
        (value,) = take(params, 1)
        return data(self._chain.submit(self._signed(call_object(value))))

    def sign_transaction(self, params: Params) -> Json:
        """eth_signTransaction: the bytes to send, and the transaction they are."""
        (value,) = take(params, 1)
        signed = self._signed(call_object(value))
        return {"raw": data(signed.encode()), "tx": transaction_json(signed)}

    def sign_message(self, params: Params) -> str:
        """eth_sign: the account, then the message."""
        address, message = take(params, 2)
        return self._signature(address, encode_defunct(primitive=parse_data(message, "message")))

    def sign_personally(self, params: Params) -> str:
        """personal_sign: the message, then the account, then a password nobody needs here."""
        message, address, _ = take(params, 2, 1)
        return self.sign_message([address, message])

    def sign_typed_data(self, params: Params) -> str:
        """eth_signTypedData_v4: the account, then the typed data, as an object or as its JSON."""
        address, value = take(params, 2)
        try:
            typed: Any = json.loads(value) if isinstance(value, str) else value
            message = encode_typed_data(full_message=typed)
        except RpcError:
            raise
        except Exception as failure:  # eth-account has no common root for what is wrong with typed data
            raise InvalidParams(f"typed data: {type(failure).__name__}: {failure}"[:300]) from failure
        return self._signature(address, message)

    def _signature(self, address: object, message: SignableMessage) -> str:
        account = self._account(parse_address(address))
        return data(bytes(Signer.sign_message(message, account.private_key).signature))

    def _account(self, address: bytes) -> Account:
        account = self._accounts.get(address)
        if account is None:
            raise ServerError(f"unknown account {data(address)}: not a development account")
        return account

    def _signed(self, request: CallObject) -> Any:
        """The transaction a request describes, with what it leaves out filled in."""
        message = request.message
        account = self._account(message.sender)
        if request.chain_id not in (None, self._chain.chain_id):
            raise ServerError(f"chainId does not match node's (have={request.chain_id}, want={self._chain.chain_id})")
        builder: Any = PragueVM.get_transaction_builder()
        nonce = self._chain.pending_nonce(account.raw_address) if request.nonce is None else request.nonce
        common = {
            "nonce": nonce,
            "gas": self._running.estimate(request, "latest") if request.gas is None else request.gas,
            "to": message.to,
            "value": message.value,
            "data": message.data,
        }
        if request.gas_price is not None:
            legacy = builder.create_unsigned_transaction(gas_price=request.gas_price, **common)
            return legacy.as_signed_transaction(account.key, self._chain.chain_id)
        tip = fees.SUGGESTED_TIP_WEI if request.max_priority_fee is None else request.max_priority_fee
        base_fee = self._chain.machine.next_base_fee(self._chain.head.header)
        fields: dict[str, Any] = common | {
            "chain_id": self._chain.chain_id,
            "max_priority_fee_per_gas": tip if request.max_fee is None else min(tip, request.max_fee),
            "max_fee_per_gas": 2 * base_fee + tip if request.max_fee is None else request.max_fee,
            "access_list": message.access_list,
        }
        if message.authorizations:
            fields["authorization_list"] = message.authorizations
            return builder.new_unsigned_set_code_transaction(**fields).as_signed_transaction(account.key)
        return builder.new_unsigned_dynamic_fee_transaction(**fields).as_signed_transaction(account.key)
