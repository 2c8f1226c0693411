"""Figures from digests that were made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.verifier.calibration.conftest import PLAN
from verifier.calibration.measure import all_pairs, choose_threshold, distances, histogram, measure
from verifier.calibration.plan import Plan
from verifier.calibration.samples import Digests, Samples
from verifier.calibration.variants import honest_variants
from verifier.classes import Trial

JOBS, HALF = 20, 10


def digests(seed: int = 0, count: int = JOBS) -> Digests:
    return np.random.default_rng(seed).integers(0, 1 << 63, (count, 4)).astype(np.uint64)


def flipped(of: Digests, job: int, bits: int) -> Digests:
    """The same, but for `bits` bits of one job."""
    changed = of.copy()
    for bit in range(bits):
        changed[job, bit // 64] ^= np.uint64(1 << bit % 64)
    return changed


def samples(*, same: int = 0, **sources: Digests) -> Samples:
    """Honest digests alike everywhere but where `sources`, by variant or cheat, say otherwise.

    `same`: first jobs of every cheat that are honest outputs, bit for bit.
    """
    names = {variant.name.replace("-", "_"): f"honest/{variant.name}" for variant in honest_variants(1)}
    named: dict[str, Digests] = dict.fromkeys(names.values(), digests())
    named |= {names.get(name, name.replace("_", "-")): found for name, found in sources.items()}
    plan = Plan(**PLAN | {"jobs": JOBS, "hashes": ("periodic",), "cheats": ("int8",)})
    exact = {source: digests(place, len(found)) for place, (source, found) in enumerate(named.items())}
    for source in exact.keys() - set(names.values()):
        exact[source][:same] = exact[names["batches_of_1"]][HALF : HALF + same]
    by_hash = {"periodic": named, "exact": exact}
    found = {(source, name): made for name, sources in by_hash.items() for source, made in sources.items()}
    return Samples(plan, found, ())


def test_the_threshold_comes_from_one_half_and_errors_from_the_other() -> None:
    one = flipped(flipped(digests(), 3, 5), HALF + 4, 11)
    found = measure(samples(batches_of_1=one), "periodic")
    assert (found.largest_noise, found.threshold) == (5, 10)
    assert found.honest == Trial("honest", HALF, 1)


def test_a_lone_outlier_as_verifier_changes_no_verdict_and_as_worker_loses_it() -> None:
    variants = [variant.name.replace("-", "_") for variant in honest_variants(1)]
    for job in range(HALF, JOBS):
        for place, variant in enumerate(variants):
            found = measure(samples(**{variant: flipped(digests(), job, 90)}), "periodic")
            is_worker = (job - HALF) % len(variants) == place
            assert found.committees == Trial("honest", HALF, int(is_worker))


def test_cheats_are_counted_within_the_threshold_and_judged_by_committees() -> None:
    near, count = digests()[HALF:], 8
    cheat = flipped(flipped(near, 1, 2), 2, 40)[:count]
    found = measure(samples(int8=cheat), "periodic").cheats[0]
    assert found.accepted == Trial("int8", count, count - 1)
    assert found.verdicts == {"accept": count - 1, "reject": 1, "inconclusive": 0}
    assert found.undetected == found.accepted
    assert found.outvoted == count
    assert (found.histogram[0], found.histogram[2], found.histogram[40]) == (count - 2, 1, 1)


def test_a_cheat_that_changed_nothing_counts_nowhere() -> None:
    cheat = flipped(digests()[HALF:], 2, 40)[:8]
    found = measure(samples(same=3, int8=cheat), "periodic").cheats[0]
    assert (found.same, found.accepted) == (3, Trial("int8", 5, 5))
    assert found.verdicts == {"accept": 5, "reject": 0, "inconclusive": 0}
    assert (found.outvoted, sum(found.histogram)) == (5, 5)


def test_digests_that_agree_are_no_evidence_that_nothing_changed() -> None:
    assert measure(samples(int8=digests()[HALF:]), "periodic").cheats[0].same == 0


@pytest.mark.parametrize(
    ("noise", "exact", "expected"),
    [
        ([0, 0], False, (2, 0)),
        ([0, 7, 3], False, (14, 7)),
        ([0, 4, 130], False, (8, 130)),  # another output, which no threshold should let in
        ([0, 40], False, (80, 40)),
        ([5, 41], False, (10, 41)),
        ([130, 131], False, (0, 131)),
        ([0, 120], True, (0, 120)),
    ],
)
def test_thresholds_are_twice_the_noise_and_never_random(
    noise: list[int], exact: bool, expected: tuple[int, int]
) -> None:
    assert choose_threshold(np.array(noise), exact=exact) == expected


def test_a_least_threshold_holds_for_all_but_exact_hashes() -> None:
    noise = np.array([0, 7])
    assert [choose_threshold(noise, least=least)[0] for least in (0, 8, 40, 80)] == [14, 14, 40, 80]
    assert choose_threshold(noise, least=40, exact=True) == (0, 7)


def test_distances_count_bits() -> None:
    left, right = digests(1), digests(2)
    integers = [[int.from_bytes(row.astype(">u8").tobytes(), "big") for row in side] for side in (left, right)]
    assert distances(left, right).tolist() == [(a ^ b).bit_count() for a, b in zip(*integers, strict=True)]
    assert sum(histogram(distances(left, right))) == JOBS


def test_all_pairs_are_those_of_one_prompt() -> None:
    outputs = digests(3, 60)
    outputs[50] = outputs[20]  # both of the first of ten prompts
    outputs[31] = outputs[12]  # of two prompts
    found = all_pairs(outputs, 10, 0, 20)
    assert found is not None
    assert (found.pairs, found.collisions) == (10 * 15, 1)
    assert found.bootstrap_upper is not None
    assert found.bootstrap_upper > found.collisions / found.pairs
    assert sum(found.histogram) == found.pairs
    assert all_pairs(outputs, 60, 0, 20) is None
