"""Generations, sampling, and noise that every machine draws alike."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from node.generation import Generation, GenerationError, Sampling
from node.generation.noise import check_seeds, gumbel_noise, normal_noise

SEEDS = [bytes([number]) * 32 for number in range(3)]


def test_an_images_file_is_a_png_that_gives_its_pixels_back() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    generation = Generation("image", pixels, np.zeros((3, 64), dtype=np.float32))
    with Image.open(io.BytesIO(generation.to_bytes())) as image:
        assert (image.format, generation.media_type) == ("PNG", "image/png")
        assert np.array_equal(np.asarray(image), pixels)


def test_a_texts_file_is_its_bytes_also_where_they_are_no_utf_8() -> None:
    tokens = np.array([72, 105, 255, 0], dtype=np.int64)
    assert Generation("text", tokens, np.zeros((4, 2), dtype=np.float32)).to_bytes() == b"Hi\xff\x00"


def test_an_output_cannot_be_changed_after_it_was_made() -> None:
    generation = Generation("text", np.zeros(2, dtype=np.int64), np.zeros((2, 2), dtype=np.float32))
    with pytest.raises(ValueError, match="read-only"):
        generation.content[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        generation.trace[0, 0] = 1


@pytest.mark.parametrize(
    ("kind", "content", "trace"),
    [
        ("image", np.zeros((8, 8), dtype=np.int64), np.zeros((2, 4), dtype=np.float32)),
        ("image", np.zeros(8, dtype=np.uint8), np.zeros((2, 4), dtype=np.float32)),
        ("image", np.zeros((0, 8), dtype=np.uint8), np.zeros((2, 4), dtype=np.float32)),
        ("image", np.zeros((8, 8), dtype=np.uint8), np.zeros((2, 4), dtype=np.float64)),
        ("image", np.zeros((8, 8), dtype=np.uint8), np.full((2, 4), np.nan, dtype=np.float32)),
        ("text", np.zeros(3, dtype=np.int64), np.zeros((2, 4), dtype=np.float32)),
        ("text", np.zeros(0, dtype=np.int64), np.zeros((0, 4), dtype=np.float32)),
    ],
)
def test_arrays_that_are_no_output_are_refused(kind: str, content: np.ndarray, trace: np.ndarray) -> None:
    with pytest.raises(GenerationError):
        Generation(kind, content, trace)  # type: ignore[arg-type]


def test_tokens_that_are_no_bytes_have_no_file() -> None:
    generation = Generation("text", np.array([1, 256], dtype=np.int64), np.zeros((2, 1), dtype=np.float32))
    with pytest.raises(GenerationError, match="tokens from 1 to 256"):
        generation.to_bytes()


@pytest.mark.parametrize(
    "fields",
    [
        {"sampler": "dice"},
        {"dtype": "bfloat16"},
        {"steps": 0},
        {"steps": 5000},
        {"sampler": "gumbel", "temperature_q16": -1},
        {"sampler": "beam", "beams": 0},
        {"temperature_q16": 5},
        {"beams": 2},
    ],
)
def test_sampling_that_nobody_can_do_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(GenerationError):
        Sampling(**{"sampler": "greedy", "steps": 4, **fields})  # type: ignore[arg-type]


def test_noise_is_the_same_on_every_machine() -> None:
    """Golden values: a change here makes every output anybody ever committed to another one."""
    normal, gumbel = normal_noise(SEEDS[:1], 4), gumbel_noise(SEEDS[:1], 4)
    assert normal.tolist() == [[-0.3661956787109375, 0.6139068603515625, 0.65948486328125, 0.4666595458984375]]
    assert gumbel[0].tolist() == pytest.approx([2.9146814, -0.0472282, -0.4262439, -0.2553985], rel=1e-6)


def test_noise_of_a_seed_does_not_depend_on_the_others_nor_on_how_much_is_drawn() -> None:
    for draw in (normal_noise, gumbel_noise):
        together = draw(SEEDS, 10)
        assert np.array_equal(together[2], draw(SEEDS[2:], 10)[0])
        assert np.array_equal(together[:, :4], draw(SEEDS, 4))
        assert not np.array_equal(together[0], together[1])


def test_noise_has_the_moments_of_its_distribution() -> None:
    normal, gumbel = normal_noise(SEEDS, 20_000).ravel(), gumbel_noise(SEEDS, 20_000).ravel()
    assert abs(normal.mean()) < 0.02
    assert abs(normal.var() - 1) < 0.02
    assert abs((np.abs(normal) < 1).mean() - 0.6827) < 0.01
    assert abs(gumbel.mean() - 0.5772) < 0.02
    assert abs(gumbel.var() - np.pi**2 / 6) < 0.05


@pytest.mark.parametrize("seeds", [[], [b"short"], [bytes(32), bytes(32)]])
def test_a_prompt_needs_its_seed_of_32_bytes(seeds: list[bytes]) -> None:
    with pytest.raises(GenerationError):
        check_seeds(["7"], seeds)
