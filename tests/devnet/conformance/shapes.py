"""The shape of every object the API answers with: which members there are, and the form of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], None]

QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)")
LOWER_HEX = re.compile(r"0x([0-9a-f]{2})*")


def quantity(value: Any) -> None:
    """0x and the shortest digits."""
    assert isinstance(value, str), value
    assert QUANTITY.fullmatch(value), value


def data(length: int | None = None) -> Check:
    """0x and two digits a byte."""

    def check(value: Any) -> None:
        assert isinstance(value, str), value
        assert LOWER_HEX.fullmatch(value), value
        assert length is None or len(value) == 2 + 2 * length, value

    return check


def boolean(value: Any) -> None:
    """True or false."""
    assert isinstance(value, bool), value


def nothing(value: Any) -> None:
    """null."""
    assert value is None, value


def either(*checks: Check) -> Check:
    """One of several forms."""

    def check(value: Any) -> None:
        failures = []
        for option in checks:
            try:
                return option(value)
            except AssertionError as failure:
                failures.append(str(failure))
        raise AssertionError(failures)

    return check


def exactly(expected: object) -> Check:
    """This value."""

    def check(value: Any) -> None:
        assert value == expected

    return check


def list_of(item: Check) -> Check:
    """A list of things of one form."""

    def check(value: Any) -> None:
        assert isinstance(value, list), value
        for entry in value:
            item(entry)

    return check


def members(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these members and no others."""

    def check(value: Any) -> None:
        assert isinstance(value, dict), value
        known = {**required, **(optional or {})}
        assert required.keys() <= value.keys(), f"missing: {sorted(required.keys() - value.keys())}"
        assert value.keys() <= known.keys(), f"unknown: {sorted(value.keys() - known.keys())}"
        for name, entry in value.items():
            try:
                known[name](entry)
            except AssertionError as failure:
                raise AssertionError(f"{name}: {failure}") from failure

    return check


address, hash32, any_data = data(20), data(32), data()
or_null = {"address": either(address, nothing), "hash": either(hash32, nothing), "quantity": either(quantity, nothing)}

ACCESS_LIST = list_of(members({"address": address, "storageKeys": list_of(hash32)}))
AUTHORIZATION = members(
    {"chainId": quantity, "address": address, "nonce": quantity, "yParity": quantity, "r": quantity, "s": quantity}
)
HEADER_MEMBERS: dict[str, Check] = {
    **dict.fromkeys(("parentHash", "sha3Uncles", "stateRoot", "transactionsRoot", "receiptsRoot"), hash32),
    **dict.fromkeys(("hash", "mixHash", "withdrawalsRoot", "parentBeaconBlockRoot", "requestsHash"), hash32),
    **dict.fromkeys(("number", "difficulty", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas"), quantity),
    **dict.fromkeys(("blobGasUsed", "excessBlobGas"), quantity),
    "miner": address,
    "nonce": data(8),
    "logsBloom": data(256),
    "extraData": any_data,
}
HEADER = members(HEADER_MEMBERS)
COMMON_TRANSACTION: dict[str, Check] = {
    **dict.fromkeys(("nonce", "gas", "value", "v", "r", "s", "gasPrice"), quantity),
    **dict.fromkeys(("blockNumber", "blockTimestamp", "transactionIndex"), or_null["quantity"]),
    "blockHash": or_null["hash"],
    "hash": hash32,
    "from": address,
    "to": or_null["address"],
    "input": any_data,
}
TYPED = COMMON_TRANSACTION | {"chainId": quantity, "accessList": ACCESS_LIST, "yParity": quantity}
FEES = {"maxFeePerGas": quantity, "maxPriorityFeePerGas": quantity}
LEGACY_TRANSACTION = members(COMMON_TRANSACTION | {"type": exactly("0x0")}, {"chainId": quantity})
ACCESS_LIST_TRANSACTION = members(TYPED | {"type": exactly("0x1")})
DYNAMIC_FEE_TRANSACTION = members(TYPED | FEES | {"type": exactly("0x2")})
SET_CODE_TRANSACTION = members(TYPED | FEES | {"type": exactly("0x4"), "authorizationList": list_of(AUTHORIZATION)})
TRANSACTION = either(LEGACY_TRANSACTION, ACCESS_LIST_TRANSACTION, DYNAMIC_FEE_TRANSACTION, SET_CODE_TRANSACTION)
BLOCK = members(
    HEADER_MEMBERS
    | {
        "size": quantity,
        "totalDifficulty": quantity,
        "transactions": either(list_of(hash32), list_of(TRANSACTION)),
        "uncles": exactly([]),
        "withdrawals": exactly([]),
    }
)
LOG = members(
    {
        **dict.fromkeys(("logIndex", "transactionIndex", "blockNumber", "blockTimestamp"), quantity),
        **dict.fromkeys(("transactionHash", "blockHash"), hash32),
        "address": address,
        "data": any_data,
        "topics": list_of(hash32),
        "removed": exactly(False),
    }
)
LOGS = list_of(LOG)
RECEIPT = members(
    {
        **dict.fromkeys(
            ("transactionIndex", "blockNumber", "cumulativeGasUsed", "gasUsed", "effectiveGasPrice"), quantity
        ),
        **dict.fromkeys(("transactionHash", "blockHash"), hash32),
        **dict.fromkeys(("status", "type"), quantity),
        "from": address,
        "to": or_null["address"],
        "contractAddress": or_null["address"],
        "logs": LOGS,
        "logsBloom": data(256),
    }
)
PROOF = members(
    {
        "address": address,
        "accountProof": list_of(any_data),
        "balance": quantity,
        "nonce": quantity,
        "codeHash": hash32,
        "storageHash": hash32,
        "storageProof": list_of(
            members({"key": either(quantity, hash32), "value": quantity, "proof": list_of(any_data)})
        ),
    }
)
FEE_HISTORY = members(
    {
        "oldestBlock": quantity,
        "baseFeePerGas": list_of(quantity),
        "baseFeePerBlobGas": list_of(quantity),
        "gasUsedRatio": list_of(lambda value: None),
        "blobGasUsedRatio": list_of(lambda value: None),
    },
    {"reward": list_of(list_of(quantity))},
)
ACCESS_LIST_RESULT = members({"accessList": ACCESS_LIST, "gasUsed": quantity}, {"error": lambda value: None})
FRAME_LOG = members({"address": address, "topics": list_of(hash32), "data": any_data})


def frame(value: Any) -> None:
    """A frame of the call tracer."""
    required: dict[str, Check] = {**dict.fromkeys(("gas", "gasUsed"), quantity), "from": address, "to": address}
    required |= {"input": any_data, "type": lambda kind: None}
    optional: dict[str, Check] = {"value": quantity, "output": any_data, "error": lambda text: None}
    optional |= {"revertReason": lambda text: None, "calls": list_of(frame), "logs": list_of(FRAME_LOG)}
    members(required, optional)(value)
