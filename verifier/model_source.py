"""From a project, as an audit reads it, to the checkpoint somebody wants to generate with.

What is trusted is what an audit trusts: the chain's events. Whoever serves the checkpoint is not: its bytes must have
the digest that was accepted for the round.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.checkpoint import Checkpoint, checkpoint_limit_bytes, genesis
from node.manifest import Manifest
from node.rounds.history import SwarmHistory
from node.storage.cid import Cid
from verifier import objects
from verifier.audit import open_project
from verifier.errors import AuditSettingsError, CheckpointUnavailable, ProjectRejected
from verifier.sources import Damaged, Missing, Source
from verifier.verdict import Reject, shown


@dataclass(frozen=True, eq=False)
class ProjectCheckpoint:
    """A checkpoint that a project's chain accepted, and the manifest it is one of."""

    manifest: Manifest
    checkpoint: Checkpoint


async def read_checkpoint(source: Source, *, round: int | None = None, cid: Cid | None = None) -> ProjectCheckpoint:
    """The checkpoint of a round (0: genesis) or with this identifier; without either the newest accepted one.

    Raises AuditSettingsError for one that was never accepted, ProjectRejected for a project that is not what its chain
    says, CheckpointUnavailable, MalformedCheckpoint.
    """
    opened = open_project(source.chain())
    if isinstance(opened, Reject):
        raise ProjectRejected(str(opened))
    manifest, history = opened
    number, digest = _chosen(history, round, cid)
    if number == 0:
        return ProjectCheckpoint(manifest, genesis(manifest))
    answer = await source.read(objects.checkpoint(number), digest, checkpoint_limit_bytes(manifest))
    if isinstance(answer, Damaged):
        raise ProjectRejected(f"checkpoint of round {number}: expected {shown(digest)}, found {answer.found}")
    if isinstance(answer, Missing):
        raise CheckpointUnavailable(number, answer.reason)
    return ProjectCheckpoint(manifest, Checkpoint.from_bytes(answer, manifest))


def _chosen(history: SwarmHistory, round: int | None, cid: Cid | None) -> tuple[int, bytes]:
    """Round and digest of what was asked for."""
    known = {0: history.genesis_digest}
    known |= {item.number: item.accepted.result.cid for item in history.rounds if item.acceptance is not None}
    if cid is not None:
        found = [number for number, digest in known.items() if digest == cid.digest]
        if not found or round not in (None, found[-1]):
            raise AuditSettingsError(
                f"checkpoint {cid} is none that the project accepted"
                + (f" in round {round}" if round is not None else f"; rounds 0 to {max(known)} were looked at")
            )
        return found[-1], cid.digest
    number = max(known) if round is None else round
    if number not in known:
        raise AuditSettingsError(f"round {number} has no accepted checkpoint; rounds that have: {sorted(known)}")
    return number, known[number]
