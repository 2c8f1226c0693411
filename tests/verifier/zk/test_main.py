"""`python -m verifier.zk` from a checkpoint to a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.checkpoint import Checkpoint
from node.manifest import Manifest
from tests.verifier.swarm import MANIFEST
from verifier.errors import AuditSettingsError
from verifier.model_source import ProjectCheckpoint
from verifier.zk import __main__ as zk_main
from verifier.zk import ezkl_process
from verifier.zk.__main__ import main, read_archived
from verifier.zk.circuit import Circuit
from verifier.zk.errors import EzklMissing
from verifier.zk.scoring import ProofFile


def command(name: str, *options: object) -> int:
    """Run it; returns the exit code."""
    return main([name, *map(str, options)])


@pytest.mark.parametrize("form", ["folder", "car"])
def test_checkpoints_are_read_from_archives(archives: dict[str, Path], form: str) -> None:
    last, first = read_archived(archives[form]), read_archived(archives[form], 1)
    assert (first.checkpoint.round, last.checkpoint.round) == (1, 4)
    assert last.checkpoint.manifest_digest == last.manifest.digest == MANIFEST.digest
    with pytest.raises(AuditSettingsError, match="round 2 has no accepted checkpoint"):
        read_archived(archives[form], 2)


def test_without_the_extra_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EzklMissing, match=r"ezkl is not installed: run `pip install -e '\.\[zk\]'`"):
        ezkl_process.call("verify")


@pytest.mark.slow
def test_commands_build_prove_and_verify(
    checkpoint: Checkpoint,
    manifest: Manifest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("ezkl", reason="needs the extra zk: pip install -e '.[zk]'")
    monkeypatch.setattr(zk_main, "read_archived", lambda archive, round_number: ProjectCheckpoint(manifest, checkpoint))
    folder, proof, made = tmp_path / "circuit", tmp_path / "proof.json", tmp_path / "made.srs"
    assert command("setup", "--archive", "any", "--circuit", folder, "--insecure-srs", made) == 0
    said = capsys.readouterr()
    key = Circuit.open(folder).key_digest.hex()
    assert said.out == f"checkpoint 0x{checkpoint.digest.hex()}\nkey 0x{key}\n"
    assert said.err == "the reference string is for tests: whoever made it can prove anything\n"
    assert made.exists()

    again = tmp_path / "again"
    assert command("setup", "--archive", "any", "--circuit", again, "--srs", made) == 0
    assert capsys.readouterr() == (said.out, "")
    assert command("setup", "--archive", "any", "--circuit", folder, "--srs", made) == 1
    assert capsys.readouterr().err == f"error: {folder}: File exists\n"

    assert command("prove", "--circuit", folder, "--example", 7, "--proof", proof) == 0
    assert capsys.readouterr().out.startswith("answers 8, labelled 8; scores ")
    assert command("verify", "--circuit", again, "--proof", proof, "--key", f"0x{key}") == 0
    assert capsys.readouterr().out.endswith(f" under key 0x{key} answers 8\n")
    assert command("verify", "--circuit", folder, "--proof", proof, "--key", "0x12") == 3
    proof.write_bytes(proof.read_bytes().replace(b'"pixels": [0', b'"pixels": [1'))
    ProofFile.from_bytes(proof.read_bytes())
    assert command("verify", "--circuit", folder, "--proof", proof) == 3
    assert capsys.readouterr().out.splitlines()[-1].startswith("reject: ")
    assert command("prove", "--circuit", folder, "--example", 360, "--proof", proof) == 2
    assert command("verify", "--circuit", tmp_path / "none", "--proof", proof) == 3
