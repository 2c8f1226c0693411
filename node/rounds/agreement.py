"""Agreement on the input set of a round: who holds what, and what follows from it. Pure.

Every attester signs a *have-list*: which revealed updates it fetched and checked. A seat is *available* when attesters
with more than 2/3 of the snapshot stake hold its update. A collector, drawn by the round's seed, proposes the available
seats together with the have-lists that prove it; the others check the proof and sign the result that follows.

With its have-list an attester also says what the spot checks it was drawn for came to. A seat has *failed* when more
than half of its drawn checkers, and at least two, say so in the cited lists: one checker with a broken network, or one
liar, costs nobody anything.

Why a peer that serves only some cannot split the swarm: the set is a function of signed lists that everybody can read,
and whoever lacks an update of the set can get it from any of the attesters that said they hold it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import cbor2
from eth_hash.auto import keccak

from contracts.attendance import availability_words
from contracts.attestation import SIGNATURE_BYTES
from contracts.values import Address, Custody
from node import plain_cbor
from node.checks.draw import Check
from node.errors import ExchangeError

HAVE_LIST = "have-list"
PROPOSAL = "proposal"
SIGNATURE = "signature"
HASH_LENGTH = 32
FEWEST_VOTES = 2  # nobody loses its pay on the word of one, however few can be drawn


class MalformedStatement(ExchangeError):
    """The body of a signed statement is not what its kind requires."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"malformed {kind}: {reason}")
        self.kind, self.reason = kind, reason


@dataclass(frozen=True)
class HaveList:
    """What one attester holds, and what its checks came to. `statement`: hash of the signed envelope it came in.

    `votes`: for each word of `seats`, in order, its signature that can be brought to the chain; nobody checked them.
    """

    sender: Address
    seats: frozenset[int]
    statement: bytes
    passed: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    votes: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """An input set, the hashes of the have-lists it follows from, and the seats in it that failed their check."""

    sender: Address
    seats: frozenset[int]
    evidence: frozenset[bytes]
    failed: frozenset[int] = frozenset()


class Judgement(Enum):
    """What an attester makes of a proposal."""

    FOLLOW = "follow"
    WAIT = "wait: have-lists it cites have not arrived"
    WRONG = "wrong: the set does not follow from the have-lists"
    THIN = "thin: the have-lists carry 2/3 of the stake or less"
    CENSORS = "censors: have-lists we hold make a seat available that it leaves out, or failed that it spares"
    EARLY = "early: its sender is not a collector yet"


def rank(seed: bytes, purpose: str, accounts: Iterable[Address]) -> tuple[Address, ...]:
    """Order accounts by keccak(seed, purpose, account): the first acts, the next ones take over when it is silent."""
    return tuple(sorted(accounts, key=lambda account: (_lot(seed, purpose, account), account)))


def carries_quorum(weight: int, total: int) -> bool:
    """More than two thirds, in integers."""
    return weight * 3 > total * 2


def available_seats(
    lists: Iterable[HaveList], revealed: Iterable[int], weights: Mapping[Address, int], total: int
) -> frozenset[int]:
    """Seats whose update is held by attesters with more than 2/3 of `total`. At most one list per sender counts."""
    latest = {have.sender: have for have in lists}
    return frozenset(
        seat
        for seat in revealed
        if carries_quorum(
            sum(weights.get(sender, 0) for sender, have in latest.items() if seat in have.seats),
            total,
        )
    )


def voted_seats(
    votes: Mapping[Address, frozenset[int]], revealed: Iterable[int], weights: Mapping[Address, int], total: int
) -> frozenset[int]:
    """Seats whose update attesters with more than 2/3 of `total` said on the chain that they hold.

    To call such an update unavailable is fraud that the chain can see, whatever have-lists say.
    """
    return frozenset(
        seat
        for seat in revealed
        if carries_quorum(sum(weights.get(account, 0) for account, held in votes.items() if seat in held), total)
    )


def failed_seats(lists: Iterable[HaveList], checks: Iterable[Check]) -> frozenset[int]:
    """Seats of which most of their drawn checkers say that they failed. At most one list per sender counts."""
    latest = {have.sender: have for have in lists}
    failed = set()
    for check in checks:
        votes = sum(account in latest and check.seat in latest[account].failed for account in check.checkers)
        if votes >= FEWEST_VOTES and 2 * votes > len(check.checkers):
            failed.add(check.seat)
    return frozenset(failed)


def judge(
    proposal: Proposal,
    *,
    collectors: Sequence[Address],
    statements: Mapping[bytes, HaveList],
    latest: Mapping[Address, HaveList],
    held: frozenset[int],
    revealed: frozenset[int],
    weights: Mapping[Address, int],
    total: int,
    checks: Sequence[Check] = (),
    voted: frozenset[int] = frozenset(),
) -> Judgement:
    """Decide whether to sign what follows from a proposal.

    `collectors`: accounts whose turn has come; `statements`: have-lists received, by hash; `latest`: newest per sender;
    `held`: seats this attester holds itself; `checks`: the round's; `voted`: available by votes on the chain. A seat
    may be left out only while we cannot prove that it is available, and spared only while we cannot prove that it
    failed.
    """
    if proposal.sender not in collectors:
        return Judgement.EARLY
    if not proposal.evidence <= statements.keys():
        return Judgement.WAIT
    cited = [statements[digest] for digest in proposal.evidence]
    senders = {have.sender for have in cited}
    if len(senders) != len(cited) or not carries_quorum(sum(weights.get(sender, 0) for sender in senders), total):
        return Judgement.THIN
    following = available_seats(cited, revealed, weights, total)
    if following | voted != proposal.seats:
        return Judgement.CENSORS if following == proposal.seats else Judgement.WRONG
    if failed_seats(cited, checks) & proposal.seats != proposal.failed:
        return Judgement.WRONG
    provable = available_seats(latest.values(), revealed, weights, total) & held
    caught = failed_seats(latest.values(), checks) & proposal.seats
    return Judgement.FOLLOW if provable <= proposal.seats and caught <= proposal.failed else Judgement.CENSORS


# ---- bodies of the signed statements: canonical CBOR --------------------------------------------------------------


def have_list_body(
    seats: frozenset[int],
    revealed: Sequence[int],
    passed: frozenset[int] = frozenset(),
    failed: frozenset[int] = frozenset(),
    votes: Sequence[bytes] = (),
) -> bytes:
    """Body of a have-list: a bitmap over the revealed seats in ascending order, the seats its sender checked, votes."""
    return cbor2.dumps([_bitmap(seats, revealed), sorted(passed), sorted(failed), b"".join(votes)], canonical=True)


def parse_have_list(sender: Address, body: bytes, statement: bytes, revealed: Sequence[int]) -> HaveList:
    """Read a have-list; raises MalformedStatement."""
    document = load_body(HAVE_LIST, body)
    if not (isinstance(document, list) and len(document) == 4 and isinstance(document[3], bytes)):
        raise MalformedStatement(HAVE_LIST, "expected [bitmap, passed, failed, votes]")
    passed, failed = (_listed(HAVE_LIST, part, revealed) for part in document[1:3])
    if passed & failed:
        raise MalformedStatement(HAVE_LIST, f"seats {sorted(passed & failed)} both passed and failed")
    seats, joined = _seats(HAVE_LIST, document[0], revealed), document[3]
    votes = tuple(joined[start : start + SIGNATURE_BYTES] for start in range(0, len(joined), SIGNATURE_BYTES))
    if joined and len(joined) != SIGNATURE_BYTES * len(availability_words(seats)):
        raise MalformedStatement(HAVE_LIST, f"{len(joined)} bytes of votes for {len(availability_words(seats))} words")
    return HaveList(sender, seats, statement, passed, failed, votes)


def proposal_body(proposal: Proposal, revealed: Sequence[int]) -> bytes:
    """Body of a proposal: bitmap, failed seats, and ascending hashes of the cited have-lists."""
    parts = [_bitmap(proposal.seats, revealed), sorted(proposal.failed), b"".join(sorted(proposal.evidence))]
    return cbor2.dumps(parts, canonical=True)


def parse_proposal(sender: Address, body: bytes, revealed: Sequence[int]) -> Proposal:
    """Read a proposal; raises MalformedStatement."""
    document = load_body(PROPOSAL, body)
    if not (isinstance(document, list) and len(document) == 3 and isinstance(document[2], bytes)):
        raise MalformedStatement(PROPOSAL, "expected [bitmap, failed, hashes]")
    bitmap, listed, joined = document
    failed = _listed(PROPOSAL, listed, revealed)
    hashes = [joined[start : start + HASH_LENGTH] for start in range(0, len(joined), HASH_LENGTH)]
    if len(joined) % HASH_LENGTH or hashes != sorted(set(hashes)):
        raise MalformedStatement(PROPOSAL, f"{len(joined)} bytes of hashes are not strictly ascending 32-byte words")
    return Proposal(sender, _seats(PROPOSAL, bitmap, revealed), frozenset(hashes), failed)


@dataclass(frozen=True)
class ShownSignature:
    """A signature over a result; `opening`: of its signer's commitment, where attesters commit first."""

    result_hash: bytes
    signature: bytes
    opening: Custody | None = None


def signature_body(shown: ShownSignature) -> bytes:
    """Body of a result signature: the result's EIP-712 digest, 65 bytes over it, and what opens a commitment."""
    opening = [] if shown.opening is None else [shown.opening.custody, shown.opening.salt]
    return cbor2.dumps([shown.result_hash, shown.signature, *opening], canonical=True)


def parse_signature(body: bytes) -> ShownSignature:
    """Read a shown signature; raises MalformedStatement. The signature itself is not checked here."""
    document = load_body(SIGNATURE, body)
    if not (isinstance(document, list) and len(document) in (2, 4) and all(isinstance(it, bytes) for it in document)):
        raise MalformedStatement(SIGNATURE, "expected [result hash, signature] or [.., .., custody, salt]")
    result_hash, signature, *opening = document
    if len(signature) != SIGNATURE_BYTES or any(len(part) != HASH_LENGTH for part in (result_hash, *opening)):
        found = ", ".join(str(len(part)) for part in document)
        raise MalformedStatement(SIGNATURE, f"parts of {found} bytes, expected hashes of 32 and a signature of 65")
    return ShownSignature(result_hash, signature, Custody(*opening) if opening else None)


def _lot(seed: bytes, purpose: str, account: Address) -> bytes:
    return bytes(keccak(seed + keccak(purpose.encode()) + bytes.fromhex(account[2:])))


def _bitmap(seats: frozenset[int], revealed: Sequence[int]) -> bytes:
    bits = 0
    for position, seat in enumerate(sorted(revealed)):
        bits |= (seat in seats) << position
    return bits.to_bytes(-(-len(revealed) // 8), "little")


def _seats(kind: str, bitmap: object, revealed: Sequence[int]) -> frozenset[int]:
    length = -(-len(revealed) // 8)
    if not isinstance(bitmap, bytes) or len(bitmap) != length:
        raise MalformedStatement(kind, f"bitmap is not {length} bytes for {len(revealed)} revealed seats")
    bits = int.from_bytes(bitmap, "little")
    if bits >> len(revealed):
        raise MalformedStatement(kind, f"bitmap has bits beyond its {len(revealed)} seats")
    return frozenset(seat for position, seat in enumerate(sorted(revealed)) if bits >> position & 1)


def _listed(kind: str, part: object, revealed: Sequence[int]) -> frozenset[int]:
    known = set(revealed)
    if not isinstance(part, list) or any(type(seat) is not int or seat not in known for seat in part):
        raise MalformedStatement(kind, f"{str(part)[:80]} is not a list of revealed seats")
    if part != sorted(set(part)):
        raise MalformedStatement(kind, f"seats {str(part)[:80]} are not in strictly ascending order")
    return frozenset(part)


def load_body(kind: str, body: bytes) -> object:
    """Read the canonical CBOR of a statement; raises MalformedStatement."""
    try:
        document: object = plain_cbor.load(body)
    except plain_cbor.NotPlainCbor as error:
        raise MalformedStatement(kind, f"not CBOR: {error}") from error
    if cbor2.dumps(document, canonical=True) != body:
        raise MalformedStatement(kind, "not canonical CBOR")
    return document
