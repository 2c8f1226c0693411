"""Reading what a project is from the chain: its manifest, checked against the digest the contract holds."""

from __future__ import annotations

from contracts.chain import Chain
from contracts.events import ProjectCreated
from contracts.values import Address, ProjectConfiguration
from node.aggregation.rules import rule_hash
from node.errors import ConfigurationError, ManifestError
from node.manifest import Manifest


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
    return manifest
