"""Accounts that sign for themselves, as every client of a public chain does."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_utils.address import to_checksum_address

from devnet.accounts import Account as DevelopmentAccount
from tests.devnet.programs import creation_code
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc

ETHER = 10**18
GWEI = 10**9


def signed_by(account: DevelopmentAccount, nonce: int, chain_id: int, **fields: Any) -> bytes:
    """Raw EIP-1559 bytes, signed with a development account's key."""
    transaction: dict[str, Any] = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "gas": 21_000,
        "maxFeePerGas": 100 * GWEI,
        "maxPriorityFeePerGas": GWEI,
    } | fields
    raw: bytes = Account.from_key(account.private_key).sign_transaction(transaction).raw_transaction
    return bytes(raw)


class Wallet:
    """A key and the nonce it will use next."""

    def __init__(self, rpc: Rpc, chain_id: int) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._key = Account.create()
        self.address: str = self._key.address
        self.nonce = 0

    @classmethod
    def funded(cls, rpc: Rpc, devnet: Devnet, amount_wei: int = 10 * ETHER) -> Wallet:
        """A new wallet with money from a development account."""
        wallet = cls(rpc, devnet.chain_id)
        gift = {"from": devnet.accounts[0].address, "to": wallet.address, "value": hex(amount_wei)}
        assert rpc.receipt(rpc("eth_sendTransaction", gift))["status"] == "0x1"
        return wallet

    def sign(self, **fields: Any) -> str:
        """Raw EIP-1559 bytes; the nonce does not move."""
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": self.nonce,
            "to": self.address,
            "value": 0,
            "gas": 21_000,
            "maxFeePerGas": 100 * GWEI,
            "maxPriorityFeePerGas": GWEI,
        } | fields
        transaction = {name: value for name, value in transaction.items() if value is not None}
        if "to" in transaction:
            transaction["to"] = to_checksum_address(transaction["to"])
        raw: bytes = self._key.sign_transaction(transaction).raw_transaction
        return "0x" + raw.hex()

    def authorize(self, contract: str, *, nonce: int) -> Any:
        """A signed permission to run the contract's code in place of the account's own (EIP-7702)."""
        permission = {"chainId": self._chain_id, "address": to_checksum_address(contract), "nonce": nonce}
        return self._key.sign_authorization(permission)

    def send(self, **fields: Any) -> str:
        """Sign with the next nonce, send, return the hash."""
        transaction_hash: str = self._rpc("eth_sendRawTransaction", self.sign(**fields))
        self.nonce += 1
        return transaction_hash

    def deploy(self, program: str) -> str:
        """Deploy runtime code and return its address."""
        receipt = self._rpc.receipt(self.send(to=None, data=creation_code(program), gas=1_000_000))
        assert receipt["status"] == "0x1"
        address: str = receipt["contractAddress"]
        return address
