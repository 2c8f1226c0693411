"""The devnet's README names every method there is, none that is not, every option and every file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devnet.__main__ import main
from tests.devnet.test_hostile import METHODS
from tests.devnet.transcripts import VERSIONS
from tests.support.rpc import Rpc, RpcFailure

FOLDER = Path(__file__).parents[2] / "hardhat-free-devnet"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
THERE, ABSENT = README.split("| not there | why |")[0], README.split("| not there | why |")[1].split("\n\n")[0]
NAME = re.compile(r"`((?:eth|net|web3|evm|hardhat|anvil|debug|trace|personal|txpool|rpc|engine|admin)_\w+)`")


def test_the_table_has_every_method_once_and_no_other() -> None:
    rows = [line for line in THERE.splitlines() if line.startswith("| `") and NAME.search(line)]
    named = [name for row in rows for name in NAME.findall(row.split("|")[1])]
    assert sorted(named) == METHODS


def test_what_is_said_not_to_be_there_is_not(rpc: Rpc) -> None:
    absent = [name for row in ABSENT.splitlines()[1:] for name in NAME.findall(row.split("|")[1])]
    assert len(absent) > 10
    for method in absent:
        with pytest.raises(RpcFailure, match="does not exist/is not available"):
            rpc(method)


def test_every_option_and_file_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert {name for name in options if f"`{name}`" not in README} == set()
    files = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert {name for name in files if name not in README} == set()


def test_the_versions_of_the_clients_are_the_ones_that_are_run() -> None:
    for package, version in VERSIONS.items():
        assert f"{package.split('/')[-1]} {version}" in README
