"""What attesters say on the chain, batches, and what silence costs: Python and Solidity agree on all of it."""

from __future__ import annotations

import pytest

from contracts.attendance import Attendance, AttendanceDomain, availability_words, custody_hash, seats_of_word
from contracts.attestation import NO_REVEALS, chain_batch, commitment_digest, result_digest, sign_digest
from contracts.batches import BatchOpening, batch_entry, batch_hash, pack_openings, sign_commitment, unpack_openings
from contracts.events import (
    AttestationCommitted,
    AvailabilityVoted,
    InactivityLeaked,
    ResultAccepted,
    SilencePunished,
    UpdatesRevealed,
)
from contracts.reverts.attendance import (
    Attendance_AlreadyThere,
    Attendance_Mismatch,
    Attendance_NotPunishable,
    Attendance_WrongPhase,
)
from contracts.reverts.project import Project_BatchMismatch
from contracts.sortition import ATTESTER, TRAINER, is_drawn
from contracts.values import Custody, Phase, SignedAttestation, SignedAvailability
from tests.support.stage import (
    PEERS,
    ROUND_POOL,
    SEAT_STAKE,
    Peer,
    Stage,
    fund,
    make_result,
    update_of,
)

SILENCE = SEAT_STAKE // 100


def attendance(stage: Stage, peer: Peer | None = None) -> Attendance:
    return Attendance(peer.chain if peer else stage.outsider, stage.deployment.attendance)


def signed_by(stage: Stage) -> AttendanceDomain:
    return AttendanceDomain(stage.owner.chain_id, stage.deployment.attendance, stage.project.address)


async def funded(stage: Stage, **changes: int) -> Stage:
    other = await stage.another(**changes)
    await fund(stage.token, other.project.address, 3 * ROUND_POOL)
    return other


async def test_python_and_solidity_agree_on_what_attesters_sign(stage: Stage) -> None:
    contract, domain, project = attendance(stage), signed_by(stage), stage.project.address
    opening = Custody(b"c" * 32, b"s" * 32)
    peer = stage.peers[0]
    found = await contract.attestation_hash(project, 7, peer.address, b"r" * 32, opening)
    assert domain.attestation_hash(7, peer.address, b"r" * 32, opening) == found
    assert domain.availability_digest(7, 2, 5) == await contract.signed_availability_hash(project, 7, 2, 5)
    for seats in ((), (3, 2**31)):
        told = await contract.signed_attestation_hash(project, 7, b"c" * 32, seats)
        assert domain.attestation_digest(7, b"c" * 32, seats) == told
    told = await stage.project.signed_commitment_hash(7, 9, b"c" * 32)
    assert commitment_digest(stage.domain, 7, 9, b"c" * 32) == told


def test_the_words_of_a_vote_hold_its_seats() -> None:
    seats = frozenset({1, 255, 256, 300, 5000})
    words = availability_words(seats)
    assert list(words) == [0, 1, 19]
    assert frozenset().union(*(seats_of_word(word, bitmap) for word, bitmap in words.items())) == seats
    account = "0x" + "11" * 20
    assert custody_hash(account, bytes(32), b"a") != custody_hash(account, bytes(32), b"b")  # type: ignore[arg-type]


async def test_votes_are_cast_in_their_window_by_anybody_who_has_them_signed(stage: Stage) -> None:
    other = await funded(stage, availability_seconds=50)
    opened = await other.gather_updates()
    project, domain = other.project.address, signed_by(other)
    view = await other.project.round(1)
    assert (view.phase, view.availability_end) == (Phase.AVAILABILITY, view.reveal_end + 50)
    assert view.attest_start == view.availability_end
    voter, signer = other.peers[:2]
    voted = (await attendance(other, voter).vote_availability(project, opened.round, 0, 0b10)).event(AvailabilityVoted)
    assert (voted.project, voted.account, voted.bitmap) == (project, voter.address, 0b10)
    vote = SignedAvailability(0, 0b110, sign_digest(signer.key, domain.availability_digest(1, 0, 0b110)))
    await attendance(other).post_availability(project, 1, [vote])
    assert await attendance(other).availability_of(project, 1, signer.address, 0) == 0b110
    await attendance(other, voter).vote_availability(project, 1, 0, 0b1000)
    assert await attendance(other).availability_of(project, 1, voter.address, 0) == 0b1010, "it only grows"
    other.mine(view.availability_end)
    with pytest.raises(Attendance_WrongPhase) as late:
        await attendance(other, voter).vote_availability(project, 1, 0, 1)
    assert (late.value.have, late.value.want) == (Phase.ATTEST, Phase.AVAILABILITY)


async def test_a_result_needs_signers_who_promised_it_unseen(stage: Stage) -> None:
    other = await funded(stage, attest_commit_seconds=50)
    opened = await other.gather_updates()
    project, domain = other.project.address, signed_by(other)
    result = make_result(1, opened.base_digest, ROUND_POOL)
    digest = result_digest(other.domain, 1, result)
    openings = {peer.address: Custody(bytes([peer.seat]) * 32, b"s" * 32) for peer in other.peers}
    promises = {
        peer.address: domain.attestation_hash(1, peer.address, digest, openings[peer.address]) for peer in other.peers
    }
    own, *others = other.peers
    said = (await attendance(other, own).commit_attestation(project, 1, promises[own.address])).event(
        AttestationCommitted
    )
    assert (said.account, said.commitment, said.seats) == (own.address, promises[own.address], 1)
    with pytest.raises(Attendance_AlreadyThere):
        await attendance(other, own).commit_attestation(project, 1, b"x" * 32)
    signed = [
        SignedAttestation(
            promises[peer.address], (), sign_digest(peer.key, domain.attestation_digest(1, promises[peer.address], ()))
        )
        for peer in others[:4]
    ]
    await attendance(other).commit_attestations(project, 1, signed)
    assert await attendance(other).attesting_seats(project, 1) == 5
    assert await attendance(other).attestation_of(project, 1, own.address) == (promises[own.address][:28], 1)
    other.mine((await other.project.round(1)).attest_start)
    packed = await other.contributions(result)

    async def accept(peers: list[Peer], given: dict[str, Custody]) -> ResultAccepted:
        ordered = sorted(peers, key=lambda peer: int(peer.address, 16))
        signatures = other.sign(1, result, ordered)
        shown = [given[peer.address] for peer in ordered]
        receipt = await other.project.accept_signed(1, result, packed, signatures, shown)
        return receipt.event(ResultAccepted)

    with pytest.raises(Attendance_Mismatch):  # the sixth promised nothing
        await accept([*other.peers[:4], other.peers[5]], dict(openings))
    with pytest.raises(Attendance_Mismatch):  # a copied promise has the custody of somebody else
        await accept(list(other.peers[:5]), {**openings, own.address: openings[others[0].address]})
    assert (await accept(list(other.peers[:5]), dict(openings))).weight == 5


async def test_commitments_come_in_a_batch_and_are_opened_by_anybody(stage: Stage) -> None:
    other = await funded(stage)
    opened = await other.open_round()
    commitments = [other.commitment(peer, 1) for peer in other.peers]
    signatures = [
        sign_commitment(other.domain, peer.key, 1, peer.seat, commitment)
        for peer, commitment in zip(other.peers, commitments, strict=True)
    ]
    entries = [batch_entry(*pair) for pair in zip(commitments, signatures, strict=True)]
    await other.peers[0].project.post_commits(1, batch_hash(entries), PEERS)
    other.mine(opened.commit_end)
    updates = [update_of(peer.seat, 1) for peer in other.peers]
    openings = [
        BatchOpening(
            index,
            peer.seat,
            peer.address,
            update.digest,
            update.data_root,
            update.salt,
            signatures[index],
        )
        for index, (peer, update) in enumerate(zip(other.peers, updates, strict=True))
    ][:4]
    assert all(item.is_signed(other.domain, 1) for item in openings)
    assert unpack_openings(pack_openings(openings)) == tuple(openings)
    with pytest.raises(Project_BatchMismatch):
        await other.project.reveal_batch(1, 0, openings, [*entries[:-1], b"x" * 32])
    revealed = (await other.project.reveal_batch(1, 0, openings, entries)).event(UpdatesRevealed)
    assert unpack_openings(revealed.openings) == tuple(openings)
    view = await other.project.round(1)
    assert (view.batches, view.reveals) == (1, 4)
    assert view.reveals_hash == chain_batch(NO_REVEALS, 0, revealed.openings, view.reveals)


async def test_silence_after_a_commitment_costs_the_bond_once(stage: Stage) -> None:
    opened = await stage.open_round()
    loud, silent = stage.peers[:2]
    for peer in (loud, silent):
        await stage.commit(peer, 1)
    stage.at(opened.commit_end)
    await stage.reveal(loud, 1)
    stage.mine(opened.reveal_end)
    project = stage.project.address
    punished = (await attendance(stage).punish_silence(project, 1, [silent.seat])).event(SilencePunished)
    assert punished.seat == silent.seat
    assert (await stage.registry.seat(silent.seat)).slashed == SILENCE
    for seat in (silent.seat, loud.seat, stage.peers[2].seat):
        with pytest.raises(Attendance_NotPunishable):
            await attendance(stage).punish_silence(project, 1, [seat])


async def test_who_was_absent_when_the_quorum_failed_leaks_a_little(stage: Stage) -> None:
    await stage.gather_updates()
    project = stage.project.address
    present, absent = stage.peers[:2]
    await attendance(stage, present).attest(project, 1, b"r" * 32)
    assert await attendance(stage).was_there(project, 1, present.address)
    stage.mine((await stage.project.round(1)).attest_end)
    await stage.project.skip_round(1)
    assert (await stage.project.status()).forfeited == ROUND_POOL
    leaked = (await attendance(stage).leak(project, 1, [absent.seat])).event(InactivityLeaked)
    assert leaked.seat == absent.seat
    assert (await stage.registry.seat(absent.seat)).slashed == SEAT_STAKE // 1000
    for seat in (absent.seat, present.seat):
        with pytest.raises(Attendance_NotPunishable):
            await attendance(stage).leak(project, 1, [seat])


async def test_python_and_solidity_draw_the_same_seats(stage: Stage) -> None:
    other = await funded(
        stage, trainers_per_round=2, attesters_per_round=2, attest_commit_seconds=40, commit_seconds=100
    )
    opened = await other.open_round()
    contract, project = attendance(other), other.project.address
    seats = [peer.seat for peer in other.peers]

    def drawn(role: bytes, doublings: int) -> list[bool]:
        return [is_drawn(opened.seed, role, seat, seats=PEERS, want=2, doublings=doublings) for seat in seats]

    for quarter in range(2):
        other.mine(opened.commit_end - 100 + 25 * quarter + 5)
        assert [await contract.may_train(project, 1, seat) for seat in seats] == drawn(TRAINER, quarter)
    other.mine(opened.commit_end - 10)
    assert all([await contract.may_train(project, 1, seat) for seat in seats]), "eight of six"
    for peer in other.peers[:3]:
        await other.commit(peer, 1)
    other.mine(opened.commit_end)
    for peer in other.peers[:3]:
        await other.reveal(peer, 1)
    view = await other.project.round(1)
    other.mine(max(view.availability_end + 1, await other.now() + 1))
    assert [await contract.may_attest(project, 1, seat) for seat in seats] == drawn(ATTESTER, 0)
