"""Custom errors of TrainingProject: the money of one project."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reverts.project import ProjectReverted
from contracts.values import Address


@dataclass(eq=False)
class Project_BadProof(ProjectReverted):
    """The Merkle proof does not lead to the reward root; it may be one of an older root."""

    sentence = "the proof that {account} earned {cumulative} does not lead to the reward root"
    account: Address
    cumulative: int


@dataclass(eq=False)
class Project_NothingToClaim(ProjectReverted):
    """Everything proven was paid before."""

    sentence = "{account} has already received {claimed} of {cumulative}"
    account: Address
    cumulative: int
    claimed: int


@dataclass(eq=False)
class Project_Insolvent(ProjectReverted):
    """The leaves of a false reward root sum to more than was allocated."""

    sentence = "claims would come to {want}, allocated is only {have}"
    want: int
    have: int


@dataclass(eq=False)
class Project_NothingToFund(ProjectReverted):
    """Funding with nothing."""

    sentence = "funding must be more than nothing"


@dataclass(eq=False)
class Project_InexactTransfer(ProjectReverted):
    """The token kept a part of what it moved."""

    sentence = "the token moved {received} instead of {expected}"
    expected: int
    received: int


@dataclass(eq=False)
class Project_NotOwner(ProjectReverted):
    """Only the owner may."""

    sentence = "{account} is not the owner {owner}"
    account: Address
    owner: Address


@dataclass(eq=False)
class Project_NotClosable(ProjectReverted):
    """Not complete, and no request to close has thawed."""

    sentence = "the project is not complete, and closable from chain time {closable_at} on (0: not requested)"
    closable_at: int


@dataclass(eq=False)
class Project_RoundsPending(ProjectReverted):
    """Rounds must be finalized or skipped before closing."""

    sentence = "rounds that must be finalized or skipped first: {count}"
    count: int
