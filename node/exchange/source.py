"""A peer to ask: its account address, and where its gateway listens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A peer that may have what we want: its account address and the URL of its gateway."""

    address: str
    url: str
