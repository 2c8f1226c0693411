"""What is trained: one file a task, found by name through `load_task`."""

from node.tasks.base import Evaluation, Options, Shard, Task, TaskFactory
from node.tasks.defaults import default_rule
from node.tasks.registry import load_task
from node.tasks.splits import Split

__all__ = ["Evaluation", "Options", "Shard", "Split", "Task", "TaskFactory", "default_rule", "load_task"]
