"""Everything an audit takes from the chain, as one value: what an archive keeps as chain.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.attestation import Domain
from contracts.events import Event
from contracts.values import Address, ProjectConfiguration


@dataclass(frozen=True)
class ProjectFacts:
    """What never changes about a project, and the head at which its events were read.

    `manifest`: bytes as the factory published them.
    """

    chain_id: int
    project: Address
    registry: Address
    factory: Address
    seat_stake_wei: int
    configuration: ProjectConfiguration
    manifest: bytes
    head_number: int
    head_hash: bytes
    head_timestamp: int

    @property
    def domain(self) -> Domain:
        """Where signatures of this project count."""
        return Domain(self.chain_id, self.project)


@dataclass(frozen=True)
class ChainRecord:
    """The events of a project, its registry and attendance in chain order, and what no event tells.

    `signatures`: of each accepted round, 65 bytes each, in the order they were submitted; a call that went through
    another contract cannot be read and is left out. `block_hashes`: of the blocks that seeds were made of, by number.
    """

    facts: ProjectFacts
    events: tuple[Event, ...]
    signatures: Mapping[int, tuple[bytes, ...]]
    block_hashes: Mapping[int, bytes]
