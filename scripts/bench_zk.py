"""What a proof about the head of a digits checkpoint costs: seconds, memory, bytes, and gas where node is there.

python -m scripts.bench_zk        median of three runs, in processes of EZKL's own
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from eth_account import Account

from contracts.build import require_tools
from contracts.chain import Chain
from contracts.errors import BuildError
from node.checkpoint import Checkpoint, dequantise, genesis, quantise
from node.manifest import LocalTraining
from node.tasks.digits import DigitsTask
from node.tasks.splits import Split
from node.training import Trainer
from scripts.bench_gas import running_devnet
from verifier.zk import circuit, ezkl_process, proving, solidity
from verifier.zk.circuit import Circuit
from verifier.zk.head import Head, head_of
from verifier.zk.scoring import ProofFile

REPEATS = 3
EXTRA = ("ezkl", "onnx")
T = TypeVar("T")


def trained_head(task: DigitsTask) -> Head:
    """The head after one round of one seat that holds all the data."""
    local = LocalTraining("adamw", steps=100, batch_size=64, learning_rate_millionths=5000)
    manifest = task.default_manifest(shard_count=1, byzantine=0, local=local)
    start = genesis(manifest)
    shard = task.shards(1, Split.parse("iid"), 0)[0]
    step = Trainer(task, manifest, shard, seat=1, seed=0).pseudo_gradient(start.theta, 1)
    theta = quantise(dequantise(start.theta, manifest) - step, manifest)
    return head_of(Checkpoint(manifest.digest, 1, start.digest, theta), manifest)


class Steps:
    """Times steps and writes down the most memory a process of EZKL held in each."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.peak_bytes: dict[str, int] = {}

    def run(self, name: str, step: Callable[[], T]) -> T:
        """Do one step."""
        with _answers() as answers:
            started = time.perf_counter()
            result = step()
            self.seconds.setdefault(name, []).append(time.perf_counter() - started)
        peaks = (answer.peak_bytes for answer in answers)
        self.peak_bytes[name] = max(self.peak_bytes.get(name, 0), *peaks, 0)
        return result

    def table(self) -> str:
        """One line a step."""
        lines = ["| step | seconds | peak memory, MB |", "| --- | ---: | ---: |"]
        for name, seconds in self.seconds.items():
            peak = self.peak_bytes[name]
            lines.append(f"| {name} | {statistics.median(seconds):.2g} | {f'{peak / 1e6:.0f}' if peak else ''} |")
        return "\n".join(lines)


def measure(head: Head, pixels: list[int], folder: Path, steps: Steps) -> tuple[Circuit, ProofFile]:
    """All steps once, in a new folder."""
    folder.mkdir()
    srs = folder / "test.srs"
    steps.run("make a reference string (tests only)", lambda: circuit.make_test_srs(srs))
    built = steps.run("build circuit and keys", lambda: circuit.build(head, folder / "circuit", srs))
    proof = steps.run("prove", lambda: proving.prove(built, pixels))
    verdict = steps.run("verify", lambda: proving.verify_file(built, proof.to_bytes()))
    if not isinstance(verdict, proving.Accept):
        raise RuntimeError(str(verdict))
    return built, proof


async def gas(built: Circuit, proof: ProofFile, folder: Path) -> dict[str, int]:
    """Gas of deploying both contracts and of one verification, by receipts of a devnet."""
    paths = solidity.write_contracts(built, folder)
    generated, head_proof = (json.loads(path.read_text("utf-8")) for path in paths)
    with running_devnet() as devnet:
        account = Account.from_key(devnet["accounts"][0]["private_key"])
        async with await Chain.connect(devnet["rpc_url"], account=account) as chain:
            first = await chain.send(None, bytes.fromhex(generated["bytecode"][2:]))
            second = await chain.send(None, solidity.deployment(built, head_proof, str(first.contract_address)))
            verified = await chain.send(second.contract_address, solidity.call_data(proof.scoring, proof.proof))
    return {"deploy": first.gas_used + second.gas_used, "verify": verified.gas_used}


def main() -> int:
    """Command line."""
    missing = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        print(f"nothing measured: needs the extra zk ({', '.join(missing)}): pip install -e '.[zk]'", file=sys.stderr)
        return 0
    task = DigitsTask(data_dir=None, options={})
    head, image, steps = trained_head(task), task.test.inputs[:1].numpy(), Steps()
    with tempfile.TemporaryDirectory() as name:
        for index in range(REPEATS):
            built, proof = measure(head, image[0].tolist(), Path(name) / str(index), steps)
            steps.run("compute the head again, without a proof", lambda: head.scores(image))
        print(steps.table())
        print("\n| file | bytes |\n| --- | ---: |")
        for path in (built.srs, built.proving_key, built.key, built.settings):
            print(f"| {path.name} | {path.stat().st_size:,} |")
        print(f"| proof | {len(proof.proof):,} |\n| proof file | {len(proof.to_bytes()):,} |")
        try:
            require_tools()
        except BuildError as error:
            print(f"no gas: {error}", file=sys.stderr)
            return 0
        figures = asyncio.run(gas(built, proof, Path(name) / "contracts"))
    print("\n| transaction | gas |\n| --- | ---: |")
    for transaction, amount in figures.items():
        print(f"| {transaction} | {amount:,} |")
    return 0


@contextmanager
def _answers() -> Iterator[list[ezkl_process.Answer]]:
    """What EZKL answers meanwhile."""
    answers: list[ezkl_process.Answer] = []
    call = ezkl_process.call

    def recorded(*arguments: Any, **options: Any) -> ezkl_process.Answer:
        answers.append(call(*arguments, **options))
        return answers[-1]

    ezkl_process.call = recorded
    try:
        yield answers
    finally:
        ezkl_process.call = call


if __name__ == "__main__":
    sys.exit(main())
