"""The documents name everything there is."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import fields
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from contracts.errors import SwarmProofError
from frontend_api import errors
from frontend_api.cli import app
from frontend_api.command_line import global_options
from frontend_api.errors import RequestError
from frontend_api.pagination import Listing
from frontend_api.reading import listings
from frontend_api.reading.explain import REASONS
from frontend_api.routes import checkpoints, classes, contributions, jobs, peers, projects, rewards, rounds, status
from frontend_api.settings import COURT_KEYS, NODE_KEYS, ApiSettings, Settings
from node.aggregation.reasons import Reason
from node.aggregation.rules import RULES, STAGES
from node.attacks import ATTACKS
from node.config import NodeSettings
from node.exchange.mailbox import Verdict
from node.manifest import LocalTraining, Manifest, SpotChecks, TensorSpec
from node.rounds import agreement, promises
from node.tasks.registry import TASKS
from tests.support.markdown import DOCS, ROOT, Document
from verifier.court.conduct import CONDUCTS
from verifier.court.config import CourtSettings

API = Document(DOCS / "api.md")
ARITHMETIC = Document(DOCS / "arithmetic.md")
COMMANDS = Document(DOCS / "commands.md")
COURT = Document(DOCS / "court.md")
WIRE_FORMAT = Document(DOCS / "wire-format.md")
ASKING = ("status", "contributions", "rewards", "why", "jobs", "job", "classes")


def leaves(command: Any, *path: str) -> dict[tuple[str, ...], Any]:
    """Every command that does something, by its words."""
    if not hasattr(command, "commands"):
        return {path: command}
    parts = [leaves(child, *path, name) for name, child in command.commands.items()]
    return {words: leaf for part in parts for words, leaf in part.items()}


LEAVES = leaves(typer.main.get_command(app))
GLOBAL_OPTIONS = {f"--{name.replace('_', '-')}" for name in inspect.signature(global_options).parameters}


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_and_option_is_documented(words: tuple[str, ...]) -> None:
    assert f"`{' '.join(words)}" in COMMANDS.text
    section = COMMANDS.section("Asking" if words[0] in ASKING else words[0])
    for option in (flag for item in LEAVES[words].params for flag in (*item.opts, *item.secondary_opts)):
        if option.startswith("--") and option not in GLOBAL_OPTIONS:
            assert f"`{option}" in section, option


def test_every_global_option_is_documented() -> None:
    assert "--rpc-url" in GLOBAL_OPTIONS
    assert all(f"| `{option}" in COMMANDS.section("Global options") for option in GLOBAL_OPTIONS)


def test_every_setting_is_documented() -> None:
    for name in (*Settings.model_fields, *ApiSettings.model_fields, *NODE_KEYS):
        assert name in COMMANDS.section("Settings") + COMMANDS.section("Global options")
    for name in COURT_KEYS:
        assert name in COMMANDS.section("Settings")
    for name in NodeSettings.model_fields:
        assert f"`{name}`" in COMMANDS.text
    for name in CourtSettings.model_fields:
        assert f"`{name}`" in COMMANDS.text + COURT.text


def defaults(model: type[BaseModel]) -> dict[str, Any]:
    """Fields that have a default worth telling."""
    found = {name: item.get_default(call_default_factory=True) for name, item in model.model_fields.items()}
    return {name: value for name, value in found.items() if isinstance(value, (str, int, float))}


@pytest.mark.parametrize("model", [ApiSettings, NodeSettings, CourtSettings])
def test_defaults_are_those_of_the_settings(model: type[BaseModel]) -> None:
    rows = [line.split("|") for line in COMMANDS.section("Settings").splitlines() if line.startswith("|")]
    told = {
        name: value
        for row in rows
        for name, value in zip(re.findall(r"`(\w+)`", row[2]), row[3].strip().split(", "), strict=False)
    }
    for name, value in defaults(model).items():
        if name in told and name not in ("host", "port"):
            assert told[name].strip("`") == (json.dumps(value) if isinstance(value, bool) else str(value))


def test_every_exit_code_is_documented() -> None:
    def codes(kind: type[SwarmProofError]) -> set[int]:
        return {kind.exit_code}.union(*map(codes, kind.__subclasses__()))

    assert all(f"| {code} |" in COMMANDS.section("Exit codes") for code in {0, *codes(SwarmProofError)})


def test_every_attack_task_and_rule_is_documented() -> None:
    named = [line.split("|")[1] for line in COMMANDS.section("Attacks").splitlines() if line.startswith("| `")]
    assert [name for cell in named for name in re.findall(r"`([^`]+)`", cell)] == list(ATTACKS)
    assert all(f"`{name}`" in COMMANDS.section("project") for name in TASKS)
    assert all(f"`{name}" in ARITHMETIC.section("4. Rule") for name in (*RULES, *STAGES))


def test_every_conduct_and_route_of_a_party_is_documented() -> None:
    rows = [line.split("|")[1] for line in COURT.section("Cheating on purpose").splitlines() if line.startswith("| `")]
    assert [name.strip(" `") for name in rows] == list(CONDUCTS)
    source = (ROOT / "verifier" / "court" / "exchange.py").read_text(encoding="utf-8")
    paths = re.findall(r'Route\("([^"]+)"', source)
    assert len(paths) == 3
    assert all(f"`GET {path}`" in COURT.section("Gateway") for path in paths)


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert "test" in targets
    assert all(f"`make {name}" in COMMANDS.section("make") for name in targets)


def test_every_route_is_documented_with_an_example() -> None:
    modules = (checkpoints, classes, contributions, jobs, peers, projects, rewards, rounds, status)
    routers = (module.router for module in modules)
    paths = [str(route.path) for router in routers for route in router.routes]
    assert len(paths) == 17
    assert all(f"| `{path}` |" in API.text for path in paths)


def test_every_list_column_is_documented() -> None:
    named = {name: value for name, value in vars(listings).items() if isinstance(value, Listing)}
    rows = [line for line in API.section("Lists").splitlines() if line.startswith("| `/")]
    for name, listing in named.items():
        row = next(row.split("|") for row in rows if f"`/{name.lower()}`" in row)
        for column, found in listing.columns.items():
            assert f"`{column}`" in row[3 if len(found.operators) > 2 else 4]
        assert row[2].strip() == f"`{listing.default_sort}`"


def test_every_problem_is_documented() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RequestError)]
    for kind in kinds:
        if kind is not RequestError:
            assert f"| `/problems/{kind.__new__(kind).slug}` | {kind.http_status} |" in API.text


def test_every_gateway_route_and_verdict_is_documented() -> None:
    source = (ROOT / "node" / "exchange" / "gateway.py").read_text(encoding="utf-8")
    paths = re.findall(r'Route\("([^"]+)"', source)
    assert len(paths) == 7
    assert all(re.search(rf"`(GET|POST) {re.escape(path)}[`?]", API.section("Gateways")) for path in paths)
    assert all(f"`{verdict.value}`" in API.section("Gateways") for verdict in Verdict)


def test_every_reason_is_documented_and_explained() -> None:
    assert set(REASONS) == set(Reason) - {Reason.NONE}
    for reason in REASONS:
        assert str(reason.slug) in API.text
        assert f"| {int(reason)} | `{reason.slug}` |" in ARITHMETIC.section("Reasons")


def test_every_part_of_a_manifest_is_documented() -> None:
    names = [item.name for kind in (Manifest, TensorSpec, LocalTraining, SpotChecks) for item in fields(kind)]
    assert all(f"`{name}`" in WIRE_FORMAT.section("Manifest") for name in (*names, "version", "chunk_length"))


def test_every_kind_of_statement_is_documented() -> None:
    agreed = (agreement.HAVE_LIST, agreement.PROPOSAL, agreement.SIGNATURE)
    promised = (promises.PROMISES, promises.OPENINGS, promises.ATTESTATION)
    kinds = (*agreed, *promised, "batch-N")
    assert promises.batch_kind(3) == "batch-3"
    assert all(f"| `{kind}` |" in WIRE_FORMAT.section("Statements") for kind in kinds)
