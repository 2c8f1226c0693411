"""`debug_traceTransaction`, `debug_traceBlockBy...`, `debug_traceCall`: geth's `callTracer`, who called whom, and its
default tracer, what every opcode found and cost (opcodes.py).

Transactions are run again on the state they ran on. Source: geth, eth/tracers/native/call.go (the form of the frames).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from eth.abc import ComputationAPI, SignedTransactionAPI, StateAPI
from eth.exceptions import Revert

from devnet import execution, parameters
from devnet.chain import Chain
from devnet.errors import InvalidParams, ServerError
from devnet.formats import Json
from devnet.hexing import data, parse_data, parse_quantity, quantity
from devnet.index import IndexedBlock
from devnet.opcodes import LogOptions, OpcodeLog
from devnet.opcodes import options as log_options
from devnet.overrides import overridden, state_edits
from devnet.parameters import Method, Params, call_object, take


@dataclass(frozen=True)
class Executed:
    """A transaction that ran, its limit of gas and what it used."""

    computation: ComputationAPI
    gas: int
    gas_used: int


Execute = Callable[[], Executed]
Tracer = Callable[[StateAPI, Execute], Json]


def methods(chain: Chain) -> dict[str, Method]:
    """The table of methods by name."""
    tracing = Tracing(chain)
    return {
        "debug_traceBlockByHash": tracing.block,
        "debug_traceBlockByNumber": tracing.block,
        "debug_traceCall": tracing.call,
        "debug_traceTransaction": tracing.transaction,
    }


class Tracing:
    """The methods."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def transaction(self, params: Params) -> Json:
        """debug_traceTransaction."""
        value, options = take(params, 1, 1)
        tracer = _tracer(options)
        transaction_hash = data(parse_data(value, "hash", length=32))
        receipt = self._chain.receipt(transaction_hash)
        found = None if receipt is None else self._chain.block_by_hash(receipt["blockHash"])
        if receipt is None or found is None:
            raise ServerError("transaction not found")
        position = int(receipt["transactionIndex"], 16)
        return self._replayed(found, tracer, position, position)[0]

    def block(self, params: Params) -> list[Json]:
        """debug_traceBlockByNumber and ByHash."""
        tag, options = take(params, 1, 1)
        tracer = _tracer(options)
        found = parameters.block_or_none(self._chain, tag)
        if found is None:
            raise ServerError(
                f"block {tag if isinstance(tag, str) else quantity(parse_quantity(tag, 'block'))} not found"
            )
        if found.number == 0:
            raise ServerError("genesis is not traceable")
        answers = self._replayed(found, tracer, 0, len(found.block.transactions) - 1)
        hashes = found.json["transactions"]
        return [{"txHash": name, "result": answer} for name, answer in zip(hashes, answers, strict=True)]

    def call(self, params: Params) -> Json:
        """debug_traceCall."""
        request, tag, options = take(params, 1, 2)
        tracer = _tracer(options)
        given: Mapping[str, object] = options if isinstance(options, dict) else {}
        message = call_object(request).message
        header = overridden(parameters.header(self._chain, tag), given.get("blockOverrides"))
        edits = state_edits(given.get("stateOverrides"))
        with self._chain.machine.simulation(header, edits, free=message.max_fee == 0) as simulation:

            def execute() -> Executed:
                computation = execution.run(simulation, message)
                used = max(message.gas - computation.get_gas_remaining(), simulation.minimum_gas(message))
                return Executed(computation, message.gas, used)

            return tracer(simulation.state, execute)

    def _replayed(self, found: IndexedBlock, tracer: Tracer, first: int, last: int) -> list[Json]:
        """The traces of a block's transactions from one position to another, both included."""
        parent = self._chain.block(found.number - 1)
        if parent is None:
            raise ServerError("parent block not found")
        vm = self._chain.machine.replay(parent.header, found.header)
        answers = []
        for position, transaction in enumerate(found.block.transactions[: last + 1]):
            if position < first:
                vm.apply_transaction(found.header, transaction)
                continue
            used = int(found.receipts[position]["gasUsed"], 16)

            def execute(transaction: SignedTransactionAPI = transaction, used: int = used) -> Executed:
                _, computation = vm.apply_transaction(found.header, transaction)
                return Executed(computation, transaction.gas, used)

            answers.append(tracer(vm.state, execute))
        return answers


def _tracer(options: object) -> Tracer:
    """The tracer that options ask for. Raises InvalidParams."""
    if options is None:
        return partial(_by_opcode, LogOptions())
    if not isinstance(options, dict):
        raise InvalidParams("trace options: expected an object")
    name = options.get("tracer")
    if name in (None, ""):
        return partial(_by_opcode, log_options(options))
    if name != "callTracer":
        raise InvalidParams('tracer not found: this devnet has "callTracer" and, without a name, the log of opcodes')
    configuration = options.get("tracerConfig") or {}
    if not isinstance(configuration, dict):
        raise InvalidParams("tracerConfig: expected an object")
    return partial(_by_call, {key: configuration.get(key) is True for key in ("onlyTopCall", "withLog")})


def _by_opcode(options: LogOptions, state: StateAPI, execute: Execute) -> Json:
    log = OpcodeLog(options)
    with log.recording(state):
        executed = execute()
    computation = executed.computation
    return {
        "gas": executed.gas_used,
        "failed": computation.is_error,
        "returnValue": data(computation.output),
        "structLogs": log.entries,
    }


def _by_call(settings: Mapping[str, bool], state: StateAPI, execute: Execute) -> Json:
    executed = execute()
    return _outermost(executed.computation, executed.gas, executed.gas_used, settings)


def _outermost(computation: ComputationAPI, gas: int, gas_used: int, settings: Mapping[str, bool]) -> Json:
    """The frame of a transaction, whose gas counts what it costs before any code runs."""
    return _frame(computation, settings) | {"gas": quantity(gas), "gasUsed": quantity(gas_used)}


def _frame(computation: ComputationAPI, settings: Mapping[str, bool]) -> Json:
    message = computation.msg
    kind = _kind(computation)
    answer: Json = {
        "type": kind,
        "from": data(message.storage_address if kind == "DELEGATECALL" else message.sender),
        "to": data(message.storage_address if message.is_create else message.code_address),
        "gas": quantity(message.gas),
        "gasUsed": quantity(message.gas - computation.get_gas_remaining()),
        "input": data(message.code if message.is_create else bytes(message.data)),
    }
    if kind != "STATICCALL":
        answer["value"] = quantity(message.value)
    if computation.output:
        answer["output"] = data(computation.output)
    if computation.is_error:
        answer["error"] = _error(computation)
        reason = execution.revert_reason(computation.output) if isinstance(computation.error, Revert) else None
        if reason is not None:
            answer["revertReason"] = reason
    logs = computation._log_entries if settings["withLog"] and not computation.is_error else ()
    if logs:
        answer["logs"] = [
            {
                "address": data(address),
                "topics": [data(topic.to_bytes(32, "big")) for topic in topics],
                "data": data(content),
            }
            for _, address, topics, content in logs
        ]
    if computation.children and not settings["onlyTopCall"]:
        answer["calls"] = [_frame(child, settings) for child in computation.children]
    return answer


def _kind(computation: ComputationAPI) -> str:
    message = computation.msg
    if message.is_create:
        return "CREATE"
    if message.is_static:
        return "STATICCALL"
    if message.code_address != message.storage_address:
        return "DELEGATECALL"
    return "CALL"


def _error(computation: ComputationAPI) -> str:
    return "execution reverted" if isinstance(computation.error, Revert) else execution.failure_text(computation)
