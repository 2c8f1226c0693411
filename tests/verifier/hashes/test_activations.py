"""Proofs of activations: pass for the same numbers but for rounding, and for nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import HashError
from tests.verifier.hashes.generations import SEED, image, text
from verifier.hashes.activations import (
    BFLOAT16_LIMITS,
    FLOAT32_LIMITS,
    ActivationsHash,
    ChunkDistance,
    build_proof,
    check_proof,
)

Float32 = npt.NDArray[np.float32]
STATES: Float32 = np.random.default_rng(0).standard_normal((80, 64)).astype(np.float32)
PROOF = build_proof(STATES)


def noisy(scale: float, states: Float32 = STATES) -> Float32:
    noise = np.random.default_rng(1).standard_normal(states.shape)
    return (states * (1 + scale * noise)).astype(np.float32)


def test_a_proof_is_a_header_and_eight_bytes_for_each_of_128_values_in_32_tokens() -> None:
    assert len(PROOF) == 12 + 3 * 128 * 8
    assert PROOF[:12] == b"SPA1" + (80).to_bytes(4, "little") + (64).to_bytes(4, "little")
    chunk = np.frombuffer(PROOF, dtype=[("place", "<u4"), ("value", "<f4")], offset=12, count=128)
    largest = np.sort(np.argsort(-np.abs(STATES[:32].ravel()))[:128])
    assert (chunk["place"] == largest).all()
    assert (chunk["value"] == STATES[:32].ravel()[largest]).all()


def test_the_same_numbers_pass_and_so_do_those_of_another_order_of_sums() -> None:
    assert check_proof(PROOF, STATES).passed
    check = check_proof(PROOF, noisy(1e-6))
    assert check.passed, check.problem
    assert len(check.chunks) == 3
    assert all(chunk.mean < 20 and chunk.mismatches <= 2 for chunk in check.chunks)


@pytest.mark.parametrize(
    ("scale", "float32", "bfloat16"), [(1e-6, True, True), (3e-3, False, True), (0.3, False, False)]
)
def test_limits_are_those_of_a_precision(scale: float, float32: bool, bfloat16: bool) -> None:
    assert check_proof(PROOF, noisy(scale), FLOAT32_LIMITS).passed is float32
    assert check_proof(PROOF, noisy(scale), BFLOAT16_LIMITS).passed is bfloat16


def test_opposite_signs_do_not_pass() -> None:
    check = check_proof(PROOF, -STATES, BFLOAT16_LIMITS)
    assert not check.passed
    assert check.chunks[0].mismatches == 128


def test_one_chunk_of_other_numbers_is_enough_to_fail() -> None:
    other = STATES.copy()
    other[64:] = other[64:][::-1]
    check = check_proof(PROOF, other)
    assert check.problem.startswith("from token 64: ")
    assert [chunk.within(FLOAT32_LIMITS) for chunk in check.chunks] == [True, True, False]


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (b"", "the header is , expected 53504131"),
        (b"SPA1", "the header is 53504131, expected"),
        (b"SPA1" + bytes(8), "the header is 535041310000000000000000"),
        (PROOF[:12], "12 bytes, expected 3084"),
        (PROOF[:-8], "3076 bytes, expected 3084"),
        (PROOF + PROOF[12:], "6156 bytes"),
        (b"SPA1" + (64).to_bytes(4, "little") + PROOF[8:], "the header is"),
        (PROOF[:12] + bytes(len(PROOF) - 12), "from token 0: places do not ascend"),
        (PROOF[:12] + PROOF[12:20] * 384, "places do not ascend"),
        (PROOF[:12] + b"\xff" * (len(PROOF) - 12), "places do not ascend"),
    ],
)
def test_proofs_of_strangers_fail_with_the_reason(proof: bytes, words: str) -> None:
    check = check_proof(proof, STATES, BFLOAT16_LIMITS)
    assert not check.passed
    assert words in check.problem


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_never_pass(value: float) -> None:
    for entry in (0, 127, 300):
        place = 12 + 8 * entry + 4
        bad = PROOF[:place] + np.float32(value).tobytes() + PROOF[place + 4 :]
        assert "a value is not finite" in check_proof(bad, STATES).problem


@settings(max_examples=60)
@given(st.binary(max_size=64), st.integers(0, len(PROOF)))
def test_whatever_is_sent_is_judged_and_not_raised(noise: bytes, place: int) -> None:
    proof = PROOF[:place] + noise + PROOF[place + len(noise) :]
    check = check_proof(proof, STATES)
    assert check.passed or check.problem
    assert not check_proof(noise, STATES).passed


@pytest.mark.parametrize("tokens", [1, 31, 32, 33, 65])
@pytest.mark.parametrize("width", [1, 3, 64])
def test_texts_of_any_length_are_covered_to_the_last_token(tokens: int, width: int) -> None:
    states = np.random.default_rng(tokens).standard_normal((tokens, width)).astype(np.float32)
    proof = build_proof(states)
    assert check_proof(proof, states).passed
    states[tokens - (tokens % 32 or 32) :] *= -1
    assert not check_proof(proof, states).passed


def test_nothing_that_matches_is_no_match() -> None:
    assert not ChunkDistance(128, 128, float("inf"), float("inf")).within(BFLOAT16_LIMITS)
    assert not ChunkDistance(4, 1, 0.0, 0.0).within(FLOAT32_LIMITS)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (np.zeros((0, 4), dtype=np.float32), r"shape \(0, 4\)"),
        (np.zeros(4, dtype=np.float32), r"shape \(4,\)"),
        (np.zeros((4, 4), dtype=np.float32), "all zero"),
        (np.ones((4, 4), dtype=np.float16), "float16"),
        (np.full((4, 4), np.nan, dtype=np.float32), "value 0 is nan"),
        (np.ones((70000, 1), dtype=np.float32), "expected up to"),
    ],
)
def test_states_that_cannot_be_are_refused_on_either_side(states: Float32, words: str) -> None:
    with pytest.raises(HashError, match=words):
        build_proof(states)
    with pytest.raises(HashError, match=words):
        check_proof(PROOF, states)


def test_the_digest_commits_to_the_proof() -> None:
    words = text()
    digest = ActivationsHash().digest(words, seed=SEED)
    assert digest == ActivationsHash().digest(text(), seed=SEED)
    assert digest != ActivationsHash().digest(text(), seed=bytes(32))
    with pytest.raises(HashError, match="activations of a image"):
        ActivationsHash().digest(image(), seed=SEED)
