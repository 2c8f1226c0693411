"""What every opcode finds and costs: geth's default tracer, "struct logs".

py-evm looks opcodes up in a table; here it finds the same ones, each wrapped in one that notes what it sees.
Source: geth, eth/tracers/logger/logger.go (the form of an entry).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from eth.abc import StateAPI
from eth.vm.forks.prague.computation import PragueComputation

from devnet.errors import LimitExceeded
from devnet.formats import Json
from devnet.hexing import data

MAXIMUM_STEPS = 200_000
MAXIMUM_WORDS = 4_000_000
CALLS = {"CALL", "CALLCODE", "DELEGATECALL", "STATICCALL", "CREATE", "CREATE2"}
# py-evm names by its old name what the others name by its new one.
NAMES = {"SHA3": "KECCAK256", "DIFFICULTY": "PREVRANDAO", "SUICIDE": "SELFDESTRUCT"}


@dataclass(frozen=True)
class LogOptions:
    """geth's options, with its defaults."""

    stack: bool = True
    storage: bool = True
    memory: bool = False
    return_data: bool = False


@dataclass
class OpcodeLog:
    """The entries of one transaction, in the order of execution."""

    options: LogOptions
    entries: list[Json] = field(default_factory=list)
    _storage: dict[bytes, Json] = field(default_factory=dict)
    _words: int = 0

    @contextmanager
    def recording(self, state: StateAPI) -> Iterator[None]:
        """Note what runs on a state."""
        machine: Any = state
        traced = {code: _Traced(opcode, self) for code, opcode in PragueComputation.opcodes.items()}
        machine.computation_class = type("TracedComputation", (PragueComputation,), {"opcodes": traced})
        try:
            yield
        finally:
            del machine.computation_class

    def before(self, computation: Any, name: str) -> Json:
        """Begin an entry. Raises LimitExceeded when an answer could not hold all."""
        stack = computation._stack.values
        entry: Json = {
            "pc": max(0, computation.code.program_counter - 1),
            "op": name,
            "gas": computation.get_gas_remaining(),
            "gasCost": 0,
            "depth": computation.msg.depth + 1,
        }
        if self.options.stack:
            entry["stack"] = [hex(_number(item)) for item in stack]
            self._words += len(stack)
        if self.options.memory and (memory := bytes(computation._memory._bytes)):
            entry["memory"] = [data(memory[start : start + 32]) for start in range(0, len(memory), 32)]
            self._words += len(memory) // 32
        if self.options.return_data and computation.return_data:
            entry["returnData"] = data(computation.return_data)
            self._words += len(computation.return_data) // 32
        if self.options.storage and name in ("SLOAD", "SSTORE"):
            entry["storage"] = self._touched(computation, name, [_number(item) for item in stack[-2:]])
            self._words += 2 * len(entry["storage"])
        self.entries.append(entry)
        if len(self.entries) > MAXIMUM_STEPS or self._words > MAXIMUM_WORDS:
            raise LimitExceeded(f"the trace has more than {MAXIMUM_STEPS} steps or {MAXIMUM_WORDS} words")
        return entry

    def _touched(self, computation: Any, name: str, operands: list[int]) -> Json:
        """The slots of the account that this and earlier opcodes read or write, with their values by then."""
        address = computation.msg.storage_address
        known = self._storage.setdefault(address, {})
        if len(operands) > (name == "SSTORE"):
            slot = operands[-1]
            value = operands[-2] if name == "SSTORE" else computation.state.get_storage(address, slot)
            known[data(slot.to_bytes(32, "big"))] = data(value.to_bytes(32, "big"))
        return known.copy()


class _Traced:
    """An opcode that is noted."""

    def __init__(self, opcode: Any, log: OpcodeLog) -> None:
        self._opcode = opcode
        self._log = log
        name = getattr(opcode, "mnemonic", None) or opcode.__wrapped__.mnemonic
        self._name = NAMES.get(name, name)

    def __call__(self, computation: Any) -> None:
        if not computation.msg.code:  # py-evm stops an account without code with an opcode, the others never start it
            self._opcode(computation=computation)
            return
        entry = self._log.before(computation, self._name)
        children = len(computation.children)
        try:
            self._opcode(computation=computation)
        except Exception as failure:
            if getattr(failure, "burns_gas", False):
                entry["error"] = str(failure) or type(failure).__name__
            raise
        finally:
            entry["gasCost"] = entry["gas"] - computation.get_gas_remaining()
            if self._name in CALLS and len(computation.children) > children:
                # What the call gave back was part of what it cost.
                entry["gasCost"] += computation.children[-1].get_gas_remaining()


def options(value: Mapping[str, object]) -> LogOptions:
    """Read geth's options."""
    return LogOptions(
        stack=value.get("disableStack") is not True,
        storage=value.get("disableStorage") is not True,
        memory=value.get("enableMemory") is True,
        return_data=value.get("enableReturnData") is True,
    )


def _number(item: Any) -> int:
    """A value of py-evm's stack, which holds some as bytes."""
    return item if isinstance(item, int) else int.from_bytes(item, "big")
