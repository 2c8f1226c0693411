"""Verification by a contract: the verifier EZKL generates for a circuit, behind a contract of ours that takes scorings.

Needs node and the packages of `contracts/`, as all Solidity here does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import solcx
from eth_abi.abi import encode
from eth_hash.auto import keccak

from contracts.build import SETTINGS, SOLC, require_tools
from contracts.errors import BuildError
from verifier.zk import ezkl_process
from verifier.zk.circuit import Circuit
from verifier.zk.errors import EzklRefused
from verifier.zk.scoring import Scoring

GENERATED: Final = "Halo2Verifier"
HEAD_PROOF: Final = "HeadProof"
SOURCE: Final = Path(__file__).with_name(f"{HEAD_PROOF}.sol")

# The generated assembly does not declare its use of memory, without which the newer code generator runs out of stack.
_SETTINGS: Final = {**SETTINGS, "viaIR": False, "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}}

Artifact = dict[str, Any]


def generate(circuit: Circuit, target: Path) -> None:
    """Write the Solidity source of the circuit's verifier. Raises EzklRefused, EzklMissing."""
    try:
        ezkl_process.call(
            "create_evm_verifier", circuit.key, circuit.settings, target, target.with_suffix(".abi"), circuit.srs, False
        )
    except EzklRefused:
        # The source comes first; then EZKL looks on the network for a compiler of its own, which it is not given.
        if not target.exists():
            raise


def write_contracts(circuit: Circuit, folder: Path) -> tuple[Path, ...]:
    """Write sources and artifacts {"abi", "bytecode"} of both contracts into `folder`; returns the artifacts' paths.

    Raises BuildError when the tools are missing or the compiler refuses, EzklRefused, EzklMissing.
    """
    require_tools()
    folder.mkdir(parents=True, exist_ok=True)
    generate(circuit, folder / f"{GENERATED}.sol")
    (folder / f"{HEAD_PROOF}.sol").write_bytes(SOURCE.read_bytes())
    paths = []
    for name in (GENERATED, HEAD_PROOF):
        artifact = _compile(name, (folder / f"{name}.sol").read_text("utf-8"))
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps(artifact, indent=1) + "\n", "utf-8")
    return tuple(paths)


def deployment(circuit: Circuit, artifact: Artifact, verifier: str) -> bytes:
    """Init code of HeadProof over the generated verifier at address `verifier`."""
    values = [verifier, circuit.key_digest, circuit.pixel_count, circuit.class_count]
    return bytes.fromhex(artifact["bytecode"][2:]) + encode(["address", "bytes32", "uint256", "uint256"], values)


def call_data(scoring: Scoring, proof: bytes) -> bytes:
    """Input of HeadProof.requireProven."""
    return _call("requireProven", ["bytes", "int64[]", "bytes"], [bytes(scoring.pixels), list(scoring.scores), proof])


def generated_call_data(scoring: Scoring, proof: bytes) -> bytes:
    """Input of the generated verifier's verifyProof, encoded the usual way."""
    return _call("verifyProof", ["bytes", "uint256[]"], [proof, scoring.field_elements()])


def _call(name: str, types: Sequence[str], values: Sequence[object]) -> bytes:
    return bytes(keccak(f"{name}({','.join(types)})".encode())[:4]) + encode(types, values)


def _compile(name: str, source: str) -> Artifact:
    task = {"language": "Solidity", "sources": {f"{name}.sol": {"content": source}}, "settings": _SETTINGS}
    try:
        output = solcx.compile_standard(task, solc_binary=str(SOLC))
    except solcx.exceptions.SolcError as error:
        raise BuildError(f"{name}.sol does not compile:\n{error.message}") from error
    contract = output["contracts"][f"{name}.sol"][name]
    return {"abi": contract["abi"], "bytecode": "0x" + contract["evm"]["bytecode"]["object"]}
