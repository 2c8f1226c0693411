"""Reading the files that parties serve as outputs: whoever made one may have made it to harm its readers."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import numpy.typing as npt

from node.generation import Generation, GenerationError

MAXIMUM_PIXELS: Final = 1 << 24
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def read_generation(data: bytes) -> Generation:
    """The file as a generation without its path. Raises GenerationError for what is none."""
    if data.startswith(_PNG):
        return Generation("image", read_image(data), np.zeros((1, 1), dtype=np.float32))
    tokens = np.frombuffer(data, dtype=np.uint8).astype(np.int64)
    return Generation("text", tokens, np.zeros((len(tokens), 1), dtype=np.float32))


def read_image(data: bytes) -> npt.NDArray[np.uint8]:
    """The grey pixels (H, W) of a PNG. Raises GenerationError for anything else, however it is broken."""
    from PIL import Image  # texts need none of it

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > MAXIMUM_PIXELS or image.mode != "L":
                raise GenerationError(f"an image of {image.width} x {image.height} pixels of mode {image.mode}")
            return np.asarray(image, dtype=np.uint8).copy()
    except GenerationError:
        raise
    except Exception as error:  # Pillow names no root of what a crafted file makes it raise
        raise GenerationError(f"an image that cannot be read: {type(error).__name__}: {error}") from error
