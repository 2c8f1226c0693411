"""Following a chain that is reorganised, or replaced by another one."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.chain import Head
from node.observer import ChainObserver, ChainReplaced
from node.rounds.history import SwarmHistory


class Chain:
    """Blocks by number; nothing ever happens in them."""

    def __init__(self, *hashes: bytes) -> None:
        self.hashes = hashes

    async def head(self) -> Head:
        return Head(len(self.hashes) - 1, self.hashes[-1], len(self.hashes))

    async def block_hash(self, number: int) -> bytes | None:
        return self.hashes[number] if number < len(self.hashes) else None

    async def logs(self, addresses: object, first: int, last: int) -> list[Any]:
        return []


def observer_of(chain: Any) -> ChainObserver:
    start = SwarmHistory.start(seat_stake_wei=1, genesis_digest=bytes(32))
    return ChainObserver(chain, [], start, from_block=0)


async def test_a_reorganised_chain_is_read_again() -> None:
    chain = Chain(b"0", b"1", b"2")
    observer = observer_of(chain)
    assert await observer.refresh()
    chain.hashes = (b"0", b"1'")
    assert await observer.refresh()
    assert observer.head.hash == b"1'"
    assert not await observer.refresh()


async def test_another_chain_behind_the_same_endpoint_is_refused() -> None:
    chain = Chain(b"0", b"1", b"2")
    observer = observer_of(chain)
    await observer.refresh()
    chain.hashes = (b"0'", b"1'")
    with pytest.raises(ChainReplaced, match="another chain than before: block 0 was 0x30, is 0x3027"):
        await observer.refresh()
