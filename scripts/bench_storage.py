"""Measure content on disk and between peers, each beside the plainest way to move the same bytes.

Usage: python -m scripts.bench_storage [--mebibytes 64] [--small 200] [--repeats 5] [--json]

Medians of wall time. Peers are processes of their own on loopback. Baselines: one file written with fsync, the same
file read, sha2-256 alone; and an aiohttp client that downloads the same bytes from an aiohttp server, checking and
keeping nothing. A fetch also hashes every block, writes it with fsync, and reads and hashes the object once more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

from contracts.attestation import Domain, checksum_address
from node.exchange.envelope import open_envelope, seal
from node.exchange.fetch import Fetcher
from node.exchange.gateway import Gateway
from node.exchange.mailbox import Mailbox
from node.exchange.peer_client import new_session
from node.exchange.source import Source
from node.storage.local import LocalStore
from node.storage.unixfs import MEBIBYTE, import_bytes, last

DOMAIN = Domain(31337, checksum_address(bytes(20)))
SMALL_BYTES = 3000
KEY = b"\x01" * 32


@dataclass(frozen=True)
class Row:
    """One measurement: what, how much, in which unit, and the same by the baseline."""

    name: str
    value: float
    unit: str
    baseline: str | None = None
    baseline_value: float | None = None


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mebibytes", type=int, default=64)
    parser.add_argument("--small", type=int, default=200, help=f"objects of {SMALL_BYTES} bytes")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        asyncio.run(serve(arguments.serve))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = [*disk_rows(Path(folder), arguments.mebibytes, arguments.small, arguments.repeats), *envelope_rows()]
        rows += asyncio.run(network_rows(Path(folder), arguments.mebibytes, arguments.small, arguments.repeats))
    if arguments.json:
        print(json.dumps({"machine": platform.machine(), "rows": [asdict(row) for row in rows]}))
    else:
        print_table(rows)


def disk_rows(folder: Path, mebibytes: int, small: int, repeats: int) -> Iterator[Row]:
    """Adding and getting, one large object and many small ones."""
    data = os.urandom(mebibytes * MEBIBYTE)
    megabytes = len(data) / 1e6
    hashing = megabytes / seconds(lambda: hashlib.sha256(data).digest(), repeats)
    importing = megabytes / seconds(lambda: last(import_bytes(data)), repeats)
    yield Row("cut and name", importing, "MB/s", "sha2-256", hashing)

    stores = iter(range(10**9))

    def add() -> None:
        with LocalStore(folder / f"add {next(stores)}") as store:
            store.add(data)

    writing = megabytes / seconds(lambda: write_file(folder / "plain", data), repeats)
    yield Row("LocalStore.add", megabytes / seconds(add, repeats), "MB/s", "one file, fsync", writing)
    with LocalStore(folder / "peer") as store:
        cid = store.add(data)
        reading = megabytes / seconds((folder / "plain").read_bytes, repeats)
        yield Row("LocalStore.get", megabytes / seconds(lambda: store.get(cid), repeats), "MB/s", "read", reading)
        objects = [os.urandom(SMALL_BYTES) for _ in range(small)]
        adding = small / seconds(lambda: [store.add(item) for item in objects], 1)
        plain = small / seconds(lambda: write_files(folder / "small", objects), 1)
        yield Row("LocalStore.add, small", adding, "objects/s", "one file, fsync", plain)


def envelope_rows() -> Iterator[Row]:
    """Sealing and opening one envelope."""
    count = 500
    sealed = seal(DOMAIN, KEY, kind="have-list", round=1, sequence=1, expiry=2000, body=bytes(200))

    def seal_many() -> None:
        for index in range(count):
            seal(DOMAIN, KEY, kind="have-list", round=1, sequence=index, expiry=2000, body=bytes(200))

    def open_many() -> None:
        for _ in range(count):
            open_envelope(sealed.encoded, DOMAIN)

    yield Row("seal an envelope", count / seconds(seal_many, 3), "envelopes/s")
    yield Row("open an envelope", count / seconds(open_many, 3), "envelopes/s")


async def network_rows(folder: Path, mebibytes: int, small: int, repeats: int) -> list[Row]:
    """Fetching from one peer and from two, a large object and small ones."""
    large = os.urandom(mebibytes * MEBIBYTE)
    objects = [os.urandom(SMALL_BYTES) for _ in range(small)]
    with LocalStore(folder / "peer") as store:
        large_cid = store.add(large)
        small_cids = [store.add(item) for item in objects]
    (folder / "plain").write_bytes(large)
    (folder / "plain small").write_bytes(objects[0])
    megabytes = len(large) / 1e6
    runs = iter(range(10**9))
    async with peer(folder) as (gateway, plain), peer(folder) as (second, _), new_session() as session:
        sources = [Source("first", gateway), Source("second", second)]

        async def download(path: str) -> None:
            async with session.get(path) as response:
                await response.read()

        async def fetch(count: int) -> None:
            with LocalStore(folder / f"fetch {next(runs)}") as kept:
                fetcher = Fetcher(session, kept, self_address="bench")
                await fetcher.fetch(large_cid.digest, sources[:count], maximum_bytes=len(large))

        async def fetch_small() -> None:
            with LocalStore(folder / f"fetch {next(runs)}") as kept:
                fetcher = Fetcher(session, kept, self_address="bench")
                for cid in small_cids:
                    await fetcher.fetch(cid.digest, sources[:1], maximum_bytes=SMALL_BYTES)

        async def download_small() -> None:
            for _ in small_cids:
                await download(plain + "/small")

        base = megabytes / await async_seconds(lambda: download(plain + "/large"), repeats)
        one = megabytes / await async_seconds(lambda: fetch(1), repeats)
        two = megabytes / await async_seconds(lambda: fetch(2), repeats)
        file = megabytes / await async_seconds(lambda: download(f"{gateway}/ipfs/{large_cid}"), repeats)
        per_second = small / await async_seconds(fetch_small, 3)
        plain_per_second = small / await async_seconds(download_small, 3)
    return [
        Row("gateway, whole file", file, "MB/s", "aiohttp download", base),
        Row("fetch from one peer", one, "MB/s", "aiohttp download", base),
        Row("fetch from two peers", two, "MB/s", "aiohttp download", base),
        Row("fetch, small, one by one", per_second, "objects/s", "aiohttp download", plain_per_second),
    ]


class NoRecords:
    """A peer without rounds."""

    def latest(self) -> int | None:
        """None."""
        return None

    def get(self, round: int) -> bytes | None:
        """None."""
        return None


async def serve(folder: Path) -> None:
    """The other process: a gateway and the plain server, until its input closes."""
    application = web.Application(client_max_size=1 << 10)
    for name, path in (("large", "plain"), ("small", "plain small")):
        application.router.add_get(f"/{name}", answer(folder / path))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    plain_port = runner.addresses[0][1]
    mailbox = Mailbox(DOMAIN, clock=lambda: 0, is_member=lambda address: True)
    with LocalStore(folder / "peer") as store:
        async with Gateway(store, mailbox, NoRecords()).serve("127.0.0.1", 0) as url:
            print(json.dumps([url, f"http://127.0.0.1:{plain_port}"]), flush=True)
            await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def answer(path: Path) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
    """A handler that sends one file, by sendfile."""

    async def handler(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    return handler


@contextlib.asynccontextmanager
async def peer(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Start the other process; gives the URLs of its gateway and of its plain server."""
    command = [sys.executable, "-m", "scripts.bench_storage", "--serve", str(folder)]
    process = await asyncio.to_thread(
        lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    )
    assert process.stdout is not None
    gateway, plain = json.loads(await asyncio.to_thread(process.stdout.readline))
    try:
        yield gateway, plain
    finally:
        await asyncio.to_thread(process.communicate)


def write_file(path: Path, data: bytes) -> None:
    """Write one file and wait for the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_files(path: Path, items: list[bytes]) -> None:
    """Write one file again and again, waiting for the disk each time."""
    for item in items:
        write_file(path, item)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time."""
    return statistics.median(_timed(work) for _ in range(repeats))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


async def async_seconds(work: Callable[[], Awaitable[None]], repeats: int) -> float:
    """Median wall time."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        await work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def print_table(rows: list[Row]) -> None:
    """One line a measurement."""
    for row in rows:
        line = f"{row.name:28}{row.value:10.1f} {row.unit:12}"
        if row.baseline_value is not None:
            line += f"{row.baseline:>20}{row.baseline_value:10.1f}   x {row.value / row.baseline_value:.2f}"
        print(line)


if __name__ == "__main__":
    main()
