"""ByzFL's virtual environment: it asks for torchvision, whose installation would replace the project's torch."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

BYZFL: Final = "byzfl==0.0.11"
FOLDER: Final = Path(__file__).resolve().parents[2] / "build" / "byzfl-venv"
LIMIT_SECONDS: Final = 1800


class EnvironmentMissing(Exception):
    """ByzFL's environment is not there and cannot be made, for instance without a network."""


def existing(folder: Path = FOLDER, requirement: str = BYZFL) -> Path:
    """The environment's Python. Raises EnvironmentMissing where it has not been made."""
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != requirement:
        raise EnvironmentMissing(f"{requirement} is not set up (--set-up does it: several minutes, 6 GB)")
    return folder / "bin" / "python"


def prepare(folder: Path = FOLDER, requirement: str = BYZFL) -> Path:
    """The environment's Python. Makes the environment where it is missing: several minutes and some 6 GB.

    Raises EnvironmentMissing.
    """
    try:
        return existing(folder, requirement)
    except EnvironmentMissing:
        pass
    python, ready = folder / "bin" / "python", folder / ".ready"
    print(f"setting up {folder} for {requirement}: several minutes the first time", file=sys.stderr, flush=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", requirement]
    try:
        venv.create(folder, with_pip=True)
        subprocess.run(pip, check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        ready.write_text(requirement, encoding="utf-8")
    except subprocess.CalledProcessError as error:
        output = (error.stderr or error.stdout or b"").strip()
        last = (output if isinstance(output, str) else output.decode(errors="replace")).splitlines()[-1:]
        raise EnvironmentMissing(f"{requirement} cannot be installed: {' '.join(last) or error}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentMissing(f"{folder} cannot be made: {error}") from error
    return python
