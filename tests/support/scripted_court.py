"""The real court on a devnet, with parties that answer what a test wants: nothing is generated.

Every step is a real transaction, and what a call has to bring comes from the folded events.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from eth_account import Account
from eth_hash.auto import keccak

from contracts.attestation import checksum_address
from contracts.chain import Chain
from contracts.client import Registry, Token
from contracts.court import Court, class_id, job_id, output_commitment, ringer_digest, ringer_hash
from contracts.court_values import ClassTerms, JobTerms, Opening
from contracts.deploy import CourtParameters, Deployment, deploy_system
from contracts.events import SeedDrawn
from contracts.values import Address
from node.generation.base import Sampling
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc
from verifier.classes import Calibration, OutputClass, Trial
from verifier.court.history import CourtHistory, fold_all
from verifier.court.job import Job, JobRound

TOKEN = 10**18
SEAT_STAKE_WEI = 1000 * TOKEN
DEPOSIT_WEI = 10_000 * TOKEN
WORKER_FEE_WEI = 20 * TOKEN
VERIFIER_FEE_WEI = 2 * TOKEN
THRESHOLD, APPEAL_THRESHOLD = 16, 20
WORK_SECONDS, COMMIT_SECONDS, REVEAL_SECONDS, APPEAL_SECONDS = 1000, 1500, 2000, 6000
CLASS = OutputClass(
    project=checksum_address(bytes(range(20))),
    manifest_digest=b"m" * 32,
    checkpoint_digest=b"c" * 32,
    task="flow",
    sampling=Sampling("euler", steps=20),
    hash="phash",
    threshold=THRESHOLD,
    appeal_threshold=APPEAL_THRESHOLD,
    code_hash=b"s" * 32,
    calibration=Calibration(b"d" * 32, (Trial("honest", 4000, 0), Trial("int8", 4000, 0))),
)
TRUE, FALSE, OTHER = (int.from_bytes(keccak(text), "big") for text in (b"true", b"false", b"other"))


def near(digest: int, bits: int) -> int:
    """A digest at this distance."""
    return digest ^ ((1 << bits) - 1)


@dataclass(frozen=True)
class Party:
    """An account and the court as it acts there."""

    address: Address
    chain: Chain
    court: Court


@dataclass
class ScriptedCourt:
    """A court, its parties, and what has happened there. `verifiers` hold a seat each."""

    curator: Party
    requester: Party
    worker: Party
    verifiers: dict[Address, Party]
    deployment: Deployment
    rpc: Rpc
    class_id: bytes
    history: CourtHistory = field(default_factory=CourtHistory)
    openings: dict[tuple[bytes, int, int], Opening] = field(default_factory=dict)
    _read: int = 0

    async def settle(self) -> CourtHistory:
        """Let pinned blocks pass and read what happened. Steps go on from what was read last."""
        # One block whose hash draws, and one in which that hash is known.
        await asyncio.to_thread(self.rpc, "evm_mine", {"blocks": 2})
        addresses = [self.deployment.court, self.deployment.verifier_registry]
        head = await self.curator.chain.head()
        events = await self.curator.chain.logs(addresses, self._read + 1, head.number)
        self.history, self._read = fold_all(self.history, events), head.number
        return self.history

    def job(self, job: bytes) -> Job:
        """A job, as of what was read last."""
        return self.history.job(job)

    async def submit(self, prompt: str, *, ringer: int | None = None) -> bytes:
        """Submit a job; `ringer`: the digest that makes it a test. Returns its id."""
        salt = keccak(prompt.encode())
        terms = JobTerms(
            class_id=self.class_id,
            requester=self.requester.address,
            worker=self.worker.address,
            worker_fee=WORKER_FEE_WEI,
            input_digest=keccak(prompt.encode()),
            ringer_hash=keccak(salt) if ringer is None else ringer_hash(ringer, salt),
            salt=salt,
        )
        await self.requester.court.submit_job(terms, prompt.encode())
        return job_id(self.deployment.chain_id, self.deployment.court, terms)

    async def work(self, job: bytes, digest: int, *, ringer: bool = False) -> None:
        """The worker commits; as a ringer, to the digest masked with the seed."""
        terms = self.job(job).terms
        if ringer:
            receipt = await self.worker.court.draw_seed(terms)
            digest = ringer_digest(digest, receipt.event(SeedDrawn).seed)
        opening = self._answer(job, 0, 0, digest)
        await self.worker.court.commit_work(terms, self._commitment(job, 0, self.worker.address, opening))

    async def commit(self, job: bytes, answers: Sequence[int | None], *, worker: int | None = None) -> None:
        """Members commit in the order drawn, None stays away; `worker`: the worker's answer in an appeal."""
        terms, current = self.job(job).terms, self._current(job)
        members = await self.curator.court.committee_of(terms)
        commits = [] if worker is None else [(self.worker, 0, worker)]
        commits += [
            (self.verifiers[member.account], index, answer)
            for index, (member, answer) in enumerate(zip(members, answers, strict=False), start=1)
            if answer is not None
        ]

        async def send(party: Party, index: int, answer: int) -> None:
            opening = self._answer(job, current.number, index, answer)
            commitment = self._commitment(job, current.number, party.address, opening)
            await party.court.commit(terms, members, index, commitment)

        await asyncio.gather(*(send(*each) for each in commits))

    async def reveal(self, job: bytes, *indices: int) -> None:
        """Open some commitments ahead of the decision."""
        current = self._current(job)
        openings = [self.openings[job, current.number, index] for index in indices]
        await self.curator.court.reveal(self.job(job).terms, current.members, current.log, openings)

    async def decide(self, job: bytes, *, without: Sequence[int] = ()) -> None:
        """Decide with the openings of everybody who committed but those, who have not opened in time."""
        current = self._current(job)
        opened = [self.openings[job, current.number, index] for index in current.commitments if index not in without]
        await self.curator.court.decide(self.job(job).terms, current.members, current.log, opened)

    async def appeal(self, job: bytes, appellant: Party) -> None:
        """Call the next committee."""
        await appellant.court.appeal(self.job(job).terms)

    async def expose(self, job: bytes, digest: int) -> None:
        """Show that the job was a test."""
        found, current = self.job(job), self._current(job)
        worker = self.openings[job, 0, 0]
        await self.requester.court.expose_ringer(found.terms, current.log, worker, digest, found.terms.salt)

    async def finalize(self, job: bytes) -> None:
        """End a job whose time for appeals is over."""
        found = self.job(job)
        records = [item.record for item in found.rounds if item.record is not None]
        await self.curator.court.finalize(found.terms, records)

    async def expire(self, job: bytes) -> None:
        """End a job whose worker never committed."""
        await self.curator.court.expire_job(self.job(job).terms)

    async def pass_time(self, seconds: int) -> None:
        """Let chain time pass."""
        await asyncio.to_thread(self.rpc, "evm_increaseTime", seconds)
        await self.settle()

    def _current(self, job: bytes) -> JobRound:
        current = self.job(job).current
        assert current is not None
        return current

    def _answer(self, job: bytes, number: int, index: int, digest: int) -> Opening:
        salt = keccak(job + bytes((number, index)))
        opening = Opening(index, digest, hashlib.sha256(salt).digest(), salt)
        self.openings[job, number, index] = opening
        return opening

    def _commitment(self, job: bytes, number: int, account: Address, opening: Opening) -> bytes:
        return output_commitment(job, number, account, opening.digest, opening.output_digest, opening.salt)


@contextlib.asynccontextmanager
async def scripted_court(devnet: Devnet, *, verifiers: int = 8) -> AsyncIterator[ScriptedCourt]:
    """Deploy everything, register a class, give requester and worker balances and every verifier a seat."""
    async with contextlib.AsyncExitStack() as stack:

        async def connect(index: int) -> Chain:
            account = Account.from_key(devnet.accounts[index].private_key)
            return await stack.enter_async_context(await Chain.connect(devnet.rpc_url, account=account))

        curator = await connect(0)
        deployment = await deploy_system(curator, court=CourtParameters(SEAT_STAKE_WEI, 1, 1_000_000))
        token = Token(curator, deployment.token)

        async def party(index: int, spender: Address) -> Party:
            chain = await connect(index)
            address = checksum_address(bytes.fromhex(devnet.accounts[index].address[2:]))
            await token.transfer(address, DEPOSIT_WEI)
            await Token(chain, deployment.token).approve(spender, DEPOSIT_WEI)
            return Party(address, chain, Court(chain, deployment.court))

        async def trader(index: int) -> Party:
            found = await party(index, deployment.court)
            await found.court.deposit(DEPOSIT_WEI)
            return found

        async def verifier(index: int) -> Party:
            found = await party(index, deployment.verifier_registry)
            await Registry(found.chain, deployment.verifier_registry).stake(1)
            return found

        requester, worker, *drawn = await asyncio.gather(
            trader(1), trader(2), *(verifier(index) for index in range(3, 3 + verifiers))
        )
        curating = Party(curator.account.address, curator, Court(curator, deployment.court))  # type: ignore[union-attr]
        await curating.court.register_class(CLASS_TERMS, CLASS.to_bytes())
        rpc = Rpc(devnet.rpc_url)
        stack.callback(rpc.close)
        yield ScriptedCourt(
            curator=curating,
            requester=requester,
            worker=worker,
            verifiers={item.address: item for item in drawn},
            deployment=deployment,
            rpc=rpc,
            class_id=class_id(CLASS_TERMS),
            _read=deployment.block_number,
        )


CLASS_TERMS = ClassTerms(
    description_digest=CLASS.digest,
    threshold=THRESHOLD,
    appeal_threshold=APPEAL_THRESHOLD,
    verifier_fee=VERIFIER_FEE_WEI,
    worker_bond=120 * VERIFIER_FEE_WEI,
    minimum_worker_fee=TOKEN,
    work_seconds=WORK_SECONDS,
    commit_seconds=COMMIT_SECONDS,
    reveal_seconds=REVEAL_SECONDS,
    appeal_seconds=APPEAL_SECONDS,
)
