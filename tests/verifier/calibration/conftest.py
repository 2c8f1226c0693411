"""One small calibration, made once and looked at by many tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.verifier.calibration import tiny
from verifier.calibration.calibrated import Calibrated
from verifier.calibration.plan import DIGITS, Plan
from verifier.calibration.run import calibrate

PLAN: dict[str, Any] = {
    "task": "tiny",
    "checkpoint_digest": tiny.CHECKPOINT,
    "sampling": tiny.SAMPLING,
    "hashes": ("periodic", "phash"),
    "prompts": DIGITS,
    "cheats": ("half-steps", "int8", "older-checkpoint", "other-seed", "other-sampler"),
    "jobs": 40,
    "cheat_jobs": 8,
    "collision_jobs": 24,
}


def small_calibration(folder: Path, **changes: Any) -> tuple[Calibrated, list[Path]]:
    """Calibrate the tiny class into `folder`."""
    return calibrate(
        Plan(**PLAN | changes),
        tiny.TinyTask(),  # type: ignore[arg-type]
        tiny.load,
        (tiny.OLDER,),
        manifest_digest=bytes(32),
        project="0x0000000000000000000000000000000000000000",  # type: ignore[arg-type]
        folder=folder,
        report=lambda source, count: None,
    )


@pytest.fixture(scope="session")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Calibrated, list[Path]]:
    """The calibration and its files: read only."""
    return small_calibration(tmp_path_factory.mktemp("calibration"))
