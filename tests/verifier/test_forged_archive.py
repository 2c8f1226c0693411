"""Archives whose author wrote what never happened: checks over bytes cannot tell, the protocol's rules do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.attestation import result_digest
from contracts.events import Event, ResultAccepted, RoundOpened, SeatsStaked, UpdateCommitted, UpdateRevealed
from tests.verifier.swarm import MANIFEST
from verifier.archive.source import ArchiveSource
from verifier.audit import audit_source
from verifier.chain_record import ChainRecord
from verifier.verdict import Accept, Inconclusive, Reject, Verdict

Forge = Callable[[ChainRecord], ChainRecord]


class Forged(ArchiveSource):
    """An archive with a chain record of the test's own."""

    def __init__(self, path: Path, forge: Forge) -> None:
        super().__init__(path)
        self._forge = forge

    def chain(self) -> ChainRecord:
        return self._forge(super().chain())


@pytest.fixture
def forged(archives: dict[str, Path]) -> Callable[[Forge], Forged]:
    return lambda forge: Forged(archives["folder"], forge)


def changing(kind: type[Event], change: Callable[[Event], Event], number: int | None = None) -> Forge:
    """Change the events of one kind, of one round if it is given."""

    def forge(record: ChainRecord) -> ChainRecord:
        events = tuple(
            change(event)
            if isinstance(event, kind) and (number is None or getattr(event, "round", None) == number)
            else event
            for event in record.events
        )
        assert events != record.events
        return replace(record, events=events)

    return forge


def without(kind: type[Event]) -> Forge:
    return lambda record: replace(record, events=tuple(item for item in record.events if not isinstance(item, kind)))


async def rejected(source: Forged) -> Reject:
    verdict = await audit_source(source)
    assert isinstance(verdict, Reject), verdict
    return verdict


async def test_another_seed_is_rejected(forged: Callable[[Forge], Forged]) -> None:
    verdict = await rejected(forged(changing(RoundOpened, lambda event: replace(event, seed=bytes(32)), 3)))
    assert (verdict.object, verdict.name, verdict.rounds) == ("opening of round 3", "seed", (1,))


async def test_another_pool_is_rejected(forged: Callable[[Forge], Forged]) -> None:
    verdict = await rejected(forged(changing(RoundOpened, lambda event: replace(event, pool=5000), 1)))
    assert (verdict.object, verdict.name, verdict.found) == ("opening of round 1", "pool", "5000")


async def test_another_commitment_is_rejected(forged: Callable[[Forge], Forged]) -> None:
    verdict = await rejected(forged(changing(UpdateCommitted, lambda event: replace(event, commitment=bytes(32)), 3)))
    assert (verdict.object, verdict.name) == ("commitment of seat 1 in round 3", "commitment")


async def test_another_revealed_digest_is_rejected_by_its_commitment(forged: Callable[[Forge], Forged]) -> None:
    verdict = await rejected(forged(changing(UpdateRevealed, lambda event: replace(event, digest=bytes(32)), 4)))
    assert verdict.object == "commitment of seat 1 in round 4"


async def test_another_result_under_the_old_hash_is_rejected(forged: Callable[[Forge], Forged]) -> None:
    def change(event: ResultAccepted) -> Event:
        return replace(event, result=replace(event.result, weight_root=bytes(32)))

    verdict = await rejected(forged(changing(ResultAccepted, change, 1)))  # type: ignore[arg-type]
    assert (verdict.object, verdict.name) == ("result of round 1", "resultHash")


async def test_the_true_result_under_signatures_for_another_is_rejected(forged: Callable[[Forge], Forged]) -> None:
    def forge(record: ChainRecord) -> ChainRecord:
        return replace(record, signatures={**record.signatures, 1: record.signatures[3]})

    verdict = await rejected(forged(forge))
    assert (verdict.object, verdict.name) == ("signature 0 of round 1", "signer")


async def test_another_result_with_its_own_hash_is_rejected_by_the_inputs(forged: Callable[[Forge], Forged]) -> None:
    def forge(record: ChainRecord) -> ChainRecord:
        def change(event: ResultAccepted) -> Event:
            result = replace(event.result, weight_root=bytes(32))
            return replace(event, result=result, result_hash=result_digest(record.facts.domain, event.round, result))

        return changing(ResultAccepted, change, 4)(record)  # type: ignore[arg-type]

    verdict = await rejected(forged(forge))
    assert (verdict.object, verdict.name) == ("result of round 4", "weightRoot")
    assert "first_difference" not in verdict.evidence


async def test_missing_events_are_noticed(forged: Callable[[Forge], Forged]) -> None:
    verdict = await rejected(forged(without(SeatsStaked)))
    assert verdict.object == "chain record"
    assert verdict.name.startswith("events: block ")
    assert "snapshot_wei = 3000, seats_hold_wei = 0" in verdict.found


async def test_another_manifest_is_rejected(forged: Callable[[Forge], Forged]) -> None:
    other = replace(MANIFEST, seed=1).to_bytes()
    verdict = await rejected(forged(lambda record: replace(record, facts=replace(record.facts, manifest=other))))
    assert (verdict.object, verdict.name) == ("manifest", "digest")
    verdict = await rejected(forged(lambda record: replace(record, facts=replace(record.facts, manifest=b"\x00"))))
    assert (verdict.object, verdict.name) == ("manifest", "content")


async def test_another_rule_is_rejected(forged: Callable[[Forge], Forged]) -> None:
    def forge(record: ChainRecord) -> ChainRecord:
        configuration = replace(record.facts.configuration, rule_hash=bytes(32))
        return replace(record, facts=replace(record.facts, configuration=configuration))

    verdict = await rejected(forged(forge))
    assert (verdict.object, verdict.name) == ("manifest", "rule")


async def test_calls_through_another_contract_leave_the_signatures_of_the_record(
    forged: Callable[[Forge], Forged],
) -> None:
    verdict: Verdict = await audit_source(forged(lambda record: replace(record, signatures={}, block_hashes={})))
    assert isinstance(verdict, Accept)


async def test_without_any_readable_quorum_there_is_no_verdict(
    forged: Callable[[Forge], Forged], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = forged(lambda record: replace(record, signatures={}))
    monkeypatch.setattr("verifier.published.signers", lambda document: ())
    verdict = await audit_source(source)
    assert isinstance(verdict, Inconclusive)
    assert verdict.object == "signatures of round 1"
