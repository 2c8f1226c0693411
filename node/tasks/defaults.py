"""What a task proposes when the owner says nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from torch import nn

from node.aggregation.rules import parse_rule
from node.manifest import Manifest, TensorSpec
from node.tasks.base import Options

HISTORY_BUCKETS: Final = 1024  # 16 KiB a seat in every checkpoint


def default_rule(seats: int, byzantine: int) -> str:
    """Canonical name of the rule for so many seats, of which at most `byzantine` are dishonest.

    The history filter with the largest f its bound allows, f <= (seats - 1) / 2; the mean clipped at the median where
    there is nobody to guard against. No other rule has as good a worst case over the attacks of the lab: docs/results.
    """
    f = min(byzantine, (seats - 1) // 2)
    return f"history-filter(f={f})" if f > 0 else "clipped-mean"


def default_history_buckets(rule: str) -> int:
    """Size of the sketches this rule needs, 0 if it needs none. Raises RuleError for an unknown one."""
    return HISTORY_BUCKETS if parse_rule(rule).needs_history else 0


def propose(task: str, options: Options, fields: Mapping[str, Any], overrides: Mapping[str, Any]) -> Manifest:
    """The manifest of a task's own `fields` under the owner's `overrides`.

    Seats and their bound decide the rule, and the rule what is remembered, unless something else is asked for.
    """
    settings = {"task": task, "task_options": dict(options), **fields, **overrides}
    settings.setdefault("rule", default_rule(settings["shard_count"], settings["byzantine"]))
    settings.setdefault("history_buckets", default_history_buckets(settings["rule"]))
    return Manifest(**settings)


def tensors_of(model: nn.Module, entries_per_chunk: int) -> tuple[TensorSpec, ...]:
    """The model's parameters as the manifest lists them: matrices sparse, vectors such as biases dense."""
    return tuple(
        TensorSpec(
            name=name,
            shape=tuple(parameter.shape),
            entries_per_chunk=entries_per_chunk if parameter.dim() > 1 else 0,
        )
        for name, parameter in model.named_parameters()
    )
