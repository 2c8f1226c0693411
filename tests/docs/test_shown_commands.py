"""The commands that README and docs show exist with those options, and the first steps of README work as they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from frontend_api.cli import app
from tests.support.command_line import Command, Outcome
from tests.support.devnet import Devnet
from tests.support.markdown import ROOT, Document, documents

README = Document(ROOT / "README.md")
SOMEBODY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
PLACEHOLDERS = {"ROUND": "1", "N": "1", "PORT": "8000", "TOKENS": "1", "COLUMN": "round", "WORD": "filtered"}
PLACEHOLDERS |= dict.fromkeys(("CLASS", "JOB", "ID"), "0x" + "9f" * 32)

WAITING = ("devnet", "node", "api", "watch", "why")  # they run for ever, or need a finished round


def shown(document: Document) -> Iterator[list[str]]:
    """Arguments of every `swarmproof` command on a line of its own or between backticks, placeholders filled in."""
    lines = re.findall(r"^(?: {4}|\$ )(?:\$ )?swarmproof (.+)$", document.text, re.MULTILINE)
    spans = re.findall(r"`swarmproof ([a-z][^`\n]*)`", document.text)
    demonstrations = re.findall(r'^\$ make demo ARGS="([^"]+)"', document.text, re.MULTILINE)
    for text in [*lines, *spans, *(f"demo {options}" for options in demonstrations)]:
        yield filled(text)


def filled(text: str, address: str = SOMEBODY) -> list[str]:
    """The arguments of a command as a shell would give them."""
    text = re.sub(r"ADDRESS|0x[0-9A-Fa-f]+…", address, text.partition(" #")[0])
    return [PLACEHOLDERS.get(word, word) for word in shlex.split(text)]


EVERY = [(document.path.relative_to(ROOT), arguments) for document in documents() for arguments in shown(document)]


def test_commands_are_found() -> None:
    assert {arguments[0] for path, arguments in EVERY if path.name == "README.md"} >= {
        "devnet",
        "node",
        "audit",
        "demo",
    }


@pytest.mark.parametrize(
    ("path", "arguments"), EVERY, ids=[f"{path}-{' '.join(arguments)}" for path, arguments in EVERY]
)
def test_every_shown_command_parses(path: Path, arguments: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    words = list(arguments)
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    if words or path.name == "README.md":  # a bare name between backticks need not be the whole of a command
        command.make_context("swarmproof", words)


def test_the_first_steps_of_the_readme_work(
    swarmproof: Command, fresh_devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWARMPROOF_RPC_URL", fresh_devnet.rpc_url)
    owner, peer = fresh_devnet.accounts[:2]
    for name, account in (("owner.key", owner), ("peer.key", peer)):
        Path(name).touch(mode=0o600)
        Path(name).write_text(account.private_key, encoding="utf-8")
    done: dict[str, Outcome] = {}
    for line in re.findall(r"^\$ swarmproof (.+)$", README.section("Run your own swarm"), re.MULTILINE):
        arguments = filled(line, peer.address)
        if arguments[0] not in WAITING:
            done[arguments[0]] = swarmproof(*arguments)
            assert done[arguments[0]].exit_code == 0, (line, done[arguments[0]])
    assert list(done) == ["deploy", "project", "status", "claim", "audit"]
    assert done["status"].facts["rule"] == "history-filter(f=1)"
    assert done["status"].facts["state"] == "open"
    assert "nothing to claim" in done["claim"].stderr
    assert done["audit"].facts["audit"] == "accept: 0 rounds recomputed bit by bit"
