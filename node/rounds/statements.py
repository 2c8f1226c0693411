"""What members say of a round, each statement read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import structlog

from contracts.values import Address
from node.exchange.envelope import Envelope
from node.exchange.mailbox import Mailbox
from node.rounds.agreement import MalformedStatement

_T = TypeVar("_T")
_FEWEST_KEPT = 256  # statements read, before those that were replaced are forgotten


class Statements(Generic[_T]):
    """Reads one kind with `parse`, which raises MalformedStatement. What it cannot read is left out, reported once."""

    def __init__(self, mailbox: Mailbox, kind: str, parse: Callable[[Envelope], _T]) -> None:
        self._mailbox, self._kind, self._parse = mailbox, kind, parse
        self._read: dict[bytes, _T | None] = {}
        self._bound = _FEWEST_KEPT
        self._log = structlog.get_logger("statements")

    def of_round(self, number: int) -> Iterator[tuple[Address, _T]]:
        """Who says what now, in the order of senders."""
        envelopes = self._mailbox.of_round(number, self._kind)
        if len(self._read) >= self._bound:
            # Members may replace what they said without end.
            present = {envelope.hash for envelope in envelopes}
            self._read = {digest: read for digest, read in self._read.items() if digest in present}
            self._bound = 2 * len(present) + _FEWEST_KEPT
        for envelope in envelopes:
            if envelope.hash not in self._read:
                self._read[envelope.hash] = self._try(envelope)
            if (read := self._read[envelope.hash]) is not None:
                yield envelope.sender, read

    def _try(self, envelope: Envelope) -> _T | None:
        try:
            return self._parse(envelope)
        except MalformedStatement as error:
            self._log.warning(
                "statement ignored",
                round=envelope.round,
                kind=envelope.kind,
                sender=envelope.sender,
                cause=str(error),
            )
            return None
