"""A devnet process that is killed again and again under load, and the notes of clients who were told what.

One client sends, alone and in batches, another reads every new block whole with its receipts and notes the text. After
each kill the process starts on the same folder, and every note must be answered again, letter for letter.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from devnet.accounts import development_accounts
from tests.devnet.programs import LOG_INPUT, creation_code, word
from tests.devnet.signing import signed_by
from tests.support.rpc import Rpc
from tests.support.tied import tied

CHAIN_ID = 31337
SENDERS = development_accounts(20)
OPTIONS = ("--blocks-per-second", "200", "--heartbeat-seconds", "0.02", "--port", "0", "--json")
LONGEST_LIFE_SECONDS = 1.2
BATCH = 20
MANY = 200
CREATION = bytes.fromhex(creation_code(LOG_INPUT)[2:])


@dataclass
class Notes:
    """What clients were told: number of a block -> the block and its receipts, as text."""

    blocks: dict[int, str] = field(default_factory=dict)
    transactions: int = 0

    def take(self, rpc: Rpc, number: int) -> None:
        """Ask for a block and write down what is answered."""
        text, transactions = told(rpc, number)
        self.blocks[number] = text
        self.transactions += transactions


@dataclass
class Killed:
    """What all the kills came to."""

    kills: int = 0
    before_serving: int = 0
    torn_tails: int = 0
    blocks_seen: int = 0
    transactions_seen: int = 0


def told(rpc: Rpc, number: int) -> tuple[str, int]:
    """A block whole and its receipts, as one text; and how many transactions it has."""
    block = rpc("eth_getBlockByNumber", hex(number), True)
    receipts = rpc("eth_getBlockReceipts", hex(number))
    return _as_text(block, receipts), len(receipts or [])


def _as_text(block: object, receipts: object) -> str:
    return json.dumps([block, receipts], sort_keys=True)


def _many(rpc: Rpc, method: str, params: Sequence[tuple[object, ...]]) -> list[Any]:
    """The answers to one batch, in order."""
    answers = rpc.post([rpc.request(method, *values) for values in params])
    return [answer["result"] for answer in sorted(answers, key=lambda answer: answer["id"])]


class Victim:
    """A devnet process on a folder."""

    def __init__(self, folder: Path) -> None:
        self._stderr = (folder / "stderr").open("a+")
        command = tied(sys.executable, "-m", "devnet", "--data-dir", str(folder / "data"), *OPTIONS)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._stderr, text=True)

    def rpc_url(self) -> str:
        """Wait until it serves."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self._stderr.seek(0)
            raise AssertionError(f"it ended with status {self.process.returncode}: {self._stderr.read()}")
        url: str = json.loads(line)["rpc_url"]
        return url

    def kill(self) -> None:
        """No chance to clean up."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._stderr.close()


def kill_repeatedly(folder: Path, kills: int, seed: int) -> Killed:
    """Kill a devnet on this folder `kills` times; what it has told must be true each time it comes back."""
    chance = random.Random(seed)
    notes, result = Notes(), Killed()
    for kill in range(kills):
        victim = Victim(folder)
        try:
            if chance.random() < 0.1:
                time.sleep(chance.uniform(0, 2.5))
                result.before_serving += 1
            else:
                rpc_url = victim.rpc_url()
                with closing(Rpc(rpc_url)) as rpc:
                    verify(rpc, notes)
                _load_until_killed(victim, rpc_url, notes, chance.uniform(0.02, LONGEST_LIFE_SECONDS), seed + kill)
        finally:
            victim.kill()
        result.kills += 1
    victim = Victim(folder)
    try:
        with closing(Rpc(victim.rpc_url())) as rpc:
            verify(rpc, notes)
    finally:
        victim.kill()
    result.torn_tails = (folder / "stderr").read_text().count("never finished")
    result.blocks_seen, result.transactions_seen = len(notes.blocks), notes.transactions
    return result


def verify(rpc: Rpc, notes: Notes) -> None:
    """Every note is still true, and the chain from genesis to head is one."""
    head = rpc.integer("eth_blockNumber")
    assert head >= max(notes.blocks, default=0), (head, max(notes.blocks))
    parent: dict[str, Any] = {"hash": "0x" + "00" * 32}
    for start in range(0, head + 1, MANY):
        numbers = range(start, min(start + MANY, head + 1))
        blocks = _many(rpc, "eth_getBlockByNumber", [(hex(number), True) for number in numbers])
        receipts = _many(rpc, "eth_getBlockReceipts", [(hex(number),) for number in numbers])
        for number, block, block_receipts in zip(numbers, blocks, receipts, strict=True):
            assert block["parentHash"] == parent["hash"]
            parent = block
            found = _as_text(block, block_receipts)
            noted = notes.blocks.get(number, found)
            assert found == noted, f"block {number} was\n{noted}\nand is\n{found}"


def _load_until_killed(victim: Victim, rpc_url: str, notes: Notes, life_seconds: float, seed: int) -> None:
    """Send and read until the process is killed; what was answered by then is in the notes."""
    clients = [
        threading.Thread(target=_send, args=(rpc_url, seed)),
        threading.Thread(target=_read, args=(rpc_url, notes)),
    ]
    for client in clients:
        client.start()
    time.sleep(life_seconds)
    victim.process.kill()
    for client in clients:
        client.join()


def _send(rpc_url: str, seed: int) -> None:
    chance = random.Random(seed)
    with closing(Rpc(rpc_url)) as rpc, suppress(httpx.TransportError):
        nonces = [rpc.integer("eth_getTransactionCount", account.address, "pending") for account in SENDERS]
        while True:
            raws = []
            for _ in range(chance.choice((1, BATCH))):
                sender = chance.randrange(len(SENDERS))
                fields: dict[str, Any] = {"to": bytes(19) + b"\xaa", "value": 1}
                if chance.random() < 0.2:
                    fields = {"data": CREATION, "to": b"", "gas": 200_000}
                elif chance.random() < 0.2:
                    fields = {"to": SENDERS[0].raw_address, "data": bytes.fromhex(word(1) * 40), "gas": 100_000}
                raws.append("0x" + signed_by(SENDERS[sender], nonces[sender], CHAIN_ID, **fields).hex())
                nonces[sender] += 1
            answers = rpc.post([rpc.request("eth_sendRawTransaction", raw) for raw in raws])
            assert all("result" in answer for answer in answers), answers


def _read(rpc_url: str, notes: Notes) -> None:
    with closing(Rpc(rpc_url)) as rpc, suppress(httpx.TransportError):
        while True:
            head = rpc.integer("eth_blockNumber")
            for number in range(max(notes.blocks, default=-1) + 1, head + 1):
                notes.take(rpc, number)
