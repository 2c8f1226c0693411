"""Methods that run the machine or take the chain's locks: called in threads, never in the server's event loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from eth_typing import Address

from devnet import execution, parameters
from devnet.chain import Chain
from devnet.errors import InvalidParams, ServerError
from devnet.evm import Message, Simulation
from devnet.formats import Json, access_list_json
from devnet.hexing import data, parse_address, parse_data, parse_quantity, quantity
from devnet.overrides import overridden, state_edits
from devnet.parameters import CallObject, Method, Params, call_object, take
from devnet.proofs import account_proof

MAXIMUM_PROOF_KEYS = 1_024


class Running:
    """The methods."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def methods(self) -> dict[str, Method]:
        """The table of methods by name."""
        return {
            "eth_call": self.call,
            "eth_createAccessList": self.access_list,
            "eth_estimateGas": self.estimate_gas,
            "eth_getBalance": self.balance,
            "eth_getCode": self.code,
            "eth_getProof": self.proof,
            "eth_getStorageAt": self.storage,
            "eth_getTransactionCount": self.nonce,
            "eth_sendRawTransaction": self.send_raw,
        }

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

    def proof(self, params: Params) -> Json:
        """eth_getProof."""
        address, keys, tag = take(params, 2, 1)
        raw_address = parse_address(address)
        if not isinstance(keys, list):
            raise InvalidParams("storage keys: expected a list")
        if len(keys) > MAXIMUM_PROOF_KEYS:
            raise InvalidParams(f"too many storage keys: {len(keys)}, at most {MAXIMUM_PROOF_KEYS}")
        slots = [(_key(key), _slot(key)) for key in keys]
        header = parameters.block(self._chain, tag).header
        return account_proof(self._chain.machine, header, raw_address, slots)

    # Running code.

    def call(self, params: Params) -> str:
        """eth_call. Without fees gas is free in it."""
        request, tag, *overrides = take(params, 1, 3)
        message = call_object(request).message
        with self._simulation(message, tag, overrides) as simulation:
            return data(execution.call(simulation, message))

    def estimate_gas(self, params: Params) -> str:
        """eth_estimateGas."""
        request, tag, *overrides = take(params, 1, 3)
        return quantity(self.estimate(call_object(request), tag, overrides))

    def estimate(self, request: CallObject, tag: object, overrides: Sequence[object] = (None, None)) -> int:
        """The gas limit a request needs."""
        # What a sender offers for gas bounds how much gas it can have, not whether the call succeeds.
        message = replace(request.message, max_fee=0, max_priority_fee=0)
        with self._simulation(message, tag, overrides) as simulation:
            return execution.estimate_gas(simulation, message)

    def access_list(self, params: Params) -> Json:
        """eth_createAccessList."""
        request, tag, *overrides = take(params, 1, 2)
        message = replace(call_object(request).message, max_fee=0, max_priority_fee=0)
        with self._simulation(message, tag, [*overrides, None]) as simulation:
            access = execution.access_list(simulation, message)
        answer: Json = {"accessList": access_list_json(access.entries), "gasUsed": quantity(access.gas_used)}
        return answer if access.failure is None else answer | {"error": access.failure}

    @contextmanager
    def _simulation(self, message: Message, tag: object, overrides: Sequence[object]) -> Iterator[Simulation]:
        edits, changed = overrides
        header = overridden(parameters.header(self._chain, tag), changed)
        free = message.max_fee == 0
        with self._chain.machine.simulation(header, state_edits(edits), free=free) as simulation:
            yield simulation

    def send_raw(self, params: Params) -> str:
        """eth_sendRawTransaction."""
        (raw,) = take(params, 1)
        return data(self._chain.submit_raw(parse_data(raw, "transaction")))


def _slot(value: object) -> int:
    """A storage slot, written as a quantity or as at most 32 bytes."""
    if isinstance(value, str) and len(value) > parameters.HASH_TEXT_LENGTH:
        raise ServerError("unable to decode storage key: hex string too long, want at most 32 bytes")
    try:
        return parse_quantity(value, "slot")
    except InvalidParams as failure:
        raise ServerError(f"unable to decode storage key: {failure.message}") from failure


def _key(value: object) -> str:
    """A storage key in an answer: as it was asked when that has 32 bytes, otherwise a quantity, as geth does."""
    return value if isinstance(value, str) and len(value) == parameters.HASH_TEXT_LENGTH else quantity(_slot(value))
