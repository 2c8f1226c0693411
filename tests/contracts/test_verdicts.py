"""The court's rule in Solidity against its mirror in Python, `verifier.committee`, over thousands of committees."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.abi import ContractAbi, Function, selector
from contracts.build import compile_sources, read_sources
from contracts.chain import Chain
from contracts.court_values import COMMITTEE_SIZES, JobVerdict, RoundRecord
from contracts.values import Address
from tests.support.stage import Stage
from verifier.committee import MAXIMUM_THRESHOLD, Decision, RejectReason, Verdict, decide, majority

pytestmark = pytest.mark.slow  # needs the Solidity compiler

SOURCE = Path(__file__).parent / "solidity" / "VerdictsHarness.sol"
CASES, BATCH = 3_000, 25
NO_DISTANCE = 65_535
WEIGHTS = (50, 30, 14, 6)  # of the committees' sizes: the largest take an emulated chain longest
VERDICTS = {
    (Verdict.ACCEPT, None): JobVerdict.ACCEPT,
    (Verdict.REJECT, RejectReason.NO_SHOW): JobVerdict.REJECT_NO_SHOW,
    (Verdict.REJECT, RejectReason.DISAGREEMENT): JobVerdict.REJECT_DISAGREEMENT,
    (Verdict.INCONCLUSIVE, None): JobVerdict.INCONCLUSIVE,
}


@dataclass(frozen=True)
class Committee:
    """What everybody revealed, None for nothing."""

    worker: int | None
    members: tuple[int | None, ...]
    threshold: int

    @property
    def revealed(self) -> int:
        """Mask of who revealed, bit 0 the worker."""
        return sum(1 << place for place, digest in enumerate((self.worker, *self.members)) if digest is not None)

    @property
    def decision(self) -> Decision:
        """What the mirror says."""
        return decide(self.worker, self.members, self.threshold)

    def encoded(self) -> tuple[list[int], int, int]:
        """As the harness takes it."""
        return [digest or 0 for digest in (self.worker, *self.members)], self.revealed, self.threshold


def mask(places: Sequence[int]) -> int:
    """Members by their places from 0, as the court's mask of them."""
    return sum(2 << place for place in places)


def line(centre: int, *bits: int) -> tuple[int, ...]:
    """Digests at these distances from the centre, on one line: two of them differ by the difference."""
    return tuple(centre ^ ((1 << count) - 1) for count in bits)


def drawn(chance: random.Random) -> Committee:
    """A committee whose members come as close to one another as to make each verdict likely."""
    (size,) = chance.choices(COMMITTEE_SIZES, WEIGHTS)
    threshold = chance.choice((0, 1, 79, MAXIMUM_THRESHOLD, chance.randint(0, MAXIMUM_THRESHOLD)))
    centres = [chance.getrandbits(256) for _ in range(chance.randint(1, 3))]
    absent = chance.choice((0, 0, 0.1, 0.4))
    steps = (0, 0, threshold // 2, threshold, threshold + 1, 2 * threshold, 2 * threshold + 1)

    def told() -> int | None:
        if chance.random() < absent:
            return None
        if chance.random() < 0.1:
            return chance.getrandbits(256)  # made up
        centre, count = chance.choice(centres), chance.choice(steps)
        if chance.random() < 0.5:
            return line(centre, count)[0]
        return centre ^ sum(1 << bit for bit in chance.sample(range(256), count))

    return Committee(told(), tuple(told() for _ in range(size)), threshold)


def on_the_edge(chance: random.Random) -> Iterator[Committee]:
    """Clusters of exactly a majority and one less, at the threshold and one beyond, round the worker and elsewhere."""
    for size in COMMITTEE_SIZES:
        for threshold in (0, 1, 40, MAXIMUM_THRESHOLD):
            for count in (majority(size) - 1, majority(size)):
                for reach in (threshold, threshold + 1):
                    centre, other = chance.getrandbits(256), chance.getrandbits(256)
                    cluster = [*line(centre, 0), *line(centre, reach) * (count - 1)]
                    made_up = [chance.getrandbits(256) for _ in range(size - count)]
                    yield Committee(centre, (*line(centre, reach) * count, *made_up), threshold)
                    yield Committee(other, (*cluster, *made_up), threshold)
                    yield Committee(other, (*made_up, *reversed(cluster)), threshold)
                    yield Committee(other, (*cluster, *[None] * (size - count)), threshold)
                    # A chain: the middle reaches both ends, the ends only the middle.
                    chain = line(centre, 0, threshold, 2 * threshold)
                    yield Committee(other, tuple(chance.choice(chain) for _ in range(size)), threshold)
        yield Committee(None, (None,) * size, 0)
        yield Committee(0, (None,) * size, 0)
        yield Committee(None, (0,) * size, 0)


@pytest.fixture(scope="module")
def harness_abi() -> ContractAbi:
    sources = {name: text for name, text in read_sources().items() if name.startswith(("src/interfaces", "src/lib"))}
    output = compile_sources({**sources, "tests/VerdictsHarness.sol": SOURCE.read_text("utf-8")})["VerdictsHarness"]
    return ContractAbi(
        name="VerdictsHarness",
        bytecode=bytes.fromhex(output["evm"]["bytecode"]["object"]),
        entries=tuple(output["abi"]),
        constructor_inputs=(),
        functions={
            entry["name"]: Function(entry["name"], selector(entry), tuple(entry["inputs"]), tuple(entry["outputs"]))
            for entry in output["abi"]
        },
    )


async def test_solidity_and_python_decide_alike(stage: Stage, harness_abi: ContractAbi) -> None:
    receipt = await stage.owner.send(None, harness_abi.encode_deployment())
    assert receipt.contract_address is not None
    chance = random.Random(1)
    committees = [*on_the_edge(chance), *(drawn(chance) for _ in range(CASES))]
    seen: Counter[tuple[JobVerdict, bool]] = Counter()
    for first in range(0, len(committees), BATCH):
        batch = committees[first : first + BATCH]
        await compare(stage.owner, harness_abi, receipt.contract_address, batch)
        seen.update((VERDICTS[each.decision.verdict, each.decision.reason], bool(strays(each))) for each in batch)
    # Every verdict comes up often, and rejections with members that agree with neither side, too.
    assert min(seen[verdict, False] for verdict in VERDICTS.values()) > 100
    assert seen[JobVerdict.REJECT_DISAGREEMENT, True] > 100


def strays(committee: Committee) -> set[int]:
    """Members that revealed and are on no side."""
    decision = committee.decision
    return set(range(len(committee.members))) - {*decision.near, *decision.far, *decision.absent}


async def compare(chain: Chain, abi: ContractAbi, harness: Address, batch: Sequence[Committee]) -> None:
    """Verdict, masks, distances, and who is right by each verdict on the job."""
    arguments = [each.encoded() for each in batch]
    verdicts, near, far, distances = await chain.call(abi, harness, "decideAll", arguments)
    rounds = [RoundRecord((), each.revealed, near[place], far[place]) for place, each in enumerate(batch)]
    (right,) = await chain.call(abi, harness, "rightOfAll", rounds)
    for place, each in enumerate(batch):
        found, verdict = each.decision, VERDICTS[each.decision.verdict, each.decision.reason]
        told = (verdicts[place], near[place], far[place], tuple(distances[place]))
        bits = tuple(NO_DISTANCE if value is None else value for value in found.distances)
        assert told == (verdict, mask(found.near), mask(found.far), bits), each
        by_verdict = dict(zip(JobVerdict, (None, *right[place]), strict=True))
        assert by_verdict[verdict] == mask(found.right), each
        confirmed = mask(found.far if each.worker is None else found.near)
        against = mask(found.far)
        assert by_verdict == {
            JobVerdict.NONE: None,
            JobVerdict.ACCEPT: confirmed,
            JobVerdict.REJECT_NO_SHOW: against,
            JobVerdict.REJECT_DISAGREEMENT: against,
            JobVerdict.INCONCLUSIVE: 0,
            JobVerdict.RINGER: against,
        }, each
