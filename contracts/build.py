"""Compile the Solidity sources into `artifacts/`: ABI, bytecode and storage layout, one JSON file a contract.

    python -m contracts.build            compile and write
    python -m contracts.build --check    compile and compare; exit code 1 names what differs

The artifacts are committed, so only who changes or checks Solidity needs node and `npm ci` in this folder. The bytecode
carries no metadata hash: it depends on the sources and the settings here alone, whatever build the compiler is.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import solcx

from contracts.errors import BuildError, SwarmProofError

ROOT = Path(__file__).parent
ARTIFACTS = ROOT / "artifacts"
SOLC = ROOT / "solc-npm"
COMPILER_VERSION = "0.8.37"
CONTRACTS = ("SwarmToken", "PeerRegistry", "Attendance", "ProjectFactory", "TrainingProject", "Disputes", "OutputCourt")

# More runs save gas and add code. With as many as the others have, the court would be too large to deploy.
RUNS = 500
COURT_RUNS = 150
# The compiler's own default EVM is newer than the one the local chain runs.
SETTINGS: Mapping[str, Any] = {
    "evmVersion": "prague",
    "optimizer": {"enabled": True, "runs": RUNS},
    "viaIR": True,  # costs some seconds here; saves 1.5% of the gas of a round and a fifth of the code
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "remappings": ["@openzeppelin/=node_modules/@openzeppelin/", "solady/=node_modules/solady/"],
}
OUTPUTS = ("abi", "evm.bytecode.object", "storageLayout")

Artifact = dict[str, Any]


def compile_sources(
    sources: Mapping[str, str], *, contracts: Sequence[str] = ("*",), runs: int = RUNS
) -> dict[str, dict[str, Any]]:
    """Compile source texts by name; return the compiler's output by contract name, for all or some contracts.

    Raises BuildError when the tools are missing, and when the compiler has so much as a warning about our own sources.
    """
    require_tools()
    task = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {
            **SETTINGS,
            "optimizer": {**SETTINGS["optimizer"], "runs": runs},
            "outputSelection": {"*": {name: list(OUTPUTS) for name in contracts}},
        },
    }
    try:
        output = solcx.compile_standard(task, base_path=str(ROOT), solc_binary=str(SOLC))
    except solcx.exceptions.SolcError as error:
        raise BuildError(f"the contracts do not compile:\n{error.message}") from error
    complaints = [item["formattedMessage"] for item in output.get("errors", []) if _is_ours(item)]
    if complaints:
        raise BuildError("the compiler warns:\n" + "\n".join(complaints))
    return {name: contract for contracts in output["contracts"].values() for name, contract in contracts.items()}


def read_sources() -> dict[str, str]:
    """Every Solidity file below `src/`, by its path relative to this folder."""
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(ROOT.glob("src/**/*.sol"))}


def build_artifacts() -> dict[str, Artifact]:
    """Compile `src/` and return the artifact of each contract that is deployed."""
    sources = read_sources()
    artifacts: dict[str, Artifact] = {}
    for runs in (RUNS, COURT_RUNS):
        names = [name for name in CONTRACTS if runs_of(name) == runs]
        output = compile_sources(sources, contracts=names, runs=runs)
        artifacts |= {name: _artifact(name, output[name]) for name in names}
    return artifacts


def runs_of(contract: str) -> int:
    """What the optimizer takes as the number of calls of a contract."""
    return COURT_RUNS if contract == "OutputCourt" else RUNS


def render(artifact: Artifact) -> str:
    """The exact text of an artifact file."""
    return json.dumps(artifact, indent=1, sort_keys=True) + "\n"


def differences(artifacts: Mapping[str, Artifact]) -> list[str]:
    """Names of committed artifacts that are not what `artifacts` says, missing and superfluous ones included."""
    wanted = {f"{name}.json": render(artifact) for name, artifact in artifacts.items()}
    present = {path.name: path.read_text("utf-8") for path in ARTIFACTS.glob("*.json")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m contracts.build", description="Compile the contracts.")
    parser.add_argument("--check", action="store_true", help="compare with the committed artifacts, write nothing")
    options = parser.parse_args(arguments)
    try:
        artifacts = build_artifacts()
    except SwarmProofError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if options.check:
        stale = differences(artifacts)
        if stale:
            print(f"artifacts differ from the sources: {', '.join(stale)}", file=sys.stderr)
        return 1 if stale else 0
    ARTIFACTS.mkdir(exist_ok=True)
    for name, artifact in artifacts.items():
        (ARTIFACTS / f"{name}.json").write_text(render(artifact), "utf-8")
    return 0


def _artifact(name: str, output: Mapping[str, Any]) -> Artifact:
    return {
        "contract": name,
        "compiler": {
            "version": COMPILER_VERSION,
            "evm": SETTINGS["evmVersion"],
            **SETTINGS["optimizer"],
            "runs": runs_of(name),
        },
        "abi": output["abi"],
        "bytecode": "0x" + output["evm"]["bytecode"]["object"],
        "storage": [_slot(item, output["storageLayout"]["types"]) for item in output["storageLayout"]["storage"]],
    }


def _slot(item: Mapping[str, Any], types: Mapping[str, Any] | None) -> dict[str, Any]:
    """One variable of the layout, with the members of a struct; numbers of syntax tree nodes are noise."""
    slot = {"name": item["label"], "slot": int(item["slot"]), "offset": item["offset"]}
    kind = (types or {})[item["type"]]
    slot["type"] = re.sub(r"\)\d+_", ")_", kind["label"])
    slot["bytes"] = int(kind["numberOfBytes"])
    while "value" in kind:
        kind = (types or {})[kind["value"]]
    if "members" in kind:
        slot["members"] = [_slot(member, types) for member in kind["members"]]
    return slot


def _is_ours(complaint: Mapping[str, Any]) -> bool:
    return not complaint.get("sourceLocation", {}).get("file", "").startswith("node_modules/")


def require_tools() -> None:
    """Raise BuildError unless node and the packages of this folder are there."""
    if shutil.which("node") is None:
        raise BuildError("compiling the contracts needs node (version 18 or newer) on the PATH")
    if not (ROOT / "node_modules" / "solc").is_dir():
        raise BuildError(f"compiling the contracts needs their packages: run `npm ci --ignore-scripts` in {ROOT}")


if __name__ == "__main__":
    sys.exit(main())
