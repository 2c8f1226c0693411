"""The output court as a Python object, and the hashes it keeps in place of jobs.

The court stores hashes only, so every call brings the text: terms, committee, log. All of it is in the events. Hashes
computed here are those of the contract, word by word; the tests compare them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

from eth_hash.auto import keccak

from contracts.abi import codec, contract_abi, encode
from contracts.attestation import compact_signature, expand_signature, recover, sign_digest
from contracts.chain import Receipt
from contracts.contract import Contract
from contracts.court_values import (
    ClassRecord,
    ClassTerms,
    Entry,
    JobTerms,
    JobView,
    Log,
    Member,
    Opening,
    RoundRecord,
    SignedEntry,
)
from contracts.errors import InvalidSignature
from contracts.values import Address

JOB_DOMAIN: Final = keccak(b"SwarmProof job, version 1")
COMMIT_DOMAIN: Final = keccak(b"SwarmProof output commitment, version 1")
SIGN_DOMAIN: Final = keccak(b"SwarmProof signed commitment, version 1")
SEED_DOMAIN: Final = keccak(b"SwarmProof job seed, version 1")
KEY_DOMAIN: Final = keccak(b"SwarmProof appeal key, version 1")
RINGER_DOMAIN: Final = keccak(b"SwarmProof ringer, version 1")
MASK_DOMAIN: Final = keccak(b"SwarmProof ringer mask, version 1")

_CLASS_TERMS: Final = "(bytes32,uint8,uint8,uint96,uint96,uint96,uint32,uint32,uint32,uint32)"


class Court(Contract):
    """Classes, jobs, verdicts and the money around them. Balances are inside the court: deposit first."""

    artifact = "OutputCourt"

    async def deposit(self, amount: int) -> Receipt:
        """Add approved tokens to the own balance. Event Deposited."""
        return await self._send("deposit", amount)

    async def withdraw(self, amount: int) -> Receipt:
        """Take tokens out of the own balance. Event Withdrawn."""
        return await self._send("withdraw", amount)

    async def register_class(self, terms: ClassTerms, description: bytes) -> Receipt:
        """As curator, register a class for good. Event ClassRegistered."""
        return await self._send("registerClass", terms, description)

    async def submit_job(self, terms: JobTerms, job_input: bytes) -> Receipt:
        """As requester, submit a job; locks the worker's fee and the first committee's. Event JobSubmitted."""
        return await self._send("submitJob", terms, job_input)

    async def pin_block(self, terms: JobTerms) -> Receipt:
        """Name a new block where the chain has forgotten the last one. Event BlockPinned."""
        return await self._send("pinBlock", terms)

    async def draw_seed(self, terms: JobTerms) -> Receipt:
        """Record the seed for work that takes longer than the chain remembers blocks. Event SeedDrawn."""
        return await self._send("drawSeed", terms)

    async def commit_work(self, terms: JobTerms, commitment: bytes) -> Receipt:
        """As worker, commit to the output; locks the bond. Event WorkCommitted."""
        return await self._send("commitWork", terms, commitment)

    async def draw_committee(self, terms: JobTerms) -> Receipt:
        """Record the committee before anybody committed. Event CommitteeDrawn."""
        return await self._send("drawCommittee", terms)

    async def commit(self, terms: JobTerms, members: Sequence[Member], index: int, commitment: bytes) -> Receipt:
        """Commit a member, or in appeals the worker (index 0). Event Committed."""
        return await self._send("commit", terms, list(members), index, commitment)

    async def commit_signed(
        self, terms: JobTerms, members: Sequence[Member], entries: Sequence[SignedEntry]
    ) -> Receipt:
        """Commit everybody who signed, in one transaction; who has committed is passed over. Events Committed."""
        return await self._send("commitSigned", terms, list(members), list(entries))

    async def reveal(
        self, terms: JobTerms, members: Sequence[Member], log: Log, openings: Sequence[Opening]
    ) -> Receipt:
        """Open commitments ahead of the decision, so that nobody can leave them out. Events Revealed."""
        return await self._send("reveal", terms, list(members), log, list(openings))

    async def decide(
        self, terms: JobTerms, members: Sequence[Member], log: Log, openings: Sequence[Opening]
    ) -> Receipt:
        """Decide a round: with every commitment opened, or when time is over with what `reveal` brought. JobDecided."""
        return await self._send("decide", terms, list(members), log, list(openings))

    async def decide_and_finalize(
        self,
        terms: JobTerms,
        members: Sequence[Member],
        log: Log,
        openings: Sequence[Opening],
        rounds: Sequence[RoundRecord],
    ) -> Receipt:
        """As a requester who accepts the outcome: decide, and end the job in the same transaction, or neither."""
        decide = self.abi.encode_call("decide", terms, list(members), log, list(openings))
        return await self._send("multicall", [decide, self.abi.encode_call("finalize", terms, list(rounds))])

    async def appeal(self, terms: JobTerms) -> Receipt:
        """Call the next larger committee; locks two fees for each of its places. Event Appealed."""
        return await self._send("appeal", terms)

    async def expose_ringer(self, terms: JobTerms, log: Log, worker: Opening, digest: int, salt: bytes) -> Receipt:
        """As requester, show that the job was a test. Event RingerExposed."""
        return await self._send("exposeRinger", terms, log, worker, digest, salt)

    async def finalize(self, terms: JobTerms, rounds: Sequence[RoundRecord]) -> Receipt:
        """End a job that nobody can appeal any more. Event JobFinalized."""
        return await self._send("finalize", terms, list(rounds))

    async def expire_job(self, terms: JobTerms) -> Receipt:
        """End a job whose worker never committed. Event JobExpired."""
        return await self._send("expireJob", terms)

    async def token(self) -> Address:
        """The token of all balances, fees and stakes."""
        address: Address = await self._read("token")
        return address

    async def registry(self) -> Address:
        """Where the verifiers' seats are."""
        address: Address = await self._read("registry")
        return address

    async def curator(self) -> Address:
        """Who registers classes."""
        address: Address = await self._read("curator")
        return address

    async def no_show_penalty(self) -> int:
        """What a seat loses for not opening in time."""
        return int(await self._read("noShowPenalty"))

    async def strike_penalty(self) -> int:
        """What a seat loses for three strikes, or for confirming a ringer."""
        return int(await self._read("strikePenalty"))

    async def class_delay_seconds(self) -> int:
        """Time between the registration of a class and its first job."""
        return int(await self._read("classDelaySeconds"))

    async def balance_of(self, account: Address) -> int:
        """What the account can withdraw."""
        return int(await self._read("balanceOf", account))

    async def strikes_of(self, account: Address) -> int:
        """Strikes against a verifier."""
        return int(await self._read("strikesOf", account))

    async def output_class(self, class_id: bytes) -> ClassRecord:
        """A class by its id; all zero when there is none."""
        record: ClassRecord = await self._read("outputClass", class_id)
        return record

    async def job(self, terms: JobTerms) -> JobView:
        """A job as of the newest block."""
        view: JobView = await self._read("job", terms)
        return view

    async def committee_of(self, terms: JobTerms) -> tuple[Member, ...]:
        """The committee of the job's round. Raises Court_BlockPending, Court_BlockForgotten, Court_PoolTooSmall."""
        members: tuple[Member, ...] = await self._read("committeeOf", terms)
        return members

    async def class_id_of(self, terms: ClassTerms) -> bytes:
        """The contract's own `class_id`."""
        return bytes(await self._read("classIdOf", terms))

    async def job_id_of(self, terms: JobTerms) -> bytes:
        """The contract's own `job_id`."""
        return bytes(await self._read("jobIdOf", terms))

    async def commitment_hash(
        self, job: bytes, round_number: int, account: Address, digest: int, output_digest: bytes, salt: bytes
    ) -> bytes:
        """The contract's own `output_commitment`."""
        arguments = (job, round_number, account, digest, output_digest, salt)
        return bytes(await self._read("commitmentHash", *arguments))

    async def signed_hash_of(self, job: bytes, round_number: int, commitment: bytes) -> bytes:
        """The contract's own `signed_hash`."""
        return bytes(await self._read("signedHashOf", job, round_number, commitment))

    async def ringer_hash(self, digest: int, salt: bytes) -> bytes:
        """The contract's own `ringer_hash`."""
        return bytes(await self._read("ringerHash", digest, salt))

    async def ringer_digest(self, digest: int, seed: bytes) -> int:
        """The contract's own `ringer_digest`."""
        return int(await self._read("ringerDigest", digest, seed))


def class_id(terms: ClassTerms) -> bytes:
    """Id of a class."""
    return keccak(codec.encode([_CLASS_TERMS], [astuple(terms)]))


def job_id(chain_id: int, court: Address, terms: JobTerms) -> bytes:
    """Id of a job in a court. Raises ArgumentOutOfRange."""
    place = _words(["bytes32", "uint256", "address"], JOB_DOMAIN, chain_id, court)
    return keccak(place + encode(contract_abi("OutputCourt").functions["jobIdOf"].inputs, [terms]))


def output_commitment(
    job: bytes, round_number: int, account: Address, digest: int, output_digest: bytes, salt: bytes
) -> bytes:
    """What `account` commits to in a round; nobody else can open it, nor anybody for another job or round."""
    return _hash(
        ["bytes32", "bytes32", "uint8", "address", "uint256", "bytes32", "bytes32"],
        *(COMMIT_DOMAIN, job, round_number, account, digest, output_digest, salt),
    )


def signed_hash(job: bytes, round_number: int, commitment: bytes) -> bytes:
    """What the maker of a commitment signs if somebody else is to send it."""
    return _hash(["bytes32", "bytes32", "uint8", "bytes32"], SIGN_DOMAIN, job, round_number, commitment)


def sign_entry(key: bytes, job: bytes, round_number: int, entry: Entry) -> SignedEntry:
    """Sign a commitment with a private key of 32 bytes, for `Court.commit_signed`."""
    return SignedEntry(entry, *compact_signature(sign_digest(key, signed_hash(job, round_number, entry.commitment))))


def is_signed_by(account: Address, job: bytes, round_number: int, signed: SignedEntry) -> bool:
    """Whether the account signed this commitment, which is not zero."""
    try:
        signature = expand_signature(signed.r, signed.vs)
        signer = recover(signed_hash(job, round_number, signed.entry.commitment), signature)
    except InvalidSignature:
        return False
    return signer == account and any(signed.entry.commitment)


def job_seed(job: bytes, block_hash: bytes) -> bytes:
    """Seed of a job, from the hash of the block pinned when it was submitted."""
    return _hash(["bytes32", "bytes32", "bytes32"], SEED_DOMAIN, job, block_hash)


def appeal_key(job: bytes, round_number: int, block_hash: bytes) -> bytes:
    """Key of the digests of a round after the first, from the hash of the block pinned for it."""
    return _hash(["bytes32", "bytes32", "uint8", "bytes32"], KEY_DOMAIN, job, round_number, block_hash)


def ringer_hash(digest: int, salt: bytes) -> bytes:
    """What makes a job a ringer: its worker will answer `ringer_digest(digest, seed)`."""
    return _hash(["bytes32", "uint256", "bytes32"], RINGER_DOMAIN, digest, salt)


def ringer_digest(digest: int, seed: bytes) -> int:
    """The digest that a ringer's worker commits to: a random one to everybody, fixed before the seed was known."""
    return digest ^ int.from_bytes(_hash(["bytes32", "bytes32"], MASK_DOMAIN, seed), "big")


def _hash(types: Sequence[str], *values: object) -> bytes:
    return keccak(_words(types, *values))


def _words(types: Sequence[str], *values: object) -> bytes:
    return codec.encode(list(types), list(values))
