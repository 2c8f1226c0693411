"""Censoring collector: post commitments before anybody else can, leave out every other seat's, and open nobody's."""

from __future__ import annotations

from node.attacks.base import Attack


class CensoringCollector(Attack):
    """Train like anybody else; post batches out of turn without seats of even numbers, and open none; but its own."""

    name = "censoring-collector"
    collects_out_of_turn = True

    def collects(self, seat: int) -> bool:
        """Odd seats only."""
        return seat % 2 == 1

    def opens(self, seat: int) -> bool:
        """No seat."""
        return False
