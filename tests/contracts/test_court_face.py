"""The Python face of the court says and hashes what the contract does."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from contracts.court import (
    Court,
    class_id,
    job_id,
    job_seed,
    output_commitment,
    ringer_digest,
    ringer_hash,
    signed_hash,
)
from contracts.court_values import ClassTerms, JobPhase, JobTerms, JobVerdict
from contracts.events import ClassRegistered, Deposited, JobSubmitted, SeedDrawn, Withdrawn
from contracts.reverts.court import (
    Court_BalanceTooSmall,
    Court_DescriptionMismatch,
    Court_NotCurator,
    Court_ThresholdOutOfRange,
    Court_UnknownClass,
)
from tests.support.stage import Stage, address_of

DESCRIPTION = b"a class"
INPUT = b"seven"
CLASS = ClassTerms(hashlib.sha256(DESCRIPTION).digest(), 8, 10, 5, 530, 7, 60, 61, 62, 63)


def court_of(stage: Stage) -> Court:
    """The court for the owner, its curator."""
    return Court(stage.owner, stage.deployment.court)


def terms_of(stage: Stage, **changes: object) -> JobTerms:
    """A job the owner asks the first peer for."""
    standard = JobTerms(
        class_id=class_id(CLASS),
        requester=address_of(stage.owner),
        worker=stage.peers[0].address,
        worker_fee=9,
        input_digest=keccak(INPUT),
        ringer_hash=keccak(b"nothing"),
        salt=keccak(b"salt"),
    )
    return replace(standard, **changes)  # type: ignore[arg-type]


async def deposit(stage: Stage, amount: int) -> None:
    await stage.token.approve(stage.deployment.court, amount)
    receipt = await court_of(stage).deposit(amount)
    assert receipt.event(Deposited).amount == amount


async def test_hashes_are_those_of_the_contract(stage: Stage) -> None:
    court, terms = court_of(stage), terms_of(stage)
    job = job_id(stage.owner.chain_id, court.address, terms)
    assert await court.class_id_of(CLASS) == class_id(CLASS)
    assert await court.job_id_of(terms) == job
    parts = (job, 3, stage.peers[1].address, 2**256 - 1, keccak(b"output"), keccak(b"own salt"))
    assert await court.commitment_hash(*parts) == output_commitment(*parts)
    assert await court.signed_hash_of(job, 3, keccak(b"commitment")) == signed_hash(job, 3, keccak(b"commitment"))
    digest, salt, seed = 2**255 + 12345, keccak(b"ringer"), keccak(b"seed")
    assert await court.ringer_hash(digest, salt) == ringer_hash(digest, salt)
    assert await court.ringer_digest(digest, seed) == ringer_digest(digest, seed)


async def test_a_class_a_job_and_its_seed(stage: Stage) -> None:
    court, terms = court_of(stage), terms_of(stage)
    registered = (await court.register_class(CLASS, DESCRIPTION)).event(ClassRegistered)
    assert (registered.class_id, registered.terms) == (class_id(CLASS), CLASS)
    assert registered.description == DESCRIPTION
    record = await court.output_class(class_id(CLASS))
    assert record.known
    assert record.worker_bond == CLASS.worker_bond
    await deposit(stage, 100)
    submitted = (await court.submit_job(terms, INPUT)).event(JobSubmitted)
    job = job_id(stage.owner.chain_id, court.address, terms)
    assert (submitted.job_id, submitted.terms, submitted.input) == (job, terms, INPUT)
    assert await court.balance_of(terms.requester) == 100 - 9 - 3 * CLASS.verifier_fee
    view = await court.job(terms)
    assert (view.phase, view.verdict, view.committee_size) == (JobPhase.WORK, JobVerdict.NONE, 3)
    for _ in range(2):
        stage.mine(await stage.now() + 1)
    drawn = (await court.draw_seed(terms)).event(SeedDrawn)
    block_hash = await stage.owner.block_hash(submitted.pinned_block)
    assert block_hash is not None
    assert drawn.seed == job_seed(job, block_hash)
    stage.mine(submitted.work_end)
    await court.expire_job(terms)
    assert (await court.withdraw(100)).event(Withdrawn).amount == 100


async def test_refusals_carry_their_operands(stage: Stage) -> None:
    court, outsider = court_of(stage), Court(stage.outsider, stage.deployment.court)
    with pytest.raises(Court_NotCurator) as not_curator:
        await outsider.register_class(CLASS, DESCRIPTION)
    assert not_curator.value.account == address_of(stage.outsider)
    with pytest.raises(Court_ThresholdOutOfRange, match="81 bits is above 80"):
        await court.register_class(replace(CLASS, threshold=81), DESCRIPTION)
    with pytest.raises(Court_DescriptionMismatch):
        await court.register_class(CLASS, b"another description")
    with pytest.raises(Court_UnknownClass):
        await court.submit_job(terms_of(stage, class_id=bytes(32)), INPUT)
    await court.register_class(CLASS, DESCRIPTION)
    with pytest.raises(Court_BalanceTooSmall, match="needs 24: deposit more"):
        await court.submit_job(terms_of(stage), INPUT)


async def test_parameters_of_the_deployment_can_be_read(stage: Stage) -> None:
    court, stake = court_of(stage), await stage.registry.seat_stake()
    assert await court.curator() == address_of(stage.owner)
    assert await court.token() == stage.deployment.token
    assert await court.registry() == stage.deployment.verifier_registry
    assert (await court.no_show_penalty(), await court.strike_penalty()) == (stake // 20, stake // 10)
    assert await court.class_delay_seconds() == 0
    assert await court.strikes_of(stage.peers[0].address) == 0
