"""State and block overrides of `eth_call` and its like: what a call sees in place of what the chain holds.

Source: https://geth.ethereum.org/docs/interacting-with-geth/rpc/objects (state override set, block overrides).
"""

from __future__ import annotations

from collections.abc import Mapping

from eth.abc import BlockHeaderAPI

from devnet.errors import InvalidParams
from devnet.evm import StateEdit
from devnet.hexing import parse_address, parse_data, parse_quantity

MAXIMUM_ACCOUNTS = 1_000
MAXIMUM_SLOTS = 10_000
MAXIMUM_NONCE = (1 << 64) - 2
MAXIMUM_NUMBER = (1 << 64) - 1
ACCOUNT_FIELDS = {"balance", "nonce", "code", "state", "stateDiff"}


def state_edits(value: object) -> tuple[StateEdit, ...]:
    """Read a state override set. Raises InvalidParams."""
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        raise InvalidParams("state overrides: expected an object of objects by address")
    if len(value) > MAXIMUM_ACCOUNTS:
        raise InvalidParams(f"state overrides: {len(value)} accounts, at most {MAXIMUM_ACCOUNTS}")
    return tuple(_state_edit(parse_address(address, "state overrides"), item) for address, item in value.items())


def _state_edit(address: bytes, item: Mapping[str, object]) -> StateEdit:
    unknown = sorted(name for name in item if name not in ACCOUNT_FIELDS and item[name] is not None)
    if unknown:
        raise InvalidParams(f"state overrides: {unknown[0][:40]} is not supported by this devnet")
    if item.get("state") is not None and item.get("stateDiff") is not None:
        raise InvalidParams(f"account 0x{address.hex()} has both 'state' and 'stateDiff'")
    balance, nonce, code = (item.get(name) for name in ("balance", "nonce", "code"))
    return StateEdit(
        address=address,
        balance=None if balance is None else parse_quantity(balance, "balance"),
        nonce=None if nonce is None else parse_quantity(nonce, "nonce", maximum=MAXIMUM_NONCE),
        code=None if code is None else parse_data(code, "code"),
        storage=_slots(item.get("state") or item.get("stateDiff")),
        clears_storage=item.get("state") is not None,
    )


def _slots(value: object) -> tuple[tuple[int, int], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or len(value) > MAXIMUM_SLOTS:
        raise InvalidParams(f"state overrides: expected an object of at most {MAXIMUM_SLOTS} slots")
    return tuple(
        (int.from_bytes(parse_data(slot, "slot", length=32), "big"), int.from_bytes(parse_data(word, "slot"), "big"))
        for slot, word in value.items()
    )


def overridden(header: BlockHeaderAPI, value: object) -> BlockHeaderAPI:
    """The header with block overrides in it. Raises InvalidParams."""
    if value is None:
        return header
    if not isinstance(value, dict):
        raise InvalidParams("block overrides: expected an object")
    fields: dict[str, object] = {}
    for name, given in value.items():
        if given is None:
            continue
        if name in QUANTITIES:
            fields[QUANTITIES[name]] = parse_quantity(given, name, maximum=MAXIMUM_NUMBER)
        elif name in ("feeRecipient", "coinbase"):
            fields["coinbase"] = parse_address(given, name)
        elif name == "prevRandao":
            fields["mix_hash"] = parse_data(given, name, length=32)
        else:
            raise InvalidParams(f"block overrides: {name[:40]} is not supported by this devnet")
    changed: BlockHeaderAPI = header.copy(**fields)
    return changed


QUANTITIES = {
    "number": "block_number",
    "time": "timestamp",
    "gasLimit": "gas_limit",
    "baseFeePerGas": "base_fee_per_gas",
}
