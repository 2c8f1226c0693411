"""What a peer knows beyond the chain's history, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.values import Address
from node.checks.draw import Check
from node.rounds.actions import Announce
from node.rounds.agreement import HaveList, Proposal
from node.rounds.promises import Gathered


@dataclass(frozen=True)
class Knowledge:
    """What this peer knows of the current round beyond the chain.

    `prepared`: own seats whose update is durable. `held`: revealed seats whose update was fetched and checked.
    `searched`: every revealed update was tried at least once. `announced`: what was last signed in a have-list.
    `checks`: the spot checks of the round. Of those that fall to this peer: `passed`, `failed`, and `withheld` by their
    owner when last asked, all by seat.
    `statements`: have-lists by hash; `latest`: newest per sender. `supporters`: who signed the result we signed.
    `cited`: the statement of each sender that our own proposals cited first. `shown`: our signature was spread.
    `drawn`: own seats that may act in this phase, where seats are drawn. `block`: number of the newest one.
    `batched`: this peer lets its commitments stand in batches, and collects them; `gathered`: what it knows of those.
    `settled`: rounds whose checkpoint and record are here. `earned_wei`: all this peer earned in finalized rounds.
    """

    prepared: frozenset[int] = frozenset()
    held: frozenset[int] = frozenset()
    searched: bool = False
    announced: Announce | None = None
    checks: tuple[Check, ...] = ()
    passed: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    withheld: frozenset[int] = frozenset()
    statements: Mapping[bytes, HaveList] = field(default_factory=dict)
    latest: Mapping[Address, HaveList] = field(default_factory=dict)
    proposals: tuple[Proposal, ...] = ()
    cited: Mapping[Address, bytes] = field(default_factory=dict)
    signed: bool = False
    shown: bool = False
    supporters: frozenset[Address] = frozenset()
    settled: frozenset[int] = frozenset()
    earned_wei: int = 0
    drawn: frozenset[int] = frozenset()
    block: int = 0
    batched: bool = False
    gathered: Gathered = field(default_factory=Gathered)
