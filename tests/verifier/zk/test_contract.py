"""The circuit's verifier as contracts on a real chain."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_account import Account
from eth_hash.auto import keccak

from contracts.build import require_tools
from contracts.chain import Chain
from contracts.errors import BuildError
from contracts.reverts.base import RevertedWithData
from tests.support.devnet import Devnet, running_devnet
from tests.support.rpc import Rpc, RpcFailure
from tests.verifier.zk.forging import forge
from verifier.zk import solidity
from verifier.zk.circuit import Circuit
from verifier.zk.proving import Reject, verify
from verifier.zk.scoring import ProofFile, Scoring

pytest.importorskip("ezkl", reason="needs the extra zk: pip install -e '.[zk]'")
pytestmark = pytest.mark.slow

LARGEST_CODE = 24_576  # EIP-170
MOST_GAS = 700_000


@pytest.fixture(scope="module")
def devnet() -> Iterator[Devnet]:
    """A chain of our own: verifying takes its virtual machine seconds."""
    with running_devnet() as running:
        yield running


@pytest.fixture(scope="module")
def rpc(devnet: Devnet) -> Iterator[Rpc]:
    """Its raw interface."""
    with contextlib.closing(Rpc(devnet.rpc_url)) as client:
        yield client


@dataclass(frozen=True)
class Deployed:
    """Both contracts: addresses, and the artifact of the generated one."""

    generated: str
    head_proof: str
    artifact: dict[str, Any]


@pytest.fixture(scope="module")
def artifacts(circuit: Circuit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Both contracts, compiled."""
    try:
        require_tools()
    except BuildError as error:
        pytest.skip(str(error))
    paths = solidity.write_contracts(circuit, tmp_path_factory.mktemp("contracts"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in paths}


@pytest.fixture(scope="module")
def deployed(artifacts: dict[str, dict[str, Any]], circuit: Circuit, devnet: Devnet) -> Deployed:
    """Both contracts on the chain."""
    generated, head_proof = (artifacts[name] for name in (solidity.GENERATED, solidity.HEAD_PROOF))

    async def deploy() -> Deployed:
        async with await connect(devnet) as chain:
            first = (await chain.send(None, bytes.fromhex(generated["bytecode"][2:]))).contract_address
            assert first is not None
            second = (await chain.send(None, solidity.deployment(circuit, head_proof, first))).contract_address
            assert second is not None
            return Deployed(first, second, generated)

    return asyncio.run(deploy())


async def connect(devnet: Devnet) -> Chain:
    """The chain, as its first account."""
    return await Chain.connect(devnet.rpc_url, account=Account.from_key(devnet.accounts[0].private_key))


def answer(rpc: Rpc, to: str, data: bytes) -> str:
    """What a call returns; RpcFailure when it reverts."""
    result: str = rpc("eth_call", {"to": to, "data": "0x" + data.hex()}, "latest")
    return result


def error_of(rpc: Rpc, to: str, data: bytes) -> str | None:
    """The data of a revert, None without one."""
    try:
        answer(rpc, to, data)
    except RpcFailure as failure:
        return failure.data or "0x"
    return None


async def test_a_transaction_verifies_a_proof(deployed: Deployed, devnet: Devnet, proof: ProofFile) -> None:
    async with await connect(devnet) as chain:
        receipt = await chain.send(deployed.head_proof, solidity.call_data(proof.scoring, proof.proof))
        assert receipt.gas_used < MOST_GAS
        other = replace(proof.scoring, scores=(proof.scoring.scores[0] + 1, *proof.scoring.scores[1:]))
        with pytest.raises(RevertedWithData, match="0x"):
            await chain.send(deployed.head_proof, solidity.call_data(other, proof.proof))


def test_the_contracts_name_the_key_and_fit_into_a_block(deployed: Deployed, rpc: Rpc, circuit: Circuit) -> None:
    key = bytes.fromhex(answer(rpc, deployed.head_proof, keccak(b"keyDigest()")[:4])[2:])
    assert key == circuit.key_digest
    for address in (deployed.generated, deployed.head_proof):
        code = rpc("eth_getCode", address, "latest")
        assert 0 < len(code) // 2 - 1 < LARGEST_CODE


def test_any_other_scoring_or_proof_reverts(deployed: Deployed, rpc: Rpc, proof: ProofFile) -> None:
    scoring, good = proof.scoring, proof.proof
    assert answer(rpc, deployed.head_proof, solidity.call_data(scoring, good)) == "0x"
    wrong = [
        solidity.call_data(replace(scoring, pixels=(*scoring.pixels[:-1], scoring.pixels[-1] ^ 1)), good),
        solidity.call_data(replace(scoring, scores=(*scoring.scores[:-1], -scoring.scores[-1])), good),
        *(solidity.call_data(scoring, data) for data in (b"", good[:-1], good + b"\0", bytes(len(good)))),
        solidity.call_data(scoring, bytes([good[0] ^ 1]) + good[1:]),
        solidity.call_data(scoring, good[:-1] + bytes([good[-1] ^ 1])),
    ]
    for data in wrong:
        assert error_of(rpc, deployed.head_proof, data) == "0x"
    shapeless = solidity.call_data(Scoring(scoring.pixels[:-1], scoring.scores), good)
    expected = "0x" + keccak(b"HeadProof_WrongShape(uint256,uint256)")[:4].hex()
    assert (error_of(rpc, deployed.head_proof, shapeless) or "").startswith(expected)


def test_the_generated_contract_alone_can_be_fooled_and_ours_in_front_of_it_cannot(
    deployed: Deployed, rpc: Rpc, circuit: Circuit, proof: ProofFile
) -> None:
    false = replace(proof.scoring, scores=(1 << 20,) * 10)
    assert isinstance(verify(circuit, false, proof.proof), Reject)
    assert error_of(rpc, deployed.generated, solidity.generated_call_data(false, proof.proof)) == "0x"

    forged = forge(bytes.fromhex(deployed.artifact["bytecode"][2:]), false, proof.proof)
    assert int(answer(rpc, deployed.generated, forged), 16) == 1  # EZKL 23.0.5: docs/zk.md

    start = 4 + 64 + 32
    forged_proof = forged[start : start + len(proof.proof)]
    assert isinstance(verify(circuit, false, forged_proof), Reject)
    assert error_of(rpc, deployed.head_proof, solidity.call_data(false, forged_proof)) == "0x"
    # The same trick with our own arguments: whatever we are called with, we call in the usual encoding.
    moved = solidity.call_data(false, forged_proof) + len(proof.proof).to_bytes(32, "big") + proof.proof
    offset = len(solidity.call_data(false, forged_proof)) - 4
    moved = moved[: 4 + 64] + offset.to_bytes(32, "big") + moved[4 + 96 :]
    assert error_of(rpc, deployed.head_proof, moved) == "0x"
