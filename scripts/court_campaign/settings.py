"""What a campaign can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.errors import ConfigurationError

HONEST: Final = "honest"
USUAL_CHEATS: Final = {
    "image": ("half-steps", "most-steps", "int8", "int4", "older-checkpoint", "other-seed", "other-prompt"),
    "text": ("fewer-layers", "half-prompt", "int8", "int4", "older-checkpoint", "other-seed", "other-prompt"),
}
USUAL_CONDUCTS: Final = ("lazy", "copied-digest", "no-reveal", "no-commit")

# Verifiers with unlike processors: what each is told to do without. Their sums differ in the last bits.
PROCESSORS: Final[tuple[Mapping[str, str], ...]] = (
    {},
    {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"},
    {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2"},
)


@dataclass(frozen=True)
class CampaignSettings:
    """`reference`: folder of a trained model (scripts.train_reference); `class_file`: of its calibration.

    `jobs`: of the honest worker, at most; `cheat_jobs`: of each cheat. `minutes`: after that no honest job is submitted
    any more. `in_flight`: most jobs under way at once, so many that parties need not look often: `poll_seconds`.
    `work_dir`: logs and state directories. `rpc_url`: a running development chain, instead of a devnet of its own.
    """

    reference: Path
    class_file: Path
    work_dir: Path
    jobs: int = 300
    cheats: tuple[str, ...] = ()
    cheat_jobs: int = 30
    verifiers: int = 5
    in_flight: int = 48
    minutes: float = 10.0
    poll_seconds: float = 2.0
    rpc_url: str | None = None

    def __post_init__(self) -> None:
        for name, least in (("jobs", 1), ("cheat_jobs", 0), ("verifiers", 3), ("in_flight", 1)):
            value = getattr(self, name)
            if value < least:
                raise ConfigurationError(f"{name} = {value}, expected at least {least}")

    @property
    def accounts(self) -> int:
        """Accounts that take part: the requester, a worker of every kind, the verifiers."""
        return 2 + len(self.cheats) + self.verifiers
