"""A chain in a folder: what comes back, what is refused."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import rlp
from eth.vm.forks.prague.blocks import PragueBlockHeader
from eth_typing import Address

from devnet.accounts import development_accounts
from devnet.blocklog import BlockLog, DamagedLog, LogInUse, WriteFailed
from devnet.chain import Chain
from devnet.datadir import LOG_NAME, OtherGenesis, open_chain
from devnet.evm import StateEdit
from devnet.index import IndexedBlock
from devnet.records import BlockRecord, decode_record
from devnet.worker import Worker
from tests.devnet.programs import LOG_INPUT, creation_code, word
from tests.devnet.signing import signed_by
from tests.support.devnet import running_devnet
from tests.support.rpc import Rpc

CHAIN_ID = 7
ACCOUNTS = development_accounts(3)
NOBODY = bytes(19) + b"\xaa"


class Time:
    """A clock that a test moves."""

    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def opened(folder: Path, wall: Callable[[], float] | None = None) -> Chain:
    """The chain of a folder."""
    return open_chain(folder, chain_id=CHAIN_ID, accounts=ACCOUNTS, wall=wall or Time())


@contextmanager
def closing(chain: Chain) -> Iterator[Chain]:
    """As if the process ended: nothing but the folder is left."""
    try:
        yield chain
    finally:
        chain.close()


def everything(chain: Chain) -> list[tuple[IndexedBlock, ...]]:
    """All blocks with their transactions and receipts, as clients see them."""
    blocks = [chain.block(number) for number in range(chain.head.number + 1)]
    return [(block.json, block.transactions, block.receipts) for block in blocks if block is not None]  # type: ignore[misc]


def busy(chain: Chain) -> None:
    """Some blocks: transfers, a contract that logs, an empty one, a write to an account."""
    for nonce in range(3):
        chain.submit_raw(signed_by(chain.accounts[0], nonce, CHAIN_ID, to=NOBODY, value=5))
    chain.mine()
    creation = bytes.fromhex(creation_code(LOG_INPUT)[2:])
    created = chain.submit_raw(signed_by(chain.accounts[1], 0, CHAIN_ID, to=b"", data=creation, gas=500_000))
    chain.mine()
    receipt = chain.receipt("0x" + created.hex())
    assert receipt is not None
    contract = bytes.fromhex(receipt["contractAddress"][2:])
    call = bytes.fromhex(word(1) + word(2))
    chain.submit_raw(signed_by(chain.accounts[1], 1, CHAIN_ID, to=contract, data=call, gas=100_000))
    chain.mine()
    chain.mine()
    chain.edit([StateEdit(NOBODY, balance=10**30, nonce=4, code=b"\x00", storage=((1, 2),), clears_storage=True)])


def test_every_block_comes_back_bit_for_bit(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as chain:
        busy(chain)
        before = everything(chain)
    with closing(opened(tmp_path)) as chain:
        assert everything(chain) == before
        state = chain.machine.state(chain.head.header)
        assert (state.get_balance(Address(NOBODY)), state.get_storage(Address(NOBODY), 1)) == (10**30, 2)
        chain.submit_raw(signed_by(chain.accounts[0], 3, CHAIN_ID, to=NOBODY))
        assert len(chain.mine().receipts) == 1
        after = everything(chain)
    with closing(opened(tmp_path)) as chain:
        assert everything(chain) == after


def test_chain_time_goes_on_where_it_was_moved_to(tmp_path: Path) -> None:
    wall = Time()
    with closing(opened(tmp_path, wall)) as chain:
        chain.increase_time(500)
        assert chain.mine().header.timestamp == 1_500
        chain.mine(9_000)
        chain.increase_time(77)  # in no block yet: forgotten
    wall.seconds += 10
    with closing(opened(tmp_path, wall)) as chain:
        assert chain.mine().header.timestamp == 9_010


def test_snapshots_and_what_was_reverted_survive(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as chain:
        first = chain.snapshot()
        busy(chain)
        second = chain.snapshot()
        chain.mine()
        assert chain.revert(second)
        chain.mine()
        before = everything(chain)
    with closing(opened(tmp_path)) as chain:
        assert everything(chain) == before
        assert not chain.revert(second)
        assert chain.snapshot() > second
        assert chain.revert(first)
        assert chain.head.number == 0
        chain.mine()
        rewound = everything(chain)
    with closing(opened(tmp_path)) as chain:
        assert everything(chain) == rewound


@pytest.mark.parametrize(
    ("chain_id", "accounts", "said"),
    [(8, 3, "chain_id: asked for 8, found 7"), (7, 2, "accounts: asked for 2 accounts, found 3 accounts")],
)
def test_other_options_than_those_it_began_with_are_refused(
    tmp_path: Path, chain_id: int, accounts: int, said: str
) -> None:
    opened(tmp_path).close()
    with pytest.raises(OtherGenesis, match=said):
        open_chain(tmp_path, chain_id=chain_id, accounts=development_accounts(accounts))


def test_a_record_that_gives_another_block_is_named(tmp_path: Path) -> None:
    """Its checksum is right: somebody wrote it, and running it shows that it cannot be."""
    with closing(opened(tmp_path)) as chain:
        busy(chain)
    path = tmp_path / LOG_NAME
    log = BlockLog(path, b"not used")
    entries = list(log.replay())
    log.close()
    record = decode_record(entries[1].payload)
    assert isinstance(record, BlockRecord)
    header = rlp.decode(record.header, PragueBlockHeader)
    wrong = BlockRecord(
        header=rlp.encode(header.copy(state_root=b"\x11" * 32)),
        transactions=record.transactions,
        edits=record.edits,
        offset_seconds=record.offset_seconds,
    )
    path.unlink()
    log = BlockLog(path, entries[0].payload)
    assert len(list(log.replay())) == 1
    for payload in [wrong.encode(), *(entry.payload for entry in entries[2:])]:
        log.append(payload)
    log.close()
    with pytest.raises(DamagedLog) as refusal:
        opened(tmp_path)
    assert refusal.value.offset == entries[1].offset
    assert f"block 1, state root: expected 0x{'11' * 32}, found 0x{header.state_root.hex()}" in str(refusal.value)


def test_a_block_that_is_missing_in_the_middle_is_named(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as chain:
        busy(chain)
    path = tmp_path / LOG_NAME
    log = BlockLog(path, b"not used")
    entries = list(log.replay())
    log.close()
    content = path.read_bytes()
    path.write_bytes(content[: entries[2].offset] + content[entries[3].offset :])
    with pytest.raises(DamagedLog, match=f"at offset {entries[2].offset}: block 3, parent: expected 0x"):
        opened(tmp_path)


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    with running_devnet(data_dir=tmp_path / "data") as devnet:
        with pytest.raises(LogInUse, match=f"in use by process {devnet.process.pid}"):
            opened(tmp_path / "data")
        command = [sys.executable, "-m", "devnet", "--port", "0", "--data-dir", str(tmp_path / "data")]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith(f"error: {tmp_path}/data/blocks.log is in use by process ")


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "devnet", "--port", "0", "--data-dir", str(tmp_path / "file" / "data")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"error: cannot use the data directory {tmp_path}/file/data: Not a directory\n"


def test_a_block_that_cannot_be_written_is_never_seen_and_ends_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(tmp_path)) as chain:
        busy(chain)
        before = everything(chain)

        def full(file: int, content: bytes, offset: int) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        ended: list[bool] = []
        worker = Worker(chain, blocks_per_second=100, heartbeat_seconds=0, on_failure=lambda: ended.append(True))
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", full)
            for _ in range(2):
                with pytest.raises(WriteFailed, match="No space left on device"):
                    chain.mine()
            assert everything(chain) == before
        worker.start()
        worker.join()
        assert ended == [True]
    with closing(opened(tmp_path)) as chain:
        assert everything(chain) == before


def test_a_process_whose_disk_is_full_says_so_and_ends_and_the_chain_goes_on_later(tmp_path: Path) -> None:
    """The kernel limits the size of its files, which to a process is a disk that is full."""
    limit = 60_000
    command = ["prlimit", f"--fsize={limit}", sys.executable, "-m", "devnet", "--port", "0", "--json"]
    options = ["--data-dir", str(tmp_path), "--heartbeat-seconds", "0.01", "--blocks-per-second", "100"]
    seen = {}
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        rpc = Rpc(json.loads(process.stdout.readline())["rpc_url"])
        while process.poll() is None:
            try:
                block = rpc("eth_getBlockByNumber", "latest", False)
            except httpx.TransportError:
                break
            seen[block["number"]] = block
        rpc.close()
        told = process.stderr.read()
        assert process.wait(timeout=30) == 1
    assert f"the chain cannot go on: cannot write {tmp_path}/blocks.log at offset " in told
    assert "File too large" in told
    assert (tmp_path / LOG_NAME).stat().st_size <= limit
    assert len(seen) > 3
    with running_devnet(data_dir=tmp_path) as devnet:
        rpc = Rpc(devnet.rpc_url)
        assert {number: rpc("eth_getBlockByNumber", number, False) for number in seen} == seen
        before = rpc.integer("eth_blockNumber")
        rpc("evm_mine")
        assert rpc.integer("eth_blockNumber") > before
        rpc.close()
