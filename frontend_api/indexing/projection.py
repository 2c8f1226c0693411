"""Rows of the view tables from folded histories. Pure: what changed between two histories becomes rows to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from contracts.attestation import Result
from contracts.events import Event
from contracts.values import ProjectConfiguration
from frontend_api.indexing.database import (
    AccountView,
    Base,
    ClaimView,
    EventFact,
    RoundStatus,
    RoundView,
    SeatView,
    UpdateView,
)
from node.rounds.history import Place, RoundHistory, SwarmHistory
from verifier.archive.event_json import event_to_json

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


def event_row(event: Event) -> EventFact:
    """The row that keeps an event."""
    return EventFact(
        block_number=event.block_number,
        log_index=event.log_index,
        block_hash=hexadecimal(event.block_hash),
        address=event.address,
        name=type(event).__name__,
        document=event_to_json(event),
    )


def registry_rows(project: str, old: SwarmHistory, new: SwarmHistory) -> Iterator[Base]:
    """Seats and accounts of a project that changed."""
    for number, seat in _changed(old.seats, new.seats):
        yield SeatView(
            project=project,
            seat=number,
            owner=seat.owner,
            active_epoch=seat.active_epoch,
            inactive_epoch=seat.inactive_epoch,
            withdrawn=seat.withdrawn,
        )
    owners = {seat.owner for _, seat in _changed(old.seats, new.seats)}
    for account in sorted(owners | {account for account, _ in _changed(old.endpoints, new.endpoints)}):
        endpoint = new.endpoints.get(account)
        yield AccountView(
            project=project,
            address=account,
            # An account may have announced any bytes; PostgreSQL takes all of them but zero.
            endpoint=endpoint.url.replace("\x00", "") if endpoint else None,
            peer_key=hexadecimal(endpoint.peer_key) if endpoint else None,
        )


def project_rows(project: str, old: SwarmHistory, new: SwarmHistory) -> Iterator[Base]:
    """Rounds, updates and claims that changed."""
    before = {item.number: item for item in old.rounds}
    for item in new.rounds:
        if before.get(item.number) is not item:
            yield _round_row(project, item)
            yield from _update_rows(project, before.get(item.number), item)
    for account, claimed_wei in _changed(old.claimed_wei, new.claimed_wei):
        yield ClaimView(project=project, account=account, claimed_wei=claimed_wei)


def plain_configuration(configuration: ProjectConfiguration) -> dict[str, str | int]:
    """A project's configuration as REST shows it: digests in hexadecimal, the pool as a decimal string."""
    plain: dict[str, str | int] = {}
    for item in fields(configuration):
        value = getattr(configuration, item.name)
        plain[item.name] = hexadecimal(value) if isinstance(value, bytes) else value
    return {**plain, "round_pool": str(configuration.round_pool)}


def hexadecimal(value: bytes) -> str:
    """0x and lower-case digits, as everything outside Python writes bytes."""
    return "0x" + value.hex()


def result_document(result: Result) -> dict[str, str]:
    """The signed result as REST shows it."""
    return {
        "prev_cid": hexadecimal(result.prev_cid),
        "input_root": hexadecimal(result.input_root),
        "cid": hexadecimal(result.cid),
        "data_root": hexadecimal(result.data_root),
        "weight_root": hexadecimal(result.weight_root),
        "reward_root": hexadecimal(result.reward_root),
        "cumulative_total": str(result.cumulative_total),
    }


def place_document(place: Place | None) -> dict[str, Any] | None:
    """Where something happened, as REST shows it."""
    if place is None:
        return None
    return {
        "block": place.block_number,
        "log_index": place.log_index,
        "transaction": hexadecimal(place.transaction_hash),
    }


def round_status(item: RoundHistory) -> RoundStatus:
    """How far a round has come, whatever the time is."""
    if item.voided is not None:
        return "voided"
    if item.skipped is not None:
        return "skipped"
    if item.finalized is not None:
        return "finalized"
    return "open" if item.acceptance is None else "accepted"


def _round_row(project: str, item: RoundHistory) -> RoundView:
    accepted = item.acceptance
    return RoundView(
        project=project,
        number=item.number,
        status=round_status(item),
        base_digest=hexadecimal(item.base_digest),
        seed=hexadecimal(item.seed),
        epoch=item.epoch,
        pool_wei=item.pool_wei,
        stake_snapshot_wei=item.stake_snapshot_wei,
        commit_end=item.commit_end,
        reveal_end=item.reveal_end,
        availability_end=item.availability_end,
        attest_start=item.attest_start,
        attest_end=item.attest_end,
        challenge_end=accepted.challenge_end if accepted else None,
        committed=len(item.commits),
        revealed=len(item.reveals),
        batches=len(item.batches),
        result_hash=hexadecimal(accepted.result_hash) if accepted else None,
        checkpoint_digest=hexadecimal(accepted.result.cid) if accepted else None,
        result=result_document(accepted.result) if accepted else None,
        accepted_weight_wei=accepted.weight_wei if accepted else None,
        opened=place_document(item.opened),
        accepted=place_document(accepted.place) if accepted else None,
        finalized=place_document(item.finalized),
        skipped=place_document(item.skipped),
        voided=place_document(item.voided),
    )


def _update_rows(project: str, old: RoundHistory | None, new: RoundHistory) -> Iterator[UpdateView]:
    known = (len(old.commits), len(old.reveals)) if old else (0, 0)
    touched = {commit.seat for commit in new.commits[known[0] :]} | {item.seat for item in new.reveals[known[1] :]}
    for seat in sorted(touched):
        commit, reveal = new.commit_by_seat[seat], new.reveal_by_seat.get(seat)
        yield UpdateView(
            project=project,
            round=new.number,
            seat=seat,
            owner=commit.owner,
            commitment=None if commit.commitment is None else hexadecimal(commit.commitment),
            committed=place_document(commit.place),
            digest=hexadecimal(reveal.digest) if reveal else None,
            data_root=hexadecimal(reveal.data_root) if reveal else None,
            revealed=place_document(reveal.place) if reveal else None,
        )


def _changed(old: Mapping[KeyT, ValueT], new: Mapping[KeyT, ValueT]) -> Iterable[tuple[KeyT, ValueT]]:
    return [(key, value) for key, value in new.items() if old.get(key) != value]
