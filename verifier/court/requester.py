"""The requester's side: submit a job, see it through, get the output that was agreed on."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from eth_hash.auto import keccak

from contracts.court import job_id
from contracts.court_values import COMMITTEE_SIZES, JobTerms, Opening
from contracts.deploy import Deployment
from contracts.events import JobSubmitted
from contracts.values import ZERO_ADDRESS, Address
from node.errors import ExchangeError, HashError, StorageError
from node.exchange.fetch import Fetcher
from node.exchange.source import Source
from node.generation import GenerationError
from node.storage.memory import MemoryStore
from node.storage.unixfs import root_of
from verifier.cheats import HONEST, load_cheat
from verifier.classes import OutputClass
from verifier.committee import hamming
from verifier.court.job import WORKER, Job, JobRound, Opened, RegisteredClass
from verifier.court.output_file import read_generation
from verifier.court.party import Party
from verifier.court.regenerate import Regenerator
from verifier.court.ringers import RingerSecret
from verifier.court.surroundings import Surroundings, ensure_balance, staked_sources
from verifier.errors import OutputUnavailable
from verifier.hashes import load_hash

MAXIMUM_OUTPUT_BYTES: Final = 1 << 20
_OF_CONTENT: Final = frozenset({"phash", "tokens", "minhash"})  # hashes that the file alone decides


@dataclass(frozen=True)
class FetchedOutput:
    """An output's bytes, their content identifier, and who committed to it.

    `distance`: bits between the digest of these bytes and the one the committee confirmed; None where that cannot be
    told from the file alone (hashes of the whole path, appeals, an empty output).
    """

    data: bytes
    cid: str
    holders: tuple[Address, ...]
    distance: int | None


async def submit_job(
    around: Surroundings,
    me: Address,
    class_: RegisteredClass,
    *,
    worker: Address,
    fee_wei: int,
    job_input: bytes,
    ringers: Path | None = None,
) -> bytes:
    """Submit a job and return its id; deposits what is missing. Raises SecretUnwritable, and what the court refuses.

    `ringers`: make it a ringer, whose secret goes to this folder before anything is sent.
    """
    secret = RingerSecret.make()
    terms = JobTerms(
        class_id=class_.class_id,
        requester=me,
        worker=worker,
        worker_fee=fee_wei,
        input_digest=keccak(job_input),
        ringer_hash=secrets.token_bytes(32) if ringers is None else secret.hash,
        salt=secrets.token_bytes(32),
    )
    if ringers is not None:
        job = job_id(around.chain.chain_id, around.court.address, terms)
        await asyncio.to_thread(secret.save, ringers, job)
    await ensure_balance(around, me, fee_wei + COMMITTEE_SIZES[0] * class_.terms.verifier_fee)
    receipt = await around.court.submit_job(terms, job_input)
    return receipt.event(JobSubmitted).job_id


async def see_through(
    around: Surroundings,
    me: Address,
    job: bytes,
    *,
    checker: Regenerator | None = None,
    ringers: Path | None = None,
    appeals: bool = False,
) -> Job:
    """Do the requester's part until the job with this id has ended; for arguments see Party.

    Raises SecretUnreadable where the job's secret is damaged.
    """
    if ringers is not None:
        await asyncio.to_thread(RingerSecret.load, ringers, job)
    party = Party(me, around, checker=checker, ringers=ringers, appeals=appeals)
    await party.run(until=lambda: party.history.job(job).ending is not None)
    return party.history.job(job)


def fetcher_of(session: aiohttp.ClientSession, me: Address) -> Fetcher:
    """A fetcher that keeps what it gets in memory."""
    return Fetcher(session, MemoryStore(), self_address=me)


def checker_of(
    around: Surroundings, deployment: Deployment, fetcher: Fetcher, *, data_dir: Path | None, gateways: Sequence[str]
) -> Regenerator:
    """Regenerates for a requester, with checkpoints from gateways that were named, from trainers and verifiers."""
    named = tuple(Source(f"gateway {index}", url) for index, url in enumerate(gateways, start=1))

    async def sources() -> Sequence[Source]:
        return named + await staked_sources(around, ZERO_ADDRESS)

    return Regenerator(
        around.chain,
        factory=deployment.factory,
        from_block=deployment.block_number,
        data_dir=data_dir,
        fetcher=fetcher,
        sources=sources,
        cheat=load_cheat(HONEST),
    )


async def fetch_output(around: Surroundings, fetcher: Fetcher, job: Job) -> FetchedOutput:
    """The output of an accepted job, as most of those who agreed with the worker have it, the worker included.

    Every party committed to the content identifier of its own output, so nobody can show another one later; rounding
    may make them differ. Raises OutputUnavailable, which says what came of asking.
    """
    causes: list[str] = []
    endpoints = around.seats.history.endpoints
    for holders in _by_output(job.rounds[-1]):
        sources = [Source(item.account, endpoints[item.account].url) for item in holders if item.account in endpoints]
        digest = holders[0].opening.output_digest
        try:
            data = await fetcher.fetch(digest, sources, maximum_bytes=MAXIMUM_OUTPUT_BYTES)
            distance = await asyncio.to_thread(_distance, job, holders[0].opening, data)
        except (ExchangeError, StorageError, OutputUnavailable) as error:
            causes.append(str(error))
            continue
        return FetchedOutput(data, str(root_of(data)), tuple(item.account for item in holders), distance)
    raise OutputUnavailable(job.job_id, causes)


def _by_output(round_: JobRound) -> list[list[Opened]]:
    """The openings within the threshold of the worker's, by output; the one that most have comes first."""
    near = 0 if round_.decision is None else round_.decision.near
    groups: dict[bytes, list[Opened]] = {}
    for index, opened in sorted(round_.openings.items()):
        if index == WORKER or near >> index & 1:
            groups.setdefault(opened.opening.output_digest, []).append(opened)
    return sorted(groups.values(), key=len, reverse=True)  # stable: of equals the one with the lowest index


def _distance(job: Job, opening: Opening, data: bytes) -> int | None:
    """Bits between the digest of a file and the one its holders committed to, if the class's hash is of the file alone.

    Raises OutputUnavailable when they are too many.
    """
    class_ = OutputClass.from_bytes(job.class_.description)
    if len(job.rounds) > 1 or class_.hash not in _OF_CONTENT or job.seed is None or not data:
        return None
    try:
        digest = load_hash(class_.hash).digest(read_generation(data), seed=job.seed)
    except (GenerationError, HashError) as error:
        raise OutputUnavailable(job.job_id, [f"what is served is no output: {error}"]) from error
    distance = hamming(digest, opening.digest)
    if distance > class_.threshold:
        cause = f"what is served is {distance} bits from the digest, at most {class_.threshold} may be"
        raise OutputUnavailable(job.job_id, [cause])
    return distance
