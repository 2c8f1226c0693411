"""What all events have in common: where they stand in the chain."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.values import Address


@dataclass(frozen=True, kw_only=True)
class Event:
    """Where an event stands: emitting contract, block, and its position among all events of that block.

    `block_timestamp` is None where the node does not tell it with the event.
    """

    address: Address
    block_number: int
    block_hash: bytes
    log_index: int
    transaction_hash: bytes
    block_timestamp: int | None = None

    @property
    def position(self) -> tuple[int, int]:
        """(block, index in it): the order in which events happened."""
        return self.block_number, self.log_index
