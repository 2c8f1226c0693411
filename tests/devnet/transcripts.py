"""What cast, ethers and viem print when they deploy and use the contracts on a devnet: docs/devnet-clients.md.

`python -m tests.devnet.transcripts` writes the document anew.
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.devnet import Devnet, running_devnet

ROOT = Path(__file__).parents[2]
CLIENTS = Path(__file__).parent / "clients"
ARTIFACTS = ROOT / "contracts" / "artifacts"
DOCUMENT = ROOT / "docs" / "devnet-clients.md"
VERSIONS: dict[str, str] = json.loads((CLIENTS / "package.json").read_text(encoding="utf-8"))["devDependencies"]
CAST = CLIENTS / "node_modules" / ".bin" / "cast"
FRIEND = "0x00000000000000000000000000000000000000AA"
DEADLINE = 1 << 40
TRANSFER = "Transfer(address indexed,address indexed,uint256)"
REGISTRY_ARGUMENTS = ("100", "60", "3600")

INTRODUCTION = """# Clients on the devnet

What three clients that know nothing of this project print when they deploy the token and the registry on a
[devnet](../hardhat-free-devnet/README.md), call, send, are refused, sign and listen. A test runs all of it against a
devnet process and compares; `python -m tests.devnet.transcripts` writes this page. Hashes of blocks and transactions
are left out, as they depend on the time.

| client | version | over |
| --- | --- | --- |
| cast (Foundry) | {cast} | HTTP, WebSocket |
| ethers | {ethers} | HTTP, WebSocket |
| viem | {viem} | HTTP, WebSocket |
| web3.py | what the project itself uses, in `tests/devnet/test_clients.py` | HTTP, WebSocket |
"""


@dataclass
class Shell:
    """Runs cast. `names`: what commands are shown to say in place of values."""

    devnet: Devnet
    key: str
    names: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def cast(self, *arguments: str, hidden: bool = False, fails: bool = False) -> str:
        """Run a command, note it and what it prints, and return that."""
        ended = subprocess.run(
            [str(CAST), *arguments], capture_output=True, text=True, timeout=60, env=self.environment(), check=False
        )
        assert bool(ended.stderr) == fails, ended.stderr
        output = (ended.stderr if fails else ended.stdout).strip()
        if not hidden:
            self.note(arguments, output)
        return output

    def note(self, arguments: tuple[str, ...], output: str) -> None:
        """Show a command with its output."""
        words = [self.names.get(word, word) for word in arguments]
        shown = " ".join(f"'{word}'" if re.search(r"^[^$]*[ ()]", word) else word for word in words)
        for value, name in self.names.items():
            output = output.replace(value, name)
        self.lines += [f"$ cast {shown}", *re.sub(r"(ash: )0x[0-9a-f]{64}", r"\1...", output).splitlines()]

    def environment(self) -> dict[str, str]:
        """No configuration of whoever runs the test."""
        return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "ETH_RPC_URL": self.devnet.rpc_url}

    def send(self, *arguments: str) -> dict[str, Any]:
        """Send a transaction and wait for its receipt; shown with its status."""
        words = ("send", "--private-key", self.key, "--json", *arguments)
        receipt: dict[str, Any] = json.loads(self.cast(*words, hidden=True))
        self.note((*words, "|", "jq", "-r", ".status"), receipt["status"])
        return receipt


def cast_transcript(devnet: Devnet) -> str:
    """The session with cast."""
    account = devnet.accounts[2]
    shell = Shell(
        devnet, account.private_key, {account.address: "$OWNER", account.private_key: "$KEY", FRIEND: "$FRIEND"}
    )
    shell.cast("chain-id")

    token = _deploy(shell, "SwarmToken", "TOKEN", "constructor(address,uint256)", account.address, "1000000")
    signature = "constructor(address,uint256,uint48,uint48,address,address)"
    roles = (account.address, account.address)  # who can slash, and who can pause
    registry = _deploy(shell, "PeerRegistry", "REGISTRY", signature, token, *REGISTRY_ARGUMENTS, *roles)

    name = json.loads(shell.cast("call", token, "name()(string)"))
    receipt = shell.send(token, "transfer(address,uint256)", FRIEND, "7")
    shell.names[receipt["transactionHash"]] = "$TRANSACTION"
    shell.cast("receipt", receipt["transactionHash"], "status")
    shell.cast("call", token, "balanceOf(address)(uint256)", FRIEND)
    shell.cast("logs", "--address", token, "--from-block", "0", TRANSFER, account.address, FRIEND)

    refused = ("transferFrom(address,address,uint256)", FRIEND, account.address, "1")
    failure = shell.cast("call", token, *refused, "--from", account.address, fails=True)
    shell.cast("decode-error", "--sig", "ERC20InsufficientAllowance(address,uint256,uint256)", failure.split('"')[1])

    permit = _permit(name, token, account.address, registry)
    shell.names[permit] = "$PERMIT"
    signed = shell.cast("wallet", "sign", "--private-key", account.private_key, "--data", permit)
    r, s, v = signed[:66], "0x" + signed[66:130], str(int(signed[130:], 16))
    shell.names |= {r: "$R", s: "$S"}
    words = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    shell.send(token, words, account.address, registry, "100", str(DEADLINE), v, r, s)
    shell.cast("call", token, "allowance(address,address)(uint256)", account.address, registry)
    shell.send(registry, "stake(uint32)", "1")
    shell.cast("call", registry, "seatCount()(uint32)")

    _listen(shell, token)
    return "\n".join(shell.lines)


def script_transcript(name: str, devnet: Devnet, key: str) -> str:
    """What a script of the clients' folder prints."""
    command = ["node", str(CLIENTS / f"{name}.mjs"), devnet.rpc_url, str(ARTIFACTS), key]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return f"$ node {name}.mjs $RPC_URL contracts/artifacts $KEY\n{ended.stdout.strip()}"


def document(devnet: Devnet) -> str:
    """The document. The devnet must be fresh: addresses of contracts follow from nonces."""
    parts = [INTRODUCTION.format(cast=VERSIONS["@foundry-rs/cast"], ethers=VERSIONS["ethers"], viem=VERSIONS["viem"])]
    sessions = {"cast": cast_transcript(devnet)}
    for position, name in enumerate(("ethers", "viem")):
        sessions[name] = script_transcript(name, devnet, devnet.accounts[position].private_key)
    for name, session in sessions.items():
        script = f"\nThe script is [{name}.mjs](../tests/devnet/clients/{name}.mjs).\n" if name != "cast" else ""
        parts.append(f"## {name}\n{script}\n```console\n{session}\n```\n")
    return "\n".join(parts)


def _deploy(shell: Shell, contract: str, name: str, signature: str, *arguments: str) -> str:
    bytecode = json.loads((ARTIFACTS / f"{contract}.json").read_text(encoding="utf-8"))["bytecode"]
    shell.names[bytecode] = f"$(jq -r .bytecode contracts/artifacts/{contract}.json)"
    address: str = shell.send("--create", bytecode, signature, *arguments)["contractAddress"]
    shell.names[address] = f"${name}"
    return address


def _permit(name: str, token: str, owner: str, spender: str) -> str:
    """The typed data of a permit (EIP-2612)."""
    domain = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}
    message = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256", "deadline": "uint256"}
    return json.dumps(
        {
            "types": {
                "EIP712Domain": [{"name": key, "type": kind} for key, kind in domain.items()],
                "Permit": [{"name": key, "type": kind} for key, kind in message.items()],
            },
            "primaryType": "Permit",
            "domain": {"name": name, "version": "1", "chainId": 31337, "verifyingContract": token},
            "message": {"owner": owner, "spender": spender, "value": 100, "nonce": 0, "deadline": DEADLINE},
        }
    )


def _listen(shell: Shell, token: str) -> None:
    """Subscribe over WebSocket, and transfer until that is heard."""
    words = ("logs", "--subscribe", "--address", token, TRANSFER, "--rpc-url")
    url = shell.devnet.rpc_url.replace("http", "ws")
    with subprocess.Popen(
        [str(CAST), *words, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=shell.environment()
    ) as listener:
        assert listener.stdout is not None
        for _ in range(100):
            shell.cast("send", "--private-key", shell.key, token, "transfer(address,uint256)", FRIEND, "9", hidden=True)
            if select.select([listener.stdout], [], [], 0.1)[0]:
                break
        heard = next(line.strip() for line in listener.stdout if "data:" in line)
        listener.terminate()
    shell.note((*words, "$WEBSOCKET_URL", "|", "grep", "data"), heard)


if __name__ == "__main__":
    with running_devnet(heartbeat_seconds=0) as fresh:
        DOCUMENT.write_text(document(fresh), encoding="utf-8")
