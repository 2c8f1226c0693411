"""The checkpoint a head is taken from, read out of an archive that `swarmproof audit --export` wrote."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from node.checkpoint import Checkpoint, checkpoint_limit_bytes
from node.manifest import Manifest
from verifier import objects
from verifier.archive.source import ArchiveSource
from verifier.audit import open_project
from verifier.errors import ArchiveDamaged, AuditSettingsError
from verifier.replay import accepted
from verifier.sources import Damaged, Missing
from verifier.verdict import Reject, shown


def read_checkpoint(archive: Path, round_number: int | None = None) -> tuple[Checkpoint, Manifest]:
    """The checkpoint that an accepted round produced, by default the last, and the project's manifest.

    Its bytes hash to what the chain accepted, as the archive tells the chain's events; whether that result is true is
    the audit's question. Raises ArchiveUnreadable, ArchiveDamaged, AuditSettingsError when no such round was accepted.
    """
    with closing(ArchiveSource(archive)) as source:
        opened = open_project(source.chain())
        if isinstance(opened, Reject):
            raise ArchiveDamaged(opened.object, opened.expected, opened.found)
        manifest, history = opened
        numbers = [item.number for item in history.rounds if item.acceptance is not None]
        number = round_number if round_number is not None else max(numbers, default=0)
        if number not in numbers:
            listed = ", ".join(map(str, numbers)) or "none"
            raise AuditSettingsError(f"round {number} has no accepted result; accepted rounds: {listed}")
        digest = accepted(history.round(number)).result.cid
        name = objects.checkpoint(number)
        data = asyncio.run(source.read(name, digest, checkpoint_limit_bytes(manifest)))
    if isinstance(data, Missing | Damaged):
        found = data.found if isinstance(data, Damaged) else "nothing"
        raise ArchiveDamaged(name.path, shown(digest), found)
    return Checkpoint.from_bytes(data, manifest), manifest
