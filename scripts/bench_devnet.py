"""How fast the devnet is: transactions a second into blocks, beside web3's own test chain, and answers to who polls.

python -m scripts.bench_devnet [--rounds N] [--without-anvil]

Four chains, in turn, several rounds, medians: web3's EthereumTesterProvider with eth-tester and py-evm, in this
process, as it is meant; and three devnets, each a process of its own: py-evm in memory, py-evm with a data directory,
anvil. Transactions are signed, and bodies encoded, before the clock starts; it stops when the receipt of the last
transaction is there, and with it those of all before. The first column is what a client of web3.py gets that sends one
transaction after another, on every chain. The second is raw JSON-RPC in batches of 100 over two connections, which the
tester provider does not have: it runs in its caller. Ratios are to the tester provider's only way.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from eth_abi.abi import encode
from eth_account import Account
from eth_tester import EthereumTester, PyEVMBackend
from web3 import EthereumTesterProvider, HTTPProvider, Web3

from contracts.abi import contract_abi

ROUNDS = 5
BATCH = 100
CONNECTIONS = 2
BLOCKS_PER_SECOND = 20
POLLING_CLIENTS = 8
POLLING_SECONDS = 5.0
GAS = {"ether": 21_000, "ERC-20": 60_000}
RECIPIENT = "0x00000000000000000000000000000000000000AA"
TRANSFER = bytes.fromhex("a9059cbb") + encode(["address", "uint256"], [RECIPIENT, 1])
RECEIPT_PAUSE_SECONDS = 0.002


@dataclass
class Chain:
    """One of the chains. `rates`: kind and way of sending -> transactions a second, one for each round."""

    name: str
    web3: Web3
    accounts: Sequence[Any]
    url: str | None
    alone: int
    batched: int
    tokens: str = ""
    nonces: dict[str, int] = field(default_factory=dict)
    rates: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def sign(self, account: Any, *, to: str | None, data: bytes = b"", gas: int) -> Any:
        """A transaction with the account's next nonce."""
        nonce = self.nonces.get(account.address, 0)
        self.nonces[account.address] = nonce + 1
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self.web3.eth.chain_id,
            "nonce": nonce,
            "data": data,
            "gas": gas,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 1,
        }
        if to is not None:
            fields["to"] = to
        return account.sign_transaction(fields)

    def transfer(self, account: Any, kind: str) -> Any:
        """A signed transfer of nothing, or of one token."""
        if kind == "ether":
            return self.sign(account, to=RECIPIENT, gas=GAS[kind])
        return self.sign(account, to=self.tokens, data=TRANSFER, gas=GAS[kind])

    def prepare(self) -> None:
        """Deploy the token and give some to every account."""
        owner, *others = self.accounts
        holder = encode(["address", "uint256"], [owner.address, 10**24])
        creation = contract_abi("SwarmToken").bytecode + holder
        self.tokens = self._done(self.sign(owner, to=None, data=creation, gas=5_000_000))["contractAddress"]
        for other in others:
            gift = bytes.fromhex("a9059cbb") + encode(["address", "uint256"], [other.address, 10**20])
            self._done(self.sign(owner, to=self.tokens, data=gift, gas=100_000))

    def _done(self, signed: Any) -> Any:
        sent = self.web3.eth.send_raw_transaction(signed.raw_transaction)
        return self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.01)

    def measure_alone(self, kind: str) -> None:
        """One transaction after another through web3.py."""
        signed = [self.transfer(self.accounts[0], kind) for _ in range(self.alone)]
        began = time.perf_counter()
        for item in signed:
            sent = self.web3.eth.send_raw_transaction(item.raw_transaction)
        self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=RECEIPT_PAUSE_SECONDS)
        self.rates.setdefault((kind, "alone"), []).append(len(signed) / (time.perf_counter() - began))

    def measure_batches(self, kind: str) -> None:
        """Batches over several connections, each with the transactions of one account."""
        if self.url is None:
            return
        senders = [
            Sender(self.url, [self.transfer(account, kind) for _ in range(self.batched // CONNECTIONS)])
            for account in self.accounts[:CONNECTIONS]
        ]
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            began = time.perf_counter()
            list(threads.map(Sender.send, senders))
            elapsed = time.perf_counter() - began
        self.rates.setdefault((kind, "batches"), []).append(self.batched / elapsed)


class Sender:
    """One connection and what goes over it, encoded before the clock starts."""

    def __init__(self, url: str, signed: Sequence[Any]) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._last = "0x" + signed[-1].hash.hex()
        raws = ["0x" + item.raw_transaction.hex() for item in signed]
        self._bodies = [
            json.dumps([_request("eth_sendRawTransaction", raw) for raw in raws[start : start + BATCH]])
            for start in range(0, len(raws), BATCH)
        ]

    def send(self) -> None:
        """Send everything and wait for the last receipt."""
        for body in self._bodies:
            answer = post(self._connection, body)
            if b'"error"' in answer:
                raise RuntimeError(answer[:500].decode())
        while (
            json.loads(post(self._connection, json.dumps(_request("eth_getTransactionReceipt", self._last))))["result"]
            is None
        ):
            time.sleep(RECEIPT_PAUSE_SECONDS)
        self._connection.close()


def post(connection: http.client.HTTPConnection, body: str) -> bytes:
    """The answer to one body."""
    connection.request("POST", "/", body, {"content-type": "application/json"})
    return connection.getresponse().read()


def _request(method: str, *params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def tester() -> Chain:
    """web3's own test chain, as its documentation has it."""
    ethereum = EthereumTester(PyEVMBackend())
    accounts = [Account.from_key(key.to_bytes()) for key in ethereum.backend.account_keys]
    web3 = Web3(EthereumTesterProvider(ethereum))
    return Chain("web3's EthereumTesterProvider, py-evm", web3, accounts[:CONNECTIONS], None, alone=100, batched=0)


@contextmanager
def devnet(name: str, *options: str, alone: int, batched: int) -> Iterator[tuple[Chain, int]]:
    """A devnet of its own, without heartbeat, so that it rests while others are measured; and its process."""
    command = [sys.executable, "-m", "devnet", "--port", "0", "--json", "--heartbeat-seconds", "0"]
    command += ["--blocks-per-second", str(BLOCKS_PER_SECOND), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            web3 = Web3(HTTPProvider(told["rpc_url"]))
            accounts = [Account.from_key(account["private_key"]) for account in told["accounts"][:CONNECTIONS]]
            yield Chain(name, web3, accounts, told["rpc_url"], alone=alone, batched=batched), process.pid
        finally:
            process.terminate()


def poll(url: str) -> list[float]:
    """What clients that poll all the time wait for an answer, in seconds, sorted."""
    questions: list[tuple[str, list[object]]] = [
        ("eth_blockNumber", []),
        ("eth_getBlockByNumber", ["latest", False]),
        ("eth_getLogs", [{}]),
    ]
    until = time.perf_counter() + POLLING_SECONDS
    seconds: list[float] = []

    def client() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        while time.perf_counter() < until:
            for method, parameters in questions:
                began = time.perf_counter()
                post(connection, json.dumps(_request(method, *parameters)))
                seconds.append(time.perf_counter() - began)
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(POLLING_CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return sorted(seconds)


def table(chains: Sequence[Chain]) -> Iterator[str]:
    """Medians, and ratios to the first chain."""
    base = chains[0].rates
    for kind in GAS:
        yield f"{kind + ' transfers a second':<40}{'one by one':>20}{'batches of 100':>20}"
        for chain in chains:
            columns = ""
            for way in ("alone", "batches"):
                rates = chain.rates.get((kind, way))
                ratio = "" if not rates else f"{median(rates) / median(base[kind, 'alone']):5.1f}x"
                columns += f"{'-' if not rates else format(median(rates), ',.0f'):>13} {ratio:>6}"
            yield f"  {chain.name:<38}{columns}"


def resident_mebibytes(process: int) -> float:
    """Memory of a process and its children."""
    own = Path(f"/proc/{process}")
    children = (own / f"task/{process}/children").read_text().split()
    pages = sum(int(Path("/proc", item, "statm").read_text().split()[1]) for item in [str(process), *children])
    return pages * 4096 / (1 << 20)


def main() -> None:
    """Start everything, measure in turn, print."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_devnet", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--without-anvil", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        started = [
            stack.enter_context(devnet("devnet, py-evm", alone=200, batched=600)),
            stack.enter_context(devnet("devnet, py-evm, --data-dir", "--data-dir", folder, alone=200, batched=600)),
        ]
        if not options.without_anvil:
            started.append(stack.enter_context(devnet("devnet, anvil", "--engine", "anvil", alone=600, batched=4_000)))
        chains = [tester(), *(chain for chain, _ in started)]
        for chain in chains:
            chain.prepare()
        for _ in range(options.rounds):
            for kind in GAS:
                for chain in chains:
                    chain.measure_alone(kind)
                    chain.measure_batches(kind)
        print("\n".join(table(chains)))
        for chain, process in started:
            head = chain.web3.eth.block_number
            print(f"  {chain.name:<38}{resident_mebibytes(process):>10,.0f} MiB after {head:,} blocks")
        seconds = poll(started[0][0].url or "")
        middle, late = (1_000 * seconds[int(len(seconds) * share)] for share in (0.5, 0.99))
        print(
            f"{POLLING_CLIENTS} clients poll the first devnet: {len(seconds) / POLLING_SECONDS:,.0f} answers a second,"
        )
        print(f"  half of them within {middle:.1f} ms, 99% within {late:.1f} ms")


if __name__ == "__main__":
    main()
