"""The connection to a chain: heads, logs, calls and transactions, typed.

async with await Chain.connect("http://127.0.0.1:8545", account=account) as chain:
    head = await chain.head()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_account.signers.local import LocalAccount

from contracts.abi import ContractAbi
from contracts.decoding import decode_event, hex_bytes, hex_number
from contracts.errors import MalformedAnswer, MissingContract, UnknownTransaction, WrongChainId
from contracts.events import Event, UpdateCommitted
from contracts.rpc import Rpc
from contracts.sender import SPARE_GAS, Receipt, Sender, Transaction
from contracts.values import Address

__all__ = ["Chain", "Head", "Receipt"]

REQUEST_TIMEOUT_SECONDS = 20.0
MINING_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Head:
    """A block: its number, its hash (32 bytes) and its time in seconds. Time on the chain is read from here only."""

    number: int
    hash: bytes
    timestamp: int


class Chain:
    """One chain through one node, and the account we act as there (None: reading only)."""

    def __init__(self, rpc: Rpc, chain_id: int, account: LocalAccount | None) -> None:
        self.chain_id = chain_id
        self.account = account
        self._rpc = rpc
        self._sender = Sender(rpc, chain_id, account)

    @classmethod
    async def connect(
        cls,
        rpc_url: str,
        *,
        expected_chain_id: int | None = None,
        account: LocalAccount | None = None,
        timeout_seconds: float = REQUEST_TIMEOUT_SECONDS,
    ) -> Chain:
        """Connect and ask which chain it is. Raises ChainUnreachable, WrongChainId."""
        rpc = await Rpc.open(rpc_url, timeout_seconds=timeout_seconds)
        try:
            chain_id = await rpc.number("eth_chainId")
            if expected_chain_id is not None and chain_id != expected_chain_id:
                raise WrongChainId(rpc_url, chain_id, expected_chain_id)
        except BaseException:
            await rpc.close()
            raise
        return cls(rpc, chain_id, account)

    @property
    def rpc_url(self) -> str:
        """Address of the node."""
        return self._rpc.url

    async def __aenter__(self) -> Chain:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._rpc.close()

    async def head(self) -> Head:
        """The newest block; one request."""
        head = await self._block("latest")
        if head is None:
            raise MalformedAnswer("eth_getBlockByNumber", "no newest block")
        return head

    async def block(self, number: int) -> Head | None:
        """A block by its number, None while there is none; one request."""
        return await self._block(hex(number))

    async def block_hash(self, number: int) -> bytes | None:
        """Hash of a block, None while there is none; one request."""
        block = await self._block(hex(number))
        return None if block is None else block.hash

    async def balance(self, account: Address) -> int:
        """What an account holds, in wei."""
        return await self._rpc.number("eth_getBalance", account, "latest")

    async def has_code(self, address: Address) -> bool:
        """Whether there is a contract at the address."""
        return await self._rpc.request("eth_getCode", address, "latest") not in ("0x", "", None)

    async def logs(self, addresses: Sequence[Address], from_block: int, to_block: int) -> list[Event]:
        """Events of these contracts in blocks [from_block, to_block], in chain order; one request.

        Where the node does not tell times with events, those of commitments are asked for: draws depend on them.
        Raises MalformedAnswer for logs that no contract of ours emits, and for logs that were not asked for.
        """
        wanted = {"address": list(addresses), "fromBlock": hex(from_block), "toBlock": hex(to_block)}
        answer = await self._rpc.request("eth_getLogs", wanted)
        if not isinstance(answer, list):
            raise MalformedAnswer("eth_getLogs", "not a list")
        events = sorted((decode_event(log) for log in answer), key=lambda event: event.position)
        for event in events:
            if event.address not in addresses or not from_block <= event.block_number <= to_block:
                raise MalformedAnswer(
                    "eth_getLogs", f"an event of {event.address} in block {event.block_number} was not asked for"
                )
        return await self._timed(events)

    async def transaction_input(self, transaction_hash: bytes) -> bytes:
        """Input data of a transaction. Raises UnknownTransaction."""
        found = await self._rpc.request("eth_getTransactionByHash", "0x" + transaction_hash.hex())
        if found is None:
            raise UnknownTransaction(transaction_hash)
        try:
            return hex_bytes(found["input"])
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedAnswer("eth_getTransactionByHash", repr(error)) from error

    async def gas_used(self, transaction_hash: bytes) -> int:
        """Gas a mined transaction took. Raises UnknownTransaction."""
        receipt = await self._rpc.request("eth_getTransactionReceipt", "0x" + transaction_hash.hex())
        if receipt is None:
            raise UnknownTransaction(transaction_hash)
        try:
            return hex_number(receipt["gasUsed"])
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedAnswer("eth_getTransactionReceipt", repr(error)) from error

    async def call(self, abi: ContractAbi, address: Address, name: str, *arguments: object) -> tuple[Any, ...]:
        """Read from a contract at the newest block. Raises ContractReverted, MissingContract."""
        call = {"to": address, "data": "0x" + abi.encode_call(name, *arguments).hex()}
        if self.account is not None:
            call["from"] = self.account.address
        answer = await self._rpc.request("eth_call", call, "latest")
        try:
            data = hex_bytes(answer)
        except ValueError as error:
            raise MalformedAnswer("eth_call", str(error)) from error
        if not data:
            raise MissingContract(address, self.chain_id)
        return abi.decode_answer(name, data)

    async def send(
        self,
        to: Address | None,
        data: bytes,
        *,
        value_wei: int = 0,
        gas: int | None = None,
        spare_gas: int = SPARE_GAS,
        timeout_seconds: float = MINING_TIMEOUT_SECONDS,
    ) -> Receipt:
        """Send a transaction and wait until it is mined; several may be under way at once.

        `gas` None: a quarter and `spare_gas` more than the node estimates.

        Raises ContractReverted: its subclass named after the contract's error, with the operands. InsufficientFunds,
        MissingAccount, TransactionTimeout, RequestRejected, ChainUnreachable.
        """
        transaction = Transaction(to, data, value_wei, spare_gas)
        return await self._sender.send(transaction, gas=gas, timeout_seconds=timeout_seconds)

    async def _timed(self, events: Sequence[Event]) -> list[Event]:
        """The same events, each commitment with the time of its block."""
        times: dict[int, int | None] = {}
        timed: list[Event] = []
        for event in events:
            if isinstance(event, UpdateCommitted) and event.block_timestamp is None:
                if event.block_number not in times:
                    block = await self.block(event.block_number)
                    times[event.block_number] = None if block is None else block.timestamp
                event = replace(event, block_timestamp=times[event.block_number])
            timed.append(event)
        return timed

    async def _block(self, name: str) -> Head | None:
        block = await self._rpc.request("eth_getBlockByNumber", name, False)
        if block is None:
            return None
        try:
            return Head(hex_number(block["number"]), hex_bytes(block["hash"]), hex_number(block["timestamp"]))
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedAnswer("eth_getBlockByNumber", repr(error)) from error
