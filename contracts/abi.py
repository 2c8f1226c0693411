"""The contracts' ABI, read from the artifacts: calls and constructors in, typed values out.

Structs and enumerations of the interfaces come back as the dataclasses of `contracts.values` and
`contracts.attestation`, addresses in EIP-55 form, arrays as tuples.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi import decoding, registry
from eth_abi.codec import ABICodec
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple, function_signature_to_4byte_selector

from contracts.attestation import Result, checksum_address
from contracts.court_values import (
    ClassRecord,
    ClassTerms,
    Entry,
    JobPhase,
    JobTerms,
    JobVerdict,
    JobView,
    Log,
    Member,
    Opening,
    RoundRecord,
    SignedEntry,
)
from contracts.errors import ArgumentOutOfRange, MalformedAnswer
from contracts.values import Custody, Phase, ProjectConfiguration, ProjectStatus, RoundView, Seat, Status

ARTIFACTS = Path(__file__).parent / "artifacts"
CONTRACT_NAMES = (
    "SwarmToken",
    "PeerRegistry",
    "Attendance",
    "ProjectFactory",
    "TrainingProject",
    "Disputes",
    "OutputCourt",
)

Component = Mapping[str, Any]


def _codec() -> ABICodec:
    """No contract checks that a string is UTF-8: one account's bad bytes must not blind everybody who reads logs."""
    decoders: Any = decoding  # eth_abi leaves these two modules untyped
    registries: Any = registry
    lenient = registries.registry.copy()
    lenient.unregister_decoder("string")
    string_decoder = decoders.StringDecoder(handle_string_errors="backslashreplace")
    lenient.register_decoder(registries.BaseEquals("string"), string_decoder, label="string")
    return ABICodec(lenient)


codec = _codec()

_TYPES: Mapping[str, Callable[..., Any]] = {
    "struct IOutputCourt.ClassTerms": ClassTerms,
    "struct IOutputCourt.Entry": Entry,
    "struct IOutputCourt.JobTerms": JobTerms,
    "struct IOutputCourt.JobView": JobView,
    "struct IOutputCourt.Log": Log,
    "struct IOutputCourt.Member": Member,
    "struct IOutputCourt.Opening": Opening,
    "struct IOutputCourt.OutputClass": ClassRecord,
    "struct IOutputCourt.RoundRecord": RoundRecord,
    "struct IOutputCourt.SignedEntry": SignedEntry,
    "enum IOutputCourt.Phase": JobPhase,
    "enum IOutputCourt.Verdict": JobVerdict,
    "struct IPeerRegistry.Seat": Seat,
    "struct IProjectTypes.Configuration": ProjectConfiguration,
    "struct IProjectTypes.Custody": Custody,
    "struct IProjectTypes.ProjectStatus": ProjectStatus,
    "struct IProjectTypes.Result": Result,
    "struct IProjectTypes.RoundView": RoundView,
    "enum IProjectTypes.Phase": Phase,
    "enum IProjectTypes.Status": Status,
}


@dataclass(frozen=True)
class Function:
    """One function: its 4-byte selector, and the components of what goes in and comes out."""

    name: str
    selector: bytes
    inputs: tuple[Component, ...]
    outputs: tuple[Component, ...]


@dataclass(frozen=True)
class ContractAbi:
    """One contract as its artifact describes it."""

    name: str
    bytecode: bytes
    entries: tuple[Component, ...]
    constructor_inputs: tuple[Component, ...]
    functions: Mapping[str, Function]

    def encode_call(self, name: str, *arguments: object) -> bytes:
        """Input of a call; dataclasses stand for structs. Raises ArgumentOutOfRange."""
        function = self.functions[name]
        return function.selector + encode(function.inputs, arguments)

    def encode_deployment(self, *arguments: object) -> bytes:
        """Input of the transaction that creates the contract. Raises ArgumentOutOfRange."""
        return self.bytecode + encode(self.constructor_inputs, arguments)

    def decode_answer(self, name: str, data: bytes) -> tuple[Any, ...]:
        """What a call returned, one value an output. Raises MalformedAnswer."""
        return decode(self.functions[name].outputs, data, f"{self.name}.{name}")

    def decode_call(self, name: str, data: bytes) -> tuple[Any, ...]:
        """The arguments of a call to `name`. Raises MalformedAnswer when `data` calls something else."""
        function = self.functions[name]
        if data[:4] != function.selector:
            raise MalformedAnswer(f"{self.name}.{name}", f"the transaction calls 0x{data[:4].hex()}")
        return decode(function.inputs, data[4:], f"{self.name}.{name}")


@cache
def contract_abi(name: str) -> ContractAbi:
    """The artifact of one of CONTRACT_NAMES."""
    artifact = json.loads((ARTIFACTS / f"{name}.json").read_text("utf-8"))
    entries = tuple(artifact["abi"])
    constructors = [tuple(entry["inputs"]) for entry in entries if entry["type"] == "constructor"]
    functions = {
        entry["name"]: Function(entry["name"], selector(entry), tuple(entry["inputs"]), tuple(entry["outputs"]))
        for entry in entries
        if entry["type"] == "function"
    }
    bytecode = bytes.fromhex(artifact["bytecode"].removeprefix("0x"))
    return ContractAbi(name, bytecode, entries, constructors[0] if constructors else (), functions)


def signature(entry: Component) -> str:
    """Canonical text of a function, event or error, as it is hashed."""
    return f"{entry['name']}({','.join(types_of(entry['inputs']))})"


def selector(entry: Component) -> bytes:
    """First 4 bytes of the hash of a function's or error's signature."""
    return bytes(function_signature_to_4byte_selector(signature(entry)))


def types_of(components: Sequence[Component]) -> list[str]:
    """Canonical type of each component; structs as tuples."""
    return [collapse_if_tuple(component) for component in components]  # type: ignore[arg-type]


def encode(components: Sequence[Component], values: Sequence[object]) -> bytes:
    """ABI encoding of values; dataclasses stand for structs. Raises ArgumentOutOfRange."""
    plain = [_plain(value) for value in values]
    for component, value in zip(components, plain, strict=True):
        _check_ranges(component, value)
    return codec.encode(types_of(components), plain)


def decode(components: Sequence[Component], data: bytes, source: str) -> tuple[Any, ...]:
    """Typed values of ABI-encoded `data`; `source` names it in MalformedAnswer."""
    try:
        raw = codec.decode(types_of(components), data)
        return tuple(typed(component, value) for component, value in zip(components, raw, strict=True))
    except (DecodingError, ValueError, OverflowError) as error:
        raise MalformedAnswer(source, str(error)) from error


def typed(component: Component, value: Any) -> Any:
    """One decoded value in the type it has on our side."""
    kind = component["type"]
    if kind.endswith("]"):
        item = {**component, "type": kind[: kind.rindex("[")]}
        item["internalType"] = component.get("internalType", "").removesuffix("[]")
        return tuple(typed(item, part) for part in value)
    if kind == "address":
        return checksum_address(bytes.fromhex(value[2:]))
    if kind == "tuple":
        value = tuple(typed(part, each) for part, each in zip(component["components"], value, strict=True))
        struct = _TYPES.get(component["internalType"])
        return value if struct is None else struct(*value)
    enumeration = _TYPES.get(component.get("internalType", ""))
    return value if enumeration is None else enumeration(value)


def _check_ranges(component: Component, value: Any) -> None:
    """Raise ArgumentOutOfRange for the first number that its type does not hold; the contracts' are all unsigned."""
    kind = component["type"]
    if kind.endswith("]"):
        for part in value:
            _check_ranges({**component, "type": kind[: kind.rindex("[")]}, part)
    elif kind == "tuple":
        for part, each in zip(component["components"], value, strict=True):
            _check_ranges(part, each)
    elif kind.startswith("uint") and not 0 <= value < 1 << int(kind.removeprefix("uint")):
        raise ArgumentOutOfRange(component["name"], value, kind)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_plain(getattr(value, item.name)) for item in fields(value))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
