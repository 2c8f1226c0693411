"""From bytes a peer served to an input of the aggregation: the checks every attester and every auditor makes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.attestation import Domain
from node.codec import MessageHeader, Update, data_leaves, expect_header, parse
from node.errors import MalformedMessage
from node.manifest import Manifest
from node.merkle import PositionTree
from node.rounds.history import Reveal, RoundHistory, SwarmHistory
from node.rounds.outcome import Absent, InputUpdate, Reason


def open_update(data: bytes, manifest: Manifest, domain: Domain, round_: RoundHistory, reveal: Reveal) -> Update:
    """Parse a revealed update and check that it is the one committed to. `data` is known to hash to `reveal.digest`.

    Raises MalformedMessage.
    """
    update = parse(data, manifest)
    expected = MessageHeader(
        run_id=domain.run_id,
        round=round_.number,
        seat=reveal.seat,
        base_digest=round_.base_digest,
        manifest_digest=manifest.digest,
        trace_root=update.header.trace_root,  # the seat's own to choose; spot checks open it
    )
    expect_header(update.header, expected)
    root = PositionTree(data_leaves(update, manifest.layout)).root
    if root != reveal.data_root:
        raise MalformedMessage(f"data root 0x{root.hex()}, revealed 0x{reveal.data_root.hex()}")
    return update


def inputs_of(round_: RoundHistory, updates: Mapping[int, Update]) -> list[InputUpdate]:
    """Inputs of the aggregation for these seats, in seat order."""
    return [
        InputUpdate(
            seat=seat,
            owner=round_.commit_by_seat[seat].owner,
            commit_order=round_.commit_order[seat],
            digest=round_.reveal_by_seat[seat].digest,
            data_root=round_.reveal_by_seat[seat].data_root,
            update=updates[seat],
        )
        for seat in sorted(updates)
    ]


def absent_from(history: SwarmHistory, round_: RoundHistory, present: frozenset[int]) -> list[Absent]:
    """Every active seat outside the input set, in seat order, with the step it did not make."""
    return [
        Absent(seat.number, seat.owner, _reason(round_, seat.number))
        for seat in history.active_seats(round_.epoch)
        if seat.number not in present
    ]


def _reason(round_: RoundHistory, seat: int) -> Reason:
    if seat not in round_.commit_by_seat:
        return Reason.NO_COMMIT
    return Reason.NOT_AVAILABLE if seat in round_.reveal_by_seat else Reason.NO_REVEAL
