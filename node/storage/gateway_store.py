"""Read content from IPFS trustless gateways, among them any peer of a swarm. Nothing is believed before it is hashed.

There is no default gateway: public ones come and go, and whoever runs a swarm names its own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, Self

import urllib3

from node.storage.cid import RAW, Cid, sha2_256
from node.storage.errors import BlockMissing, StoreUnreachable
from node.storage.store import BlockReader
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES

_HEADERS = {"Accept": "application/vnd.ipld.raw", "Accept-Encoding": "identity"}
_NOT_HERE: Final = (404, 410)
_PIECE_BYTES: Final = 1 << 16
MINIMUM_BYTES_PER_SECOND: Final = 1024


class GatewayStore(BlockReader):
    """A ContentReader over gateways at `urls`, asked in this order for each block.

    `timeout_seconds` bounds every wait for bytes. A block that no gateway has is BlockMissing; when one of them could
    not be asked or gave wrong bytes, StoreUnreachable says so for each.
    """

    def __init__(self, urls: Sequence[str], *, timeout_seconds: float = 30.0) -> None:
        if not urls:
            raise ValueError("a gateway store needs at least one gateway")
        self.urls = tuple(url.rstrip("/") for url in urls)
        self._timeout_seconds = timeout_seconds
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(timeout_seconds), retries=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the gateways."""
        self._pool.clear()

    def get_block(self, digest: bytes) -> bytes:
        """See ContentReader. Raises BlockMissing, StoreUnreachable."""
        cid = Cid(RAW, digest)
        failures: list[str] = []
        for url in self.urls:
            try:
                block = self._ask(url, cid)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                failures.append(f"{url}: {error}")
                continue
            if block is not None:
                return block
        if failures:
            raise StoreUnreachable(f"block {cid}", "; ".join(failures))
        raise BlockMissing(cid, "no gateway of " + ", ".join(self.urls))

    def has(self, cid: Cid) -> bool:
        """See ContentReader."""
        try:
            self.get_block(cid.digest)
        except BlockMissing:
            return False
        return True

    def _ask(self, url: str, cid: Cid) -> bytes | None:
        """The checked block, or None when the gateway does not have it. Raises ValueError for any other answer."""
        response = self._pool.request(
            "GET", f"{url}/ipfs/{cid}?format=raw", headers=_HEADERS, preload_content=False, redirect=False
        )
        try:
            if response.status in _NOT_HERE:
                response.drain_conn()
                return None
            if response.status != 200:
                raise ValueError(f"answered status {response.status}")
            block = self._read_bounded(response)
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()
        if sha2_256(block) != cid.digest:
            raise ValueError(f"sent wrong bytes for {cid}")
        return block

    def _read_bounded(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """Read at most one block; a trickle that would hold us for ever is cut off."""
        block = bytearray()
        started = time.monotonic()
        while piece := response.read1(_PIECE_BYTES, decode_content=False):
            block += piece
            if len(block) > MAXIMUM_BLOCK_BYTES:
                raise ValueError(f"sent more than {MAXIMUM_BLOCK_BYTES} bytes for one block")
            elapsed = time.monotonic() - started
            if elapsed > self._timeout_seconds + len(block) / MINIMUM_BYTES_PER_SECOND:
                raise ValueError(f"sent only {len(block)} bytes in {elapsed:.0f} s")
        return bytes(block)
