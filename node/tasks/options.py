"""Reading a task's options, which come from a manifest that anybody may have written."""

from __future__ import annotations

from collections.abc import Collection

from node.errors import TaskError
from node.tasks.base import Options


class OptionReader:
    """Asks for options one by one; `finish` then refuses those that nobody asked for. All raise TaskError."""

    def __init__(self, task: str, options: Options) -> None:
        self._task, self._options = task, options
        self._known: list[str] = []

    def number(self, name: str, default: int, *, most: int) -> int:
        """A number from 1 to `most`."""
        self._known.append(name)
        value = self._options.get(name, default)
        if not isinstance(value, int) or not 1 <= value <= most:
            raise TaskError(f"task {self._task}: {name} {value!r}, expected a number from 1 to {most}")
        return value

    def word(self, name: str, default: str, *, among: Collection[str] | None = None) -> str:
        """A text, one of `among` if that is given."""
        self._known.append(name)
        value = self._options.get(name, default)
        if not isinstance(value, str) or (among is not None and value not in among):
            expected = "text" if among is None else " or ".join(among)
            raise TaskError(f"task {self._task}: {name} {value!r}, expected {expected}")
        return value

    def finish(self) -> None:
        """Refuse options that the task does not know."""
        unknown = sorted(set(self._options) - set(self._known))
        if unknown:
            known = ", ".join(repr(name) for name in self._known)
            raise TaskError(f"task {self._task} has no option {unknown[0]!r}; it knows {known}")
