"""The perceptual hash against imagehash, and where rounding must not decide."""

from __future__ import annotations

from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from scipy.fft import dctn
from sklearn.datasets import load_digits

from node.errors import HashError
from tests.verifier.hashes.generations import SEED, forged, image, text
from verifier.hashes.phash import PerceptualHash, enlarged, perceptual_hash

Pixels = npt.NDArray[np.uint8]
RAW: Pixels = np.rint(load_digits().images[:150] * 255 / 16).astype(np.uint8)
DIGITS = [np.asarray(Image.fromarray(digit).resize((28, 28), Image.Resampling.BICUBIC)) for digit in RAW]


def by_imagehash(pixels: Pixels) -> int:
    return int(str(imagehash.phash(Image.fromarray(pixels), hash_size=16, highfreq_factor=4)), 16)


def test_bits_are_those_of_imagehash_on_handwritten_digits() -> None:
    for digit in DIGITS:
        assert perceptual_hash(digit) == by_imagehash(enlarged(digit))


def test_bits_are_those_of_imagehash_but_for_what_is_zero_to_mathematics() -> None:
    # Blocks of 8 x 8 equal pixels have no wave of frequency 8, and the median is one of these zeros.
    differing = 0
    for digit in RAW:
        ours, theirs = perceptual_hash(digit), by_imagehash(enlarged(digit))
        waves = dctn(enlarged(digit).astype(np.float64))[:16, :16]
        bits = np.frombuffer((ours ^ theirs).to_bytes(32, "big"), dtype=np.uint8)
        places = np.unpackbits(bits).reshape(16, 16).astype(bool)
        assert np.abs(waves[places]).max(initial=0) < 1e-6
        differing += int(places.sum())
    assert differing > 0  # of imagehash, rounding decides


@pytest.mark.parametrize("shape", [(28, 28), (32, 32), (64, 64), (100, 70), (512, 512), (7, 300)])
def test_bits_are_those_of_imagehash_on_any_size(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(shape[0])
    for _ in range(20):
        smooth = np.asarray(Image.fromarray(generator.integers(0, 256, (9, 9), dtype=np.uint8)).resize(shape[::-1]))
        noisy = generator.integers(0, 256, shape, dtype=np.uint8)
        for pixels in (smooth, noisy):
            assert perceptual_hash(pixels) == by_imagehash(enlarged(pixels))


def test_what_is_below_the_precision_of_floats_decides_no_bit() -> None:
    # Mirrored from left to right: every odd frequency of the rows is zero but for rounding.
    half = np.random.default_rng(5).integers(0, 256, (64, 32), dtype=np.uint8)
    mirrored = np.concatenate((half, half[:, ::-1]), axis=1)
    bits = np.array([int(bit) for bit in f"{perceptual_hash(mirrored):0256b}"]).reshape(16, 16)
    assert len({tuple(row) for row in bits[:, 1::2].T}) == 1
    assert perceptual_hash(np.full((28, 28), 7, dtype=np.uint8)) == 1 << 255
    assert perceptual_hash(np.zeros((28, 28), dtype=np.uint8)) == 0


def test_distances_between_digits_are_even() -> None:
    digests = [perceptual_hash(digit) for digit in DIGITS]
    assert {(left ^ right).bit_count() % 2 for left in digests[:40] for right in digests[:40]} == {0}


def test_digests_never_change() -> None:
    ramp = (np.add.outer(np.arange(28) ** 2, 3 * np.arange(28)) % 256).astype(np.uint8)
    assert f"{perceptual_hash(ramp):064x}".startswith("832a18d124e65198")


@settings(max_examples=30)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 70))))
def test_any_picture_has_a_digest_that_its_copy_has_too(pixels: Pixels) -> None:
    digest = perceptual_hash(pixels)
    assert 0 <= digest < 1 << 256
    assert perceptual_hash(np.asfortranarray(pixels)) == digest


def test_small_pictures_are_enlarged_by_whole_pixels() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    big = enlarged(pixels)
    assert big.shape == (66, 88)
    assert (big[::22, ::22] == pixels).all()
    assert (big[21::22, 21::22] == pixels).all()
    large = np.zeros((64, 200), dtype=np.uint8)
    assert enlarged(large).shape == (64, 200)


def test_one_changed_pixel_moves_few_bits_and_another_picture_many() -> None:
    changed = DIGITS[0].copy()
    changed[14, 14] ^= 8
    assert (perceptual_hash(DIGITS[0]) ^ perceptual_hash(changed)).bit_count() < 40
    assert (perceptual_hash(DIGITS[0]) ^ perceptual_hash(DIGITS[1])).bit_count() > 40


def test_the_seed_changes_nothing() -> None:
    assert PerceptualHash().digest(image(), seed=SEED) == PerceptualHash().digest(image(), seed=b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.zeros((0, 5), dtype=np.uint8), r"pixels: uint8 of shape \(0, 5\)"),
        (np.zeros((5, 5, 3), dtype=np.uint8), r"shape \(5, 5, 3\)"),
        (np.zeros((1, 5000), dtype=np.uint8), "sides up to 4096"),
        (np.full((5, 5), np.nan, dtype=np.float32), "pixels: float32"),
        (np.zeros((5, 5), dtype=np.int64), "pixels: int64"),
    ],
)
def test_what_is_no_picture_has_no_digest(content: Any, words: str) -> None:
    with pytest.raises(HashError, match=words):
        PerceptualHash().digest(forged("image", content), seed=SEED)


def test_a_text_has_no_perceptual_hash() -> None:
    with pytest.raises(HashError, match="phash of a text, expected image"):
        PerceptualHash().digest(text(), seed=SEED)
