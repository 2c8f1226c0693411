"""Asking the other parties of a round, and believing only what fits their accounts and their commitments."""

from __future__ import annotations

from contracts.court import is_signed_by, output_commitment
from contracts.court_values import Opening, SignedEntry
from contracts.values import Address
from node.exchange.errors import PeerError
from node.exchange.source import Source
from verifier.court.exchange import ask_commitment, ask_opening
from verifier.court.job import Job, JobRound
from verifier.court.surroundings import Surroundings


async def ask_for_commitment(
    around: Surroundings, job: Job, round_number: int, index: int, account: Address
) -> SignedEntry | None:
    """The commitment that this account has signed for its index; None while it has not, or is away."""
    source = _source(around, account)
    if source is None:
        return None
    try:
        signed = await ask_commitment(around.client, source, job.job_id, round_number)
    except PeerError:
        return None
    if signed is None or signed.entry.index != index:
        return None
    return signed if is_signed_by(account, job.job_id, round_number, signed) else None


async def ask_for_opening(around: Surroundings, job: Job, round_: JobRound, index: int) -> Opening | None:
    """What opens the commitment with this index; None while its maker does not show it, or is away."""
    source = _source(around, round_.commitments[index].account)
    if source is None:
        return None
    try:
        opening = await ask_opening(around.client, source, job.job_id, round_.number)
    except PeerError:
        return None
    return opening if opening is not None and opening.index == index and opens(job, round_, opening) else None


def opens(job: Job, round_: JobRound, opening: Opening) -> bool:
    """Whether an opening is what the party with its index committed to."""
    opened = round_.openings.get(opening.index)
    if opened is not None:  # the court has compared it with the commitment, and parties ask at every look
        return opened.opening == opening
    promise = round_.commitments.get(opening.index)
    if promise is None:
        return False
    parts = (opening.digest, opening.output_digest, opening.salt)
    return output_commitment(job.job_id, round_.number, promise.account, *parts) == promise.commitment


def _source(around: Surroundings, account: Address) -> Source | None:
    endpoint = around.seats.history.endpoints.get(account)
    return None if endpoint is None else Source(account, endpoint.url)
