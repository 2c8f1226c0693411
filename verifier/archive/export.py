"""Export a project: everything its audit reads, and whatever else belongs to its accepted rounds, as one archive.

The archive holds exactly the bytes that were read, right or wrong, so it shows an auditor what the exporter saw.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from node.checkpoint import checkpoint_limit_bytes
from node.codec import message_limit_bytes
from node.manifest import Manifest
from node.rounds.history import SwarmHistory
from verifier import objects, published
from verifier.archive.chain_json import encode_chain
from verifier.archive.write import FolderWriter, pack_car
from verifier.chain_record import ChainRecord
from verifier.errors import ArchiveDamaged, ArchiveUnwritable
from verifier.objects import ObjectName
from verifier.sources import Damaged, Missing, Published, Source
from verifier.verdict import Reject

CAR_SUFFIX = ".car"


class RecordingSource:
    """A source that keeps what is read from it; the archive is whole after `finish`.

    `target`: a CAR file if its name ends in .car, else a folder; neither may be there yet. Raises ArchiveUnwritable.
    """

    def __init__(self, source: Source, target: Path) -> None:
        if target.exists():
            raise ArchiveUnwritable(target, "something is there already")
        self._source, self._target = source, target
        self._staging: tempfile.TemporaryDirectory[str] | None = None
        if target.suffix == CAR_SUFFIX:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._staging = tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-")
            except OSError as error:
                raise ArchiveUnwritable(target, error.strerror or str(error)) from error
        self._folder = target if self._staging is None else Path(self._staging.name) / "archive"
        self._writer = FolderWriter(self._folder)

    def chain(self) -> ChainRecord:
        """See Source."""
        record = self._source.chain()
        self._writer.write(objects.CHAIN_PATH, encode_chain(record))
        return record

    async def read(self, name: ObjectName, digest: bytes, maximum_bytes: int) -> bytes | Missing | Damaged:
        """See Source."""
        answer = await self._source.read(name, digest, maximum_bytes)
        if isinstance(answer, bytes) and name.path not in self._writer:
            await asyncio.to_thread(self._writer.write, name.path, answer)
        return answer

    async def records(self, name: ObjectName) -> AsyncIterator[Published | Missing]:
        """See Source. The record that was read last stays: an audit stops asking at the first right one."""
        async for item in self._source.records(name):
            if isinstance(item, Published):
                await asyncio.to_thread(self._writer.write, name.path, item.data)
            yield item

    def damages(self) -> Sequence[ArchiveDamaged]:
        """See Source."""
        return self._source.damages()

    async def complete(self, history: SwarmHistory, manifest: Manifest) -> None:
        """Read what the audit did not: objects nobody has are left out, so an audit of the archive names them."""
        if objects.CHAIN_PATH not in self._writer:
            self.chain()
        for round_ in history.rounds:
            if round_.acceptance is None:
                continue
            before = history.previous_accepted(round_.number)
            bases = {0 if before is None else before.number: round_.base_digest}
            for number, digest in {**bases, round_.number: round_.accepted.result.cid}.items():
                await self._keep(objects.checkpoint(number), digest, checkpoint_limit_bytes(manifest))
            for seat in await self._seats(round_.number):
                if seat in round_.reveal_by_seat:
                    name, digest = objects.message(round_.number, seat), round_.reveal_by_seat[seat].digest
                    await self._keep(name, digest, message_limit_bytes(manifest.layout))

    def finish(self) -> None:
        """Write the index and, for a CAR file, pack the folder."""
        self._writer.finish()
        if self._staging is not None:
            pack_car(self._folder, self._target)

    def close(self) -> None:
        """Remove what was only needed on the way."""
        if self._staging is not None:
            self._staging.cleanup()

    async def _keep(self, name: ObjectName, digest: bytes, maximum_bytes: int) -> None:
        if name.path not in self._writer:
            await self.read(name, digest, maximum_bytes)

    async def _seats(self, number: int) -> tuple[int, ...]:
        """The input seats of a round, from its record; none if it cannot be had."""
        name = objects.round_record(number)
        if name.path in self._writer:
            data: bytes | None = (self._folder / name.path).read_bytes()
        else:
            data = None
            async for item in self.records(name):
                if isinstance(item, Published):
                    data = item.data
                    break
        document = None if data is None else published.parse_record(number, data)
        seats = () if document is None or isinstance(document, Reject) else published.input_seats(number, document)
        return () if isinstance(seats, Reject) else seats
