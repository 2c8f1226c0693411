"""Methods that run the machine or take the chain's locks: called in threads, never in the server's event loop."""

from __future__ import annotations

from typing import Any

from eth.vm.forks.prague import PragueVM
from eth_typing import Address

from devnet import execution, fees, parameters
from devnet.accounts import Account
from devnet.chain import Chain
from devnet.errors import InvalidParams, ServerError
from devnet.hexing import data, parse_address, parse_data, parse_quantity, quantity
from devnet.parameters import CallObject, Method, Params, call_object, no_overrides, take

MAXIMUM_BLOCKS_PER_REQUEST = 1_000
MAXIMUM_TIME_SECONDS = 1 << 40


def methods(chain: Chain) -> dict[str, Method]:
    """The table of methods by name."""
    running = Running(chain)
    return {
        "eth_call": running.call,
        "eth_estimateGas": running.estimate_gas,
        "eth_getBalance": running.balance,
        "eth_getCode": running.code,
        "eth_getStorageAt": running.storage,
        "eth_getTransactionCount": running.nonce,
        "eth_sendRawTransaction": running.send_raw,
        "eth_sendTransaction": running.send,
        "evm_increaseTime": running.increase_time,
        "evm_mine": running.mine,
        "evm_revert": running.revert,
        "evm_setAutomine": running.set_automine,
        "evm_setNextBlockTimestamp": running.set_next_timestamp,
        "evm_snapshot": running.snapshot,
    }


class Running:
    """The methods."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._keys = {account.raw_address: account for account in chain.accounts}

    # State at a block.

    def balance(self, params: Params) -> str:
        """eth_getBalance, in wei."""
        address, tag = take(params, 1, 1)
        state = self._chain.machine.state(parameters.block(self._chain, tag).header)
        return quantity(state.get_balance(Address(parse_address(address))))

    def code(self, params: Params) -> str:
        """eth_getCode."""
        address, tag = take(params, 1, 1)
        state = self._chain.machine.state(parameters.block(self._chain, tag).header)
        return data(state.get_code(Address(parse_address(address))))

    def storage(self, params: Params) -> str:
        """eth_getStorageAt, 32 bytes."""
        address, slot, tag = take(params, 2, 1)
        state = self._chain.machine.state(parameters.block(self._chain, tag).header)
        value = state.get_storage(Address(parse_address(address)), _slot(slot))
        return data(value.to_bytes(32, "big"))

    def nonce(self, params: Params) -> str:
        """eth_getTransactionCount; `pending` counts transactions that wait."""
        address, tag = take(params, 1, 1)
        raw_address = parse_address(address)
        if tag == "pending":
            return quantity(self._chain.pending_nonce(raw_address))
        state = self._chain.machine.state(parameters.block(self._chain, tag).header)
        return quantity(state.get_nonce(Address(raw_address)))

    # Running code.

    def call(self, params: Params) -> str:
        """eth_call. Gas is free in it; `gasPrice` and the like are ignored."""
        request, tag, *overrides = take(params, 1, 3)
        for override in overrides:
            no_overrides(override)
        message = call_object(request).message
        with self._chain.machine.simulation(parameters.header(self._chain, tag)) as simulation:
            return data(execution.call(simulation, message))

    def estimate_gas(self, params: Params) -> str:
        """eth_estimateGas."""
        request, tag, *overrides = take(params, 1, 3)
        for override in overrides:
            no_overrides(override)
        return quantity(self._estimate(call_object(request), tag))

    def _estimate(self, request: CallObject, tag: object) -> int:
        with self._chain.machine.simulation(parameters.header(self._chain, tag)) as simulation:
            return execution.estimate_gas(simulation, request.message)

    # Transactions.

    def send_raw(self, params: Params) -> str:
        """eth_sendRawTransaction."""
        (raw,) = take(params, 1)
        return data(self._chain.submit_raw(parse_data(raw, "transaction")))

    def send(self, params: Params) -> str:
        """eth_sendTransaction, signed with the key of a development account."""
        (value,) = take(params, 1)
        request = call_object(value)
        account = self._keys.get(request.message.sender)
        if account is None:
            raise ServerError(f"unknown account {data(request.message.sender)}: not a development account")
        if request.chain_id not in (None, self._chain.chain_id):
            raise ServerError(f"chainId does not match node's (have={request.chain_id}, want={self._chain.chain_id})")
        return data(self._chain.submit(self._sign(request, account)))

    def _sign(self, request: CallObject, account: Account) -> Any:
        message = request.message
        builder: Any = PragueVM.get_transaction_builder()
        nonce = self._chain.pending_nonce(account.raw_address) if request.nonce is None else request.nonce
        common = {
            "nonce": nonce,
            "gas": self._estimate(request, "latest") if request.gas is None else request.gas,
            "to": message.to,
            "value": message.value,
            "data": message.data,
        }
        if request.gas_price is not None:
            if request.max_fee is not None or request.max_priority_fee is not None:
                raise InvalidParams("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
            legacy = builder.create_unsigned_transaction(gas_price=request.gas_price, **common)
            return legacy.as_signed_transaction(account.key, self._chain.chain_id)
        tip = fees.SUGGESTED_TIP_WEI if request.max_priority_fee is None else request.max_priority_fee
        base_fee = self._chain.machine.next_base_fee(self._chain.head.header)
        unsigned = builder.new_unsigned_dynamic_fee_transaction(
            chain_id=self._chain.chain_id,
            max_priority_fee_per_gas=tip if request.max_fee is None else min(tip, request.max_fee),
            max_fee_per_gas=2 * base_fee + tip if request.max_fee is None else request.max_fee,
            access_list=message.access_list,
            **common,
        )
        return unsigned.as_signed_transaction(account.key)

    # Control.

    def mine(self, params: Params) -> str:
        """evm_mine: a time, or {"timestamp", "blocks"}; one block by default."""
        (value,) = take(params, 0, 1)
        timestamp, blocks = value, 1
        if isinstance(value, dict):
            timestamp = value.get("timestamp")
            blocks = parse_quantity(value.get("blocks", 1), "blocks", maximum=MAXIMUM_BLOCKS_PER_REQUEST)
        first = None if timestamp is None else parse_quantity(timestamp, "timestamp", maximum=MAXIMUM_TIME_SECONDS)
        for number in range(blocks):
            self._chain.mine(first if number == 0 else None)
        return quantity(0)

    def increase_time(self, params: Params) -> int:
        """evm_increaseTime: seconds that pass before the next block, counted from the head. Returns the offset."""
        (seconds,) = take(params, 1)
        return self._chain.increase_time(parse_quantity(seconds, "seconds", maximum=MAXIMUM_TIME_SECONDS))

    def set_next_timestamp(self, params: Params) -> None:
        """evm_setNextBlockTimestamp."""
        (timestamp,) = take(params, 1)
        self._chain.force_next_timestamp(parse_quantity(timestamp, "timestamp", maximum=MAXIMUM_TIME_SECONDS))

    def set_automine(self, params: Params) -> None:
        """evm_setAutomine: false leaves all building to evm_mine."""
        (enabled,) = take(params, 1)
        if not isinstance(enabled, bool):
            raise InvalidParams("expected true or false")
        self._chain.set_automine(enabled)

    def snapshot(self, params: Params) -> str:
        """evm_snapshot."""
        take(params, 0)
        return quantity(self._chain.snapshot())

    def revert(self, params: Params) -> bool:
        """evm_revert: back to a snapshot; false when it is unknown or used up."""
        (number,) = take(params, 1)
        return self._chain.revert(parse_quantity(number, "snapshot"))


def _slot(value: object) -> int:
    """A storage slot, written as a quantity or as 32 bytes."""
    return parse_quantity(value, "slot")
