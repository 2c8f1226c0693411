"""Read the chain record of a project from a node."""

from __future__ import annotations

import asyncio

from contracts.chain import Chain
from contracts.client import Factory, Project, Registry, decode_accept_call
from contracts.errors import MalformedAnswer
from contracts.events import (
    AttestationCommitted,
    Attested,
    AvailabilityVoted,
    Event,
    ProjectCreated,
    ResultAccepted,
    SeedPinned,
)
from contracts.values import Address
from verifier.chain_record import ChainRecord, ProjectFacts
from verifier.errors import AuditSettingsError

REQUESTS_IN_FLIGHT = 16
_SHARED = (ProjectCreated, AvailabilityVoted, AttestationCommitted, Attested)


async def read_chain(chain: Chain, *, factory: Address, project: Address, from_block: int) -> ChainRecord:
    """Everything the chain says about a project, up to the head. `from_block`: at or before the project's creation.

    Raises AuditSettingsError when the factory did not create the project, and what `Chain` raises.
    """
    if not await Factory(chain, factory).is_project(project):
        raise AuditSettingsError(f"factory {factory} did not create project {project}")
    configuration = await Project(chain, project).configuration()
    registry, attendance = Registry(chain, configuration.registry), await Project(chain, project).attendance()
    head = await chain.head()
    logs = await chain.logs([factory, registry.address, project, attendance], from_block, head.number)
    # The factory and attendance speak of all projects.
    events = [event for event in logs if not isinstance(event, _SHARED) or event.project == project]
    created = [event for event in events if isinstance(event, ProjectCreated)]
    if not created:
        raise AuditSettingsError(
            f"factory {factory} did not create project {project} in blocks {from_block} to {head.number}"
        )
    facts = ProjectFacts(
        chain_id=chain.chain_id,
        project=project,
        registry=registry.address,
        factory=factory,
        seat_stake_wei=await registry.seat_stake(),
        configuration=configuration,
        manifest=created[0].manifest,
        head_number=head.number,
        head_hash=head.hash,
        head_timestamp=head.timestamp,
    )
    signatures, hashes = await asyncio.gather(_signatures(chain, events), _pinned_hashes(chain, events))
    return ChainRecord(facts, tuple(events), signatures, hashes)


async def only_project(chain: Chain, factory: Address, *, from_block: int) -> Address:
    """The one project of a factory. Raises AuditSettingsError when there is none, or more than one."""
    head = await chain.head()
    events = await chain.logs([factory], from_block, head.number)
    projects = [event.project for event in events if isinstance(event, ProjectCreated)]
    if len(projects) == 1:
        return projects[0]
    listed = ", ".join(projects) or "none"
    raise AuditSettingsError(f"name the project to audit; projects of factory {factory}: {listed}")


async def _signatures(chain: Chain, events: list[Event]) -> dict[int, tuple[bytes, ...]]:
    """Signatures of accepted rounds, from the transactions behind the events."""
    slots = asyncio.Semaphore(REQUESTS_IN_FLIGHT)

    async def input_of(event: Event) -> bytes:
        async with slots:
            return await chain.transaction_input(event.transaction_hash)

    wanted = [event for event in events if isinstance(event, ResultAccepted)]
    signatures: dict[int, tuple[bytes, ...]] = {}
    for event, data in zip(wanted, await asyncio.gather(*map(input_of, wanted)), strict=True):
        try:
            call = decode_accept_call(data)
        except MalformedAnswer:
            # Sent through another contract: the contract checked it, but what it carried cannot be read here.
            continue
        if (call.round, call.result) == (event.round, event.result):
            signatures[event.round] = call.signatures
    return signatures


async def _pinned_hashes(chain: Chain, events: list[Event]) -> dict[int, bytes]:
    """Hashes of the blocks that seeds were made of."""
    slots = asyncio.Semaphore(REQUESTS_IN_FLIGHT)

    async def hash_of(number: int) -> bytes | None:
        async with slots:
            return await chain.block_hash(number)

    numbers = sorted({event.pinned_block for event in events if isinstance(event, SeedPinned)})
    found = zip(numbers, await asyncio.gather(*map(hash_of, numbers)), strict=True)
    return {number: block_hash for number, block_hash in found if block_hash is not None}
