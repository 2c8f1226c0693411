"""Transactions of one account: fees, nonces, receipts.

Any number may be in flight at once. Their nonces are counted here, under a lock that covers signing and sending only;
with nothing in flight the next nonce is the node's to say, so that other users of the account, reorganisations and
lost transactions leave no gap behind.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from eth_account.signers.local import LocalAccount

from contracts.attestation import checksum_address
from contracts.decoding import decode_event, hex_bytes, hex_number, is_our_event
from contracts.errors import (
    ContractReverted,
    InsufficientFunds,
    MalformedAnswer,
    MissingAccount,
    RequestRejected,
    TransactionTimeout,
)
from contracts.events import Event
from contracts.reverts.base import RevertedWithData
from contracts.rpc import Rpc
from contracts.values import Address

FIRST_POLL_SECONDS = 0.02
LONGEST_POLL_SECONDS = 0.1
DEFAULT_TIP_WEI = 1_000_000_000
SPARE_GAS = 20_000
METHOD_NOT_FOUND = -32601
# What nodes say when somebody else sent from the account: mined already, or waiting with the same nonce.
NONCE_TAKEN = re.compile("nonce|replacement|underpriced", re.IGNORECASE)

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Receipt:
    """A mined transaction. `events`: those of our contracts, in order. `contract_address`: what it deployed, if any."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    gas_used: int
    contract_address: Address | None
    events: tuple[Event, ...]

    def event(self, kind: type[E]) -> E:
        """The first event of a kind. Raises MalformedAnswer when there is none."""
        for event in self.events:
            if isinstance(event, kind):
                return event
        raise MalformedAnswer("eth_getTransactionReceipt", f"no {kind.__name__} among its events")


@dataclass(frozen=True)
class Transaction:
    """What is to be sent. `to` None creates a contract. `spare_gas`: more than a quarter above the estimate."""

    to: Address | None
    data: bytes
    value_wei: int = 0
    spare_gas: int = SPARE_GAS

    def as_call(self, sender: Address) -> dict[str, str]:
        """Parameters of eth_call and eth_estimateGas."""
        call = {"from": sender, "data": "0x" + self.data.hex(), "value": hex(self.value_wei)}
        return call if self.to is None else {**call, "to": self.to}


class Sender:
    """Sends transactions of `account` (None: reading only) through one connection."""

    def __init__(self, rpc: Rpc, chain_id: int, account: LocalAccount | None) -> None:
        self._rpc, self._chain_id, self._account = rpc, chain_id, account
        self._next_nonce: int | None = None
        self._nonces = asyncio.Lock()
        self._in_flight = 0

    async def send(self, transaction: Transaction, *, gas: int | None, timeout_seconds: float) -> Receipt:
        """Sign, send, wait for a block. `gas` None: estimated, and what would revert is not even sent.

        Raises MissingAccount, InsufficientFunds, ContractReverted, TransactionTimeout, RequestRejected,
        ChainUnreachable.
        """
        if self._account is None:
            raise MissingAccount
        self._in_flight += 1
        try:
            transaction_hash = await self._submit(self._account, transaction, gas)
            return await self._wait(transaction_hash, transaction, timeout_seconds)
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._next_nonce = None

    async def _submit(self, account: LocalAccount, transaction: Transaction, gas: int | None) -> bytes:
        sender = account.address
        base_fee, tip, balance = await asyncio.gather(self._base_fee(), self._tip(), self._balance(sender))
        # Twice the base fee outlasts six full blocks; what is not needed is not charged.
        max_fee = 2 * base_fee + tip
        if gas is None:
            gas = await self._estimate(transaction, sender, balance, max_fee)
        need = gas * max_fee + transaction.value_wei
        if balance < need:
            raise InsufficientFunds(sender, balance, need)
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self._chain_id,
            "gas": gas,
            "maxFeePerGas": max_fee,
            "maxPriorityFeePerGas": tip,
            "value": transaction.value_wei,
            "data": transaction.data,
        }
        if transaction.to is not None:
            fields["to"] = transaction.to
        async with self._nonces:
            return await self._broadcast(account, fields)

    async def _wait(self, transaction_hash: bytes, transaction: Transaction, timeout_seconds: float) -> Receipt:
        """Poll for the receipt. Raises ContractReverted with its reason, TransactionTimeout, ChainUnreachable."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        pause = FIRST_POLL_SECONDS
        while True:
            receipt = await self._rpc.request("eth_getTransactionReceipt", "0x" + transaction_hash.hex())
            if receipt is not None:
                break
            if loop.time() >= deadline:
                self._next_nonce = None
                raise TransactionTimeout(transaction_hash, timeout_seconds)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL_SECONDS)
        if hex_number(receipt["status"]) == 0:
            raise await self._reason(transaction, receipt)
        return _receipt(receipt)

    async def _broadcast(self, account: LocalAccount, fields: Mapping[str, Any]) -> bytes:
        """Under the lock. A nonce that was not used for certain is read again before the next transaction.

        A nonce that somebody else took is no failure as long as the next one differs: one of the two has got on.
        """
        taken: int | None = None
        while True:
            nonce, self._next_nonce = self._next_nonce, None
            if nonce is None:
                nonce = await self._rpc.number("eth_getTransactionCount", account.address, "pending")
            signed = account.sign_transaction({**fields, "nonce": nonce})
            try:
                await self._rpc.request("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())
            except RequestRejected as error:
                # A repeated request may find its own first attempt.
                if not await self._is_known(bytes(signed.hash)):
                    if nonce != taken and NONCE_TAKEN.search(error.reason):
                        taken = nonce
                        continue
                    raise
            self._next_nonce = nonce + 1
            return bytes(signed.hash)

    async def _is_known(self, transaction_hash: bytes) -> bool:
        return await self._rpc.request("eth_getTransactionByHash", "0x" + transaction_hash.hex()) is not None

    async def _estimate(self, transaction: Transaction, sender: Address, balance: int, max_fee: int) -> int:
        try:
            estimate = await self._rpc.number("eth_estimateGas", transaction.as_call(sender))
        except RequestRejected as error:
            need = 21_000 * max_fee + transaction.value_wei
            if balance < need:
                raise InsufficientFunds(sender, balance, need) from error
            raise
        # Whoever acts last in a window also moves it, which costs more than what was estimated a moment before.
        return estimate * 5 // 4 + transaction.spare_gas

    async def _base_fee(self) -> int:
        block = await self._rpc.request("eth_getBlockByNumber", "latest", False)
        try:
            return hex_number(block["baseFeePerGas"])
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedAnswer("eth_getBlockByNumber", "no base fee: the chain lacks EIP-1559") from error

    async def _tip(self) -> int:
        try:
            return await self._rpc.number("eth_maxPriorityFeePerGas")
        except RequestRejected as error:
            if error.code != METHOD_NOT_FOUND:
                raise
            return DEFAULT_TIP_WEI

    async def _balance(self, account: Address) -> int:
        return await self._rpc.number("eth_getBalance", account, "latest")

    async def _reason(self, transaction: Transaction, receipt: Mapping[str, Any]) -> ContractReverted:
        """Why a mined transaction failed: the call repeated on the block that holds it."""
        call = transaction.as_call(checksum_address(hex_bytes(receipt["from"])))
        try:
            await self._rpc.request("eth_call", call, receipt["blockNumber"])
        except ContractReverted as reason:
            return reason
        # It passes now: the state that refused it lasted only within the block.
        return RevertedWithData(b"")


def _receipt(raw: Mapping[str, Any]) -> Receipt:
    try:
        deployed = raw.get("contractAddress")
        return Receipt(
            transaction_hash=hex_bytes(raw["transactionHash"]),
            block_number=hex_number(raw["blockNumber"]),
            block_hash=hex_bytes(raw["blockHash"]),
            gas_used=hex_number(raw["gasUsed"]),
            contract_address=None if deployed is None else checksum_address(hex_bytes(deployed)),
            events=tuple(decode_event(log) for log in raw["logs"] if is_our_event(log)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedAnswer("eth_getTransactionReceipt", repr(error)) from error
