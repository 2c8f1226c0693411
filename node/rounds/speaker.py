"""What a peer says to the others about a round: signed, numbered, and gone when the round is over."""

from __future__ import annotations

from contracts.attestation import Domain
from node.exchange.envelope import seal
from node.exchange.gossip import Gossip
from node.rounds.round_history import RoundHistory
from node.rounds.rules import Rules
from node.state_directory import StateDirectory


class Speaker:
    """Seals statements with the peer's key and spreads them."""

    def __init__(self, *, domain: Domain, key: bytes, rules: Rules, state: StateDirectory, gossip: Gossip) -> None:
        self._domain, self._key, self._rules, self._state, self._gossip = domain, key, rules, state, gossip

    async def say(self, round_: RoundHistory, kind: str, body: bytes) -> None:
        """Spread a statement in the place of an earlier one of its kind. Raises MalformedEnvelope if it is too long."""
        envelope = seal(
            self._domain,
            self._key,
            kind=kind,
            round=round_.number,
            sequence=self._state.next_sequence(),
            expiry=round_.attest_end + self._rules.attest_seconds,
            body=body,
        )
        await self._gossip.publish(envelope)
