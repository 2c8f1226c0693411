"""Settings of one peer of a neighbourhood. Neighbours are named here: there is no chain to find them on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from node.config import ChecksumAddress


class NeighbourSettings(BaseModel):
    """A neighbour: the account that signs its statements, and the URL of its gateway."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: ChecksumAddress
    url: str


class NeighbourhoodSettings(BaseModel):
    """Everything `node.neighbourhood.service.run_peer` needs to know.

    `manifest`: file with the canonical bytes of the manifest; its rule is `sybilwall`. `chain_id`, `project`: where
    signatures count, and where epochs would be anchored. `shard`: the part of the data that is ours. `wait_seconds`:
    the longest a round waits. `attack`: poison the shard (see node.attacks) and ignore the neighbours; peers of one
    attack and shard send one and the same model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest: Path
    chain_id: Annotated[int, Field(ge=0)]
    project: ChecksumAddress
    key_file: Path
    password_file: Path | None = None
    state_dir: Path
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    data_dir: Path | None = None
    shard: Annotated[int, Field(ge=0)] = 0
    attack: str | None = None
    rounds: Annotated[int, Field(ge=1)] = 12
    epoch_rounds: Annotated[int, Field(ge=1)] = 4
    wait_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    neighbours: Annotated[tuple[NeighbourSettings, ...], Field(max_length=64)] = ()
