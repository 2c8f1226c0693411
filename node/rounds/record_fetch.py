"""Getting a round's record from peers, any of which may lie, stall or send a trickle for hours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from contracts.attestation import Domain
from node.errors import ExchangeError
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.record import RecordError, RoundRecord, check_record

NEXT_AFTER_SECONDS = 1.0
GIVE_UP_SECONDS = 60.0


class RecordUnavailable(ExchangeError):
    """No peer served a record that matches the chain; `causes` by account."""

    def __init__(self, round_number: int, causes: Mapping[str, str]) -> None:
        listed = "; ".join(f"{account}: {cause}" for account, cause in causes.items()) or "no peer is known"
        super().__init__(f"round {round_number}: no record that matches the chain: {listed}")
        self.round, self.causes = round_number, dict(causes)


async def fetch_record(
    client: PeerClient,
    sources: Sequence[Source],
    history: SwarmHistory,
    round_: RoundHistory,
    domain: Domain,
    *,
    next_after_seconds: float = NEXT_AFTER_SECONDS,
    give_up_seconds: float = GIVE_UP_SECONDS,
) -> RoundRecord:
    """A record that matches the chain, from the first peer to serve one. Raises RecordUnavailable.

    The peers are asked one after another, and the next one as well when an answer takes longer than
    `next_after_seconds`.
    """

    async def ask(source: Source) -> RoundRecord:
        data = await client.record(source, round_.number)
        return await asyncio.to_thread(_checked, data, history, round_, domain)

    causes: dict[str, str] = {}
    waiting = list(reversed(sources))
    running: dict[asyncio.Task[RoundRecord], str] = {}
    try:
        async with asyncio.timeout(give_up_seconds):
            while waiting or running:
                if waiting:
                    source = waiting.pop()
                    running[asyncio.create_task(ask(source))] = source.address
                done, _ = await asyncio.wait(
                    running, timeout=next_after_seconds if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    account = running.pop(task)
                    try:
                        return task.result()
                    except (ExchangeError, RecordError) as error:
                        causes[account] = str(error)
    except TimeoutError:
        causes |= dict.fromkeys(running.values(), f"not done after {give_up_seconds:.0f} s")
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    raise RecordUnavailable(round_.number, causes)


def _checked(data: bytes, history: SwarmHistory, round_: RoundHistory, domain: Domain) -> RoundRecord:
    record = RoundRecord.from_json(data, round_.number)
    check_record(record, history, round_, domain)
    return record
