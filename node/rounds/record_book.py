"""The records of finished rounds that this peer holds, and what follows from them about earnings."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from contracts.values import Address
from node.errors import StateError
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.record import RecordError, RoundRecord
from node.state_directory import StateDirectory


class RecordMissing(StateError):
    """A record that is needed now has not been fetched yet."""

    def __init__(self, round_number: int) -> None:
        super().__init__(f"the record of round {round_number} is not here yet")
        self.round = round_number


class RecordBook:
    """Records on disk, checked before they got there; the newest ones also in memory."""

    def __init__(self, state: StateDirectory, *, me: Address) -> None:
        self._state, self._me = state, me
        self._newest: dict[int, RoundRecord] = {}
        self._damaged: set[int] = set()
        self._log = structlog.get_logger("records")

    def get(self, round_number: int) -> RoundRecord | None:
        """The record of a round, or None: also when the file is damaged, then it is fetched again and replaced."""
        if round_number not in self._newest:
            data = self._state.get(round_number)
            if data is None:
                return None
            try:
                record = RoundRecord.from_json(data, round_number)
            except RecordError as error:
                self._complain(round_number, error)
                return None
            self._remember(record)
            return record  # an old one is not kept in memory
        return self._newest[round_number]

    def save(self, record: RoundRecord) -> None:
        """Keep a record that was checked against the chain."""
        self._state.save_record(record.round, record.to_json())
        self._remember(record)
        self._damaged.discard(record.round)

    def settled(self, history: SwarmHistory) -> frozenset[int]:
        """The last accepted round, if its record is here."""
        last = history.previous_accepted(len(history.rounds) + 1)
        return frozenset() if last is None or self.get(last.number) is None else frozenset({last.number})

    def earned_before(self, history: SwarmHistory, round_: RoundHistory) -> Mapping[Address, int]:
        """What every account had earned when this round began, in wei. Raises RecordMissing."""
        earlier = history.previous_accepted(round_.number)
        if earlier is None:
            return {}
        record = self.get(earlier.number)
        if record is None:
            raise RecordMissing(earlier.number)
        return {leaf.account: leaf.cumulative_wei for leaf in record.rewards}

    def earned_wei(self, history: SwarmHistory) -> int:
        """What this peer can have claimed by now: its total as of the last finalized round whose record is here."""
        finalized = [item.number for item in history.rounds if item.finalized is not None]
        record = self.get(finalized[-1]) if finalized else None
        leaves = () if record is None else record.rewards
        return next((leaf.cumulative_wei for leaf in leaves if leaf.account == self._me), 0)

    def _complain(self, round_number: int, error: RecordError) -> None:
        if round_number not in self._damaged:
            self._log.warning("a record on disk is damaged, looking for another", cause=str(error))
        self._damaged.add(round_number)

    def _remember(self, record: RoundRecord) -> None:
        self._newest[record.round] = record
        while len(self._newest) > 4:
            self._newest.pop(min(self._newest))
