"""What can go wrong with stored content.

Error tree:

* StorageError (node.errors)
  - BadCid              text or bytes that are no content identifier of ours
  - BlockMissing        the store does not hold a block
  - BlockTooLarge       a block above the one-block limit
  - WrongBlock          bytes offered under a digest that is not theirs
  - StoreCorrupt        a stored block changed on disk; it was moved to quarantine
  - MalformedDag        blocks that do not form a file in a way we read
  - ObjectTooLarge      an object above what the caller allows
  - MalformedCar        an archive that breaks the CARv1 format
  - StoreUnusable       a directory that cannot be opened, or a disk that is full
  - StoreUnreachable    an IPFS daemon or gateway that does not answer (exit code 4)
  - StoreDisagrees      an IPFS daemon that answered something else than was asked
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from node.errors import StorageError

if TYPE_CHECKING:
    from node.storage.cid import Cid


class BadCid(StorageError):
    """`text` is not a content identifier that we read; `reason` says which rule it broke."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text[:128]!r} is not a usable content identifier: {reason}")
        self.text, self.reason = text, reason


class BlockMissing(StorageError):
    """The store `where` does not hold the block of `cid`."""

    def __init__(self, cid: Cid, where: str) -> None:
        super().__init__(f"{where} does not hold block {cid}")
        self.cid, self.where = cid, where


class BlockTooLarge(StorageError):
    """A block of `size_bytes` is above the limit of one block."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"a block of {size_bytes} bytes is above the limit of {limit_bytes}")
        self.size_bytes, self.limit_bytes = size_bytes, limit_bytes


class WrongBlock(StorageError):
    """Bytes that should have sha2-256 digest `expected` have `actual`."""

    def __init__(self, expected: bytes, actual: bytes) -> None:
        super().__init__(f"the block should have digest {expected.hex()} and has {actual.hex()}")
        self.expected, self.actual = expected, actual


class StoreCorrupt(StorageError):
    """The file of block `cid` no longer holds its bytes; it now lies in quarantine at `path`."""

    def __init__(self, cid: Cid, path: Path) -> None:
        super().__init__(f"the stored block {cid} is corrupt; it was moved to {path}")
        self.cid, self.path = cid, path


class MalformedDag(StorageError):
    """The block `cid` is not a node of a file that we read; `reason` says why."""

    def __init__(self, cid: Cid, reason: str) -> None:
        super().__init__(f"block {cid} is not part of a readable file: {reason}")
        self.cid, self.reason = cid, reason


class ObjectTooLarge(StorageError):
    """The object `cid` says it holds `size_bytes`; the caller allows `maximum_bytes`."""

    def __init__(self, cid: Cid, size_bytes: int, maximum_bytes: int) -> None:
        super().__init__(f"object {cid} holds {size_bytes} bytes, more than the allowed {maximum_bytes}")
        self.cid, self.size_bytes, self.maximum_bytes = cid, size_bytes, maximum_bytes


class MalformedCar(StorageError):
    """A CAR archive breaks the format at byte `offset`."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"malformed CAR archive at byte {offset}: {reason}")
        self.offset, self.reason = offset, reason


class StoreUnusable(StorageError):
    """The block store at `path` cannot be opened or written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the block store {path} cannot be used: {reason}")
        self.path, self.reason = path, reason


class StoreUnreachable(StorageError):
    """No answer from `address` (an IPFS daemon or a gateway)."""

    exit_code = 4

    def __init__(self, address: str, cause: str) -> None:
        super().__init__(f"{address} cannot be reached: {cause}")
        self.address, self.cause = address, cause


class StoreDisagrees(StorageError):
    """The daemon at `address` answered `answered` where `expected` was the only right answer."""

    def __init__(self, address: str, expected: str, answered: str) -> None:
        super().__init__(f"{address} answered {answered!r} where {expected} was expected")
        self.address, self.expected, self.answered = address, expected, answered
