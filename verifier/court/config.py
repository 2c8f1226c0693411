"""Settings of a party to the court. Flags and environment variables are read by whoever starts it (frontend_api)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from node.config import ChecksumAddress


class CourtSettings(BaseModel):
    """Everything that `verifier.court.service` needs to know.

    `role`: a `worker` answers the jobs that name it, a `verifier` holds seats and regenerates when it is drawn.
    `seats`: how many a verifier holds; missing ones are staked at the start. `appeals`: whether a worker appeals
    against verdicts that are not acceptance. `host`, `port`: where the gateway listens (port 0: any free one);
    `public_url`: what others reach it by, by default `http://host:port`. `gateways`: where to look for checkpoints
    besides the peers that the chain names; `store`: a folder of blocks to look in first, as a training peer keeps in
    its state directory. `cheat`: misbehave on purpose (see verifier.court.conduct and verifier.cheats);
    `accomplice_dir`: folder in which colluders leave each other their digests. `from_block`: where the contracts were
    deployed; `factory`, `registry`, `court`, `verifier_registry`: their addresses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["worker", "verifier"]
    rpc_url: str = "http://127.0.0.1:8545"
    chain_id: int | None = None
    factory: ChecksumAddress
    registry: ChecksumAddress
    court: ChecksumAddress
    verifier_registry: ChecksumAddress
    from_block: Annotated[int, Field(ge=0)] = 0
    key_file: Path
    password_file: Path | None = None
    state_dir: Path
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    public_url: str | None = None
    data_dir: Path | None = None
    store: Path | None = None
    gateways: tuple[str, ...] = ()
    appeals: bool = True
    seats: Annotated[int, Field(ge=1, le=1024)] = 1
    cheat: str | None = None
    accomplice_dir: Path | None = None
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 0.2
