"""Methods that only a development chain has: time, blocks, snapshots, and writing to accounts.

The names are Hardhat's and Anvil's, so that their users' tools and tests work.
"""

from __future__ import annotations

from collections.abc import Callable

from devnet.chain import Chain
from devnet.errors import InvalidParams
from devnet.evm import StateEdit
from devnet.hexing import parse_address, parse_data, parse_quantity, quantity
from devnet.overrides import MAXIMUM_NONCE
from devnet.parameters import Method, Params, take

MAXIMUM_BLOCKS_PER_REQUEST = 1_000
MAXIMUM_TIME_SECONDS = 1 << 40


def methods(chain: Chain) -> dict[str, Method]:
    """The table of methods by name."""
    control = Control(chain)
    table: dict[str, Method] = {
        "evm_increaseTime": control.increase_time,
        "evm_mine": control.mine,
        "evm_revert": control.revert,
        "evm_setAutomine": control.set_automine,
        "evm_setIntervalMining": control.set_interval,
        "evm_setNextBlockTimestamp": control.set_next_timestamp,
        "evm_snapshot": control.snapshot,
    }
    writers = {
        "setBalance": control.set_balance,
        "setCode": control.set_code,
        "setNonce": control.set_nonce,
        "setStorageAt": control.set_storage,
    }
    for name, method in writers.items():
        ganache = name if name == "setStorageAt" else name.replace("set", "setAccount")
        table |= {f"evm_{ganache}": method, f"hardhat_{name}": method, f"anvil_{name}": method}
    return table | {f"{family}_mine": control.mine_many for family in ("hardhat", "anvil")}


class Control:
    """The methods."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    # Blocks and time.

    def mine(self, params: Params) -> str:
        """evm_mine: a time, or {"timestamp", "blocks"}; one block by default."""
        (value,) = take(params, 0, 1)
        timestamp, blocks = value, 1
        if isinstance(value, dict):
            timestamp = value.get("timestamp")
            blocks = parse_quantity(value.get("blocks", 1), "blocks", maximum=MAXIMUM_BLOCKS_PER_REQUEST)
        first = None if timestamp is None else parse_quantity(timestamp, "timestamp", maximum=MAXIMUM_TIME_SECONDS)
        for number in range(blocks):
            self._chain.mine(first if number == 0 else None)
        return quantity(0)

    def mine_many(self, params: Params) -> bool:
        """hardhat_mine: how many blocks, and how many seconds apart; one block, one second by default."""
        count, interval = take(params, 0, 2)
        blocks = 1 if count is None else parse_quantity(count, "blocks", maximum=MAXIMUM_BLOCKS_PER_REQUEST)
        apart = None if interval is None else parse_quantity(interval, "interval", maximum=MAXIMUM_TIME_SECONDS)
        if apart == 0:
            raise InvalidParams("interval: block times strictly increase, expected at least 1 second")
        for number in range(blocks):
            if apart is not None and number > 0:
                self._chain.mine(self._chain.head.header.timestamp + apart)
            else:
                self._chain.mine()
        return True

    def increase_time(self, params: Params) -> int:
        """evm_increaseTime: seconds that pass before the next block, counted from the head. Returns the offset."""
        (seconds,) = take(params, 1)
        return self._chain.increase_time(parse_quantity(seconds, "seconds", maximum=MAXIMUM_TIME_SECONDS))

    def set_next_timestamp(self, params: Params) -> None:
        """evm_setNextBlockTimestamp."""
        (timestamp,) = take(params, 1)
        self._chain.force_next_timestamp(parse_quantity(timestamp, "timestamp", maximum=MAXIMUM_TIME_SECONDS))

    def set_automine(self, params: Params) -> None:
        """evm_setAutomine: false leaves all building to evm_mine."""
        (enabled,) = take(params, 1)
        if not isinstance(enabled, bool):
            raise InvalidParams("expected true or false")
        self._chain.set_automine(enabled)

    def set_interval(self, params: Params) -> bool:
        """evm_setIntervalMining: milliseconds without a block after which an empty one is built; 0 = never."""
        (value,) = take(params, 1)
        self._chain.set_interval(parse_quantity(value, "interval", maximum=MAXIMUM_TIME_SECONDS) / 1_000)
        return True

    # Snapshots.

    def snapshot(self, params: Params) -> str:
        """evm_snapshot."""
        take(params, 0)
        return quantity(self._chain.snapshot())

    def revert(self, params: Params) -> bool:
        """evm_revert: back to a snapshot; false when it is unknown or used up."""
        (number,) = take(params, 1)
        return self._chain.revert(parse_quantity(number, "snapshot"))

    # Accounts. Each is a block of its own, so that what is written is part of a state root and can be proven.

    def set_balance(self, params: Params) -> bool:
        """evm_setAccountBalance: the account, then wei."""
        return self._write(params, lambda address, value: StateEdit(address, balance=parse_quantity(value, "balance")))

    def set_nonce(self, params: Params) -> bool:
        """evm_setAccountNonce: the account, then the nonce."""
        return self._write(
            params,
            lambda address, value: StateEdit(address, nonce=parse_quantity(value, "nonce", maximum=MAXIMUM_NONCE)),
        )

    def set_code(self, params: Params) -> bool:
        """evm_setAccountCode: the account, then the code it runs."""
        return self._write(params, lambda address, value: StateEdit(address, code=parse_data(value, "code")))

    def set_storage(self, params: Params) -> bool:
        """evm_setStorageAt: the account, the slot, then a word."""
        address, slot, word = take(params, 3)
        value = int.from_bytes(parse_data(word, "value", length=32), "big")
        self._chain.edit([StateEdit(parse_address(address), storage=((parse_quantity(slot, "slot"), value),))])
        return True

    def _write(self, params: Params, edit: Callable[[bytes, object], StateEdit]) -> bool:
        address, value = take(params, 2)
        self._chain.edit([edit(parse_address(address), value)])
        return True
