"""Digests of the path that led to an output, and those of appeals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from node.errors import HashError
from node.generation.base import Generation
from node.simhash import simhash
from tests.verifier.hashes.generations import OTHER_SEED, SEED, forged, image, text
from verifier.hashes import HASHES, appeal_digest, load_hash
from verifier.hashes.simhash import Simhash, array_simhash

KEYS = [bytes([index]) * 32 for index in range(40)]


def with_rows(generation: Generation, rows: slice | int, factor: float) -> Generation:
    """The same with some rows of the path pushed elsewhere."""
    trace = generation.trace.copy()
    trace[rows] += np.float32(factor) * np.random.default_rng(9).standard_normal(trace[rows].shape).astype(np.float32)
    return replace(generation, trace=trace)


def test_an_image_is_hashed_by_its_last_latent_and_a_text_by_all_hidden_states() -> None:
    picture, words = image(), text()
    assert Simhash().digest(picture, seed=SEED) == Simhash().digest(with_rows(picture, slice(0, -1), 1), seed=SEED)
    for row in (0, 40, 79):
        assert Simhash().digest(words, seed=SEED) != Simhash().digest(with_rows(words, row, 3), seed=SEED)


def test_noise_of_floats_moves_few_bits_and_another_seed_many() -> None:
    picture = image()
    digest = Simhash().digest(picture, seed=SEED)
    assert (digest ^ Simhash().digest(with_rows(picture, -1, 1e-6), seed=SEED)).bit_count() <= 1
    assert (digest ^ Simhash().digest(picture, seed=OTHER_SEED)).bit_count() > 80


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
def test_arrays_of_any_shape_are_read_row_by_row(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    assert array_simhash(values, key=SEED) == simhash(values.ravel(), bits=256, key=SEED)
    assert array_simhash(np.asfortranarray(values), key=SEED) == array_simhash(values, key=SEED)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((0, 3), dtype=np.float32), r"shape \(0, 3\)"),
        (np.ones((2, 2), dtype=np.float16), "float16"),
        (np.array([1, np.nan, 2], dtype=np.float32), "value 1 is nan"),
        (np.zeros(3, dtype=np.float32), "3 zeros"),
    ],
)
def test_arrays_without_a_direction_have_no_digest(values: Any, words: str) -> None:
    with pytest.raises(HashError, match=words):
        array_simhash(values, key=SEED)


def test_an_appeal_looks_at_every_row_of_a_text() -> None:
    words = text([1, 2, 3, 4])
    digest = appeal_digest(words, key=SEED)
    assert all((digest ^ appeal_digest(with_rows(words, row, 1), key=SEED)).bit_count() > 80 for row in range(4))
    assert (digest ^ appeal_digest(with_rows(words, slice(None), 1e-6), key=SEED)).bit_count() <= 2


@pytest.mark.parametrize("digest", [HASHES["periodic"].digest, lambda made, seed: appeal_digest(made, key=seed)])
def test_another_last_token_is_another_text_although_no_hidden_state_saw_it(digest: Any) -> None:
    words = text([1, 2, 3, 4])
    other = replace(words, content=np.array([1, 2, 3, 5]))
    assert (digest(words, seed=SEED) ^ digest(other, seed=SEED)).bit_count() > 80


def test_an_appeal_over_an_image_never_looks_at_what_everybody_has() -> None:
    picture = image()
    ends = with_rows(with_rows(picture, 0, 3), -1, 3)
    assert all(appeal_digest(picture, key=key) == appeal_digest(ends, key=key) for key in KEYS)


def test_one_who_lacks_the_path_cannot_answer_an_appeal() -> None:
    picture = image()
    guess = replace(picture, trace=np.linspace(picture.trace[0], picture.trace[-1], 5, dtype=np.float32))
    distances = [(appeal_digest(picture, key=key) ^ appeal_digest(guess, key=key)).bit_count() for key in KEYS]
    assert min(distances) > 80


def test_digests_of_two_appeals_have_nothing_in_common() -> None:
    digests = [appeal_digest(image(), key=key) for key in KEYS[:12]]
    distances = [(a ^ b).bit_count() for index, a in enumerate(digests) for b in digests[:index]]
    assert min(distances) > 80


def test_a_path_without_a_middle_and_a_short_key_are_refused() -> None:
    picture = image()
    with pytest.raises(HashError, match="2 rows has none between"):
        appeal_digest(replace(picture, trace=picture.trace[:2].copy()), key=SEED)
    with pytest.raises(HashError, match="a key of 3 bytes, expected 32"):
        appeal_digest(picture, key=b"abc")
    for trace in (np.full((5, 4), np.nan, dtype=np.float32), np.ones((5, 4))):
        with pytest.raises(HashError):
            appeal_digest(forged("image", picture.content, trace), key=SEED)


def test_hashes_are_found_by_name() -> None:
    assert sorted(HASHES) == ["activations", "minhash", "periodic", "phash", "simhash", "tokens"]
    assert all(load_hash(name).name == name for name in HASHES)
    with pytest.raises(HashError, match="hash 'md5' is unknown; known hashes: periodic"):
        load_hash("md5")


@pytest.mark.parametrize("name", sorted(HASHES))
def test_every_hash_is_a_function_of_output_and_seed(name: str) -> None:
    found = load_hash(name)
    for kind in found.kinds:
        made = (image if kind == "image" else text)()
        again = (image if kind == "image" else text)()
        digest = found.digest(made, seed=SEED)
        assert digest == found.digest(again, seed=SEED)
        assert 0 <= digest < 1 << 256
        other = (image if kind == "image" else text)(random=1)
        assert (digest ^ found.digest(other, seed=SEED)).bit_count() > 80
