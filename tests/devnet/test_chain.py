"""The chain in this process: what a client cannot provoke, and many senders at once."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from eth.abc import SignedTransactionAPI
from eth_account import Account

from devnet.accounts import development_accounts
from devnet.chain import Chain
from devnet.evm import BuildFailed, Machine
from devnet.worker import Worker
from tests.devnet.signing import ETHER, GWEI, Wallet
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc, wait_for

CHAIN_ID = 7


def signed(chain: Chain, account: int, nonce: int, **fields: Any) -> SignedTransactionAPI:
    """A transfer to nobody from a development account."""
    transaction = {
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "to": "0x" + "00" * 20,
        "value": 1,
        "gas": 21_000,
        "maxFeePerGas": 2 * GWEI,
        "maxPriorityFeePerGas": 1,
    }
    key = Account.from_key(chain.accounts[account].private_key)
    return chain.machine.decode(key.sign_transaction(transaction | fields).raw_transaction)


@pytest.fixture
def chain() -> Chain:
    """A chain whose clock stands still and which nobody builds blocks for."""
    return Chain(chain_id=CHAIN_ID, accounts=development_accounts(3), wall=lambda: 1_000.0)


def test_a_transaction_the_machine_breaks_on_is_dropped_and_the_others_are_built(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = signed(chain, 0, 0), signed(chain, 1, 0)
    build = Machine.build

    def fragile(self: Machine, parent: Any, timestamp: int, candidates: Any, edits: Any) -> Any:
        candidates = list(candidates)
        if broken in candidates:
            raise BuildFailed(broken, RuntimeError("no such opcode table"))
        return build(self, parent, timestamp, candidates, edits)

    monkeypatch.setattr(Machine, "build", fragile)
    chain.submit(broken)
    chain.submit(sound)
    block = chain.mine()
    assert block.json["transactions"] == ["0x" + sound.hash.hex()]
    assert chain.transaction("0x" + broken.hash.hex()) is None
    assert not chain.has_work()


def test_what_an_earlier_transaction_made_impossible_is_left_out_of_the_block(chain: Chain) -> None:
    first = signed(chain, 0, 0, value=999_999 * ETHER)
    second = signed(chain, 0, 1, value=ETHER)
    third = signed(chain, 1, 0)
    gap = signed(chain, 1, 2)
    built = chain.machine.build(chain.head.header, 1_001, [first, second, third, gap])
    assert list(built.block.transactions) == [first, third]
    reasons = {transaction.hash: reason for transaction, reason in built.refused}
    assert "balance" in reasons[second.hash]
    assert reasons[gap.hash] == "nonce 2, account is at 1"


def test_a_fault_of_the_machine_ends_the_worker_loudly(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Machine, parent: Any, timestamp: int, candidates: Any) -> Any:
        raise OSError("disk of the machine is full")

    monkeypatch.setattr(Machine, "build", broken)
    failed = threading.Event()
    Worker(chain, blocks_per_second=100, heartbeat_seconds=0, on_failure=failed.set).start()
    chain.submit(signed(chain, 0, 0))
    assert failed.wait(30)


def test_many_senders_in_any_order_lose_and_repeat_nothing(devnet: Devnet, rpc: Rpc) -> None:
    wallets = [Wallet.funded(rpc, devnet) for _ in range(8)]
    signed_by = [[wallet.sign(nonce=nonce) for nonce in range(15)] for wallet in wallets]
    shuffled = random.Random(7)
    for raws in signed_by:
        shuffled.shuffle(raws)

    def send(raws: list[str]) -> list[str]:
        with closing(Rpc(devnet.rpc_url)) as client:
            return [client("eth_sendRawTransaction", raw) for raw in raws]

    with ThreadPoolExecutor(len(wallets)) as threads:
        hashes = [transaction_hash for sent in threads.map(send, signed_by) for transaction_hash in sent]
    receipts = [rpc.receipt(transaction_hash) for transaction_hash in hashes]
    places = {(receipt["blockNumber"], receipt["transactionIndex"]) for receipt in receipts}
    assert len(places) == len(hashes) == 120
    assert {receipt["status"] for receipt in receipts} == {"0x1"}
    for wallet in wallets:
        wait_for(lambda address=wallet.address: rpc.integer("eth_getTransactionCount", address) == 15)  # type: ignore[misc]
