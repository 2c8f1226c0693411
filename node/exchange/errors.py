"""What can go wrong between peers.

Error tree:

* ExchangeError (node.errors; exit code 4)
  - PortOccupied            the gateway cannot listen where it was told to (exit code 1)
  - MalformedEnvelope       bytes that are no canonical envelope
  - ForgedEnvelope          an envelope whose signature is not its sender's
  - PeerError               one request to one peer failed; carries the peer and the cause
    + PeerUnreachable       refused, reset or cut short
    + PeerTooSlow           no answer, or a trickle, for far longer than the swarm needs
    + PeerBusy              asked to come back later; `retry_after_seconds`
    + PeerAnswered          an HTTP status that is not the object (404, 500, a redirect)
    + PeerLied              wrong or oversized bytes: the peer is dropped for the round
  - FetchFailed             no source had the object; names each with its cause
"""

from __future__ import annotations

from collections.abc import Sequence

from node.errors import ExchangeError
from node.exchange.source import Source
from node.storage.cid import Cid


class PortOccupied(ExchangeError):
    """The gateway cannot listen on `host`:`port`."""

    exit_code = 1

    def __init__(self, host: str, port: int, cause: str) -> None:
        super().__init__(f"the gateway cannot listen on {host}:{port}: {cause}")
        self.host, self.port, self.cause = host, port, cause


class MalformedEnvelope(ExchangeError):
    """Bytes that are no canonical envelope; `reason` says which rule they broke."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed envelope: {reason}")
        self.reason = reason


class ForgedEnvelope(ExchangeError):
    """An envelope that names `sender` but was signed by `signer` (None: by no key at all)."""

    def __init__(self, sender: str, signer: str | None) -> None:
        super().__init__(f"the envelope names {sender} but was signed by {signer or 'no valid key'}")
        self.sender, self.signer = sender, signer


class PeerError(ExchangeError):
    """One request to `source` failed because of `cause`."""

    def __init__(self, source: Source, cause: str) -> None:
        super().__init__(f"{source.address} at {source.url}: {cause}")
        self.source, self.cause = source, cause


class PeerUnreachable(PeerError):
    """The connection was refused, reset or cut short."""


class PeerTooSlow(PeerError):
    """The peer sent nothing, or a trickle, for far longer than its neighbours need."""


class PeerBusy(PeerError):
    """The peer asked to come back in `retry_after_seconds`."""

    def __init__(self, source: Source, status: int, retry_after_seconds: float) -> None:
        super().__init__(source, f"busy (status {status})")
        self.status, self.retry_after_seconds = status, retry_after_seconds


class PeerAnswered(PeerError):
    """The peer answered with a status that is not the object."""

    def __init__(self, source: Source, status: int) -> None:
        super().__init__(source, "does not have it (status 404)" if status == 404 else f"answered status {status}")
        self.status = status


class PeerLied(PeerError):
    """The peer sent bytes that are not what their name says."""


class FetchFailed(ExchangeError):
    """Nobody delivered `cid`; `failures` holds what went wrong with each source, in the order they were tried."""

    def __init__(self, cid: Cid, failures: Sequence[PeerError]) -> None:
        causes = "; ".join(str(failure) for failure in failures) or "no sources were given"
        super().__init__(f"could not fetch {cid}: {causes}")
        self.cid, self.failures = cid, tuple(failures)
