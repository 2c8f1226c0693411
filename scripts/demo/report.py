"""What a demonstration came to: the object of `swarmproof demo --json`, a table for people, and whether it all held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from contracts.chain import Chain
from contracts.client import Project, Registry
from contracts.values import Address
from node.rounds.record import RoundRecord
from scripts.demo.hearing import Hearing, shown_distances
from scripts.demo.progress import Progress
from scripts.demo.scenario import DemoPeer, Swarm
from scripts.demo.settings import SEAT_STAKE_WEI, TOKEN
from verifier.verdict import Accept, Verdict


@dataclass(frozen=True)
class Figures:
    """Measured sums of a run. Gas of the project's rounds (claims apart), bytes of all update messages."""

    gas_per_round: int
    gas_per_contribution: int
    message_bytes: int
    message_count: int
    setup_seconds: float
    training_seconds: float
    total_seconds: float


@dataclass(frozen=True)
class DemoReport:
    """Everything a run showed. `records`: of one honest peer, by round; `hearing`: what the output court found of a
    model that generates; `slashed`: seats that lost all their stake; `failures`: what did not end as it must."""

    swarm: Swarm
    records: dict[int, RoundRecord]
    verdict: Verdict
    hearing: Hearing | None
    figures: Figures
    slashed: frozenset[int]
    failures: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The JSON object of `swarmproof demo --json`."""
        last = self.records[max(self.records)]
        parameters = self.swarm.manifest.layout.parameter_count
        each = self.figures.message_bytes / max(1, self.figures.message_count) / parameters
        return {
            "task": self.swarm.settings.task,
            "accuracy": last.accuracy,
            "rounds_finalized": sum(item.finalized is not None for item in self.swarm.observer.history.rounds),
            "checkpoint": {"cid": str(last.checkpoint), "round": last.round},
            "rounds_voided": [item.number for item in self.swarm.observer.history.rounds if item.voided is not None],
            "slashed_seats": sorted(self.slashed),
            "peers": [self._peer(peer) for peer in self.swarm.peers],
            "audit": self.verdict.to_json(),
            "court": [] if self.hearing is None else [case.document() for case in self.hearing.cases],
            "gas": {
                "per_round": self.figures.gas_per_round,
                "per_contribution": self.figures.gas_per_contribution,
            },
            "bytes": {
                "per_parameter_per_round": each,
                "bits_per_parameter_per_round": 8 * each,
                "parameters": parameters,
            },
            "seconds": {
                "setup": round(self.figures.setup_seconds, 2),
                "training": round(self.figures.training_seconds, 2),
                "total": round(self.figures.total_seconds, 2),
            },
            "failures": list(self.failures),
        }

    def _peer(self, peer: DemoPeer) -> dict[str, Any]:
        last = self.records[max(self.records)]
        earned = {leaf.account: leaf.cumulative_wei for leaf in last.rewards}
        weights: Counter[Address] = Counter()
        for record in self.records.values():
            for item in record.contributions:
                weights[item.owner] += max(0, item.weight)
        return {
            "address": peer.address,
            "role": "honest" if peer.attack is None else "attacker",
            "attack": peer.attack,
            "earned": str(earned.get(peer.address, 0)),
            "claimed": str(self.swarm.observer.history.claimed_wei.get(peer.address, 0)),
            "weight_share": weights[peer.address] / max(1, weights.total()),
            "zero_reasons": reasons_of(self.records, peer.address),
        }


def reasons_of(records: dict[int, RoundRecord], account: Address) -> dict[str, int]:
    """How often an account earned nothing, by reason."""
    counted = Counter(
        item.reason.slug
        for record in records.values()
        for item in record.contributions
        if item.owner == account and item.reason.slug is not None
    )
    return {reason: counted[reason] for reason in sorted(counted)}


def records_of_one(swarm: Swarm, progress: Progress) -> dict[int, RoundRecord]:
    """One honest peer's record of each round that was not voided."""
    valid = {item.number for item in swarm.observer.history.rounds if item.acceptance is not None}
    shown = ((number, records) for number, records in sorted(progress.records.items()) if records)
    return {number: next(iter(records.values())) for number, records in shown if number in valid}


def failures_of(swarm: Swarm, progress: Progress, verdict: Verdict, slashed: frozenset[int]) -> tuple[str, ...]:
    """Everything that did not end as it must, in sentences."""
    failures = []
    accepted = {
        item.number: item.acceptance.result_hash
        for item in swarm.observer.history.rounds
        if item.acceptance is not None
    }
    for number in accepted.keys() & progress.records.keys():
        records = progress.records[number]
        for account, record in records.items():
            if record.computed_hash != accepted[number]:
                failures.append(f"round {number}: {account} did not compute the result that was accepted")
    if len(accepted) < swarm.settings.rounds:
        failures.append(f"{len(accepted)} rounds accepted, expected {swarm.settings.rounds}")
    if swarm.settings.captures_quorum:
        if not any(item.voided_acceptance is not None for item in swarm.observer.history.rounds):
            failures.append("a captured quorum signed, and no result was voided")
        failures += [f"seat {seat} of an attacker kept its stake" for seat in seats_of_attackers(swarm) - slashed]
        failures += [f"seat {seat} of an honest peer lost its stake" for seat in slashed - seats_of_attackers(swarm)]
    if not isinstance(verdict, Accept):
        failures.append(f"the audit did not accept: {verdict}")
    if not swarm.observer.history.claimed_wei:
        failures.append("nobody claimed a reward")
    return tuple(failures)


def seats_of_attackers(swarm: Swarm) -> frozenset[int]:
    """Numbers of the seats that attackers hold."""
    attackers = {peer.address for peer in swarm.peers if peer.attack is not None}
    return frozenset(seat.number for seat in swarm.observer.history.seats.values() if seat.owner in attackers)


async def slashed_seats(swarm: Swarm) -> frozenset[int]:
    """Numbers of the seats that lost all their stake."""
    registry = Registry(swarm.chain, (await Project(swarm.chain, swarm.project_address).configuration()).registry)
    seats = {number: await registry.seat(number) for number in swarm.observer.history.seats}
    return frozenset(number for number, seat in seats.items() if seat.slashed == SEAT_STAKE_WEI)


async def gas_of_rounds(chain: Chain, swarm: Swarm) -> tuple[int, int]:
    """Gas per round and per contribution: every transaction from opening a round to finalizing it."""
    hashes: set[bytes] = set()
    contributions = 0
    for item in swarm.observer.history.rounds:
        places = [item.opened, item.finalized, *(commit.place for commit in item.commits)]
        places += [reveal.place for reveal in item.reveals]
        places += [batch.place for batch in item.batches]
        places += [said.place for said in (*item.commitments.values(), *item.attests.values())]
        if item.acceptance is not None:
            places.append(item.acceptance.place)
            contributions += len(item.reveals)
        hashes |= {place.transaction_hash for place in places if place is not None}
    total = 0
    for transaction_hash in sorted(hashes):
        total += await chain.gas_used(transaction_hash)
    return total // max(1, len(swarm.observer.history.rounds)), total // max(1, contributions)


def message_sizes(records: Sequence[RoundRecord]) -> tuple[int, int]:
    """Bytes of all message files, and how many there were."""
    sizes = [message.bytes for record in records for message in record.messages.values()]
    return sum(sizes), len(sizes)


def print_report(report: DemoReport, console: Console) -> None:
    """The end of a demonstration, for people."""
    document = report.document()
    table = Table(title="Rewards", title_justify="left")
    for column in ("peer", "role", "earned", "claimed", "weight", "zero because"):
        table.add_column(column, justify="right" if column in ("earned", "claimed", "weight") else "left")
    for peer in document["peers"]:
        zeros = ", ".join(f"{reason} x{count}" for reason, count in peer["zero_reasons"].items())
        table.add_row(
            peer["address"],
            peer["attack"] or "honest",
            f"{int(peer['earned']) / TOKEN:.2f}",
            f"{int(peer['claimed']) / TOKEN:.2f}",
            f"{peer['weight_share']:.1%}",
            zeros,
        )
    console.print(table)
    if report.hearing is not None:
        console.print(_court_table(report.hearing))
    console.print(f"accuracy    {document['accuracy']:.4f} after {document['rounds_finalized']} rounds")
    console.print(f"checkpoint  {document['checkpoint']['cid']}")
    console.print(f"wire        {document['bytes']['bits_per_parameter_per_round']:.3f} bits per parameter per round")
    console.print(f"gas         {document['gas']['per_round']:,} a round, {document['gas']['per_contribution']:,} each")
    console.print(f"audit       {document['audit']['verdict']}")
    if document["rounds_voided"]:
        voided, slashed = document["rounds_voided"], document["slashed_seats"]
        console.print(f"voided      rounds {voided}, proven false; slashed: seats {slashed}")
    for failure in report.failures:
        console.print(f"FAILED      {failure}", style="bold red")


def _court_table(hearing: Hearing) -> Table:
    """Every job: its worker, and what each committee found from which distances."""
    table = Table(title="Output court", title_justify="left")
    for column in ("worker", "prompt", "verdict", "committees", "distances to the worker, in bits of 256"):
        table.add_column(column)
    for case in hearing.cases:
        decisions = [round_.decision for round_ in case.job.rounds if round_.decision is not None]
        sizes = ", ".join(str(round_.size) for round_ in case.job.rounds)
        table.add_row(
            case.cheat or "honest",
            case.prompt.strip(),
            str(case.job.verdict),
            sizes,
            "; ".join(map(shown_distances, decisions)),
        )
    return table
