"""How fast the devnet is: transactions a second into blocks, and answers a second to clients that poll.

python -m scripts.bench_devnet
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.address import to_checksum_address

from contracts.abi import contract_abi

TRANSACTIONS = 400
BATCH = 100
CLIENTS = 8
POLLING_SECONDS = 5.0
RECIPIENT = "0x00000000000000000000000000000000000000AA"
TRANSFER = bytes.fromhex("a9059cbb") + encode(["address", "uint256"], [RECIPIENT, 1])


@dataclass(frozen=True)
class Latencies:
    """What polling clients saw, all together. Sorted seconds."""

    seconds: Sequence[float]
    elapsed_seconds: float

    def row(self, name: str) -> str:
        """One line of the table."""
        count = len(self.seconds)
        median, late = (1000 * self.seconds[int(count * share)] for share in (0.5, 0.99))
        return f"{name:<44}{count / self.elapsed_seconds:>8.0f} /s   median {median:.1f} ms, 99% {late:.1f} ms"


class Devnet:
    """JSON-RPC to a devnet process, and the key of its first account."""

    def __init__(self, session: aiohttp.ClientSession, told: dict[str, Any]) -> None:
        self._session = session
        self._url = told["rpc_url"]
        self._chain_id = told["chain_id"]
        self._account = Account.from_key(told["accounts"][0]["private_key"])
        self._nonce = 0

    async def post(self, body: object) -> Any:
        """The parsed answer."""
        async with self._session.post(self._url, json=body) as answer:
            return await answer.json()

    async def call(self, method: str, *params: object) -> Any:
        """The result of one request."""
        answer = await self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return answer["result"]

    def sign(self, *, to: str | None, data: bytes = b"", gas: int = 21_000) -> str:
        """A raw transaction with the next nonce."""
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": self._nonce,
            "data": data,
            "gas": gas,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 1,
        }
        if to is not None:
            fields["to"] = to
        self._nonce += 1
        raw: bytes = self._account.sign_transaction(fields).raw_transaction
        return "0x" + raw.hex()

    async def receipt(self, transaction_hash: str) -> Any:
        """Wait for a receipt."""
        while True:
            receipt = await self.call("eth_getTransactionReceipt", transaction_hash)
            if receipt is not None:
                return receipt
            await asyncio.sleep(0.005)

    async def send_all(self, raws: Sequence[str]) -> float:
        """Send in batches and wait for the last receipt; returns transactions a second."""
        began = time.perf_counter()
        for start in range(0, len(raws), BATCH):
            batch = [
                {"jsonrpc": "2.0", "id": number, "method": "eth_sendRawTransaction", "params": [raw]}
                for number, raw in enumerate(raws[start : start + BATCH])
            ]
            answers = await self.post(batch)
        await self.receipt(answers[-1]["result"])
        return len(raws) / (time.perf_counter() - began)

    async def deploy_token(self) -> str:
        """Deploy the ERC-20 and return its address."""
        holder = encode(["address", "uint256"], [self._account.address, 10**24])
        raw = self.sign(to=None, data=contract_abi("SwarmToken").bytecode + holder, gas=5_000_000)
        receipt = await self.receipt(await self.call("eth_sendRawTransaction", raw))
        return to_checksum_address(receipt["contractAddress"])


async def poll(devnet: Devnet, until: asyncio.Future[Any] | asyncio.Task[Any]) -> Latencies:
    """Let several clients ask what peers ask all the time, until something is done."""
    seconds: list[float] = []

    async def client() -> None:
        questions: list[tuple[str, list[object]]] = [
            ("eth_blockNumber", []),
            ("eth_getBlockByNumber", ["latest", False]),
            ("eth_getLogs", [{}]),
        ]
        while not until.done():
            for method, parameters in questions:
                began = time.perf_counter()
                await devnet.call(method, *parameters)
                seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return Latencies(sorted(seconds), time.perf_counter() - began)


async def measure(told: dict[str, Any]) -> None:
    """Print the table."""
    async with aiohttp.ClientSession() as session:
        devnet = Devnet(session, told)
        token = await devnet.deploy_token()
        transfers = [devnet.sign(to=RECIPIENT) for _ in range(TRANSACTIONS)]
        print(f"{'ether transfers, raw, batches of 100':<44}{await devnet.send_all(transfers):>8.0f} /s")
        token_transfers = [devnet.sign(to=token, data=TRANSFER, gas=100_000) for _ in range(TRANSACTIONS)]
        print(f"{'ERC-20 transfers, raw, batches of 100':<44}{await devnet.send_all(token_transfers):>8.0f} /s")
        idle = asyncio.create_task(asyncio.sleep(POLLING_SECONDS))
        print((await poll(devnet, idle)).row(f"polls by {CLIENTS} clients, idle"))
        token_transfers = [devnet.sign(to=token, data=TRANSFER, gas=100_000) for _ in range(TRANSACTIONS)]
        busy = asyncio.create_task(devnet.send_all(token_transfers))
        print((await poll(devnet, busy)).row(f"polls by {CLIENTS} clients, {TRANSACTIONS} ERC-20 transfers"))
        print(f"{'ERC-20 transfers meanwhile':<44}{busy.result():>8.0f} /s")


def main() -> None:
    """Start a devnet, measure, stop it."""
    command = [sys.executable, "-m", "devnet", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            asyncio.run(measure(json.loads(process.stdout.readline())))
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
