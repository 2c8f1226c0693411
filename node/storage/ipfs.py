"""Content in an IPFS daemon, over the Kubo RPC, through `ipfshttpclient`.

The daemon is asked for what every Kubo from 0.5 on has (add, block, pin, repo, refs) and is not trusted: identifiers
are computed here and compared, blocks are checked against their digest. The client library is from 2021 and sends
`raw-leaves=false` unless told otherwise, which gives other identifiers than the command line's: it is always told.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final, Self

import ipfshttpclient
from ipfshttpclient import exceptions as rpc

from node.storage.cid import DAG_PB, RAW, Cid, sha2_256
from node.storage.errors import BlockMissing, StoreDisagrees, StoreUnreachable
from node.storage.store import BlockStore, check_block
from node.storage.unixfs import UNIXFS_V1_2025, Block, root_of
from node.storage.unixfs_reader import is_complete, root_cid

DEFAULT_ADDRESS: Final = "/ip4/127.0.0.1/tcp/5001/http"
_PATIENCE_SECONDS: Final = 2.0


class IpfsStore(BlockStore):
    """A ContentStore in the IPFS daemon whose RPC listens at `address` (a multiaddr).

    `search_seconds`: how long the daemon may look for a block in the IPFS network; 0 asks for what it holds itself.
    `timeout_seconds` bounds every other call. Raises StoreUnreachable.
    """

    def __init__(
        self, address: str = DEFAULT_ADDRESS, *, search_seconds: float = 0.0, timeout_seconds: float = 60.0
    ) -> None:
        self.address = address
        # Sent along even when nothing is to be searched: js-ipfs ignores `offline` and would wait for ever.
        self._block_options = {"timeout": f"{max(search_seconds, _PATIENCE_SECONDS):g}s"}
        with self._failing_clearly():
            # Not `connect`: it warns about every version after 0.8, and what is used here has not changed since.
            self._client = ipfshttpclient.Client(
                address, offline=search_seconds <= 0, timeout=timeout_seconds + search_seconds, session=True
            )
            _drop_strict(self._client)
            try:
                self.version = str(self._client.version()["Version"])
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the daemon."""
        self._client.close()

    def add(self, data: bytes) -> Cid:
        """See ContentStore. Raises StoreDisagrees when the daemon cuts the bytes otherwise than our profile does."""
        expected = root_of(data)
        expected = root_of(data)
        with self._failing_clearly():
            answer = self._client.add(
                io.BytesIO(data),
                cid_version=1,
                raw_leaves=True,
                chunker=f"size-{UNIXFS_V1_2025.chunk_bytes}",
                pin=False,
                opts={"max-file-links": UNIXFS_V1_2025.links},
            )
        # Some daemons answer in base58: compare identifiers, not their spelling.
        answered = str(answer["Hash"])
        if Cid.parse(answered) != expected:
            raise StoreDisagrees(self.address, str(expected), answered)
        return expected

    def get_block(self, digest: bytes) -> bytes:
        """See ContentReader."""
        cid = Cid(RAW, digest)
        try:
            with self._failing_clearly():
                block: bytes = self._client.block.get(str(cid), opts=dict(self._block_options))
        except rpc.ErrorResponse:
            raise BlockMissing(cid, f"the IPFS daemon at {self.address}") from None
        if sha2_256(block) != digest:
            raise StoreDisagrees(self.address, str(cid), str(Cid.of(RAW, block)))
        return block

    def has(self, cid: Cid) -> bool:
        """See ContentReader."""
        try:
            with self._failing_clearly():
                self._client.block.stat(str(Cid(RAW, cid.digest)), opts=dict(self._block_options), offline=True)
        except rpc.ErrorResponse:
            return False
        return True

    def put_block(self, block: bytes, digest: bytes) -> None:
        """See ContentStore."""
        check_block(block, digest)
        self._put(root_cid(block), block)

    def put_named(self, blocks: Iterable[Block]) -> Cid | None:
        """See BlockStore."""
        cid = None
        for block in blocks:
            self._put(block.cid, block.data)
            cid = block.cid
        return cid

    def _put(self, cid: Cid, block: bytes) -> None:
        # `format` is the old name of the codec and still understood; dag-pb is the old default and needs the new name.
        options = {"cid-codec": "dag-pb"} if cid.codec == DAG_PB else {"format": "raw"}
        with self._failing_clearly():
            answer = self._client.block.put(io.BytesIO(block), opts={"mhtype": "sha2-256", **options})
        answered = str(answer["Key"])
        if Cid.parse(answered).digest != cid.digest:
            raise StoreDisagrees(self.address, str(cid), answered)

    def pin(self, cid: Cid) -> None:
        """See ContentStore."""
        if not is_complete(self._block_of, self.has, cid):
            raise BlockMissing(cid, f"all of the IPFS daemon at {self.address}")
        try:
            with self._failing_clearly():
                self._client.pin.add(str(cid), recursive=True)
        except rpc.ErrorResponse:
            raise BlockMissing(cid, f"the IPFS daemon at {self.address}") from None

    def unpin(self, cid: Cid) -> None:
        """See ContentStore."""
        with contextlib.suppress(rpc.ErrorResponse), self._failing_clearly():
            self._client.pin.rm(str(cid), recursive=True)

    def pins(self) -> set[Cid]:
        """See ContentStore."""
        with self._failing_clearly():
            answer = self._client.pin.ls(type="recursive")
        return {Cid.parse(text) for text in answer["Keys"]}

    def blocks(self) -> Iterator[bytes]:
        """See ContentStore."""
        with self._failing_clearly():
            answers: list[dict[str, Any]] = list(self._client.unstable.refs.local())
        for answer in answers:
            yield Cid.parse(answer["Ref"]).digest

    def collect_garbage(self) -> int:
        """See ContentStore."""
        with self._failing_clearly():
            return len(self._client.repo.gc(quiet=False))

    @contextlib.contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        """Turn what the client library raises for a daemon that is gone into one clear error."""
        try:
            yield
        except rpc.ErrorResponse:
            raise
        except (rpc.Error, LookupError, AssertionError) as error:
            # The library asserts the shape of answers: something that is no IPFS daemon listens there.
            raise StoreUnreachable(f"the IPFS daemon at {self.address}", str(error) or type(error).__name__) from error


def _drop_strict(client: ipfshttpclient.Client) -> None:
    """Take back an argument the library gives urllib3, which has warned about it on every request since version 2."""
    for adapter in client._client._session.adapters.values():
        adapter.poolmanager.connection_pool_kw.pop("strict", None)
