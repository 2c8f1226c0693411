"""Who comes before the output court in a demonstration, and what they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from node.generation.task import GenerativeTask

# Of eight verifiers three are dishonest, so every committee of seven has an honest majority.
HONEST_VERIFIERS: Final = 5
DISHONEST_VERIFIERS: Final = ("lazy", "colluding", "colluding")
CHEATING_WORKERS: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("half-steps", "int8", "int4", "older-checkpoint", "other-seed", "copied-digest", "no-reveal"),
    "text": ("fewer-layers", "int8", "int4", "older-checkpoint", "other-seed", "copied-digest", "no-reveal"),
}
COLLUDING_WORKER: Final = "other-prompt"  # tells the colluding verifiers what it made of it
PROMPTS: Final[Mapping[str, tuple[str, ...]]] = {
    "image": tuple("0123456789"),
    "text": ("def ", "class ", "import ", "    return ", "for ", "self.", "if ", "raise ", "with ", "try:"),
}


def accounts_needed(task: GenerativeTask) -> int:
    """How many accounts workers and verifiers take."""
    return 2 + len(CHEATING_WORKERS[task.default_sampling.kind]) + HONEST_VERIFIERS + len(DISHONEST_VERIFIERS)
