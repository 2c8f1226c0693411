"""The architecture as a test: contracts <- node <- verifier <- frontend_api <- scripts, devnet apart, some of it pure.

An arrow points at what is imported. The rules are those of docs and README; this file is where they are enforced.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.imports import FOLDERS, Module, is_within, modules, reachable

# Package -> our own packages it may import besides itself.
MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "contracts": frozenset(),
    "node": frozenset({"contracts"}),
    "verifier": frozenset({"contracts", "node"}),
    "frontend_api": frozenset({"contracts", "node", "verifier"}),
    "scripts": frozenset({"contracts", "node", "verifier", "frontend_api"}),
    "devnet": frozenset(),
}

# The ways back: these commands start a scenario, which therefore must not import frontend_api.
SCENARIOS: Mapping[str, str] = {
    "frontend_api.commands.demo": "scripts.demo",
    "frontend_api.commands.gossip": "scripts.gossip",
}

# Inside node these know nothing of the chain or of other peers, however indirectly. The IPFS store reaches its own
# daemon through ipfshttpclient, which is storage and not a peer.
INWARD = ("node.aggregation", "node.codec", "node.storage")
CHAIN_AND_NETWORK = (
    "aiohttp",
    "contracts.chain",
    "contracts.client",
    "contracts.deploy",
    "fastapi",
    "httpx",
    "node.exchange",
    "requests",
    "socket",
    "starlette",
    "uvicorn",
    "web3",
)

# Pure functions of their arguments: clock, randomness and everything outside come in as values.
PURE = (
    "node.neighbourhood.aggregation",
    "node.neighbourhood.history",
    "node.neighbourhood.records",
    "node.rounds.agreement",
    "node.rounds.outcome",
    "node.rounds.state",
    "verifier.committee",
    "verifier.court.decisions",
    "verifier.court.history",
    "verifier.court.job",
)
OUTSIDE_WORLD = (
    "aiohttp",
    "asyncio",
    "datetime",
    "io",
    "logging",
    "multiprocessing",
    "numpy.random",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "structlog",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "web3",
)
IMPURE_CALLS = frozenset({"open", "print", "input", "__import__", "eval", "exec"})


def wrong_directions(known: Mapping[str, Module]) -> Iterator[str]:
    """Imports against the arrows."""
    for module in known.values():
        package = module.name.partition(".")[0]
        for imported in sorted(module.imports):
            target = imported.partition(".")[0]
            if module.name in SCENARIOS and is_within(imported, SCENARIOS[module.name]):
                continue
            if target == "frontend_api" and any(is_within(module.name, item) for item in SCENARIOS.values()):
                yield f"{module.name} imports {imported}, which imports it"
            elif target in (*FOLDERS, "tests") and target != package and target not in MAY_IMPORT[package]:
                yield f"{module.name} imports {imported}"


def forbidden(start: Module, known: Mapping[str, Module], banned: tuple[str, ...]) -> Iterator[str]:
    """Banned modules that importing `start` brings in, with the way there."""
    for name, chain in reachable(start, known).items():
        if any(is_within(name, entry) for entry in banned):
            yield " -> ".join(chain)


def impurities(module: Module) -> Iterator[str]:
    """What a pure module must not do itself: outside modules, `np.random`, and calls such as `open`."""
    for imported in sorted(module.imports):
        if any(is_within(imported, entry) for entry in OUTSIDE_WORLD):
            yield f"{module.name} imports {imported}"
    for expression in ast.walk(module.tree):
        if isinstance(expression, ast.Attribute) and expression.attr == "random":
            yield f"{module.name} line {expression.lineno} uses {ast.unparse(expression)}"
        if (
            isinstance(expression, ast.Call)
            and isinstance(expression.func, ast.Name)
            and expression.func.id in IMPURE_CALLS
        ):
            yield f"{module.name} line {expression.lineno} calls {expression.func.id}"


def test_packages_import_only_along_the_arrows() -> None:
    assert list(wrong_directions(modules())) == []


@pytest.mark.parametrize("package", INWARD)
def test_codec_aggregation_and_storage_know_neither_chain_nor_network(package: str) -> None:
    known = modules()
    inside = [module for module in known.values() if is_within(module.name, package)]
    assert inside
    assert [line for module in inside for line in forbidden(module, known, CHAIN_AND_NETWORK)] == []


def test_an_audit_does_without_the_library_that_trains() -> None:
    known = modules()
    assert list(forbidden(known["verifier.audit"], known, ("torch",))) == []


def test_decisions_are_pure_functions() -> None:
    known = modules()
    pure = [module for module in known.values() if any(is_within(module.name, entry) for entry in PURE)]
    assert pure
    assert [line for module in pure for line in impurities(module)] == []


def test_the_checks_above_find_what_they_look_for(tmp_path: Path) -> None:
    sources = {
        "contracts/client.py": "import web3\n",
        "node/__init__.py": "",
        "node/helper.py": "def later():\n    from contracts.client import Chain\n",
        "node/codec/__init__.py": "",
        "node/codec/update.py": "from ..helper import later\n",
        "node/rounds/state.py": "import time\nimport numpy as np\nnp.random.default_rng()\nopen('x')\n",
        "hardhat-free-devnet/chain.py": "import node\n",
        "verifier/audit.py": "from frontend_api import cli\nimport tests.support\n",
        "frontend_api/cli.py": "import devnet\n",
        "frontend_api/commands/demo.py": "def demo():\n    from scripts.demo.run import go\n",
        "frontend_api/commands/other.py": "import scripts.demo\n",
        "scripts/demo/run.py": "import contracts.client\nimport frontend_api.cli\n",
    }
    for path, text in sources.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    known = modules(tmp_path)
    assert sorted(wrong_directions(known)) == [
        "devnet.chain imports node",
        "frontend_api.cli imports devnet",
        "frontend_api.commands.other imports scripts.demo",
        "scripts.demo.run imports frontend_api.cli, which imports it",
        "verifier.audit imports frontend_api",
        "verifier.audit imports frontend_api.cli",
        "verifier.audit imports tests.support",
    ]
    chains = list(forbidden(known["node.codec.update"], known, CHAIN_AND_NETWORK))
    assert "node.codec.update -> node.helper -> contracts.client -> web3" in chains
    assert sorted(impurities(known["node.rounds.state"])) == [
        "node.rounds.state imports time",
        "node.rounds.state line 3 uses np.random",
        "node.rounds.state line 4 calls open",
    ]
