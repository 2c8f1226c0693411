"""Partial service: serve some peers and not others, to make honest peers disagree on who delivered."""

from __future__ import annotations

import hashlib

from node.attacks.base import Attack


class PartialService(Attack):
    """Serve about half of the addresses, always the same ones; nobody who gives no address."""

    name = "partial-service"

    def serve(self, requester: str | None, digest: bytes, data: bytes) -> bytes | None:
        """`data` for a favoured requester, None for any other."""
        return data if requester is not None and is_favoured(requester) else None


def is_favoured(requester: str) -> bool:
    """Whether an address, in any letter case, is among those that are served."""
    return hashlib.sha256(requester.lower().encode()).digest()[0] % 2 == 0
