"""`python -m verifier.zk`: build the circuit of a checkpoint's head, prove what it answers, verify such proofs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import BuildError, SwarmProofError
from verifier.errors import AuditSettingsError
from verifier.verdict import shown
from verifier.zk import circuit, proving
from verifier.zk.circuit import Circuit

if TYPE_CHECKING:
    from verifier.model_source import ProjectCheckpoint


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0 done or accepted, 3 rejected, 4 not judged."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except SwarmProofError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def read_archived(archive: Path, round_number: int | None = None) -> ProjectCheckpoint:
    """The checkpoint of a round, by default the newest accepted one, from what `swarmproof audit --export` wrote."""
    from verifier.archive.source import ArchiveSource
    from verifier.model_source import read_checkpoint

    with closing(ArchiveSource(archive)) as source:
        return asyncio.run(read_checkpoint(source, round=round_number))


def _setup(options: argparse.Namespace) -> int:
    from verifier.zk.head import head_of  # imports torch, which proving and verifying do without

    found = read_archived(options.archive, options.round)
    head = head_of(found.checkpoint, found.manifest)
    srs = options.srs or options.insecure_srs
    if options.insecure_srs and not srs.exists():
        circuit.make_test_srs(srs)
    built = circuit.build(head, options.circuit, srs)
    if options.insecure_srs:
        print("the reference string is for tests: whoever made it can prove anything", file=sys.stderr)
    print(f"checkpoint {built.checkpoint}\nkey {shown(built.key_digest)}")
    return 0


def _prove(options: argparse.Namespace) -> int:
    from node.tasks.digits import DigitsTask

    examples = DigitsTask(data_dir=None, options={}).test
    if not 0 <= options.example < len(examples):
        raise AuditSettingsError(f"example {options.example}, expected 0 to {len(examples) - 1}")
    opened = Circuit.open(options.circuit)
    file = proving.prove(opened, examples.inputs[options.example].tolist())
    options.proof.write_bytes(file.to_bytes())
    scores = ", ".join(f"{score / (1 << opened.score_bits):.3f}" for score in file.scoring.scores)
    print(f"answers {file.scoring.label}, labelled {int(examples.labels[options.example])}; scores {scores}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    opened = Circuit.open(options.circuit)
    if options.key is not None and options.key != shown(opened.key_digest):
        verdict: proving.Verdict = proving.Reject(f"the circuit has key {shown(opened.key_digest)}, not {options.key}")
    else:
        verdict = proving.verify_file(opened, options.proof.read_bytes())
    print(verdict)
    return verdict.exit_code


def _contract(options: argparse.Namespace) -> int:
    try:
        from verifier.zk.solidity import write_contracts
    except ModuleNotFoundError as error:
        raise BuildError(f"{error.name} is not installed: run `pip install -e '.[development]'`") from error

    for path in write_contracts(Circuit.open(options.circuit), options.out):
        print(path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m verifier.zk", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    setup = commands.add_parser("setup", help="build the circuit of a checkpoint's head")
    setup.set_defaults(command=_setup)
    setup.add_argument("--archive", type=Path, required=True, help="what `swarmproof audit --export` wrote")
    setup.add_argument("--round", type=int, help="the round whose checkpoint it is (default: the last accepted)")
    setup.add_argument("--circuit", type=Path, required=True, help="a new folder")
    strings = setup.add_mutually_exclusive_group(required=True)
    strings.add_argument("--srs", type=Path, help="a ceremony's structured reference string")
    strings.add_argument("--insecure-srs", type=Path, help="one for tests; made here if there is no such file")

    prove = commands.add_parser("prove", help="prove what the head answers for a held-out digit")
    prove.set_defaults(command=_prove)
    prove.add_argument("--example", type=int, default=0, help="which of the 360 held-out digits (default 0)")

    verify = commands.add_parser("verify", help="check a proof file")
    verify.set_defaults(command=_verify)
    verify.add_argument("--key", help="the key digest the circuit must have")

    contract = commands.add_parser("contract", help="write and compile a Solidity verifier of the circuit")
    contract.set_defaults(command=_contract)
    contract.add_argument("--out", type=Path, required=True, help="a folder for sources and artifacts")

    for command in (prove, verify, contract):
        command.add_argument("--circuit", type=Path, required=True, help="the circuit's folder")
    for command in (prove, verify):
        command.add_argument("--proof", type=Path, required=True, help="the proof file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
