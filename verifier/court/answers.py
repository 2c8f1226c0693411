"""A party's answers: made once, written down before they are promised, shown when nobody can copy them any more."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from contracts.court import output_commitment, sign_entry
from contracts.court_values import Entry, Opening
from contracts.values import Address
from node.errors import HashError
from node.generation import Generation, GenerationError
from node.merkle import keccak
from node.storage.store import ContentStore
from node.storage.unixfs import root_of
from verifier.class_hash import hash_of
from verifier.classes import OutputClass
from verifier.court.conduct import Conduct, Draft, Occasion
from verifier.court.directory import Answer, CourtDirectory
from verifier.court.exchange import Board
from verifier.court.job import Job
from verifier.court.regenerate import Order, Regenerator
from verifier.errors import CannotRegenerate, ClassError
from verifier.hashes import appeal_digest

_REFUSAL = b"SwarmProof refused input, version 1"


async def draft_answer(regenerator: Regenerator, job: Job, seed: bytes, key: bytes | None) -> Draft:
    """Make a job's output and its digest: the class's in the first round (`key` None), else under the round's key.

    Where class and input allow no output at all (an input the task cannot take, a model whose values are not finite,
    an output the hash cannot take), that is the answer: a digest that says so, and an empty file. Everybody honest
    finds the same, so nobody is punished for a requester's nonsense. A class that this machine cannot follow is no such
    thing: others may know what it does not. Raises CannotRegenerate.
    """
    try:
        class_ = OutputClass.from_bytes(job.class_.description)
        hash_of(class_)
    except ClassError as error:
        raise CannotRegenerate(str(error)) from error
    try:
        generation = await regenerator.generate(Order(job.class_.description, job.input, seed))
        digest = await asyncio.to_thread(digest_of, generation, class_, seed=seed, key=key)
        return Draft(digest, await asyncio.to_thread(generation.to_bytes))
    except (GenerationError, HashError):
        return Draft(refusal_digest(seed if key is None else key), b"")


def digest_of(generation: Generation, class_: OutputClass, *, seed: bytes, key: bytes | None) -> int:
    """What is committed to: the class's digest in the first round, one under the round's `key` in later ones.

    Raises HashError, or ClassError for a hash that is not known here.
    """
    return hash_of(class_).digest(generation, seed=seed) if key is None else appeal_digest(generation, key=key)


def refusal_digest(beacon: bytes) -> int:
    """The digest that says that class and input allow no output; `beacon`: the job's seed or the round's key."""
    return int.from_bytes(keccak(_REFUSAL + beacon), "big")


class Answers:
    """What one party promised in which round. `key`: the private key of `me`, 32 bytes."""

    def __init__(
        self,
        *,
        me: Address,
        key: bytes,
        regenerator: Regenerator,
        conduct: Conduct,
        directory: CourtDirectory,
        store: ContentStore,
        board: Board,
    ) -> None:
        self._me, self._key, self._regenerator, self.conduct = me, key, regenerator, conduct
        self._directory, self._store, self.board = directory, store, board

    def get(self, job: bytes, round_number: int, beacon: bytes) -> Answer | None:
        """The answer that was written down for this round, if one was."""
        return self._directory.answer(job, round_number, beacon)

    async def prepare(self, occasion: Occasion, seed: bytes) -> None:
        """Make an answer and write it down. Raises CannotRegenerate."""
        key = None if occasion.round == 0 else occasion.beacon
        draft = await self.conduct.draft(occasion, lambda: draft_answer(self._regenerator, occasion.job, seed, key))
        output_digest = (await asyncio.to_thread(root_of, draft.output)).digest
        answer = Answer(
            occasion.job.job_id, occasion.round, occasion.beacon, draft.digest, output_digest, secrets.token_bytes(32)
        )
        await asyncio.to_thread(self._directory.save, answer, draft.output)

    def commitment(self, occasion: Occasion, answer: Answer) -> bytes:
        """What to send for an answer."""
        own = output_commitment(answer.job, answer.round, self._me, answer.digest, answer.output_digest, answer.salt)
        return self.conduct.commitment(occasion, own)

    def offer(self, occasion: Occasion, answer: Answer, index: int) -> None:
        """Sign the commitment to an answer and let anybody send it."""
        entry = Entry(index, self.commitment(occasion, answer))
        self.board.offer(answer.job, answer.round, sign_entry(self._key, answer.job, answer.round, entry))

    async def hand_over(self, answer: Answer) -> None:
        """Put the output where everybody can get it. Call it only when nobody can commit any more."""
        output = await asyncio.to_thread(self._directory.waiting_output, answer)
        if output is not None:
            await asyncio.to_thread(self._store.add, output)
            self._directory.handed_over(answer)

    async def recover(self, jobs: Mapping[bytes, Job]) -> None:
        """After a restart: hand over the outputs of rounds that were decided meanwhile."""
        for job in jobs.values():
            for round_ in job.rounds:
                if round_.decision is not None and round_.seed is not None:
                    answer = self.get(job.job_id, round_.number, round_.seed)
                    if answer is not None:
                        await self.hand_over(answer)


def opening_of(answer: Answer, index: int) -> Opening:
    """What an answer's commitment hides."""
    return Opening(index, answer.digest, answer.output_digest, answer.salt)
