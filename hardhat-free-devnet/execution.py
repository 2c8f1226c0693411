"""`eth_call`, `eth_estimateGas` and `eth_createAccessList` over a simulation of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from eth._utils.address import generate_contract_address
from eth.abc import ComputationAPI
from eth.exceptions import OutOfGas, Revert
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import Address

from devnet.errors import ExecutionReverted, ServerError
from devnet.evm import InsufficientFunds, Message, Simulation
from devnet.hexing import data

ERROR_STRING = bytes.fromhex("08c379a0")
PANIC = bytes.fromhex("4e487b71")
DELEGATION = bytes.fromhex("ef0100")
CALL_STIPEND = 2_300
MAXIMUM_ACCESS_ROUNDS = 8
# geth's words, in their order of codes.
PANIC_REASONS = {
    0x00: "generic panic",
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x21: "enum overflow",
    0x22: "invalid encoded storage byte array accessed",
    0x31: "out-of-bounds array access; popping on an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
    0x51: "uninitialized function",
}
# geth stops its search there too: 1.5% above the least gas that works.
ESTIMATE_TOLERANCE = 0.015


def call(simulation: Simulation, message: Message) -> bytes:
    """What the code returns. Raises ExecutionReverted or ServerError."""
    computation = run(simulation, message)
    _raise_if_failed(computation, message.gas)
    return computation.output


def estimate_gas(simulation: Simulation, message: Message) -> int:
    """A gas limit with which the message was seen to succeed, at most 1.5% above the least.

    `message.gas` is the most that may be tried. Raises ExecutionReverted or ServerError.
    """
    computation = run(simulation, message)
    _raise_if_failed(computation, message.gas)
    floor = simulation.minimum_gas(message)
    used = max(message.gas - computation.get_gas_remaining(), floor)

    def succeeds(gas: int) -> bool:
        return not run(simulation, replace(message, gas=gas)).is_error

    # Most code needs what it used; calls inside keep back 1/64 (EIP-150), so that some need more.
    if used >= message.gas or succeeds(used):
        return min(used, message.gas)
    fails, works = used, message.gas
    guess = (used + CALL_STIPEND) * 64 // 63
    while works - fails > max(1, int(works * ESTIMATE_TOLERANCE)):
        if not fails < guess < works:
            guess = min((fails + works) // 2, 2 * fails)
        if succeeds(guess):
            works = guess
        else:
            fails = guess
        guess = 0
    return works


@dataclass(frozen=True)
class Access:
    """What a call touches besides its sender and target: an EIP-2930 list, and the gas used with it."""

    entries: tuple[tuple[bytes, tuple[int, ...]], ...]
    gas_used: int
    failure: str | None


def access_list(simulation: Simulation, message: Message) -> Access:
    """Run the message until a list is its own result: with it, code may see other gas and touch other slots."""
    for _ in range(MAXIMUM_ACCESS_ROUNDS):
        touched: dict[bytes, set[int]] = {}
        with _recorded(simulation, message, touched):
            computation = run(simulation, message)
        entries = tuple((address, tuple(sorted(slots))) for address, slots in sorted(touched.items()))
        if entries == message.access_list:
            break
        message = replace(message, access_list=entries)
    gas_used = max(message.gas - computation.get_gas_remaining(), simulation.minimum_gas(message))
    return Access(message.access_list, gas_used, failure_text(computation) if computation.is_error else None)


@contextmanager
def _recorded(simulation: Simulation, message: Message, touched: dict[bytes, set[int]]) -> Iterator[None]:
    """Note what becomes warm, except addresses that are warm in every transaction of this kind."""
    state: Any = simulation.state
    accounts = state._account_db
    mark_address, mark_storage = accounts.mark_address_warm, accounts.mark_storage_warm
    nonce = state.get_nonce(message.sender)
    target = message.to or generate_contract_address(Address(message.sender), nonce)
    starts_warm = {state.coinbase, message.sender, target, delegate_of(state.get_code(target))}

    def address_warm(address: bytes) -> None:
        if address not in starts_warm:
            touched.setdefault(address, set())
        mark_address(address)

    def storage_warm(address: bytes, slot: int) -> None:
        touched.setdefault(address, set()).add(slot)
        mark_storage(address, slot)

    accounts.mark_address_warm, accounts.mark_storage_warm = address_warm, storage_warm
    try:
        yield
    finally:
        del accounts.mark_address_warm, accounts.mark_storage_warm


def run(simulation: Simulation, message: Message) -> ComputationAPI:
    floor = simulation.minimum_gas(message)
    if message.gas < floor:
        raise ServerError(f"intrinsic gas too low: gas {message.gas}, minimum needed {floor}")
    base_fee = simulation.state.base_fee
    if message.max_fee < base_fee:
        raise ServerError(
            f"max fee per gas less than block base fee: address {data(message.sender)}, "
            f"maxFeePerGas: {message.max_fee}, baseFee: {base_fee}"
        )
    try:
        return simulation.run(message)
    except InsufficientFunds as failure:
        raise ServerError(
            f"insufficient funds for gas * price + value: address {data(message.sender)} have {failure.balance} "
            f"want {failure.needed}"
        ) from failure


def _raise_if_failed(computation: ComputationAPI, gas: int) -> None:
    if not computation.is_error:
        return
    if isinstance(computation.error, Revert):
        raise ExecutionReverted(failure_text(computation), data(computation.output))
    if isinstance(computation.error, OutOfGas):
        raise ServerError(f"out of gas: gas required exceeds allowance ({gas})")
    raise ServerError(failure_text(computation))


def failure_text(computation: ComputationAPI) -> str:
    """Why code failed, in a line."""
    error = computation.error
    if isinstance(error, Revert):
        reason = revert_reason(computation.output)
        return "execution reverted" if reason is None else f"execution reverted: {reason}"
    if isinstance(error, OutOfGas):
        return "out of gas"
    return f"execution failed: {type(error).__name__}: {error}"


def delegate_of(code: bytes) -> bytes | None:
    """Whose code an account with this code runs (EIP-7702); None = its own."""
    return code[len(DELEGATION) :] if code.startswith(DELEGATION) else None


def revert_reason(returned: bytes) -> str | None:
    """The text of `Error(string)` or the code of `Panic(uint256)`; None for anything else, say a custom error."""
    try:
        if returned[:4] == ERROR_STRING:
            (text,) = decode(["string"], returned[4:])
            return str(text)
        if returned[:4] == PANIC:
            (code,) = decode(["uint256"], returned[4:])
            return PANIC_REASONS.get(code, f"unknown panic code: {code:#x}")
    except DecodingError:
        return None
    return None
