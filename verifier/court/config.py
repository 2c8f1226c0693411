"""Settings of a party to the court. Flags and environment variables are read by whoever starts it (frontend_api)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from node.config import ChecksumAddress, ProcessSettings


class CourtSettings(ProcessSettings):
    """Everything that `verifier.court.service` needs to know.

    `role`: a `worker` answers the jobs that name it, a `verifier` holds `seats` and regenerates when it is drawn.
    `appeals`: whether a worker appeals against verdicts that are not acceptance. `gateways`: where to look for
    checkpoints besides the peers that the chain names; `store`: a folder of blocks to look in first, as a training peer
    keeps in its state directory. `cheat`: misbehave on purpose (see verifier.court.conduct and verifier.cheats);
    `accomplice_dir`: folder in which colluders leave each other their digests.
    """

    role: Literal["worker", "verifier"]
    court: ChecksumAddress
    verifier_registry: ChecksumAddress
    store: Path | None = None
    gateways: tuple[str, ...] = ()
    appeals: bool = True
    cheat: str | None = None
    accomplice_dir: Path | None = None
