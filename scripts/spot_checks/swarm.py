"""A swarm in one process whose training is really checked: trainers, traces, draws and checkers, no chain, no HTTP.

Seat i belongs to account i. Every round each seat makes its update, all reveal, the checks are drawn and done, and the
swarm goes on from what the round came to.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from contracts.attestation import Domain, checksum_address
from contracts.values import Address
from node.attacks.base import Attack
from node.checkpoint import Checkpoint, genesis
from node.checks.draw import Check
from node.checks.shelf import TraceShelf
from node.codec import Update
from node.exchange.errors import FetchFailed
from node.exchange.source import Source
from node.manifest import Manifest
from node.rounds.agreement import HaveList, failed_seats
from node.rounds.checker import Checker, TraceWithheld
from node.rounds.history import Acceptance, Commit, Place, Reveal, RoundHistory, Seat, SwarmHistory
from node.rounds.inputs import inputs_of, open_update
from node.rounds.maker import UpdateMaker
from node.rounds.outcome import RoundOutcome, compute_outcome
from node.rounds.state import Knowledge
from node.state_directory import StateDirectory
from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing
from node.storage.memory import MemoryStore
from node.tasks.base import Shard, Task
from node.tasks.splits import Split
from node.training import Trainer

PLACE = Place(1, 0, bytes(32))
POOL_WEI = 10**18
HONEST = Attack()


@dataclass(frozen=True)
class CheckedRound:
    """What became of a round. `failed`: seats most of their checkers found at fault; `findings`: of each checker.

    `training_seconds`, `checking_seconds`: processor time of all seats and of all checkers together.
    """

    checks: tuple[Check, ...]
    failed: frozenset[int]
    findings: Mapping[tuple[Address, int], bool]
    outcome: RoundOutcome
    training_seconds: float
    checking_seconds: float


class CheckedSwarm:
    """`attacks`: by seat, from 1; other seats are honest. `withheld`: seats that serve no trace; `stalling`: seats that
    never come to an end of serving it. `patience_seconds`: how long a check waits for that. Close it after use.

    `states`: the state directory of each seat.
    """

    def __init__(
        self,
        task: Task,
        manifest: Manifest,
        folder: Path,
        *,
        seats: int,
        attacks: Mapping[int, Attack] | None = None,
        withheld: Iterable[int] = (),
        stalling: Iterable[int] = (),
        patience_seconds: float = 60.0,
    ) -> None:
        self.manifest, self._attacks = manifest, attacks or {}
        self.owners = {seat: checksum_address(seat.to_bytes(20, "big")) for seat in range(1, seats + 1)}
        self._domain = Domain(1, self.owners[1])
        self.head, self._previous = genesis(manifest), None  # type: Checkpoint, Checkpoint | None
        self._messages: dict[tuple[int, int], bytes] = {}
        self._earned: dict[Address, int] = {}
        start = SwarmHistory.start(seat_stake_wei=1, genesis_digest=self.head.digest)
        listed = {seat: Seat(seat, owner, 0) for seat, owner in self.owners.items()}
        self.history = replace(start, seats=MappingProxyType(listed))
        self.states = {seat: StateDirectory(folder / str(seat), identity={}) for seat in self.owners}
        self._shelves = {seat: TraceShelf(state.traces) for seat, state in self.states.items()}
        self._served = [shelf for seat, shelf in self._shelves.items() if seat not in {*withheld, *stalling}]
        self._stalled = [self._shelves[seat] for seat in stalling]
        shards = task.shards(manifest.shard_count, Split.parse(manifest.split), manifest.seed)
        training = asyncio.Lock()

        def trainer_of(chosen: Callable[[Shard], Shard]) -> Callable[[int], Trainer]:
            return functools.cache(
                lambda seat: Trainer(
                    task, manifest, chosen(shards[(seat - 1) % len(shards)]), seat=seat, seed=manifest.seed
                )
            )

        honest, anything = trainer_of(lambda shard: shard), self._anything()
        self._makers = {
            seat: UpdateMaker(
                domain=self._domain,
                manifest=manifest,
                trainer_of=honest if seat not in self._attacks else trainer_of(self._attacks[seat].poison_shard),
                state=self.states[seat],
                shelf=self._shelves[seat],
                training=training,
                attack=self._attacks.get(seat, HONEST),
                accomplices=[self.owners[other] for other in self._attacks],
                attack_seed=0,
                me=owner,
                **anything,
            )
            for seat, owner in self.owners.items()
        }
        fetcher: Any = self
        self._checkers = {
            owner: Checker(
                me=owner,
                manifest=manifest,
                library=anything["library"],
                fetcher=fetcher,
                pieces=MemoryStore(),
                trainer_of=honest,
                training=training,
                patience_seconds=patience_seconds,
            )
            for owner in self.owners.values()
        }

    def close(self) -> None:
        """Let go of all folders."""
        for shelf in self._shelves.values():
            shelf.close()
        for state in self.states.values():
            state.close()

    async def round(self) -> CheckedRound:
        """Train, reveal, check, aggregate."""
        number = len(self.history.rounds) + 1
        opened, times = self._open(number), [time.process_time()]
        for seat, maker in self._makers.items():
            await maker.prepare(self.history, opened, seat)
            prepared = self.states[seat].update(number, seat)
            assert prepared is not None
            self._messages[number, seat] = self.states[seat].outbox_file(number, seat).read_bytes()
            opened = opened.with_reveal(Reveal(seat, prepared.digest, prepared.data_root, prepared.salt, PLACE))
            self.history = replace(self.history, rounds=(*self.history.rounds[:-1], opened))
        times.append(time.process_time())
        checks, findings = await self._check(opened)
        times.append(time.process_time())
        said = {
            owner: HaveList(owner, frozenset(), bytes(32), failed=self._at_fault(owner, findings))
            for owner in self.owners.values()
        }
        failed = failed_seats(said.values(), checks)
        outcome = self._settle(opened, failed)
        return CheckedRound(checks, failed, findings, outcome, times[1] - times[0], times[2] - times[1])

    # ---- what makers and checkers ask of the library and the fetcher -------------------------------------------------

    async def base(self, round_: RoundHistory) -> tuple[Checkpoint, Checkpoint | None]:
        """See Library."""
        return self.head, self._previous

    async def update(self, round_: RoundHistory, reveal: Reveal, holders: Sequence[Address]) -> Update:
        """See Library."""
        data = self._messages[round_.number, reveal.seat]
        return open_update(data, self.manifest, self._domain, round_, reveal)

    def sources(self, accounts: Iterable[Address]) -> list[Source]:
        """See Library."""
        return []

    async def fetch(self, digest: bytes, sources: Sequence[Source], *, maximum_bytes: int, round: int) -> bytes:
        """See Fetcher."""
        for shelf in (*self._served, *self._stalled):
            try:
                data = shelf.get(shelf.resolve(digest))
            except BlockMissing:
                continue
            if shelf in self._stalled:
                await asyncio.Event().wait()
            return data
        raise FetchFailed(Cid(RAW, digest), [])

    def forget(self, round: int) -> None:
        """See Fetcher."""

    # ---- internals ---------------------------------------------------------------------------------------------------

    def _anything(self) -> dict[str, Any]:
        """What a maker never touches here, and this swarm as its library."""
        return {"project": None, "store": None, "library": self}

    def _open(self, number: int) -> RoundHistory:
        seed = hashlib.sha256(f"round {number}".encode()).digest()
        commits = tuple(Commit(seat, owner, bytes(32), PLACE) for seat, owner in self.owners.items())
        opened = RoundHistory(
            number, self.head.digest, seed, 0, POOL_WEI, len(self.owners), 1, 2, 2, 2, 3, PLACE, commits=commits
        )
        self.history = replace(self.history, rounds=(*self.history.rounds, opened))
        return opened

    async def _check(self, round_: RoundHistory) -> tuple[tuple[Check, ...], dict[tuple[Address, int], bool]]:
        findings: dict[tuple[Address, int], bool] = {}
        checks: tuple[Check, ...] = ()
        for owner, checker in self._checkers.items():
            checks = checker.knowledge(self.history, round_, Knowledge()).checks
            for check in checks:
                if owner in check.checkers:
                    try:
                        await checker.replay(self.history, round_, check.seat)
                    except TraceWithheld:
                        findings[owner, check.seat] = False
                    else:
                        known = checker.knowledge(self.history, round_, Knowledge())
                        findings[owner, check.seat] = check.seat in known.passed
        return checks, findings

    def _at_fault(self, owner: Address, findings: Mapping[tuple[Address, int], bool]) -> frozenset[int]:
        return frozenset(seat for (account, seat), passed in findings.items() if account == owner and not passed)

    def _settle(self, round_: RoundHistory, failed: frozenset[int]) -> RoundOutcome:
        updates = {
            reveal.seat: open_update(
                self._messages[round_.number, reveal.seat], self.manifest, self._domain, round_, reveal
            )
            for reveal in round_.reveals
        }
        outcome = compute_outcome(
            manifest=self.manifest,
            round=round_.number,
            seed=round_.seed,
            base=self.head,
            previous=self._previous,
            inputs=inputs_of(round_, updates),
            absent=(),
            pool_wei=round_.pool_wei,
            earned=self._earned,
            failed=failed,
        )
        self._earned = {leaf.account: leaf.cumulative_wei for leaf in outcome.rewards}
        self._previous, self.head = self.head, outcome.checkpoint
        accepted = Acceptance(outcome.result, bytes(32), 4, len(self.owners), PLACE)
        self.history = replace(self.history, rounds=(*self.history.rounds[:-1], replace(round_, acceptance=accepted)))
        return outcome
