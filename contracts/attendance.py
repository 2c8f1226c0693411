"""What attesters say on the chain before there is a result: what is hashed and signed, and the contract as an object.

One contract serves all projects. Its signatures are EIP-712 typed data under ("SwarmProof attendance", "1", chain,
attendance); the mirror in Solidity is `src/Attendance.sol`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from contracts.attestation import compact_signature, domain_separator, encoded_address, encoded_number, encoded_word
from contracts.chain import Receipt
from contracts.contract import Contract
from contracts.values import Address, Custody, SignedAttestation, SignedAvailability

DOMAIN_NAME = "SwarmProof attendance"
SEATS_A_WORD = 256  # of a vote
AVAILABILITY_TYPE = "Availability(address project,uint64 round,uint32 word,uint256 bitmap)"
ATTESTATION_TYPE = "Attestation(address project,uint64 round,bytes32 commitment,uint32[] seatIds)"
ATTEST_DOMAIN = keccak(b"SwarmProof attestation, version 1")

_AVAILABILITY_TYPEHASH = keccak(AVAILABILITY_TYPE.encode())
_ATTESTATION_TYPEHASH = keccak(ATTESTATION_TYPE.encode())


@dataclass(frozen=True)
class AttendanceDomain:
    """Where a vote or a commitment to a result counts: one project, in one attendance contract, on one chain."""

    chain_id: int
    attendance: Address
    project: Address

    def _typed(self, round_number: int, typehash: bytes, *words: bytes) -> bytes:
        encoded = typehash + encoded_address(self.project) + encoded_number(round_number, 64) + b"".join(words)
        separator = domain_separator(DOMAIN_NAME, self.chain_id, self.attendance)
        return keccak(b"\x19\x01" + separator + keccak(encoded))

    def availability_digest(self, round_number: int, word: int, bitmap: int) -> bytes:
        """The 32 bytes that an attester signs who holds these updates, of the seats from 256 * word on."""
        return self._typed(round_number, _AVAILABILITY_TYPEHASH, encoded_number(word, 32), encoded_number(bitmap, 256))

    def attestation_digest(self, round_number: int, commitment: bytes, seat_ids: Sequence[int]) -> bytes:
        """The 32 bytes that an attester signs to let others bring its commitment to the chain."""
        seats = keccak(b"".join(encoded_number(seat, 32) for seat in seat_ids))
        return self._typed(round_number, _ATTESTATION_TYPEHASH, encoded_word(commitment), seats)

    def attestation_hash(self, round_number: int, account: Address, result_hash: bytes, opening: Custody) -> bytes:
        """What an attester commits to before anybody shows a result."""
        return keccak(
            ATTEST_DOMAIN
            + encoded_number(self.chain_id, 256)
            + encoded_address(self.project)
            + encoded_number(round_number, 64)
            + encoded_address(account)
            + encoded_word(result_hash)
            + encoded_word(opening.custody)
            + encoded_word(opening.salt)
        )


def availability_words(seats: Iterable[int]) -> dict[int, int]:
    """The bitmaps of a vote for these seats, by word, in order."""
    words: dict[int, int] = {}
    for seat in sorted(seats):
        word = seat // SEATS_A_WORD
        words[word] = words.get(word, 0) | 1 << seat % SEATS_A_WORD
    return words


def seats_of_word(word: int, bitmap: int) -> frozenset[int]:
    """The seats of one word of a vote."""
    first = word * SEATS_A_WORD
    return frozenset(first + bit for bit in range(SEATS_A_WORD) if bitmap >> bit & 1)


def custody_hash(account: Address, seed: bytes, checkpoint: bytes) -> bytes:
    """What only who has a checkpoint's bytes can make: of its account, the round's seed and the bytes."""
    return keccak(bytes.fromhex(account[2:]) + encoded_word(seed) + checkpoint)


@dataclass(frozen=True)
class BatchSilence:
    """A commitment of a batch that its owner signed and nobody opened. `signature`: 65 bytes of the seat's owner.

    `revelations`: everything revealed in the round, in order, as `RoundHistory.revelations` has it.
    """

    batch: int
    index: int
    seat: int
    commitment: bytes
    entries: tuple[bytes, ...]
    signature: bytes
    revelations: tuple[bytes, ...]


class Attendance(Contract):
    """Where attesters say what they hold and that they are there, round by round of a project."""

    artifact = "Attendance"

    async def vote_availability(self, project: Address, round_number: int, word: int, bitmap: int) -> Receipt:
        """Say which updates of the seats from 256 * word on we hold. Event AvailabilityVoted."""
        return await self._send("voteAvailability", project, round_number, word, bitmap)

    async def post_availability(
        self, project: Address, round_number: int, votes: Sequence[SignedAvailability]
    ) -> Receipt:
        """Bring votes that others signed. Events AvailabilityVoted."""
        signed = [(vote.word, vote.bitmap, compact_signature(vote.signature)) for vote in votes]
        return await self._send("postAvailability", project, round_number, signed)

    async def commit_attestation(
        self, project: Address, round_number: int, commitment: bytes, seat_ids: Sequence[int] = ()
    ) -> Receipt:
        """Commit to a result unseen; `seat_ids`: own seats where attesters are drawn. Event AttestationCommitted."""
        return await self._send("commitAttestation", project, round_number, commitment, list(seat_ids))

    async def commit_attestations(
        self, project: Address, round_number: int, attestations: Sequence[SignedAttestation]
    ) -> Receipt:
        """Bring commitments that others signed. Events AttestationCommitted."""
        signed = [(item.commitment, list(item.seat_ids), compact_signature(item.signature)) for item in attestations]
        return await self._send("commitAttestations", project, round_number, signed)

    async def attest(self, project: Address, round_number: int, result_hash: bytes) -> Receipt:
        """Say what we found, where no quorum comes about. Event Attested."""
        return await self._send("attest", project, round_number, result_hash)

    async def punish_silence(self, project: Address, round_number: int, seat_ids: Sequence[int]) -> Receipt:
        """Take the bond of seats that committed and did not reveal. Events SilencePunished."""
        return await self._send("punishSilence", project, round_number, list(seat_ids))

    async def punish_batch_silence(self, project: Address, round_number: int, silence: BatchSilence) -> Receipt:
        """The same for a seat whose owner signed a commitment of a batch that nobody opened."""
        packed = (
            silence.batch,
            silence.index,
            silence.seat,
            silence.commitment,
            list(silence.entries),
            compact_signature(silence.signature),
            list(silence.revelations),
        )
        return await self._send("punishBatchSilence", project, round_number, packed)

    async def leak(self, project: Address, round_number: int, seat_ids: Sequence[int]) -> Receipt:
        """Take a thousandth of seats whose owner let the quorum of a skipped round fail. Events InactivityLeaked."""
        return await self._send("leak", project, round_number, list(seat_ids))

    async def may_train(self, project: Address, round_number: int, seat: int) -> bool:
        """Whether the seat may commit an update now: it counts, and is drawn."""
        return bool(await self._read("mayTrain", project, round_number, seat))

    async def was_drawn(self, project: Address, round_number: int, seat: int) -> bool:
        """Whether the seat was drawn to train in the current round by the end of its commit window."""
        return bool(await self._read("wasDrawn", project, round_number, seat))

    async def was_there(self, project: Address, round_number: int, account: Address) -> bool:
        """Whether the account committed or attested in this round."""
        return bool(await self._read("wasThere", project, round_number, account))

    async def may_attest(self, project: Address, round_number: int, seat: int) -> bool:
        """Whether the seat may commit to a result now: it counts, and is drawn."""
        return bool(await self._read("mayAttest", project, round_number, seat))

    async def availability_of(self, project: Address, round_number: int, account: Address, word: int) -> int:
        """What an attester said that it holds."""
        return int(await self._read("availabilityOf", project, round_number, account, word))

    async def attestation_of(self, project: Address, round_number: int, account: Address) -> tuple[bytes, int]:
        """What an attester committed to, or attested, cut to 28 bytes, and the seats that count for it."""
        commitment, seats = await self._read_all("attestationOf", project, round_number, account)
        return bytes(commitment), int(seats)

    async def attesting_seats(self, project: Address, round_number: int) -> int:
        """Seats that committed to a result."""
        return int(await self._read("attestingSeats", project, round_number))

    async def attestation_hash(
        self, project: Address, round_number: int, account: Address, result_hash: bytes, opening: Custody
    ) -> bytes:
        """The contract's own `AttendanceDomain.attestation_hash`."""
        return bytes(await self._read("attestationHash", project, round_number, account, result_hash, opening))

    async def signed_availability_hash(self, project: Address, round_number: int, word: int, bitmap: int) -> bytes:
        """The contract's own `AttendanceDomain.availability_digest`."""
        return bytes(await self._read("signedAvailabilityHash", project, round_number, word, bitmap))

    async def signed_attestation_hash(
        self, project: Address, round_number: int, commitment: bytes, seat_ids: Sequence[int]
    ) -> bytes:
        """The contract's own `AttendanceDomain.attestation_digest`."""
        return bytes(await self._read("signedAttestationHash", project, round_number, commitment, list(seat_ids)))
