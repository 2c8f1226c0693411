"""Sending: nonces, fees, receipts, and one clear sentence when it cannot be done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from contracts.chain import Chain
from contracts.client import Token
from contracts.errors import (
    InsufficientFunds,
    MalformedAnswer,
    MissingAccount,
    RequestRejected,
    TransactionTimeout,
)
from contracts.events import RoundOpened, Transfer
from contracts.reverts.library import ERC20InsufficientBalance
from contracts.reverts.project import Project_PreviousUnsettled
from tests.support.fake_node import Failure, FakeNode, fake_node
from tests.support.stage import Stage, address_of, until

HASH = "0x" + "ab" * 32


@pytest.fixture
async def node() -> AsyncIterator[FakeNode]:
    async with fake_node() as ready:
        ready.answers |= {
            "eth_getBlockByNumber": {"number": "0x1", "hash": HASH, "timestamp": "0x2", "baseFeePerGas": "0x7"},
            "eth_getBalance": hex(10**18),
            "eth_estimateGas": "0x5208",
            "eth_getTransactionCount": "0x3",
            "eth_sendRawTransaction": HASH,
            "eth_getTransactionByHash": None,
            "eth_getTransactionReceipt": {
                "status": "0x1",
                "transactionHash": HASH,
                "blockNumber": "0x1",
                "blockHash": HASH,
                "gasUsed": "0x5208",
                "contractAddress": None,
                "logs": [],
            },
        }
        yield ready


@pytest.fixture
async def chain(node: FakeNode) -> AsyncIterator[Chain]:
    async with await Chain.connect(node.url, account=Account.from_key(b"\x01" * 32)) as ready:
        yield ready


async def test_many_transactions_of_one_account_are_under_way_at_once(stage: Stage) -> None:
    recipient = address_of(stage.outsider)
    receipts = await stage.in_one_block(*(stage.token.transfer(recipient, amount) for amount in range(1, 21)))
    assert len({receipt.block_number for receipt in receipts}) == 1
    assert sorted(receipt.event(Transfer).amount for receipt in receipts) == list(range(1, 21))
    assert await stage.token.balance_of(recipient) == 210


async def test_two_processes_share_an_account(stage: Stage) -> None:
    async with await Chain.connect(stage.owner.rpc_url, account=stage.owner.account) as twin:
        recipient = address_of(stage.outsider)
        tokens = [stage.token, Token(twin, stage.token.address)]
        for turn in range(6):
            await tokens[turn % 2].transfer(recipient, 1)
        await asyncio.gather(*(tokens[amount % 2].transfer(recipient, amount) for amount in range(2, 12)))
        assert await stage.token.balance_of(recipient) == 6 + sum(range(2, 12))


async def test_a_reorganisation_between_two_transactions_leaves_no_gap(stage: Stage) -> None:
    snapshot = stage.control("evm_snapshot")
    await stage.token.transfer(address_of(stage.outsider), 1)
    stage.control("evm_revert", snapshot)
    await stage.token.transfer(address_of(stage.outsider), 2)
    assert await stage.token.balance_of(address_of(stage.outsider)) == 2


async def test_what_would_revert_is_not_sent(stage: Stage) -> None:
    before = await stage.owner.head()
    with pytest.raises(ERC20InsufficientBalance):
        await Token(stage.outsider, stage.token.address).transfer(address_of(stage.owner), 1)
    assert await stage.owner.head() == before


async def test_a_mined_revert_says_why(stage: Stage) -> None:
    await stage.open_round()
    before = await stage.owner.head()
    with pytest.raises(Project_PreviousUnsettled) as refusal:
        await stage.send(stage.project, "openRound")
    assert refusal.value.round == 1
    assert (await stage.owner.head()).number == before.number + 1


async def test_an_unfunded_account_is_told_what_it_has_and_needs(stage: Stage) -> None:
    pauper = Account.from_key(b"\x05" * 32)
    async with await Chain.connect(stage.owner.rpc_url, account=pauper) as chain:
        with pytest.raises(InsufficientFunds) as refusal:
            await Token(chain, stage.token.address).approve(address_of(stage.owner), 1)
    assert (refusal.value.account, refusal.value.balance_wei, refusal.value.exit_code) == (pauper.address, 0, 1)
    assert refusal.value.need_wei > 0
    assert f"account {pauper.address} has 0 wei" in str(refusal.value)


async def test_value_counts_towards_what_a_transaction_needs(stage: Stage) -> None:
    balance = await stage.owner.balance(address_of(stage.outsider))
    with pytest.raises(InsufficientFunds) as refusal:
        await stage.outsider.send(address_of(stage.owner), b"", value_wei=balance)
    assert refusal.value.need_wei > balance == refusal.value.balance_wei
    receipt = await stage.outsider.send(address_of(stage.owner), b"", value_wei=balance // 2)
    assert receipt.events == ()


async def test_reading_connections_do_not_send(stage: Stage) -> None:
    async with await Chain.connect(stage.owner.rpc_url) as reader:
        with pytest.raises(MissingAccount) as refusal:
            await Token(reader, stage.token.address).approve(address_of(stage.owner), 1)
        with pytest.raises(MissingAccount):
            await Token(reader, stage.token.address).ensure_allowance(address_of(stage.owner), 1)
    assert refusal.value.exit_code == 2


async def test_an_allowance_is_given_once(stage: Stage) -> None:
    spender = address_of(stage.outsider)
    await stage.token.ensure_allowance(spender, 10)
    assert await stage.token.allowance(address_of(stage.owner), spender) == 10
    head = await stage.owner.head()
    await stage.token.ensure_allowance(spender, 10)
    assert await stage.owner.head() == head


async def test_a_transaction_that_no_block_takes_times_out_and_can_be_sent_again(stage: Stage) -> None:
    recipient = address_of(stage.outsider)
    data = stage.token.abi.encode_call("transfer", recipient, 1)
    stage.control("evm_setAutomine", False)
    try:
        with pytest.raises(TransactionTimeout) as refusal:
            await stage.owner.send(stage.token.address, data, timeout_seconds=0.1)
    finally:
        stage.control("evm_setAutomine", True)
    assert refusal.value.exit_code == 4
    await until(lambda: stage.control("eth_getTransactionReceipt", "0x" + refusal.value.transaction_hash.hex()))
    await stage.token.transfer(recipient, 1)
    assert await stage.token.balance_of(recipient) == 2


async def test_a_receipt_without_the_event_asked_for_is_an_error(stage: Stage) -> None:
    receipt = await stage.token.transfer(address_of(stage.outsider), 1)
    with pytest.raises(MalformedAnswer, match="no RoundOpened among its events"):
        receipt.event(RoundOpened)


async def test_fees_leave_room_for_rising_prices(node: FakeNode, chain: Chain) -> None:
    node.answers["eth_maxPriorityFeePerGas"] = "0x5"
    await chain.send(None, b"\x00")
    ((raw,),) = [parameters for method, parameters in node.requests if method == "eth_sendRawTransaction"]
    sent = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    assert (sent["maxFeePerGas"], sent["maxPriorityFeePerGas"], sent["nonce"]) == (2 * 7 + 5, 5, 3)
    assert sent["gas"] == 21_000 * 5 // 4 + 20_000


async def test_who_sends_can_leave_more_gas_to_spare(node: FakeNode, chain: Chain) -> None:
    await chain.send(None, b"\x00", spare_gas=77_000)
    ((raw,),) = [parameters for method, parameters in node.requests if method == "eth_sendRawTransaction"]
    assert TypedTransaction.from_bytes(HexBytes(raw)).as_dict()["gas"] == 21_000 * 5 // 4 + 77_000


async def test_a_node_without_fee_advice_gets_a_usual_tip(node: FakeNode, chain: Chain) -> None:
    receipt = await chain.send(None, b"\x00")
    assert receipt.gas_used == 21_000
    node.answers["eth_maxPriorityFeePerGas"] = refusing(-32000, "busy")
    with pytest.raises(RequestRejected, match="busy"):
        await chain.send(None, b"\x00")


async def test_a_chain_without_base_fee_is_named(node: FakeNode, chain: Chain) -> None:
    node.answers["eth_getBlockByNumber"] = {"number": "0x1", "hash": HASH, "timestamp": "0x2"}
    with pytest.raises(MalformedAnswer, match="lacks EIP-1559"):
        await chain.send(None, b"\x00")


async def test_a_taken_nonce_is_read_again(node: FakeNode, chain: Chain) -> None:
    counts, refusals = iter(["0x3", "0x4"]), iter([Failure(-32000, "nonce too low: next nonce 4, tx nonce 3")])
    node.answers["eth_getTransactionCount"] = lambda _: next(counts)

    def take(_: list[Any]) -> str:
        for failure in refusals:
            raise failure
        return HASH

    node.answers["eth_sendRawTransaction"] = take
    await chain.send(None, b"\x00")
    assert next(counts, None) is None


async def test_a_nonce_that_is_never_right_is_given_up(node: FakeNode, chain: Chain) -> None:
    node.answers["eth_sendRawTransaction"] = refusing(-32000, "nonce too low")
    with pytest.raises(RequestRejected, match="nonce too low"):
        await chain.send(None, b"\x00")
    assert [method for method, _ in node.requests].count("eth_sendRawTransaction") == 2


async def test_a_transaction_the_node_knows_already_counts_as_sent(node: FakeNode, chain: Chain) -> None:
    node.answers["eth_sendRawTransaction"] = refusing(-32000, "already known")
    node.answers["eth_getTransactionByHash"] = {"hash": HASH}
    assert (await chain.send(None, b"\x00")).block_number == 1


async def test_a_refused_transaction_is_not_sent_twice(node: FakeNode, chain: Chain) -> None:
    node.answers["eth_sendRawTransaction"] = refusing(-32000, "exceeds block gas limit")
    with pytest.raises(RequestRejected, match="exceeds block gas limit"):
        await chain.send(None, b"\x00")
    assert [method for method, _ in node.requests].count("eth_sendRawTransaction") == 1


async def test_an_estimate_refused_for_lack_of_money_says_so(node: FakeNode, chain: Chain) -> None:
    node.answers |= {"eth_getBalance": "0x0", "eth_estimateGas": refusing(-32000, "gas required exceeds allowance")}
    with pytest.raises(InsufficientFunds):
        await chain.send(None, b"\x00")
    node.answers["eth_getBalance"] = hex(10**18)
    with pytest.raises(RequestRejected, match="gas required exceeds allowance"):
        await chain.send(None, b"\x00")


async def test_a_receipt_that_makes_no_sense_is_named(node: FakeNode, chain: Chain) -> None:
    node.answers["eth_getTransactionReceipt"] = {"status": "0x1"}
    with pytest.raises(MalformedAnswer, match="eth_getTransactionReceipt"):
        await chain.send(None, b"\x00")


def refusing(code: int, message: str) -> Any:
    def refuse(_: list[Any]) -> Any:
        raise Failure(code, message)

    return refuse
