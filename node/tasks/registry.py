"""Finding a task by the name in the manifest: our own, then those that other distributions announce."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType

from node.errors import TaskError
from node.tasks.base import Options, Task, TaskFactory
from node.tasks.digits import DigitsTask
from node.tasks.flow import FlowTask
from node.tasks.mnist import MnistTask
from node.tasks.text import TextTask

ENTRY_POINT_GROUP = "swarmproof.tasks"
TASKS: Mapping[str, TaskFactory] = MappingProxyType(
    {"digits": DigitsTask, "mnist": MnistTask, "flow": FlowTask, "text": TextTask}
)


def load_task(name: str, *, data_dir: Path | None = None, options: Options | None = None) -> Task:
    """Make the task `name`. `options`: the manifest's `task_options`; without it the task's own defaults.

    Names of our own tasks cannot be taken over. Raises TaskError for an unknown name, unknown options, or data that
    is missing or damaged.
    """
    announced = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name in TASKS:
        factory: TaskFactory = TASKS[name]
    elif name in announced:
        try:
            factory = announced[name].load()
        except (ImportError, AttributeError) as error:
            raise TaskError(f"task {name!r} cannot be loaded from {announced[name].value}: {error}") from error
    else:
        known = ", ".join(sorted({*TASKS, *announced}))
        raise TaskError(f"task {name!r} is unknown; known tasks: {known}")
    return factory(data_dir=data_dir, options=options or {})
