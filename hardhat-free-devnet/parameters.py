"""Reading the parameters of a request: positions, block tags, call objects, log filters; overrides.py has the others.

Everything here raises InvalidParams for what is malformed, and ServerError for a block that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eth.abc import BlockHeaderAPI
from eth.vm.forks.prague.transactions import Authorization

from devnet.chain import BLOCK_GAS_LIMIT, Chain
from devnet.errors import InvalidParams, ServerError
from devnet.evm import Message
from devnet.hexing import data, parse_address, parse_data, parse_quantity
from devnet.index import IndexedBlock, LogFilter

LATEST_TAGS = ("latest", "safe", "finalized")
MAXIMUM_TOPICS = 4
MAXIMUM_ALTERNATIVES = 1_000
MAXIMUM_ACCESS_LIST_KEYS = 10_000
MAXIMUM_AUTHORIZATIONS = 1_000
UINT64_MAXIMUM = (1 << 64) - 1
RANGE_NAMES = ("blockHash", "fromBlock", "toBlock")
ZERO_ADDRESS = bytes(20)
HASH_TEXT_LENGTH = 66

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
            if tag.get("blockNumber") is not None:
                raise InvalidParams("cannot specify both BlockHash and BlockNumber, choose one or the other")
            return canonical_hash(chain, tag["blockHash"])
        tag = tag.get("blockNumber")
        return block_or_none(chain, None if isinstance(tag, dict) else tag)
    if isinstance(tag, str) and len(tag) == HASH_TEXT_LENGTH:
        return canonical_hash(chain, tag)
    return chain.block(parse_quantity(tag, "block"))


def block(chain: Chain, tag: object) -> IndexedBlock:
    """As `block_or_none`, but a missing block is an error."""
    found = block_or_none(chain, tag)
    if found is None:
        raise ServerError("header not found")
    return found


def canonical_hash(chain: Chain, value: object) -> IndexedBlock | None:
    """The block with this hash."""
    return chain.block_by_hash(data(parse_data(value, "hash", length=32)))


def header(chain: Chain, tag: object) -> BlockHeaderAPI:
    """The header to run code under; `pending` is the next block's."""
    return chain.next_header() if tag == "pending" else block(chain, tag).header


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
    if value.get("blobVersionedHashes"):
        raise InvalidParams("blobVersionedHashes: this devnet has no blob transactions")
    gas = _optional_quantity(value, "gas")
    to = value.get("to")
    price, fee, tip = (_optional_quantity(value, name) for name in ("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"))
    if price is not None and (fee is not None or tip is not None):
        raise ServerError("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    if fee is not None and tip is not None and tip > fee:
        raise ServerError(f"maxFeePerGas ({fee}) < maxPriorityFeePerGas ({tip})")
    message = Message(
        sender=ZERO_ADDRESS if value.get("from") is None else parse_address(value["from"], "from"),
        to=b"" if to in (None, "0x") else parse_address(to, "to"),
        value=_optional_quantity(value, "value") or 0,
        data=_input(value),
        gas=BLOCK_GAS_LIMIT if not gas else min(gas, BLOCK_GAS_LIMIT),
        access_list=_access_list(value.get("accessList")),
        max_fee=(fee if price is None else price) or 0,
        max_priority_fee=(tip if price is None else price) or 0,
        authorizations=_authorizations(value.get("authorizationList")),
    )
    if message.authorizations and not message.to:
        raise ServerError("EIP-7702 transaction cannot be used to create contract")
    return CallObject(
        message=message,
        gas=gas,
        nonce=_optional_quantity(value, "nonce"),
        gas_price=price,
        max_fee=fee,
        max_priority_fee=tip,
        chain_id=_optional_quantity(value, "chainId"),
    )


def filter_object(value: object) -> Mapping[str, object]:
    """The object itself."""
    if not isinstance(value, dict):
        raise InvalidParams("expected a filter object")
    return value


@dataclass(frozen=True)
class Heights:
    """The blocks a standing filter looks at; None = without that end."""

    first: int | None = None
    last: int | None = None

    def include(self, number: int) -> bool:
        """True for a block inside."""
        return (self.first is None or self.first <= number) and (self.last is None or number <= self.last)


def heights(chain: Chain, value: Mapping[str, object]) -> Heights:
    """The heights of a filter object that lasts; tags set no end."""
    first, last = (
        None if value.get(name) in (None, *LATEST_TAGS, "pending") else _height(chain, value[name])
        for name in ("fromBlock", "toBlock")
    )
    return Heights(first, last)


def log_range(chain: Chain, value: Mapping[str, object]) -> tuple[int, int]:
    """First and last block of an `eth_getLogs` object."""
    if value.get("blockHash") is not None:
        if value.get("fromBlock") is not None or value.get("toBlock") is not None:
            raise InvalidParams("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
        found = canonical_hash(chain, value["blockHash"])
        if found is None:
            raise ServerError("unknown block")
        return found.number, found.number
    first, last = (_height(chain, value.get(name)) for name in ("fromBlock", "toBlock"))
    if first > last:
        raise InvalidParams(f"invalid block range params: {first} is after {last}")
    if last > (head := chain.head.number):
        raise InvalidParams(f"block range extends beyond current head block: {last} is after {head}")
    return first, last


def log_filter(value: Mapping[str, object]) -> LogFilter:
    """The addresses and topics of a filter object."""
    topics = value.get("topics") or []
    if not isinstance(topics, list):
        raise InvalidParams("topics: expected a list")
    if len(topics) > MAXIMUM_TOPICS:
        raise InvalidParams(f"exceed max topics: {len(topics)}, at most {MAXIMUM_TOPICS}")
    return LogFilter(
        addresses=_alternatives(value.get("address"), "address", 20),
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
    if len(values) > MAXIMUM_ALTERNATIVES:
        raise InvalidParams(
            f"exceed max addresses or topics per search position: {len(values)}, at most {MAXIMUM_ALTERNATIVES}"
        )
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
        if len(keys) > MAXIMUM_ACCESS_LIST_KEYS:
            raise InvalidParams(f"accessList: {len(keys)} storage keys, at most {MAXIMUM_ACCESS_LIST_KEYS} an entry")
        slots = tuple(int.from_bytes(parse_data(key, "storageKeys", length=32), "big") for key in keys)
        entries.append((parse_address(item.get("address"), "accessList"), slots))
    return tuple(entries)


def _authorizations(value: object) -> tuple[Authorization, ...]:
    """An EIP-7702 list; `v` does for `yParity`."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidParams("authorizationList: expected a list of objects")
    if len(value) > MAXIMUM_AUTHORIZATIONS:
        raise InvalidParams(f"authorizationList: {len(value)} entries, at most {MAXIMUM_AUTHORIZATIONS}")
    return tuple(
        Authorization(
            chain_id=parse_quantity(item.get("chainId"), "chainId"),
            address=parse_address(item.get("address"), "authorizationList"),
            nonce=parse_quantity(item.get("nonce"), "nonce", maximum=UINT64_MAXIMUM),
            y_parity=parse_quantity(item.get("yParity", item.get("v")), "yParity", maximum=1),
            r=parse_quantity(item.get("r"), "r"),
            s=parse_quantity(item.get("s"), "s"),
        )
        for item in value
    )
