"""From a checkpoint to a model that generates."""

from __future__ import annotations

from torch import nn

from node.checkpoint import Checkpoint, to_tensors
from node.manifest import Manifest
from node.tasks.base import Task
from node.training import check_parameters, load_parameters


def load_model(task: Task, manifest: Manifest, checkpoint: Checkpoint) -> nn.Module:
    """The model of a checkpoint: float32, in evaluation mode, without gradients.

    Raises ManifestError if the manifest's tensors are not the parameters of the task's model.
    """
    model = task.model()
    check_parameters(model, manifest)
    load_parameters(model, to_tensors(checkpoint, manifest))
    return model.eval().requires_grad_(False)
