"""Gas of a job in the court, by receipts of a devnet; the same figures in every run but for the tries of a draw.

    python -m scripts.bench_court_gas              print the table and the goals
    python -m scripts.bench_court_gas --write      and record it for the test that compares

A whole job with three verifiers is to cost at most 420k, all transactions together. That is one whose commitments are
collected, and that the requester ends with its decision. Beside it, one in which everybody sends for themselves and
the requester has its whole window.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_hash.auto import keccak

from contracts.abi import contract_abi
from contracts.chain import Chain
from contracts.client import Registry, Token
from contracts.court import Court, output_commitment, sign_entry
from contracts.court_values import ClassTerms, Entry, JobTerms, Log, Member, Opening, RoundRecord
from contracts.deploy import CourtParameters, deploy_system
from contracts.events import SeedDrawn
from contracts.rpc import Rpc
from scripts.bench_gas import Figures, running_devnet

SNAPSHOT = Path(__file__).parents[1] / "tests" / "contracts" / "court_gas_snapshot.json"
JOB_GOAL = 420_000
COMMITTEE, VERIFIERS = 3, 6
SEAT_STAKE, EPOCH_SECONDS, FEE, FUNDS = 10**18, 100_000, 10**15, 10**19
INPUT = b"seven"
DESCRIPTION = b"description of a class"
DIGEST = int.from_bytes(keccak(b"an output"))


@dataclass
class Meter:
    """Plays jobs on one court, one transaction after the other, and writes down what each took."""

    control: Rpc
    requester: Chain
    worker: Chain
    verifiers: Sequence[Chain]
    figures: Figures = field(default_factory=dict)

    async def prepare(self) -> None:
        """Deploy, register a class, stake a seat each, deposit."""
        deployment = await deploy_system(
            self.requester, court=CourtParameters(SEAT_STAKE, EPOCH_SECONDS, EPOCH_SECONDS)
        )
        self.address = deployment.court
        token = Token(self.requester, deployment.token)
        for verifier in self.verifiers:
            await token.transfer(_address(verifier), SEAT_STAKE)
            await Token(verifier, deployment.token).approve(deployment.verifier_registry, SEAT_STAKE)
            await Registry(verifier, deployment.verifier_registry).stake(1)
        await token.transfer(_address(self.worker), FUNDS)
        for party in (self.requester, self.worker):
            await Token(party, deployment.token).approve(self.address, FUNDS)
            self.figures["deposit"] = (await Court(party, self.address).deposit(FUNDS)).gas_used
        registered = await Court(self.requester, self.address).register_class(_class_terms(), DESCRIPTION)
        self.figures["register class"] = registered.gas_used
        self.class_id = await Court(self.requester, self.address).class_id_of(_class_terms())
        now = (await self.requester.head()).timestamp
        await self.control.request("evm_mine", hex((now // EPOCH_SECONDS + 1) * EPOCH_SECONDS))

    async def play(self, name: str, *, collected: bool) -> None:
        """One job that everybody agrees on, up to its end."""
        terms = self._terms(name)
        court = Court(self.requester, self.address)
        job = await court.job_id_of(terms)
        submitted = await court.submit_job(terms, INPUT)
        await self._mine()
        openings = [_opening(index) for index in range(COMMITTEE + 1)]
        entries = [self._entry(job, self.worker, openings[0])]
        worked = await Court(self.worker, self.address).commit_work(terms, entries[0].commitment)
        await self._mine()
        members = await court.committee_of(terms)
        makers = [self._chain(member) for member in members]
        entries += [self._entry(job, maker, opening) for maker, opening in zip(makers, openings[1:], strict=True)]
        log = Log(worked.event(SeedDrawn).seed, tuple(entries))
        everybody = (1 << len(openings)) - 1
        record = RoundRecord(members, everybody, near=everybody - 1, far=0)
        figures = {"submit": submitted.gas_used, "commit work": worked.gas_used}
        if collected:
            signed = [sign_entry(_key(maker), job, 0, entry) for maker, entry in zip(makers, entries[1:], strict=True)]
            figures["commit, everybody"] = (await court.commit_signed(terms, members, signed)).gas_used
            abi = contract_abi("OutputCourt")
            calls = [abi.encode_call("decide", terms, members, log, openings)]
            calls.append(abi.encode_call("finalize", terms, [record]))
            both = await self.requester.send(self.address, abi.encode_call("multicall", calls))
            figures["decide and finalize"] = both.gas_used
        else:
            for index, (maker, entry) in enumerate(zip(makers, entries[1:], strict=True), start=1):
                receipt = await Court(maker, self.address).commit(terms, members, index, entry.commitment)
                figures[("first commit", "commit", "last commit")[index - 1]] = receipt.gas_used
            figures["decide"] = (await court.decide(terms, members, log, openings)).gas_used
            await self.control.request("evm_mine", hex((await court.job(terms)).phase_end))
            figures["finalize"] = (await court.finalize(terms, [record])).gas_used
        figures["whole"] = sum(figures.values())
        self.figures |= {f"{name}: {step}": gas for step, gas in figures.items()}

    async def all_were_paid(self) -> bool:
        """Whether every verifier has earned something."""
        court = Court(self.requester, self.address)
        return all([await court.balance_of(_address(verifier)) > 0 for verifier in self.verifiers])

    def _terms(self, name: str) -> JobTerms:
        return JobTerms(
            class_id=self.class_id,
            requester=_address(self.requester),
            worker=_address(self.worker),
            worker_fee=10 * FEE,
            input_digest=keccak(INPUT),
            ringer_hash=keccak(b"no ringer"),
            salt=keccak(name.encode()),
        )

    def _entry(self, job: bytes, party: Chain, opening: Opening) -> Entry:
        made = output_commitment(job, 0, _address(party), opening.digest, opening.output_digest, opening.salt)
        return Entry(opening.index, made)

    def _chain(self, member: Member) -> Chain:
        return next(verifier for verifier in self.verifiers if _address(verifier) == member.account)

    async def _mine(self) -> None:
        """Lets the pinned block pass, for estimates on the newest block too."""
        for _ in range(2):
            await self.control.request("evm_mine")


async def measure(rpc_url: str, keys: Sequence[str]) -> Figures:
    """Two jobs, after others in which every verifier was paid: they write no word of an account for the first time."""
    async with contextlib.AsyncExitStack() as stack:
        chains = []
        for key in keys[: VERIFIERS + 2]:
            chain = await Chain.connect(rpc_url, account=Account.from_key(key))
            chains.append(await stack.enter_async_context(chain))
        control = await Rpc.open(rpc_url, timeout_seconds=20)
        stack.push_async_callback(control.close)
        meter = Meter(control, chains[0], chains[1], chains[2:])
        await meter.prepare()
        number = 0
        while not await meter.all_were_paid():
            await meter.play(f"job {number}", collected=True)
            number += 1
        meter.figures = {name: gas for name, gas in meter.figures.items() if not name.startswith("job ")}
        await meter.play("collected", collected=True)
        await meter.play("each alone", collected=False)
        return meter.figures


def measure_all() -> Figures:
    """Figures of a devnet of its own."""
    with running_devnet() as devnet:
        return asyncio.run(measure(devnet["rpc_url"], [account["private_key"] for account in devnet["accounts"]]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_court_gas", description="Measure gas of the court.")
    parser.add_argument("--write", action="store_true", help=f"record the figures in {SNAPSHOT.name}")
    options = parser.parse_args(arguments)
    figures = measure_all()
    if options.write:
        SNAPSHOT.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(f"three verifiers; goal for a whole job {JOB_GOAL:,}")
    for name, gas in figures.items():
        share = f"  {gas / JOB_GOAL:.2f} of the goal" if name.endswith("whole") else ""
        print(f"  {name:34}{gas:>11,}{share}")
    return 0


def _class_terms() -> ClassTerms:
    return ClassTerms(
        description_digest=hashlib.sha256(DESCRIPTION).digest(),
        threshold=8,
        appeal_threshold=16,
        verifier_fee=FEE,
        worker_bond=106 * FEE,
        minimum_worker_fee=FEE,
        work_seconds=1_000,
        commit_seconds=1_000,
        reveal_seconds=1_000,
        appeal_seconds=1_000,
    )


def _opening(index: int) -> Opening:
    return Opening(index, DIGEST ^ index, keccak(b"output %d" % index), keccak(b"salt %d" % index))


def _key(chain: Chain) -> bytes:
    assert chain.account is not None
    return bytes(chain.account.key)


def _address(chain: Chain) -> Any:
    assert chain.account is not None
    return chain.account.address


if __name__ == "__main__":
    sys.exit(main())
