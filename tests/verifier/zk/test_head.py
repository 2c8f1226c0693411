"""The head in integers is the model in floats, as far as its rounding goes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from node.checkpoint import Checkpoint, to_tensors
from node.manifest import Manifest
from node.tasks.digits import DigitsTask
from node.training import load_parameters
from verifier.zk.errors import HeadUnsupported
from verifier.zk.head import SCORE_BITS, Head, head_of


def test_scores_are_those_of_the_model(
    head: Head, task: DigitsTask, checkpoint: Checkpoint, manifest: Manifest
) -> None:
    model = task.model()
    load_parameters(model, to_tensors(checkpoint, manifest))
    with torch.inference_mode():
        expected = model(task.test.inputs).numpy()
    found = head.scores(task.test.inputs.numpy()) / (1 << SCORE_BITS)
    assert np.abs(found - expected).max() < 0.1
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.99
    assert (found.argmax(axis=1) == task.test.labels.numpy()).mean() > 0.95


def test_equal_checkpoints_give_equal_heads(head: Head, checkpoint: Checkpoint, manifest: Manifest) -> None:
    again = head_of(Checkpoint.from_bytes(checkpoint.to_bytes(), manifest), manifest)
    for name in ("hidden_weights", "hidden_biases", "output_weights", "output_biases"):
        assert np.array_equal(getattr(again, name), getattr(head, name))


def test_parameters_that_float32_cannot_hold_are_refused(checkpoint: Checkpoint, manifest: Manifest) -> None:
    theta = checkpoint.theta.copy()
    theta[-1] = np.iinfo(np.int32).max  # 32.0, the largest a score's bias can be: 2^25 at the scale of scores
    large = Checkpoint(manifest.digest, 1, checkpoint.previous_digest, theta)
    with pytest.raises(HeadUnsupported, match="expected less than 16777216"):
        head_of(large, manifest)
