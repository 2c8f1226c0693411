"""Settings of one training peer. Flags and environment variables are read by whoever starts it (frontend_api)."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from eth_utils.address import is_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from contracts.values import Address

_URL_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-._~:/[]@%!$&'()*+,;=")  # without ? and #


def _checksummed(value: str) -> Address:
    if not is_address(value):
        raise ValueError(f"{value!r} is not an address of 20 bytes")
    return to_checksum_address(value)


def _reachable(value: str) -> str:
    """Refuse what no peer can put a path behind and ask: it would be announced on the chain all the same."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket
        usable = False
    if not usable or "@" in parts.netloc or not _URL_CHARACTERS.issuperset(value):
        raise ValueError("expected http:// or https:// with a host, a port and a path at most")
    return value


ChecksumAddress = Annotated[Address, BeforeValidator(_checksummed)]
PublicUrl = Annotated[str, AfterValidator(_reachable)]


class ProcessSettings(BaseModel):
    """What every process needs that acts for an account: a chain, contracts, a key, a folder, a gateway.

    `from_block`: where the contracts were deployed; `factory`: its address. `host`, `port`: where the gateway listens
    (port 0: any free one). `public_url`: what others reach it by, by default `http://host:port`.
    `seats`: how many to hold; missing ones are staked at start. `data_dir`: the task's files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rpc_url: str = "http://127.0.0.1:8545"
    chain_id: int | None = None
    factory: ChecksumAddress
    from_block: Annotated[int, Field(ge=0)] = 0
    key_file: Path
    password_file: Path | None = None
    state_dir: Path
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    public_url: PublicUrl | None = None
    data_dir: Path | None = None
    seats: Annotated[int, Field(ge=1, le=1024)] = 1
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 0.2


class NodeSettings(ProcessSettings):
    """Everything `node.service.run_node` needs to know.

    `ipfs_api`: multiaddr of a Kubo RPC to keep blocks in instead of the state directory. `batched`: let commitments
    stand in batches that one peer brings to the chain for many, and be that peer when it is this one's turn.
    `attack`: misbehave on purpose (see node.attacks), together with the accounts in `attack_accomplices`, which draw
    common random numbers from the same `attack_seed`.
    """

    project: ChecksumAddress
    attack: str | None = None
    attack_accomplices: tuple[ChecksumAddress, ...] = ()
    attack_seed: Annotated[int, Field(ge=0, lt=1 << 64)] = 0
    ipfs_api: str | None = None
    batched: bool = False
    claim: bool = True
    exit_when_complete: bool = False
