"""Settings of a watcher. Flags and environment variables are read by whoever starts it (frontend_api)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from node.config import ChecksumAddress


class WatchSettings(BaseModel):
    """What a watcher needs: a chain, a project, and a key whose account pays for proofs.

    `from_block`: where the contracts were deployed; `factory`: what created the project. `once`: end when every result
    that can still be voided was looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rpc_url: str = "http://127.0.0.1:8545"
    chain_id: int | None = None
    factory: ChecksumAddress
    project: ChecksumAddress
    from_block: Annotated[int, Field(ge=0)] = 0
    key_file: Path
    password_file: Path | None = None
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 0.5
    once: bool = False
