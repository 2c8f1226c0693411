"""Every custom error of the contracts, under its Solidity name, with its operands.

Field names and order follow `src/interfaces/`; the tests compare them with the ABI. A docstring says when the error
happens, `sentence` is what a person reads.

Error tree:

* ContractReverted (contracts.errors)
  - TypedRevert                  base
    + RegistryReverted           registry: Registry_*, seats and stake
    + FactoryReverted            factory: Factory_*, creating a project
    + ProjectReverted            project: Project_*, rounds and money of one project
    + AttendanceReverted         attendance: Attendance_*, what attesters say before there is a result
    + DisputesReverted           disputes: Disputes_*, proofs that a result is false
    + ContributionsReverted      disputes: Contributions_*, what became of seats, packed
    + CourtReverted              court: Court_*, classes, jobs and their verdicts
    + LibraryReverted            library: the token and OpenZeppelin's parts
    + RevertedWithReason, RevertedWithPanic, RevertedWithData    everything else a contract can answer
"""

from __future__ import annotations

from functools import cache

import contracts.reverts.project_money  # noqa: F401  (defines half of the project's errors)
from contracts.reverts.attendance import AttendanceReverted
from contracts.reverts.base import TypedRevert
from contracts.reverts.court import CourtReverted
from contracts.reverts.disputes import ContributionsReverted, DisputesReverted
from contracts.reverts.factory import FactoryReverted
from contracts.reverts.library import LibraryReverted
from contracts.reverts.project import ProjectReverted
from contracts.reverts.registry import RegistryReverted


@cache
def reverts_by_name() -> dict[str, type[TypedRevert]]:
    """The class of every custom error, by its Solidity name."""
    groups = (
        RegistryReverted,
        FactoryReverted,
        ProjectReverted,
        AttendanceReverted,
        DisputesReverted,
        ContributionsReverted,
        CourtReverted,
        LibraryReverted,
    )
    return {leaf.__name__: leaf for group in groups for leaf in group.__subclasses__()}
