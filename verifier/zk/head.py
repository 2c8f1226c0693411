"""The head: a checkpoint's classifier in integers only, so that a proof about it is about exact numbers.

The circuit computes in a prime field, where only integers are exact. The parameters of a checkpoint are integers over a
power of two; the image's scaling is folded into the first layer in exact fractions, and each layer is rounded once. So
everyone derives the same head, the same circuit and the same verification key from the same checkpoint.

Shape legend: F = pixels, H = hidden width, C = classes, M = images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from node.checkpoint import Checkpoint
from node.manifest import Manifest
from node.tasks.perceptron import Perceptron
from node.tasks.registry import load_task
from node.training import check_parameters
from verifier.zk.errors import EzklMissing, HeadUnsupported

HIDDEN_BITS: Final = 10
OUTPUT_BITS: Final = 10
SCORE_BITS: Final = HIDDEN_BITS + OUTPUT_BITS

# ONNX holds the parameters as float32, which is exact up to here.
_EXACT_IN_FLOAT32: Final = 1 << 24
_ONNX_OPSET: Final = 13
_ONNX_IR_VERSION: Final = 8

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Head:
    """relu(pixels @ hidden_weights.T + hidden_biases) @ output_weights.T + output_biases, in int64.

    Shapes (H, F), (H,), (C, H), (C,). A score is a class score of the model times 2^SCORE_BITS.
    """

    checkpoint_digest: bytes
    hidden_weights: Integers
    hidden_biases: Integers
    output_weights: Integers
    output_biases: Integers

    @property
    def pixel_count(self) -> int:
        """F."""
        return int(self.hidden_weights.shape[1])

    @property
    def class_count(self) -> int:
        """C."""
        return int(self.output_weights.shape[0])

    def scores(self, pixels: npt.NDArray[np.uint8]) -> Integers:
        """Scores int64 (M, C) of `pixels` (M, F)."""
        hidden = np.maximum(pixels.astype(np.int64) @ self.hidden_weights.T + self.hidden_biases, 0)
        scores: Integers = hidden @ self.output_weights.T + self.output_biases
        return scores

    def to_onnx(self) -> bytes:
        """The same computation as an ONNX model for one image. Raises EzklMissing without the package onnx."""
        try:
            from onnx import TensorProto, helper, numpy_helper
        except ImportError as error:
            raise EzklMissing("onnx") from error
        tensors = {
            "hidden_weights": self.hidden_weights,
            "hidden_biases": self.hidden_biases,
            "output_weights": self.output_weights,
            "output_biases": self.output_biases,
        }
        graph = helper.make_graph(
            [
                helper.make_node("Gemm", ["pixels", "hidden_weights", "hidden_biases"], ["hidden"], transB=1),
                helper.make_node("Relu", ["hidden"], ["active"]),
                helper.make_node("Gemm", ["active", "output_weights", "output_biases"], ["scores"], transB=1),
            ],
            "head",
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, self.pixel_count])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, self.class_count])],
            [numpy_helper.from_array(tensor.astype(np.float32), name) for name, tensor in tensors.items()],
        )
        opset = helper.make_opsetid("", _ONNX_OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_ONNX_IR_VERSION)
        return bytes(model.SerializeToString())


def head_of(checkpoint: Checkpoint, manifest: Manifest) -> Head:
    """Derive the head of a checkpoint of an image task with one hidden layer, such as digits.

    Each parameter is the exact fraction rounded half to even. Raises HeadUnsupported for any other model or too large
    a parameter, ManifestError, TaskError.
    """
    model = load_task(manifest.task, options=manifest.task_options).model()
    if not isinstance(model, Perceptron):
        raise HeadUnsupported(f"task {manifest.task} trains a {type(model).__name__}, expected a Perceptron")
    check_parameters(model, manifest)
    mean, deviation = Fraction(model.mean), Fraction(model.deviation)
    exact = _fractions(checkpoint, manifest)
    hidden = [[weight / deviation for weight in row] for row in exact["hidden.weight"]]
    biases = [bias - mean * sum(row, Fraction()) for row, (bias,) in zip(hidden, exact["hidden.bias"], strict=True)]
    return Head(
        checkpoint.digest,
        _rounded(hidden, HIDDEN_BITS),
        _rounded([biases], HIDDEN_BITS)[0],
        _rounded(exact["output.weight"], OUTPUT_BITS),
        _rounded(exact["output.bias"], SCORE_BITS)[:, 0],
    )


def _fractions(checkpoint: Checkpoint, manifest: Manifest) -> dict[str, list[list[Fraction]]]:
    """Every tensor as rows of exact values; a bias has rows of one."""
    starts = manifest.layout.tensor_starts.tolist()
    found = {}
    for index, tensor in enumerate(manifest.tensors):
        part = checkpoint.theta[starts[index] : starts[index + 1]]
        rows = part.reshape((tensor.shape[0], -1), order="C" if tensor.order == "row" else "F")
        found[tensor.name] = [[Fraction(value, 1 << tensor.grid_bits) for value in row] for row in rows.tolist()]
    return found


def _rounded(rows: Sequence[Sequence[Fraction]], bits: int) -> Integers:
    rounded = np.array([[round(value * (1 << bits)) for value in row] for row in rows], dtype=np.int64)
    largest = int(np.abs(rounded).max())
    if largest >= _EXACT_IN_FLOAT32:
        raise HeadUnsupported(f"a parameter of {largest} / 2^{bits}, expected less than {_EXACT_IN_FLOAT32} / 2^{bits}")
    return rounded
