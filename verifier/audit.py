"""Audit a project: replay its accepted rounds from chain and store, and say accept, or the first divergence.

    verdict = run_audit(AuditSettings(rpc_url=..., deployment=Path("deployment.json"), project="0x..."))
    verdict = run_audit(AuditSettings(offline=Path("project.car")))

What is trusted: online, the chain's events as the node tells them; offline, the events as the archive tells them, and
beyond those nothing but hashes and the signatures of stake holders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.chain import Chain
from contracts.deploy import Deployment
from contracts.values import Address
from node.aggregation.rules import rule_hash
from node.errors import HistoryError, ManifestError, RuleError
from node.exchange.peer_client import new_session
from node.exchange.source import Source as Peer
from node.manifest import Manifest
from node.rounds.folding import fold_all
from node.rounds.history import SwarmHistory
from node.rounds.outcome import RoundOutcome
from verifier import objects
from verifier.archive.export import RecordingSource
from verifier.archive.source import ArchiveSource
from verifier.chain_reader import only_project, read_chain
from verifier.chain_record import ChainRecord
from verifier.errors import ArchiveDamaged, AuditSettingsError
from verifier.progress import progress_bar
from verifier.round_audit import RoundAuditor
from verifier.sources import GatewaySource, Source, announced_peers
from verifier.verdict import Accept, Reject, Verdict, reject, with_rounds


class AuditSettings(BaseModel):
    """What to audit, and from where.

    Online: `rpc_url`, `deployment` (the deployment record) and `project` (by default the deployment's only one);
    `gateways` replaces the endpoints that peers announced on the chain. Offline: `offline` alone, a folder or CAR file.
    `round`: this one only. `export`: also write an archive there, a CAR file if its name ends in .car, else a folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rpc_url: str = "http://127.0.0.1:8545"
    chain_id: int | None = None
    deployment: Path | None = None
    project: Address | None = None
    gateways: tuple[str, ...] = ()
    round: Annotated[int, Field(ge=1)] | None = None
    offline: Path | None = None
    export: Path | None = None


def run_audit(settings: AuditSettings) -> Verdict:
    """Audit from synchronous code; see `audit`."""
    return asyncio.run(audit(settings))


async def audit(settings: AuditSettings) -> Verdict:
    """Audit as `settings` say. The verdict's `exit_code` is the command line's.

    Raises SwarmProofError for whatever keeps the audit from starting: chain, deployment record, archive, settings.
    """
    try:
        async with open_source(settings) as source:
            if settings.export is None:
                return await audit_source(source, settings.round)
            return await _export(source, settings.export, settings.round)
    except ArchiveDamaged as damage:
        return _damage(damage)


async def audit_source(source: Source, only_round: int | None = None) -> Verdict:
    """Audit whatever `source` holds. Raises AuditSettingsError when `only_round` has no accepted result."""
    try:
        verdict = await _audit(source, only_round)
        if isinstance(verdict, Reject):
            return verdict
        # What nobody signed must at least be what was written.
        return next((with_rounds(_damage(item), verdict.rounds) for item in source.damages()), verdict)
    except ArchiveDamaged as damage:
        return _damage(damage)


async def _audit(source: Source, only_round: int | None) -> Verdict:
    chain = source.chain()
    opened = open_project(chain)
    if isinstance(opened, Reject):
        return opened
    manifest, history = opened
    numbers = _rounds(history, only_round)
    auditor = RoundAuditor(source, chain, history, manifest)
    earned: Mapping[Address, int] | None = None if only_round is not None else {}
    done: list[int] = []
    with progress_bar(len(numbers)) as progress:
        for number in numbers:
            outcome = await auditor.audit(number, earned)
            if not isinstance(outcome, RoundOutcome):
                return with_rounds(outcome, tuple(done))
            earned = {leaf.account: leaf.cumulative_wei for leaf in outcome.rewards}
            done.append(number)
            progress.step(f"round {number} recomputed")
    digest = history.round(done[-1]).accepted.result.cid if done else history.genesis_digest
    voided = tuple(item.number for item in history.rounds if item.voided_acceptance is not None)
    return Accept(tuple(done), digest, voided if only_round is None else ())


def open_project(chain: ChainRecord) -> tuple[Manifest, SwarmHistory] | Reject:
    """The manifest and history of a project, checked against its configuration."""
    facts = chain.facts
    try:
        manifest = Manifest.from_bytes(facts.manifest)
        rule = rule_hash(manifest.rule)
    except (ManifestError, RuleError) as error:
        return reject(None, "manifest", "content", "a manifest", str(error))
    for name, expected, found in (
        ("digest", facts.configuration.manifest_digest, manifest.digest),
        ("rule", facts.configuration.rule_hash, rule),
    ):
        if expected != found:
            return reject(None, "manifest", name, expected, found)
    start = SwarmHistory.of_project(facts.domain, facts.configuration, facts.seat_stake_wei)
    try:
        return manifest, fold_all(start, chain.events)
    except HistoryError as error:
        at = error.operands.get("at")
        return reject(None, objects.chain_record(), f"events: {at}", "events the contracts can emit", error)


def _rounds(history: SwarmHistory, only_round: int | None) -> tuple[int, ...]:
    numbers = tuple(item.number for item in history.rounds if item.acceptance is not None)
    if only_round is None:
        return numbers
    if only_round not in numbers:
        if 1 <= only_round <= len(history.rounds) and history.round(only_round).voided_acceptance is not None:
            raise AuditSettingsError(f"the result of round {only_round} was voided")
        listed = ", ".join(map(str, numbers)) or "none"
        raise AuditSettingsError(f"round {only_round} has no accepted result; accepted rounds: {listed}")
    return (only_round,)


async def _export(source: Source, target: Path, only_round: int | None) -> Verdict:
    with closing(RecordingSource(source, target)) as recording:
        verdict = await audit_source(recording, only_round)
        opened = open_project(source.chain())
        if not isinstance(opened, Reject):
            manifest, history = opened
            await recording.complete(history, manifest)
        recording.finish()
    return verdict


@asynccontextmanager
async def open_source(settings: AuditSettings) -> AsyncIterator[Source]:
    """What the settings name: an archive, or chain and peers. Raises SwarmProofError for what keeps it from opening."""
    if settings.offline is not None:
        with closing(ArchiveSource(settings.offline)) as archive:
            yield archive
        return
    if settings.deployment is None:
        raise AuditSettingsError("an audit needs a deployment record, or an archive to read offline")
    deployment = Deployment.load(settings.deployment)
    async with await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id) as chain:
        await deployment.check(chain, settings.deployment)
        first = deployment.block_number
        project = settings.project or await only_project(chain, deployment.factory, from_block=first)
        record = await read_chain(chain, factory=deployment.factory, project=project, from_block=first)
    # A liar is dropped by its address, so gateways without an account each need a name of their own.
    named = tuple(Peer(f"gateway {index}", url) for index, url in enumerate(settings.gateways, start=1))
    async with new_session() as session:
        yield GatewaySource(record, named or announced_peers(record), session)


def _damage(damage: ArchiveDamaged) -> Reject:
    name = objects.named(damage.part)
    return Reject(name.round, name.title, "bytes", damage.expected, damage.found)
