"""`eth_call` and `eth_estimateGas` over a simulation of the machine."""

from __future__ import annotations

from dataclasses import replace

from eth.abc import ComputationAPI
from eth.exceptions import OutOfGas, Revert
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from devnet.errors import ExecutionReverted, ServerError
from devnet.evm import InsufficientFunds, Message, Simulation
from devnet.hexing import data

ERROR_STRING = bytes.fromhex("08c379a0")
PANIC = bytes.fromhex("4e487b71")
CALL_STIPEND = 2_300
# geth stops its search there too: 1.5% above the least gas that works.
ESTIMATE_TOLERANCE = 0.015


def call(simulation: Simulation, message: Message) -> bytes:
    """What the code returns. Raises ExecutionReverted or ServerError."""
    computation = _run(simulation, message)
    _raise_if_failed(computation, message.gas)
    return computation.output


def estimate_gas(simulation: Simulation, message: Message) -> int:
    """A gas limit with which the message was seen to succeed, at most 1.5% above the least.

    `message.gas` is the most that may be tried. Raises ExecutionReverted or ServerError.
    """
    computation = _run(simulation, message)
    _raise_if_failed(computation, message.gas)
    floor = simulation.minimum_gas(message)
    used = max(message.gas - computation.get_gas_remaining(), floor)

    def succeeds(gas: int) -> bool:
        return not _run(simulation, replace(message, gas=gas)).is_error

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


def _run(simulation: Simulation, message: Message) -> ComputationAPI:
    floor = simulation.minimum_gas(message)
    if message.gas < floor:
        raise ServerError(f"intrinsic gas too low: gas {message.gas}, minimum needed {floor}")
    try:
        return simulation.run(message)
    except InsufficientFunds as failure:
        raise ServerError(
            f"insufficient funds for transfer: address {data(message.sender)} have {failure.balance} "
            f"want {failure.needed}"
        ) from failure


def _raise_if_failed(computation: ComputationAPI, gas: int) -> None:
    if not computation.is_error:
        return
    error = computation.error
    if isinstance(error, Revert):
        returned = computation.output
        reason = revert_reason(returned)
        raise ExecutionReverted(
            "execution reverted" if reason is None else f"execution reverted: {reason}", data(returned)
        )
    if isinstance(error, OutOfGas):
        raise ServerError(f"out of gas: gas required exceeds allowance ({gas})")
    raise ServerError(f"execution failed: {type(error).__name__}: {error}")


def revert_reason(returned: bytes) -> str | None:
    """The text of `Error(string)` or the code of `Panic(uint256)`; None for anything else, say a custom error."""
    try:
        if returned[:4] == ERROR_STRING:
            (text,) = decode(["string"], returned[4:])
            return str(text)
        if returned[:4] == PANIC:
            (code,) = decode(["uint256"], returned[4:])
            return f"panic code 0x{code:02x}"
    except DecodingError:
        return None
    return None
