"""The envelopes a peer holds: checked, without duplicates, bounded, gone when they expire.

Everything that may refuse an envelope is cheap and comes before the signature, which costs the most. Bounds are per
sender, so that no member can push out another one's messages, and only members (stake in the project) have a place.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contracts.attestation import Domain
from node.exchange.envelope import Envelope, parse_envelope, verify_envelope
from node.exchange.errors import ForgedEnvelope, MalformedEnvelope

_REMEMBERED_HASHES: Final = 1 << 14


class Verdict(enum.Enum):
    """What became of an envelope that was offered."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    STALE = "stale"  # the sender has already said something newer, or the round is over
    EXPIRED = "expired"
    STRANGER = "stranger"  # the sender is no member
    FULL = "full"
    MALFORMED = "malformed"
    FORGED = "forged"


@dataclass(frozen=True)
class MailboxBounds:
    """How many envelopes are held: of one sender, and of all."""

    per_sender: int = 64
    total: int = 1 << 14


_Slot = tuple[str, str, int]  # kind, sender, round: one envelope each


class Mailbox:
    """Envelopes of one project.

    `clock` gives chain time in seconds, `is_member` tells whether an address may speak. Lives on one event loop.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        clock: Callable[[], int],
        is_member: Callable[[str], bool],
        bounds: MailboxBounds | None = None,
    ) -> None:
        self._domain, self._clock, self._is_member = domain, clock, is_member
        self._bounds = bounds or MailboxBounds()
        self._slots: dict[_Slot, Envelope] = {}
        self._by_hash: dict[bytes, Envelope] = {}
        self._by_sender: dict[str, set[_Slot]] = {}
        self._replaced: OrderedDict[bytes, None] = OrderedDict()
        self._first_round = 0
        self._listeners: list[Callable[[Envelope], None]] = []
        self.version = 0
        self._change = asyncio.Event()

    def __len__(self) -> int:
        return len(self._slots)

    def offer(self, data: bytes) -> Verdict:
        """Take in an envelope if it deserves its place. Never raises on bad input."""
        if self.knows(hashlib.sha256(data).digest()):
            return Verdict.DUPLICATE
        try:
            envelope = parse_envelope(data)
        except MalformedEnvelope:
            return Verdict.MALFORMED
        refusal = self._refusal(envelope)
        if refusal is not None:
            return refusal
        try:
            verify_envelope(envelope, self._domain)
        except ForgedEnvelope:
            return Verdict.FORGED
        self._insert(envelope)
        return Verdict.ADDED

    def _refusal(self, envelope: Envelope) -> Verdict | None:
        if envelope.expiry <= self._clock():
            return Verdict.EXPIRED
        if envelope.round < self._first_round:
            return Verdict.STALE
        if not self._is_member(envelope.sender):
            return Verdict.STRANGER
        held = self._slots.get(_slot(envelope))
        if held is not None:
            return Verdict.STALE if envelope.sequence <= held.sequence else None
        mine = self._by_sender.get(envelope.sender, set())
        if len(mine) < self._bounds.per_sender and len(self._slots) < self._bounds.total:
            return None
        self.expire()
        if len(mine) >= self._bounds.per_sender or len(self._slots) >= self._bounds.total:
            return Verdict.FULL
        return None

    def _insert(self, envelope: Envelope) -> None:
        held = self._slots.get(_slot(envelope))
        if held is not None:
            self._remove(held)
            self._replaced[held.hash] = None
            if len(self._replaced) > _REMEMBERED_HASHES:
                self._replaced.popitem(last=False)
        self._slots[_slot(envelope)] = envelope
        self._by_hash[envelope.hash] = envelope
        self._by_sender.setdefault(envelope.sender, set()).add(_slot(envelope))
        self.version += 1
        change, self._change = self._change, asyncio.Event()
        change.set()
        for listener in self._listeners:
            listener(envelope)

    def _remove(self, envelope: Envelope) -> None:
        slot = _slot(envelope)
        del self._slots[slot], self._by_hash[envelope.hash]
        self._by_sender[envelope.sender].discard(slot)
        if not self._by_sender[envelope.sender]:
            del self._by_sender[envelope.sender]

    def of_round(self, round: int, kind: str | None = None) -> tuple[Envelope, ...]:
        """Return the envelopes of a round (of one kind, or all) that are in force, ordered by sender and kind."""
        now = self._clock()
        found = [e for e in self._slots.values() if e.round == round and kind in (None, e.kind) and e.expiry > now]
        return tuple(sorted(found, key=lambda envelope: (envelope.sender.lower(), envelope.kind)))

    def hashes(self, round: int | None = None) -> list[bytes]:
        """Return the names of the envelopes held, of one round or of all, sorted."""
        return sorted(h for h, envelope in self._by_hash.items() if round is None or envelope.round == round)

    def get(self, hash: bytes) -> bytes | None:
        """Return the bytes of the envelope with this name, if it is held."""
        envelope = self._by_hash.get(hash)
        return None if envelope is None else envelope.encoded

    def knows(self, hash: bytes) -> bool:
        """Tell whether this envelope is held, or was until its sender replaced it."""
        return hash in self._by_hash or hash in self._replaced

    def expire(self) -> None:
        """Remove what is void."""
        now = self._clock()
        for envelope in [e for e in self._slots.values() if e.expiry <= now]:
            self._remove(envelope)

    def forget(self, before_round: int) -> None:
        """Remove, and refuse from now on, everything about earlier rounds."""
        self._first_round = max(self._first_round, before_round)
        for envelope in [e for e in self._slots.values() if e.round < self._first_round]:
            self._remove(envelope)

    def listen(self, listener: Callable[[Envelope], None]) -> None:
        """Call `listener` with every envelope that is added from now on."""
        self._listeners.append(listener)

    async def wait_changed(self, since: int | None = None) -> int:
        """Wait until `version` is no longer `since` (by default: what it is now) and return it.

        Passing the version that was last acted upon never misses a change in between.
        """
        since = self.version if since is None else since
        while self.version == since:
            await self._change.wait()
        return self.version


def _slot(envelope: Envelope) -> _Slot:
    return envelope.kind, envelope.sender, envelope.round
