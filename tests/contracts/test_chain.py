"""The connection: what a node says, and what it must not say."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.abi import contract_abi, selector
from contracts.chain import Chain, Head
from contracts.client import Registry, Token
from contracts.decoding import event_shapes
from contracts.errors import (
    ChainUnreachable,
    MalformedAnswer,
    MissingContract,
    RequestRejected,
    UnknownTransaction,
    WrongChainId,
)
from contracts.events import SeatsStaked, Transfer, UpdateCommitted
from contracts.reverts.base import RevertedWithData, RevertedWithPanic, RevertedWithReason
from contracts.reverts.project_money import Project_NothingToFund
from contracts.values import ZERO_ADDRESS
from tests.support.devnet import Devnet
from tests.support.fake_node import Failure, FakeNode, fake_node
from tests.support.stage import PEERS, Stage, address_of

HASH = "0x" + "ab" * 32


@pytest.fixture
async def node() -> AsyncIterator[FakeNode]:
    async with fake_node() as ready:
        yield ready


async def test_a_connection_knows_its_chain(devnet: Devnet) -> None:
    async with await Chain.connect(devnet.rpc_url, expected_chain_id=devnet.chain_id) as chain:
        assert (chain.chain_id, chain.rpc_url, chain.account) == (devnet.chain_id, devnet.rpc_url, None)
        head = await chain.head()
        assert await chain.block(head.number) == head
        assert await chain.block_hash(head.number) == head.hash
        assert await chain.block(head.number + 10**6) is None
        assert await chain.block_hash(head.number + 10**6) is None
        assert await chain.balance(devnet.accounts[-1].address) > 0  # type: ignore[arg-type]


async def test_another_chain_than_expected_is_refused_in_one_sentence(devnet: Devnet) -> None:
    with pytest.raises(WrongChainId) as refusal:
        await Chain.connect(devnet.rpc_url, expected_chain_id=1)
    assert (refusal.value.have, refusal.value.want, refusal.value.exit_code) == (devnet.chain_id, 1, 2)
    assert str(refusal.value) == f"the node at {devnet.rpc_url} serves chain {devnet.chain_id}, expected chain 1"


async def test_an_address_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ChainUnreachable) as refusal:
            await Chain.connect(url)
    assert refusal.value.exit_code == 4
    assert str(refusal.value).startswith(f"no Ethereum node answers at {url}: ")


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1", "127.0.0.1:8545", "http://", "http://[::1"])
async def test_what_is_no_address_is_unreachable(url: str) -> None:
    with pytest.raises(ChainUnreachable, match="not an http or https address"):
        await Chain.connect(url)


async def test_a_node_that_never_answers_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ChainUnreachable, match="no answer to eth_chainId in time"):
            await Chain.connect(url, timeout_seconds=0.1)


@pytest.mark.parametrize(
    ("raw", "status", "cause"),
    [
        (b"<html>hello</html>", 200, "is not JSON"),
        (b"[]", 200, "is not JSON-RPC"),
        (b'{"jsonrpc": "2.0", "id": 0}', 200, "is not JSON-RPC"),
        (b'{"jsonrpc": "2.0", "id": 0, "error": "no"}', 200, "is not JSON-RPC"),
        (b"", 200, "is not JSON"),
        (b"\xff\xfe", 200, "is not JSON"),
        (b"[" * 100_000, 200, "is not JSON"),
        (b"gone", 503, "503"),
    ],
)
async def test_a_server_that_speaks_something_else_is_unreachable(
    node: FakeNode, raw: bytes, status: int, cause: str
) -> None:
    node.raw, node.status = raw, status
    with pytest.raises(ChainUnreachable, match=cause):
        await Chain.connect(node.url)


async def test_a_lost_connection_is_opened_again(node: FakeNode) -> None:
    node.answers["eth_getBlockByNumber"] = {"number": "0x1", "hash": HASH, "timestamp": "0x2"}
    async with await Chain.connect(node.url) as chain:
        heads = await asyncio.gather(*(chain.head() for _ in range(40)))
    assert heads == [Head(1, bytes.fromhex("ab" * 32), 2)] * 40


async def test_requests_cancelled_at_any_moment_leave_the_others_alone(node: FakeNode) -> None:
    node.answers["eth_getBlockByNumber"] = {"number": "0x1", "hash": HASH, "timestamp": "0x2"}
    async with (
        asyncio.timeout(30),
        await Chain.connect(node.url) as chain,
        await Chain.connect(node.url) as other,
    ):
        for turns in range(50):
            asking = [asyncio.create_task(chain.head()) for _ in range(8)]
            for _ in range(turns % 10):
                await asyncio.sleep(0)
            for task in asking[1:]:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            assert asking[0].result().number == 1
        assert await chain.head() == await other.head()


@pytest.mark.parametrize(
    "block",
    [{}, [], "0x1", {"number": "0x1", "hash": HASH}, {"number": "1", "hash": HASH, "timestamp": "0x1"}],
)
async def test_a_block_that_makes_no_sense_is_named(node: FakeNode, block: object) -> None:
    node.answers["eth_getBlockByNumber"] = block
    async with await Chain.connect(node.url) as chain:
        with pytest.raises(MalformedAnswer, match="eth_getBlockByNumber"):
            await chain.head()


async def test_a_chain_id_that_makes_no_sense_is_named(node: FakeNode) -> None:
    node.answers["eth_chainId"] = "31337"
    with pytest.raises(MalformedAnswer, match="eth_chainId"):
        await Chain.connect(node.url)


@pytest.mark.parametrize("is_nested", [False, True])
async def test_custom_errors_are_read_wherever_nodes_put_them(node: FakeNode, is_nested: bool) -> None:
    (entry,) = (item for item in contract_abi("TrainingProject").entries if item.get("name") == "Project_NothingToFund")
    data = "0x" + selector(entry).hex()

    def refuse(_: list[Any]) -> Any:
        if is_nested:
            raise Failure(-32603, "Error: VM Exception: reverted with a custom error", {"data": data})
        raise Failure(3, "execution failed", data)

    node.answers["eth_call"] = refuse
    async with await Chain.connect(node.url) as chain:
        with pytest.raises(Project_NothingToFund):
            await Token(chain, ZERO_ADDRESS).total_supply()


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (None, RevertedWithData, "without an error we know: 0x"),
        ("0x", RevertedWithData, "without an error we know: 0x"),
        ("0x12345678", RevertedWithData, "without an error we know: 0x12345678"),
        ("0x08c379a0" + f"{32:064x}{2:064x}" + "6e6f".ljust(64, "0"), RevertedWithReason, "refused: no"),
        ("0x4e487b71" + f"{17:064x}", RevertedWithPanic, "panic code 17"),
        ("0x08c379a0ffff", RevertedWithData, "0x08c379a0ffff"),
    ],
)
async def test_foreign_reverts_are_told_apart(node: FakeNode, data: str | None, kind: type, text: str) -> None:
    def refuse(_: list[Any]) -> Any:
        raise Failure(3, "execution reverted", data)

    node.answers["eth_call"] = refuse
    async with await Chain.connect(node.url) as chain:
        with pytest.raises(kind, match=text):
            await Token(chain, ZERO_ADDRESS).total_supply()


async def test_other_errors_of_a_node_keep_their_words(node: FakeNode) -> None:
    async with await Chain.connect(node.url) as chain:
        with pytest.raises(RequestRejected) as refusal:
            await chain.balance(ZERO_ADDRESS)
    assert (refusal.value.method, refusal.value.code) == ("eth_getBalance", -32601)
    assert "does not exist" in str(refusal.value)


async def test_an_address_without_contract_is_named(stage: Stage) -> None:
    nowhere = Token(stage.owner, address_of(stage.outsider))
    with pytest.raises(MissingContract) as refusal:
        await nowhere.total_supply()
    assert (refusal.value.address, refusal.value.exit_code) == (address_of(stage.outsider), 2)
    assert await stage.owner.has_code(stage.token.address)
    assert not await stage.owner.has_code(address_of(stage.outsider))


async def test_logs_come_typed_and_in_chain_order(stage: Stage) -> None:
    head = await stage.owner.head()
    addresses = [stage.registry.address, stage.token.address]
    events = await stage.owner.logs(addresses, 0, head.number)
    assert [event.position for event in events] == sorted(event.position for event in events)
    staked = [event for event in events if isinstance(event, SeatsStaked)]
    assert [event.first_seat for event in staked] == list(range(1, PEERS + 1))
    assert {event.address for event in staked} == {stage.registry.address}
    first = staked[0]
    assert first.block_hash == await stage.owner.block_hash(first.block_number)
    block = await stage.owner.block(first.block_number)
    assert block is not None
    assert first.block_timestamp == block.timestamp
    transfers = [event for event in events if isinstance(event, Transfer) and event.position[0] == first.block_number]
    assert transfers[0].recipient == stage.registry.address
    assert await stage.owner.logs(addresses, 0, 0) == []


async def test_the_gas_and_input_of_a_transaction_can_be_asked_for_later(stage: Stage) -> None:
    receipt = await stage.token.approve(address_of(stage.outsider), 5)
    assert await stage.owner.gas_used(receipt.transaction_hash) == receipt.gas_used
    data = await stage.owner.transaction_input(receipt.transaction_hash)
    assert stage.token.abi.decode_call("approve", data) == (address_of(stage.outsider), 5)
    with pytest.raises(UnknownTransaction, match="0x0000"):
        await stage.owner.transaction_input(bytes(32))
    with pytest.raises(UnknownTransaction):
        await stage.owner.gas_used(bytes(32))


def a_log(**changes: object) -> dict[str, object]:
    """A log of SeatsStaked, as a node sends it."""
    (topic,) = (topic for topic, shape in event_shapes().items() if shape.kind is SeatsStaked)
    log: dict[str, object] = {
        "address": "0x" + "11" * 20,
        "topics": ["0x" + topic.hex(), "0x" + "00" * 12 + "22" * 20],
        "data": "0x" + "".join(f"{value:064x}" for value in (1, 2, 3)),
        "blockNumber": "0x5",
        "blockHash": HASH,
        "logIndex": "0x0",
        "transactionHash": HASH,
        "removed": False,
    }
    return {name: value for name, value in (log | changes).items() if value is not ...}


async def test_events_without_a_time_are_read_too(node: FakeNode) -> None:
    node.answers["eth_getLogs"] = [a_log()]
    async with await Chain.connect(node.url) as chain:
        (event,) = await chain.logs([Registry(chain, "0x" + "11" * 20).address], 5, 5)  # type: ignore[arg-type]
    assert isinstance(event, SeatsStaked)
    assert (event.first_seat, event.count, event.active_epoch, event.block_timestamp) == (1, 2, 3, None)
    assert node.requests[-1][1] == [{"address": ["0x" + "11" * 20], "fromBlock": "0x5", "toBlock": "0x5"}]


async def test_times_of_commitments_are_asked_for_once_a_block_where_they_are_not_told(node: FakeNode) -> None:
    (topic,) = (topic for topic, shape in event_shapes().items() if shape.kind is UpdateCommitted)
    topics = ["0x" + topic.hex(), f"0x{1:064x}", f"0x{7:064x}"]
    node.answers["eth_getLogs"] = [a_log(topics=topics, data=HASH, logIndex=hex(place)) for place in range(2)]
    node.answers["eth_getBlockByNumber"] = {"number": "0x5", "hash": HASH, "timestamp": "0x63"}
    async with await Chain.connect(node.url) as chain:
        events = await chain.logs([Registry(chain, "0x" + "11" * 20).address], 5, 5)  # type: ignore[arg-type]
    assert [event.block_timestamp for event in events] == [99, 99]
    assert [name for name, _ in node.requests].count("eth_getBlockByNumber") == 1


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [a_log(address="0x" + "33" * 20)],
        [a_log(blockNumber="0x6")],
        [a_log(removed=True)],
        [a_log(blockNumber=None)],
        [a_log(topics=[])],
        [a_log(topics=["0x" + "77" * 32])],
        [a_log(topics=a_log()["topics"][:1])],  # type: ignore[index]
        [a_log(topics=[a_log()["topics"][0], "0x" + "ff" * 32])],  # type: ignore[index]
        [a_log(data="0x")],
        [a_log(data="0x" + "ff" * 96)],
        [a_log(data="hello")],
        [a_log(transactionHash=...)],
        ["0x"],
    ],
)
async def test_logs_that_make_no_sense_are_named(node: FakeNode, answer: object) -> None:
    node.answers["eth_getLogs"] = answer
    async with await Chain.connect(node.url) as chain:
        with pytest.raises(MalformedAnswer, match="eth_getLogs"):
            await chain.logs(["0x" + "11" * 20], 5, 5)  # type: ignore[list-item]
