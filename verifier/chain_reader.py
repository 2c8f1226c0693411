"""Read the chain record of a project from a node."""

from __future__ import annotations

import asyncio

from contracts.abi import contract_abi
from contracts.chain import Chain
from contracts.client import Factory, Project, Registry, decode_accept_call
from contracts.errors import MalformedAnswer
from contracts.events import Event, ProjectCreated, ResultAccepted, UpdateRevealed
from contracts.values import Address
from verifier.chain_record import ChainRecord, ProjectFacts
from verifier.errors import AuditSettingsError

REQUESTS_IN_FLIGHT = 16


async def read_chain(chain: Chain, *, factory: Address, project: Address, from_block: int) -> ChainRecord:
    """Everything the chain says about a project, up to the head. `from_block`: at or before the registry's first event.

    Raises AuditSettingsError when the factory did not create the project, and what `Chain` raises.
    """
    if not await Factory(chain, factory).is_project(project):
        raise AuditSettingsError(f"factory {factory} did not create project {project}")
    configuration = await Project(chain, project).configuration()
    registry = Registry(chain, configuration.registry)
    head = await chain.head()
    events = await chain.logs([factory, registry.address, project], from_block, head.number)
    events = [event for event in events if not isinstance(event, ProjectCreated) or event.project == project]
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
    signatures, salts = await _calls(chain, events)
    return ChainRecord(facts, tuple(events), signatures, salts)


async def only_project(chain: Chain, factory: Address, *, from_block: int) -> Address:
    """The one project of a factory. Raises AuditSettingsError when there is none, or more than one."""
    head = await chain.head()
    events = await chain.logs([factory], from_block, head.number)
    projects = [event.project for event in events if isinstance(event, ProjectCreated)]
    if len(projects) == 1:
        return projects[0]
    listed = ", ".join(projects) or "none"
    raise AuditSettingsError(f"name the project to audit; projects of factory {factory}: {listed}")


async def _calls(
    chain: Chain, events: list[Event]
) -> tuple[dict[int, tuple[bytes, ...]], dict[tuple[int, int], bytes]]:
    """Signatures of accepted rounds and salts of reveals, from the transactions behind the events."""
    slots = asyncio.Semaphore(REQUESTS_IN_FLIGHT)

    async def input_of(event: Event) -> bytes:
        async with slots:
            return await chain.transaction_input(event.transaction_hash)

    wanted = [event for event in events if isinstance(event, ResultAccepted | UpdateRevealed)]
    inputs = await asyncio.gather(*map(input_of, wanted))
    signatures: dict[int, tuple[bytes, ...]] = {}
    salts: dict[tuple[int, int], bytes] = {}
    for event, data in zip(wanted, inputs, strict=True):
        try:
            if isinstance(event, ResultAccepted):
                number, result, parts = decode_accept_call(data)
                if (number, result) == (event.round, event.result):
                    signatures[event.round] = tuple(parts)
            elif isinstance(event, UpdateRevealed):
                arguments = contract_abi("TrainingProject").decode_call("reveal", data)
                if arguments[:4] == (event.round, event.seat, event.digest, event.data_root):
                    salts[event.round, event.seat] = arguments[4]
        except MalformedAnswer:
            # Sent through another contract: the contract checked it, but what it carried cannot be read here.
            continue
    return signatures, salts
