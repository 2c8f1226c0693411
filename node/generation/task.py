"""What a task can do whose model makes something: the methods a generation is made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import nn

from node.errors import TaskError
from node.generation.base import Generation, Sampling
from node.tasks.base import Task


@runtime_checkable
class GenerativeTask(Task, Protocol):
    """A task whose model generates: equal model, prompt, seed and sampling give equal output, up to rounding."""

    @property
    def default_sampling(self) -> Sampling:
        """How outputs are drawn when nobody says otherwise."""

    def check_prompt(self, prompt: str) -> str:
        """The prompt in its one canonical form. Raises GenerationError for one that the model cannot take."""

    def generate(
        self, model: nn.Module, prompts: Sequence[str], seeds: Sequence[bytes], sampling: Sampling
    ) -> list[Generation]:
        """One output for each prompt and its seed of 32 bytes, all in one batch.

        A pure function of model, prompt, seed and sampling, except that the batch, the number of threads and the layout
        in memory change how floats are rounded. Raises GenerationError for prompts, seeds or sampling it cannot take.
        """


def require_generative(task: Task) -> GenerativeTask:
    """The same task, if it generates. Raises TaskError for one that only classifies."""
    if not isinstance(task, GenerativeTask):
        raise TaskError(f"task {task.name} generates nothing; tasks that do: flow, text")
    return task
