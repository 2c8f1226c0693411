"""Whether what was revealed is what was committed to."""

from __future__ import annotations

from dataclasses import replace

from contracts.attestation import Domain, checksum_address, commitment_hash
from node.rounds.history import Commit, Place, Reveal, RoundHistory
from verifier.replay import check_commitments
from verifier.verdict import Reject

PLACE = Place(1, 0, bytes(32))
OWNER = checksum_address(b"o" * 20)
DOMAIN = Domain(31337, OWNER)
REVEAL = Reveal(1, b"d" * 32, b"r" * 32, b"s" * 32, PLACE)
ROUND = RoundHistory(1, bytes(32), bytes(32), 1, 100, 4, 100, 130, 130, 130, 190, PLACE)


def checked(reveal: Reveal) -> Reject | None:
    """Of a seat that committed directly to `REVEAL`."""
    commitment = commitment_hash(DOMAIN, 1, 1, OWNER, REVEAL.digest, REVEAL.data_root, REVEAL.salt)
    return check_commitments(ROUND.with_commit(Commit(1, OWNER, commitment, PLACE)).with_reveal(reveal), DOMAIN)


def test_a_reveal_opens_its_commitment() -> None:
    assert checked(REVEAL) is None
    verdict = checked(replace(REVEAL, salt=b"t" * 32))
    assert isinstance(verdict, Reject)
    assert verdict.object == "commitment of seat 1 in round 1"


def test_who_committed_directly_and_opened_something_else_of_a_batch_first_does_not_fail_the_audit() -> None:
    assert checked(replace(REVEAL, salt=b"t" * 32, batch=0)) is None
