"""A store that looks into another one for what it lacks: a party beside a training peer need not fetch from it."""

from __future__ import annotations

from pathlib import Path

from node.storage.errors import BlockMissing
from node.storage.local import LocalStore
from node.storage.store import ContentReader


class LayeredStore(LocalStore):
    """A LocalStore in `path`; blocks that are not there are read from `behind`, and never copied."""

    def __init__(self, path: Path, behind: ContentReader | None = None) -> None:
        super().__init__(path)
        self._behind = behind

    def get_block(self, digest: bytes) -> bytes:
        """See ContentReader."""
        try:
            return super().get_block(digest)
        except BlockMissing:
            if self._behind is None:
                raise
            return self._behind.get_block(digest)
