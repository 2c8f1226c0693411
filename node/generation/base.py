"""One generated output, and everything that pins how it is made.

Shape legend: H, W = rows and columns of an image, T = generated tokens, S = steps, D = width of the trace.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from node.errors import NodeError
from node.manifest import Q16_ONE

SEED_BYTES: Final = 32
MAXIMUM_STEPS: Final = 4096
MAXIMUM_BEAMS: Final = 64

Sampler = Literal["euler", "greedy", "gumbel", "beam"]


class GenerationError(NodeError):
    """A prompt, a seed or a way of sampling that a task cannot take, or an output that cannot be one."""

    exit_code = 2


@dataclass(frozen=True)
class Sampling:
    """How an output is drawn; part of a determinism class, so it holds no float.

    `steps`: Euler steps of an image, tokens of a text. `temperature_q16`: Gumbel noise is multiplied by it, in Q16.
    `beams`: width of the beam. Fields that a sampler does not use keep their defaults, so that equal sampling is equal.
    Raises GenerationError.
    """

    sampler: Sampler
    steps: int
    dtype: Literal["float32"] = "float32"
    temperature_q16: int = Q16_ONE
    beams: int = 1

    def __post_init__(self) -> None:
        if self.sampler not in ("euler", "greedy", "gumbel", "beam"):
            raise GenerationError(f"sampler {self.sampler!r}, expected euler, greedy, gumbel or beam")
        if self.dtype != "float32":
            raise GenerationError(f"dtype {self.dtype!r}, expected float32")
        if not 1 <= self.steps <= MAXIMUM_STEPS:
            raise GenerationError(f"{self.steps} steps, expected 1 to {MAXIMUM_STEPS}")
        if not 0 <= self.temperature_q16 <= 64 * Q16_ONE:
            raise GenerationError(f"temperature_q16 = {self.temperature_q16}, expected 0 to {64 * Q16_ONE}")
        if not 1 <= self.beams <= MAXIMUM_BEAMS:
            raise GenerationError(f"{self.beams} beams, expected 1 to {MAXIMUM_BEAMS}")
        if self.sampler != "gumbel" and self.temperature_q16 != Q16_ONE:
            raise GenerationError(f"sampler {self.sampler} has no temperature; only gumbel has")
        if self.sampler != "beam" and self.beams != 1:
            raise GenerationError(f"sampler {self.sampler} has no beams; only beam has")

    @property
    def kind(self) -> Literal["image", "text"]:
        """What it makes."""
        return "image" if self.sampler == "euler" else "text"


@dataclass(frozen=True, eq=False)
class Generation:
    """One output and the path that led to it. The arrays cannot be written to.

    `content`: uint8 (H, W) grey pixels of an image, or int64 (T,) token ids of a text, without the prompt.
    `trace`: float32 (S + 1, D). Image: the latent after each step, row 0 the seed's noise, the last row what the pixels
    are rounded from. Text (S + 1 = T): the final hidden state that each token was chosen from.
    Raises GenerationError for arrays that are not so, or not finite.
    """

    kind: Literal["image", "text"]
    content: npt.NDArray[np.uint8] | npt.NDArray[np.int64]
    trace: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        dtype, dimensions = (np.uint8, 2) if self.kind == "image" else (np.int64, 1)
        if self.content.dtype != dtype or self.content.ndim != dimensions or self.content.size == 0:
            raise GenerationError(
                f"content of a {self.kind}: {self.content.dtype} of shape {self.content.shape}, "
                f"expected {np.dtype(dtype).name} of {dimensions} dimensions, not empty"
            )
        if self.trace.dtype != np.float32 or self.trace.ndim != 2 or self.trace.size == 0:
            raise GenerationError(
                f"trace of {self.trace.dtype} and shape {self.trace.shape}, expected float32 (S+1, D)"
            )
        if self.kind == "text" and len(self.trace) != len(self.content):
            raise GenerationError(f"{len(self.trace)} hidden states of {len(self.content)} tokens, expected as many")
        if not np.isfinite(self.trace).all():
            raise GenerationError("the trace holds values that are not finite: the model has diverged")
        self.content.setflags(write=False)
        self.trace.setflags(write=False)

    @property
    def media_type(self) -> str:
        """Of what `to_bytes` gives."""
        return "image/png" if self.kind == "image" else "text/plain; charset=utf-8"

    def to_bytes(self) -> bytes:
        """The file to store under a content identifier, from which `content` can be read back: a grey PNG, or the
        tokens of a text as the bytes they stand for. Raises GenerationError for tokens that are no bytes."""
        if self.kind == "text":
            if not ((self.content >= 0) & (self.content < 256)).all():
                raise GenerationError(f"tokens from {self.content.min()} to {self.content.max()} are not bytes")
            return self.content.astype(np.uint8).tobytes()
        from PIL import Image  # texts never need it

        file = io.BytesIO()
        Image.fromarray(self.content).save(file, format="PNG", optimize=False, compress_level=6)
        return file.getvalue()
