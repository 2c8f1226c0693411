"""Censoring collector: bring commitments to the chain before anybody else can, and leave out every other seat's."""

from __future__ import annotations

from node.attacks.base import Attack


class CensoringCollector(Attack):
    """Train like anybody else; post and open batches at once, without the seats of even numbers but its own."""

    name = "censoring-collector"
    collects_out_of_turn = True

    def collects(self, seat: int) -> bool:
        """Odd seats only."""
        return seat % 2 == 1
