"""The signed have-lists in a record: do the input set and its failed seats follow from them? Pure.

They show what no root says: that attesters with more than 2/3 of the stake held what went in, and that the drawn
checkers of a seat that was not paid for a failed check did sign that it failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.attestation import Domain
from node.checks.draw import draw_checks
from node.errors import ExchangeError
from node.exchange.envelope import Envelope, open_envelope
from node.manifest import Manifest
from node.rounds.agreement import (
    HAVE_LIST,
    HaveList,
    available_seats,
    carries_quorum,
    failed_seats,
    parse_have_list,
    voted_seats,
)
from node.rounds.drawing import electorate
from node.rounds.history import RoundHistory, SwarmHistory
from verifier import objects, published
from verifier.verdict import Finding, Inconclusive, Reject, reject


def check_have_lists(
    round_: RoundHistory, history: SwarmHistory, manifest: Manifest, domain: Domain, document: Mapping[str, Any]
) -> Finding | None:
    """Check a record whose inputs and contributions are known to be what the chain accepted.

    A record without have-lists shows nothing: that is inconclusive only if a seat lost its pay by them.
    """
    number, failed = round_.number, published.failed_seats(document)
    lists = _read(round_, domain, document)
    if isinstance(lists, Reject):
        return lists
    if not lists:
        reason = f"the record has no have-lists that show why seats {sorted(failed)} failed their check"
        return Inconclusive(number, f"have-lists of round {number}", reason) if failed else None
    spoke = frozenset(item.sender for item in lists)
    voters = electorate(history, round_, spoke, now=round_.attest_start)
    weights, total = voters.weights, voters.total
    where = f"have-lists in the record of round {number}"
    senders = {item.sender for item in lists}
    if len(senders) != len(lists) or not carries_quorum(sum(weights.get(sender, 0) for sender in senders), total):
        return reject(
            number, where, "senders", "each once, with more than 2/3 of the stake", ", ".join(sorted(senders))
        )
    inputs = frozenset(leaf["seat"] for leaf in document["inputs"])
    voted = voted_seats(round_.votes, round_.reveal_by_seat, history.attesters(number), round_.stake_snapshot_wei)
    available = available_seats(lists, round_.reveal_by_seat, weights, total) | voted
    if available != inputs:
        return reject(number, where, "available seats", sorted(inputs), sorted(available))
    checks = draw_checks(manifest, round_, history.active_seats(round_.epoch))
    found = failed_seats(lists, checks) & available
    return None if found == failed else reject(number, where, "failed seats", sorted(found), sorted(failed))


def _read(round_: RoundHistory, domain: Domain, document: Mapping[str, Any]) -> list[HaveList] | Reject:
    listed = document.get("have_lists", [])
    where = f"have-lists in the record of round {round_.number}"
    if not isinstance(listed, list):
        return reject(round_.number, objects.round_record(round_.number), "have_lists", "a list", str(listed)[:80])
    lists = []
    for item in listed:
        try:
            envelope = open_envelope(bytes.fromhex(str(item).removeprefix("0x")), domain)
            lists.append(_have_list(envelope, round_))
        except (ExchangeError, ValueError) as error:
            return reject(round_.number, where, "form", "signed have-lists of this round", str(error))
    return lists


def _have_list(envelope: Envelope, round_: RoundHistory) -> HaveList:
    if (envelope.kind, envelope.round) != (HAVE_LIST, round_.number):
        raise ValueError(f"an envelope of kind {envelope.kind!r} and round {envelope.round}")
    return parse_have_list(envelope.sender, envelope.body, envelope.hash, sorted(round_.reveal_by_seat))
