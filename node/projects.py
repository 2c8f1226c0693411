"""What a project is on the chain: its configuration from a manifest, and its manifest back from the chain, checked."""

from __future__ import annotations

from contracts.chain import Chain
from contracts.events import ProjectCreated
from contracts.values import ZERO_ADDRESS, Address, ProjectConfiguration
from node.aggregation.rules import rule_hash
from node.checkpoint import genesis
from node.errors import ConfigurationError, ManifestError
from node.fraud.arithmetic import arithmetic_of
from node.manifest import Manifest


def configuration_of(
    manifest: Manifest,
    *,
    token: Address,
    owner: Address,
    round_pool: int,
    rounds: int,
    minimum_seats: int,
    commit_seconds: int,
    reveal_seconds: int,
    attest_seconds: int,
    challenge_seconds: int,
    availability_seconds: int = 0,
    attest_commit_seconds: int = 0,
    trainers_per_round: int = 0,
    attesters_per_round: int = 0,
    silence_bond_bps: int = 0,
    close_thaw_seconds: int = 0,
    guardian: Address = ZERO_ADDRESS,
) -> ProjectConfiguration:
    """What a project that trains by this manifest is created with; a budget thaws at least as long as a round takes.

    Raises RuleError for a rule nobody knows.
    """
    first = genesis(manifest)
    round_seconds = (
        commit_seconds
        + reveal_seconds
        + availability_seconds
        + attest_commit_seconds
        + attest_seconds
        + challenge_seconds
    )
    return ProjectConfiguration(
        token=token,
        registry=ZERO_ADDRESS,
        owner=owner,
        guardian=guardian,
        manifest_digest=manifest.digest,
        genesis_digest=first.digest,
        genesis_data_root=first.data_root,
        arithmetic_hash=arithmetic_of(manifest).hash,
        rule_hash=rule_hash(manifest.rule),
        round_pool=round_pool,
        rounds=rounds,
        minimum_seats=minimum_seats,
        trainers_per_round=trainers_per_round,
        attesters_per_round=attesters_per_round,
        commit_seconds=commit_seconds,
        reveal_seconds=reveal_seconds,
        availability_seconds=availability_seconds,
        attest_commit_seconds=attest_commit_seconds,
        attest_seconds=attest_seconds,
        challenge_seconds=challenge_seconds,
        close_thaw_seconds=max(close_thaw_seconds, round_seconds),
        silence_bond_bps=silence_bond_bps,
    )


async def read_manifest(
    chain: Chain, factory: Address, project: Address, configuration: ProjectConfiguration, *, from_block: int
) -> Manifest:
    """The manifest `project` was created with.

    Raises ConfigurationError if the factory did not create the project, ManifestError if manifest and contract differ.
    """
    head = await chain.head()
    created = await chain.logs([factory], from_block, head.number)
    published = [event for event in created if isinstance(event, ProjectCreated) and event.project == project]
    if not published:
        raise ConfigurationError(
            f"factory {factory} did not create project {project} in blocks {from_block} to {head.number}"
        )
    manifest = Manifest.from_bytes(published[0].manifest)
    if manifest.digest != configuration.manifest_digest:
        raise ManifestError(
            f"manifest of {project} has digest 0x{manifest.digest.hex()}, "
            f"the contract says 0x{configuration.manifest_digest.hex()}"
        )
    if rule_hash(manifest.rule) != configuration.rule_hash:
        raise ManifestError(
            f"rule {manifest.rule!r} of {project} has hash 0x{rule_hash(manifest.rule).hex()}, "
            f"the contract says 0x{configuration.rule_hash.hex()}"
        )
    terms = arithmetic_of(manifest).hash
    if terms != configuration.arithmetic_hash:
        # Whoever computes with the manifest would sign what the contract's terms prove false.
        raise ManifestError(
            f"the manifest of {project} computes with terms of hash 0x{terms.hex()}, "
            f"the contract says 0x{configuration.arithmetic_hash.hex()}"
        )
    return manifest
