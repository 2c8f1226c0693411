"""The folded state behind the index: every project with its registry, and the output court, as immutable values.

One event at a time, pure. A project needs what its contract fixed at creation, which the caller reads from the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import MappingProxyType

from contracts.attestation import Domain
from contracts.deploy import Deployment
from contracts.events import Event, ProjectCreated
from contracts.values import Address, ProjectConfiguration
from frontend_api.indexing.database import NAME_LENGTH, ProjectStatus, ProjectView
from frontend_api.indexing.projection import place_document, plain_configuration
from node.errors import ManifestError
from node.manifest import Manifest
from node.rounds.folding import fold, fold_all
from node.rounds.history import Place, SwarmHistory
from verifier.court import history as court_history
from verifier.court.history import CourtHistory


@dataclass(frozen=True)
class ProjectTerms:
    """What a project's contracts fixed at creation."""

    configuration: ProjectConfiguration
    seat_stake_wei: int
    epoch_seconds: int


@dataclass(frozen=True)
class TrainingProject:
    """One project: what was fixed when it was created and what happened since.

    `manifest` is None when the published bytes are none: anybody may create a project, and nobody can train that one.
    """

    address: Address
    number: int
    terms: ProjectTerms
    manifest: Manifest | None
    created: Place
    history: SwarmHistory

    @property
    def configuration(self) -> ProjectConfiguration:
        """What the project's contract fixed."""
        return self.terms.configuration

    @property
    def status(self) -> ProjectStatus:
        """Whether rounds still open."""
        finalized = sum(item.finalized is not None for item in self.history.rounds)
        if self.history.closed is not None:
            return "closed"
        if finalized >= self.configuration.rounds:
            return "complete"
        return "open" if self.history.close_requested is None else "closing"

    def row(self) -> ProjectView:
        """Its row."""
        rounds, manifest = self.history.rounds, self.manifest
        accepted = [item.acceptance for item in rounds if item.acceptance is not None]
        return ProjectView(
            address=self.address,
            number=self.number,
            owner=self.configuration.owner,
            seat_stake_wei=self.terms.seat_stake_wei,
            epoch_seconds=self.terms.epoch_seconds,
            status=self.status,
            task=manifest.task[:NAME_LENGTH] if manifest else None,
            rule=manifest.rule[:NAME_LENGTH] if manifest else None,
            # Not through the layout: a stranger's manifest may claim tensors that fill any memory.
            parameter_count=min(sum(item.size for item in manifest.tensors), 2**63 - 1) if manifest else None,
            configuration=plain_configuration(self.configuration),
            last_round=len(rounds),
            accepted_rounds=len(accepted),
            finalized_rounds=sum(item.finalized is not None for item in rounds),
            funded_wei=self.history.funded_wei,
            claimed_wei=sum(self.history.claimed_wei.values()),
            earned_wei=accepted[-1].result.cumulative_total if accepted else 0,
            created=place_document(self.created),
        )


@dataclass(frozen=True)
class IndexedState:
    """Every project's history; the court's and that of its own registry, the verifiers' seats."""

    deployment: Deployment
    verifiers: SwarmHistory
    court: CourtHistory = field(default_factory=CourtHistory)
    projects: Mapping[Address, TrainingProject] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def start(cls, deployment: Deployment, *, verifier_stake_wei: int) -> IndexedState:
        """Before the first event."""
        return cls(deployment, SwarmHistory.start(seat_stake_wei=verifier_stake_wei, genesis_digest=bytes(32)))

    @property
    def addresses(self) -> list[Address]:
        """Whose events it folds."""
        found = self.deployment
        registries = [project.configuration.registry for project in self.projects.values()]
        shared = [found.factory, found.attendance, found.court, found.verifier_registry]
        return [*shared, *self.projects, *registries]

    def fold_all(self, events: Iterable[Event], terms: Mapping[Address, ProjectTerms]) -> IndexedState:
        """The state after `events`; those of the court and its registry, which are most, are folded many at once.

        Raises HistoryError for an event the contracts cannot have emitted now.
        """
        state = self
        of_the_court = (self.deployment.court, self.deployment.verifier_registry)
        for of_court, run in groupby(events, key=lambda event: event.address in of_the_court):
            if of_court:
                state = state._fold_court(list(run))
            else:
                for event in run:
                    state = state._fold(event, terms)
        return state

    def _fold(self, event: Event, terms: Mapping[Address, ProjectTerms]) -> IndexedState:
        """One event that is none of the court's."""
        if event.address == self.deployment.factory and isinstance(event, ProjectCreated):
            created = self._created(event, terms[event.project])
            return replace(self, projects=MappingProxyType({**self.projects, event.project: created}))
        address = self._concerned(event)
        project = None if address is None else self.projects.get(address)
        if address is None or project is None:
            return self
        folded = replace(project, history=fold(project.history, event))
        return replace(self, projects=MappingProxyType({**self.projects, address: folded}))

    def _concerned(self, event: Event) -> Address | None:
        """Which project an event of its own, of its registry or of attendance is about."""
        if event.address == self.deployment.attendance:
            return getattr(event, "project", None)
        if event.address in self.projects:
            return event.address
        found = (item.address for item in self.projects.values() if item.configuration.registry == event.address)
        return next(found, None)

    def _fold_court(self, events: Sequence[Event]) -> IndexedState:
        """Events of the court, which also reads the slashes in its registry, and of that registry."""
        of_registry = (event for event in events if event.address == self.deployment.verifier_registry)
        return replace(
            self, verifiers=fold_all(self.verifiers, of_registry), court=court_history.fold_all(self.court, events)
        )

    def _created(self, event: ProjectCreated, terms: ProjectTerms) -> TrainingProject:
        domain = Domain(self.deployment.chain_id, event.project)
        history = SwarmHistory.of_project(domain, terms.configuration, terms.seat_stake_wei)
        try:
            manifest = Manifest.from_bytes(event.manifest)
        except ManifestError:
            manifest = None
        number = len(self.projects) + 1
        return TrainingProject(event.project, number, terms, manifest, Place.of(event), history)
