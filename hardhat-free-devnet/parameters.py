"""Reading the parameters of a request: positions, block tags, call objects, log filters.

Everything here raises InvalidParams for what is malformed, and ServerError for a block that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eth.abc import BlockHeaderAPI

from devnet.chain import BLOCK_GAS_LIMIT, Chain
from devnet.errors import InvalidParams, ServerError
from devnet.evm import Message
from devnet.hexing import data, parse_address, parse_data, parse_quantity
from devnet.index import IndexedBlock, LogFilter

LATEST_TAGS = ("latest", "safe", "finalized")
MAXIMUM_TOPICS = 4
ZERO_ADDRESS = bytes(20)

Params = list[object]
Method = Callable[[Params], object]


def take(params: Params, required: int, optional: int = 0) -> Params:
    """The parameters by position, padded with None where optional ones are missing."""
    if len(params) < required:
        raise InvalidParams(f"missing value for required argument {len(params)}")
    if len(params) > required + optional:
        raise InvalidParams(f"too many arguments, want at most {required + optional}")
    return params + [None] * (required + optional - len(params))


def block_or_none(chain: Chain, tag: object) -> IndexedBlock | None:
    """The mined block a tag, height or EIP-1898 object names; `pending` names the head; None when there is none."""
    if tag is None or tag in (*LATEST_TAGS, "pending"):
        return chain.head
    if tag == "earliest":
        return chain.block(0)
    if isinstance(tag, dict):
        if "blockHash" in tag:
            return chain.block_by_hash(data(parse_data(tag["blockHash"], "blockHash", length=32)))
        tag = tag.get("blockNumber")
    return chain.block(parse_quantity(tag, "block"))


def block(chain: Chain, tag: object) -> IndexedBlock:
    """As `block_or_none`, but a missing block is an error."""
    found = block_or_none(chain, tag)
    if found is None:
        raise ServerError("header not found")
    return found


def header(chain: Chain, tag: object) -> BlockHeaderAPI:
    """The header to run code under; `pending` is the next block's."""
    return chain.next_header() if tag == "pending" else block(chain, tag).header


def no_overrides(value: object) -> None:
    """Refuse state and block overrides, which would otherwise be ignored in silence."""
    if value not in (None, {}):
        raise InvalidParams("state and block overrides are not supported by this devnet")


@dataclass(frozen=True)
class CallObject:
    """A transaction as `eth_call`, `eth_estimateGas` and `eth_sendTransaction` describe it. None = not given."""

    message: Message
    gas: int | None
    nonce: int | None
    gas_price: int | None
    max_fee: int | None
    max_priority_fee: int | None
    chain_id: int | None


def call_object(value: object) -> CallObject:
    """Read a transaction object; fields we do not know are ignored, as other nodes do."""
    if not isinstance(value, dict):
        raise InvalidParams("expected a transaction object")
    for name in ("blobVersionedHashes", "authorizationList"):
        if value.get(name):
            raise InvalidParams(f"{name}: not supported in transaction objects by this devnet")
    gas = _optional_quantity(value, "gas")
    to = value.get("to")
    message = Message(
        sender=ZERO_ADDRESS if value.get("from") is None else parse_address(value["from"], "from"),
        to=b"" if to in (None, "0x") else parse_address(to, "to"),
        value=_optional_quantity(value, "value") or 0,
        data=_input(value),
        gas=BLOCK_GAS_LIMIT if not gas else min(gas, BLOCK_GAS_LIMIT),
        access_list=_access_list(value.get("accessList")),
    )
    return CallObject(
        message=message,
        gas=gas,
        nonce=_optional_quantity(value, "nonce"),
        gas_price=_optional_quantity(value, "gasPrice"),
        max_fee=_optional_quantity(value, "maxFeePerGas"),
        max_priority_fee=_optional_quantity(value, "maxPriorityFeePerGas"),
        chain_id=_optional_quantity(value, "chainId"),
    )


def filter_object(value: object) -> Mapping[str, object]:
    """The object itself."""
    if not isinstance(value, dict):
        raise InvalidParams("expected a filter object")
    return value


def last_block(chain: Chain, value: object) -> int | None:
    """The height at which a filter object ends; None when it goes on."""
    tag = filter_object(value).get("toBlock")
    return None if tag is None or tag in (*LATEST_TAGS, "pending") else _height(chain, tag)


def log_range(chain: Chain, value: object) -> tuple[int, int, LogFilter]:
    """First block, last block and filter of an `eth_getLogs` object."""
    value = filter_object(value)
    wanted = log_filter(value)
    if "blockHash" in value:
        if "fromBlock" in value or "toBlock" in value:
            raise InvalidParams("cannot specify both blockHash and fromBlock/toBlock, choose one or the other")
        found = chain.block_by_hash(data(parse_data(value["blockHash"], "blockHash", length=32)))
        if found is None:
            raise ServerError("unknown block")
        return found.number, found.number, wanted
    first, last = (_height(chain, value.get(name)) for name in ("fromBlock", "toBlock"))
    if first > last:
        raise InvalidParams(f"invalid block range params: {first} is after {last}")
    return first, last, wanted


def log_filter(value: Mapping[str, object]) -> LogFilter:
    """The addresses and topics of a filter object."""
    addresses = value.get("address")
    topics = value.get("topics") or []
    if not isinstance(topics, list) or len(topics) > MAXIMUM_TOPICS:
        raise InvalidParams(f"topics: expected a list of at most {MAXIMUM_TOPICS}")
    return LogFilter(
        addresses=_alternatives(addresses, "address", 20),
        topics=tuple(_alternatives(topic, "topics", 32) for topic in topics),
    )


def _height(chain: Chain, tag: object) -> int:
    """A height, which may lie above the head."""
    if tag is None or tag in (*LATEST_TAGS, "pending"):
        return chain.head.number
    return 0 if tag == "earliest" else parse_quantity(tag, "block")


def _alternatives(value: object, name: str, length: int) -> frozenset[str] | None:
    """One piece of data or a list of them, as lower-case text; None or an empty list = any."""
    if value is None or value == []:
        return None
    values = value if isinstance(value, list) else [value]
    if any(item is None for item in values):
        return None
    return frozenset(data(parse_data(item, name, length=length)) for item in values)


def _optional_quantity(value: Mapping[str, object], name: str) -> int | None:
    given = value.get(name)
    return None if given is None else parse_quantity(given, name)


def _input(value: Mapping[str, object]) -> bytes:
    given = [parse_data(value[name], name) for name in ("input", "data") if value.get(name) is not None]
    if len(given) == 2 and given[0] != given[1]:
        raise InvalidParams("both data and input are set and not equal")
    return given[0] if given else b""


def _access_list(value: object) -> tuple[tuple[bytes, tuple[int, ...]], ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidParams("accessList: expected a list of objects")
    entries = []
    for item in value:
        keys = item.get("storageKeys") or []
        if not isinstance(keys, list):
            raise InvalidParams("accessList: storageKeys must be a list")
        slots = tuple(int.from_bytes(parse_data(key, "storageKeys", length=32), "big") for key in keys)
        entries.append((parse_address(item.get("address"), "accessList"), slots))
    return tuple(entries)
