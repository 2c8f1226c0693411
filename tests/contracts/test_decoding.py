"""The hand-written events, errors and values say what the compiled contracts say."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from enum import IntEnum
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from contracts import events
from contracts.abi import CONTRACT_NAMES, Component, contract_abi, selector, types_of
from contracts.abi import encode as encode_typed
from contracts.attestation import COMMIT_DOMAIN, RESULT_TYPE, Result
from contracts.build import ROOT
from contracts.court import job_id
from contracts.court_values import (
    ClassRecord,
    ClassTerms,
    JobPhase,
    JobTerms,
    JobVerdict,
    JobView,
    Log,
    Member,
    Opening,
    RoundRecord,
)
from contracts.decoding import decode_revert, event_shapes
from contracts.errors import ArgumentOutOfRange, ContractReverted
from contracts.events import Event
from contracts.reverts import reverts_by_name
from contracts.reverts.base import RevertedWithData
from contracts.values import ZERO_ADDRESS, Phase, ProjectConfiguration, ProjectStatus, RoundView, Seat, Status

# `from` and `to` are reserved or vague in Python, and the token's standard says `value` for what we call an amount.
RENAMED = {("Transfer", "from"): "sender", ("Transfer", "to"): "recipient", ("Transfer", "value"): "amount"}
RENAMED |= {("Approval", "value"): "amount", ("ProjectFunded", "from"): "sender"}
NEVER_EMITTED = {"EIP712DomainChanged"}  # the domain of our contracts is fixed


def entries(kind: str) -> dict[str, Component]:
    """Events or errors of all contracts by name."""
    return {
        item["name"]: item for name in CONTRACT_NAMES for item in contract_abi(name).entries if item["type"] == kind
    }


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)


def test_every_event_has_its_class_with_its_fields() -> None:
    found = entries("event")
    classes = {kind.__name__: kind for kind in Event.__subclasses__()}
    assert classes.keys() == found.keys() - NEVER_EMITTED
    origin = {item.name for item in fields(Event)}
    for name, kind in classes.items():
        own = [item.name for item in fields(kind) if item.name not in origin]
        assert own == [RENAMED.get((name, item["name"]), snake(item["name"])) for item in found[name]["inputs"]]
        assert kind.__doc__


def test_every_event_is_read_under_its_own_topic() -> None:
    assert {shape.kind.__name__ for shape in event_shapes().values()} == entries("event").keys() - NEVER_EMITTED
    assert all(hasattr(events, shape.kind.__name__) for shape in event_shapes().values())


def test_every_custom_error_has_its_class_with_its_operands() -> None:
    found = entries("error")
    assert reverts_by_name().keys() == found.keys()
    for name, kind in reverts_by_name().items():
        assert [item.name for item in fields(kind)] == [snake(item["name"]) for item in found[name]["inputs"]], name
        assert kind.__doc__
        assert set(re.findall(r"{(\w+)}", kind.sentence)) <= {item.name for item in fields(kind)}


@pytest.mark.parametrize("name", sorted(entries("error")))
def test_an_error_is_read_with_its_operands_and_makes_a_sentence(name: str) -> None:
    entry = entries("error")[name]
    values = [sample(item["type"], position) for position, item in enumerate(entry["inputs"], start=1)]
    error = decode_revert(selector(entry) + encode(types_of(entry["inputs"]), values))
    kind = reverts_by_name()[name]
    assert type(error) is kind
    operands = [str(getattr(error, item.name)).lower() for item in fields(kind)]
    wanted = [expected(item, value) for item, value in zip(entry["inputs"], values, strict=True)]
    assert operands == [str(value).lower() for value in wanted]
    assert str(error).endswith(f"({name})")
    assert error.exit_code == 1


def sample(kind: str, position: int) -> Any:
    if kind == "address":
        return "0x" + f"{position:02x}" * 20
    if kind == "bytes32":
        return bytes([position]) * 32
    return "some text" if kind == "string" else position


def expected(component: Component, value: Any) -> Any:
    kinds: dict[str, Any] = {
        "enum IProjectTypes.Phase": Phase,
        "enum IOutputCourt.Phase": JobPhase,
        "enum IOutputCourt.Verdict": JobVerdict,
    }
    return kinds.get(component["internalType"], lambda same: same)(value)


@given(st.binary(max_size=200))
def test_any_bytes_are_some_revert(data: bytes) -> None:
    assert isinstance(decode_revert(data), ContractReverted)


@given(st.sampled_from(sorted(entries("error"))), st.binary(max_size=100))
def test_damaged_operands_are_kept_as_data(name: str, rest: bytes) -> None:
    error = decode_revert(selector(entries("error")[name]) + rest)
    assert type(error) in (reverts_by_name()[name], RevertedWithData)


def test_an_unknown_phase_in_an_error_is_kept_as_data() -> None:
    entry = entries("error")["Project_WrongPhase"]
    data = selector(entry) + encode(["uint64", "uint8", "uint8"], [1, 200, 1])
    error = decode_revert(data)
    assert isinstance(error, RevertedWithData)
    assert error.data == data


@pytest.mark.parametrize(
    ("struct", "kind"),
    [
        ("struct IProjectTypes.Configuration", ProjectConfiguration),
        ("struct IProjectTypes.ProjectStatus", ProjectStatus),
        ("struct IProjectTypes.RoundView", RoundView),
        ("struct IProjectTypes.Result", Result),
        ("struct IPeerRegistry.Seat", Seat),
        ("struct IOutputCourt.ClassTerms", ClassTerms),
        ("struct IOutputCourt.JobTerms", JobTerms),
        ("struct IOutputCourt.JobView", JobView),
        ("struct IOutputCourt.Log", Log),
        ("struct IOutputCourt.OutputClass", ClassRecord),
        ("struct IOutputCourt.Member[]", Member),
        ("struct IOutputCourt.Opening[]", Opening),
        ("struct IOutputCourt.RoundRecord[]", RoundRecord),
    ],
)
def test_values_follow_their_structs(struct: str, kind: Any) -> None:
    found = [
        item
        for name in CONTRACT_NAMES
        for entry in contract_abi(name).entries
        for item in (*entry.get("inputs", ()), *entry.get("outputs", ()))
        if item.get("internalType") == struct
    ]
    assert found
    for item in found:
        assert [snake(part["name"]) for part in item["components"]] == [part.name for part in fields(kind)]


@pytest.mark.parametrize(
    ("interface", "name", "kind"),
    [
        ("IProjectTypes", "Phase", Phase),
        ("IProjectTypes", "Status", Status),
        ("IOutputCourt", "Phase", JobPhase),
        ("IOutputCourt", "Verdict", JobVerdict),
    ],
)
def test_enumerations_follow_solidity(interface: str, name: str, kind: type[IntEnum]) -> None:
    source = (ROOT / f"src/interfaces/{interface}.sol").read_text("utf-8")
    body = re.search(rf"enum {name} {{([^}}]*)}}", source)
    assert body
    assert [snake(item.strip()).upper() for item in body[1].split(",")] == [item.name for item in kind]


def test_hashed_texts_follow_solidity() -> None:
    source = (ROOT / "src/libraries/Attestation.sol").read_text("utf-8")
    joined = re.sub(r'"\s*"', "", source)
    assert f'"{RESULT_TYPE}"' in joined
    tag = re.search(r'COMMIT_DOMAIN = keccak256\("([^"]*)"\)', joined)
    assert tag
    assert keccak(tag[1].encode()) == COMMIT_DOMAIN


CLASS_TERMS = ClassTerms(bytes(32), 8, 8, 1, 106, 1, 600, 600, 120, 600)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"work_seconds": 99999999999}, "workSeconds is 99999999999, which does not fit its type uint32"),
        ({"verifier_fee": -1}, "verifierFee is -1, which does not fit its type uint96"),
        ({"worker_bond": 10**5000}, "workerBond is a number of 16610 bits, which does not fit its type uint96"),
    ],
)
def test_a_number_too_large_for_its_type_is_named(change: dict[str, int], sentence: str) -> None:
    with pytest.raises(ArgumentOutOfRange) as caught:
        contract_abi("OutputCourt").encode_call("registerClass", replace(CLASS_TERMS, **change), b"")
    assert str(caught.value) == sentence
    assert caught.value.exit_code == 2


def test_a_number_too_large_in_an_array_is_named_too() -> None:
    item = {"name": "rounds", "type": "uint8[2]"}
    with pytest.raises(ArgumentOutOfRange, match="rounds is 256, which does not fit its type uint8"):
        encode_typed([item], [[1, 256]])


def test_the_id_of_a_job_that_cannot_be_is_refused() -> None:
    terms = JobTerms(bytes(32), ZERO_ADDRESS, ZERO_ADDRESS, 1 << 96, bytes(32), bytes(32), bytes(32))
    with pytest.raises(ArgumentOutOfRange, match="workerFee is"):
        job_id(1, ZERO_ADDRESS, terms)
