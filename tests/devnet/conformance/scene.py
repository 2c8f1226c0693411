"""A chain with one transaction of every kind, and what was signed for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.devnet.programs import CONTEXT, ECHO, LOG_INPUT, REVERT_WITH_INPUT, STORE_INPUT, creation_code, word
from tests.devnet.signing import GWEI, Wallet
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc, RpcFailure

# CALL the address in the first word of the input, without value.
CALL_INPUT = "5f5f5f5f5f5f355af100"
# SLOAD: the slot is the first word of the input.
LOAD_INPUT = "5f35545f5260205ff3"
NOBODY = "0x" + "77" * 20
NO_HASH = "0x" + "00" * 28 + "deadbeef"
LEGACY = {"type": None, "gasPrice": 3 * GWEI, "maxFeePerGas": None, "maxPriorityFeePerGas": None}
ACCESS_LIST = {"type": 1, "gasPrice": 3 * GWEI, "maxFeePerGas": None, "maxPriorityFeePerGas": None}

Expression = Callable[["Scene"], None]


@dataclass(frozen=True)
class Sent:
    """A mined transaction: the bytes that were signed, and its receipt."""

    raw: str
    receipt: dict[str, Any]

    @property
    def hash(self) -> str:
        """Its hash."""
        return str(self.receipt["transactionHash"])


class Scene:
    """The chain. `sent`: transactions by what they are."""

    def __init__(self, devnet: Devnet, rpc: Rpc) -> None:
        self.devnet = devnet
        self.rpc = rpc
        self.wallet = Wallet.funded(rpc, devnet)
        programs = {
            "context": CONTEXT,
            "echo": ECHO,
            "revert": REVERT_WITH_INPUT,
            "log": LOG_INPUT,
            "store": STORE_INPUT,
            "call": CALL_INPUT,
            "load": LOAD_INPUT,
        }
        self.contracts = {name: self.wallet.deploy(program) for name, program in programs.items()}
        entry = {"address": self.contracts["store"], "storageKeys": ["0x" + word(1)]}
        authorization = self.wallet.authorize(self.contracts["echo"], nonce=self.wallet.nonce + 7)
        self.sent = {
            "legacy": self.send(**LEGACY),
            "legacy create": self.send(**LEGACY, to=None, data=creation_code(LOAD_INPUT), gas=200_000),
            "legacy input": self.send(**LEGACY, to=self.contracts["echo"], data="0x5544", gas=50_000),
            "access list": self.send(**ACCESS_LIST, accessList=[entry], gas=60_000),
            "dynamic fee": self.send(value=3),
            "dynamic fee access list": self.send(accessList=[entry], gas=60_000),
            "set code": self.send(type=4, gas=100_000, authorizationList=[authorization]),
        }
        self.wallet.nonce += 1  # the authorization was the sender's own
        self.sent |= {
            "store": self.send(to=self.contracts["store"], data="0x" + word(1) + word(0x2A), gas=100_000),
            "log": self.send(to=self.contracts["log"], data="0x" + word(1) + word(10), gas=100_000),
            "other log": self.send(to=self.contracts["log"], data="0x" + word(2) + word(11), gas=100_000),
            "reverted": self.send(to=self.contracts["revert"], data="0x08c379a0", gas=100_000),
            "nested": self.send(
                to=self.contracts["call"], data="0x" + word(int(self.contracts["log"], 16)), gas=200_000
            ),
        }
        rpc("evm_mine")

    def send(self, **fields: Any) -> Sent:
        """Sign, send, and wait for the receipt."""
        raw = self.wallet.sign(**fields)
        return Sent(raw, self.rpc.receipt(self.wallet.send(**fields)))

    def ask(self, method: str, *params: object) -> Any:
        """The result."""
        return self.rpc(method, *params)

    def fails(self, method: str, *params: object, code: int, words: str) -> None:
        """The request is refused with this code and these words."""
        with pytest.raises(RpcFailure, match=words) as caught:
            self.rpc(method, *params)
        assert caught.value.code == code

    def contract(self, name: str, data: str = "0x", **fields: object) -> dict[str, object]:
        """A call of one of the contracts."""
        return {"to": self.contracts[name], "data": data, **fields}


class Expressions:
    """Which expression stands for which public tests."""

    def __init__(self) -> None:
        self.by_name: dict[str, Expression] = {}

    def stands_for(self, method: str, *names: str) -> Callable[[Expression], Expression]:
        """Register a function for tests of a method."""

        def register(expression: Expression) -> Expression:
            for name in names:
                assert f"{method}/{name}" not in self.by_name
                self.by_name[f"{method}/{name}"] = expression
            return expression

        return register
