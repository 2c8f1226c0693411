"""Which checkpoint somebody gets who wants to generate with one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from node.checkpoint import genesis
from node.storage.cid import RAW, Cid
from node.storage.unixfs import root_of
from tests.verifier.swarm import MANIFEST, FinishedProject
from verifier.archive.source import ArchiveSource
from verifier.errors import AuditSettingsError, CheckpointUnavailable, ProjectRejected
from verifier.model_source import read_checkpoint


async def test_the_newest_checkpoint_one_of_a_round_or_one_by_its_identifier(
    finished: FinishedProject, archives: dict[str, Path]
) -> None:
    source = ArchiveSource(archives["folder"])
    newest, third = await read_checkpoint(source), await read_checkpoint(source, round=3)
    assert newest.manifest == MANIFEST
    assert newest.checkpoint.to_bytes() == finished.outcomes[4].checkpoint_bytes
    assert third.checkpoint.to_bytes() == finished.outcomes[3].checkpoint_bytes
    named = await read_checkpoint(source, cid=root_of(finished.outcomes[3].checkpoint_bytes))
    assert named.checkpoint.digest == third.checkpoint.digest


async def test_round_zero_is_made_and_not_fetched(archives: dict[str, Path]) -> None:
    source = ArchiveSource(archives["folder"])
    assert (await read_checkpoint(source, round=0)).checkpoint.digest == genesis(MANIFEST).digest


async def test_a_checkpoint_nobody_accepted_is_refused(finished: FinishedProject, archives: dict[str, Path]) -> None:
    source = ArchiveSource(archives["folder"])
    for asked in ({"round": 2}, {"round": 9}, {"cid": Cid(RAW, bytes(32))}):
        with pytest.raises(AuditSettingsError, match="accepted"):
            await read_checkpoint(source, **asked)  # type: ignore[arg-type]
    with pytest.raises(AuditSettingsError, match="in round 1"):
        await read_checkpoint(source, round=1, cid=root_of(finished.outcomes[3].checkpoint_bytes))


async def test_false_bytes_and_missing_ones_are_told_apart(archives: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(archives["folder"], tmp_path / "copy")
    target = tmp_path / "copy" / "checkpoints" / "4"
    target.write_bytes(target.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ProjectRejected, match="checkpoint of round 4: expected 0x"):
        await read_checkpoint(ArchiveSource(tmp_path / "copy"))
    target.unlink()
    with pytest.raises(CheckpointUnavailable, match="checkpoint of round 4 cannot be had"):
        await read_checkpoint(ArchiveSource(tmp_path / "copy"))
