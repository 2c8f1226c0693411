"""Digests of texts: exact, and by what they share."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import HashError
from tests.verifier.hashes.generations import OTHER_SEED, SEED, forged, image, text
from verifier.hashes.minhash import MinHash, set_minhash
from verifier.hashes.tokens import TokensHash

tokens = st.lists(st.integers(0, 1 << 40), min_size=1, max_size=60)


@given(tokens)
def test_a_text_is_hashed_token_by_token_with_its_seed(ids: list[int]) -> None:
    domain = keccak(b"SwarmProof digest of tokens, version 1")
    expected = keccak(domain + SEED + b"".join(item.to_bytes(8, "big") for item in ids))
    assert TokensHash().digest(text(ids), seed=SEED) == int.from_bytes(expected, "big")


@given(tokens, tokens)
def test_only_equal_texts_have_equal_digests(left: list[int], right: list[int]) -> None:
    first, second = (TokensHash().digest(text(ids), seed=SEED) for ids in (left, right))
    assert (first == second) == (left == right)


def test_no_digest_is_known_before_the_seed() -> None:
    one, other = (TokensHash().digest(text(), seed=seed) for seed in (SEED, OTHER_SEED))
    assert (one ^ other).bit_count() > 80


@pytest.mark.parametrize(
    ("shared", "other"), [(200, 0), (180, 20), (120, 80), (60, 140), (0, 200)], ids=lambda count: str(count)
)
def test_distance_measures_what_sets_share(shared: int, other: int) -> None:
    def items(name: str) -> list[bytes]:
        common = [b"common %d" % index for index in range(shared)]
        return common + [f"{name} {index}".encode() for index in range(other)]

    jaccard = shared / (shared + 2 * other)
    keys = [bytes([index]) * 32 for index in range(8)]
    bits = [(set_minhash(items("left"), key=key) ^ set_minhash(items("right"), key=key)).bit_count() for key in keys]
    deviation = (256 * len(keys) * (1 - jaccard) / 2) ** 0.5
    assert abs(sum(bits) - len(keys) * 256 * (1 - jaccard) / 2) <= 4 * deviation


@settings(max_examples=30)
@given(st.sets(st.binary(max_size=8), min_size=1, max_size=50), st.randoms(use_true_random=False))
def test_a_set_has_one_digest_in_any_order(items: set[bytes], random: Any) -> None:
    listed = sorted(items) * 2
    random.shuffle(listed)
    assert set_minhash(listed, key=SEED) == set_minhash(items, key=SEED)


def slow_minhash(items: list[bytes], key: bytes) -> int:
    """The definition, number by number."""
    words = hashlib.shake_256(b"swarmproof minhash" + key).digest(8 * 256)
    numbers = [int.from_bytes(words[at : at + 4], "big") for at in range(0, len(words), 4)]
    places = [int.from_bytes(hashlib.blake2s(item, key=key, digest_size=4).digest(), "big") for item in items]
    digest = 0
    for factor, offset in zip(numbers[:256], numbers[256:], strict=True):
        digest = 2 * digest + min((max(factor, 1) * place + offset) % 4294967311 for place in places) % 2
    return digest


@pytest.mark.parametrize("count", [1, 2, 50, 3000])
def test_minima_are_those_of_whole_numbers(count: int) -> None:
    items = [b"%d" % index for index in range(count)]
    assert set_minhash(items, key=SEED) == slow_minhash(items, SEED)


def test_single_items_are_not_all_alike() -> None:
    digests = [set_minhash([b"%d" % index], key=SEED) for index in range(20)]
    distances = [(a ^ b).bit_count() for index, a in enumerate(digests) for b in digests[:index]]
    assert min(distances) > 80


def test_a_text_is_the_set_of_its_runs_of_five() -> None:
    ids = list(range(60))
    again = ids + ids[:20]  # four new runs across the seam, all others once more
    assert 0 < (MinHash().digest(text(ids), seed=SEED) ^ MinHash().digest(text(again), seed=SEED)).bit_count() < 30
    moved = MinHash().digest(text(ids[30:] + ids[:30]), seed=SEED)
    assert 0 < (MinHash().digest(text(ids), seed=SEED) ^ moved).bit_count() < 40
    assert MinHash().digest(text([7]), seed=SEED) != MinHash().digest(text([8]), seed=SEED)


@pytest.mark.parametrize("hash_kind", [TokensHash, MinHash])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.zeros(0, dtype=np.int64), r"tokens: int64 of shape \(0,\)"),
        (np.zeros((5, 5), dtype=np.int64), r"shape \(5, 5\)"),
        (np.zeros(5, dtype=np.float32), "tokens: float32"),
        (np.array([5, -1]), "token 1 is -1"),
    ],
)
def test_what_is_no_text_has_no_digest(hash_kind: Any, content: Any, words: str) -> None:
    with pytest.raises(HashError, match=words):
        hash_kind().digest(forged("text", content), seed=SEED)


@pytest.mark.parametrize("hash_kind", [TokensHash, MinHash])
def test_an_image_and_a_short_seed_are_refused(hash_kind: Any) -> None:
    with pytest.raises(HashError, match="of a image, expected text"):
        hash_kind().digest(image(), seed=SEED)
    with pytest.raises(HashError, match="a seed of 3 bytes, expected 32"):
        hash_kind().digest(text(), seed=b"abc")


def test_a_set_of_nothing_or_too_much_has_no_digest() -> None:
    with pytest.raises(HashError, match="a set of 0 items"):
        set_minhash([], key=SEED)
    with pytest.raises(HashError, match="a set of 65537 items"):
        set_minhash((index.to_bytes(4, "big") for index in range(65537)), key=SEED)
