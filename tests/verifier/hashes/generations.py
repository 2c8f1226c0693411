"""Outputs to hash, without a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from node.generation.base import Generation

SEED = bytes(range(32))
OTHER_SEED = bytes(32)


def image(pixels: npt.NDArray[np.uint8] | None = None, *, random: int = 0) -> Generation:
    """An image of 28 x 28 with a path of five rows."""
    generator = np.random.default_rng(random)
    content = generator.integers(0, 256, (28, 28), dtype=np.uint8) if pixels is None else pixels.copy()
    return Generation("image", content, generator.standard_normal((5, 784)).astype(np.float32))


def text(tokens: list[int] | None = None, *, random: int = 0, width: int = 64) -> Generation:
    """A text with hidden states of 64 values a token."""
    generator = np.random.default_rng(random)
    content = generator.integers(32, 127, 80) if tokens is None else np.array(tokens, dtype=np.int64)
    return Generation("text", content, generator.standard_normal((len(content), width)).astype(np.float32))


def forged(kind: Any, content: Any, trace: Any = None) -> Generation:
    """What Generation itself refuses to be: hashes must refuse it again."""
    made = object.__new__(Generation)
    for name, value in (("kind", kind), ("content", content), ("trace", trace)):
        object.__setattr__(made, name, value)
    return made
