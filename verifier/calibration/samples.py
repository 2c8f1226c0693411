"""The digests of a calibration: made chunk by chunk, kept on disk as they are made, bound by one Merkle root.

A line of the file is a chunk of one source's jobs: {"key", "code", "cell", "result"}, the result by hash a list of
64 hexadecimal digits a job. What is there is not made again, so a calibration goes on where it was stopped. Beside the
hashes an exact one of content and trace tells where a cheat made no difference at all.

Shape legend: N = jobs of a source; 4 words of 64 bits are a digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from node.errors import StateError
from node.generation import Generation
from node.generation.task import GenerativeTask
from node.lab.results import ResultsFile
from node.merkle import PositionTree
from verifier.calibration.other_hashes import find_hash
from verifier.calibration.plan import Plan, Source
from verifier.cheats import Order
from verifier.cheats.base import LoadModel
from verifier.errors import CheatImpossible
from verifier.hashes import appeal_digest

APPEAL: Final = "appeal"  # the keyed digest of later committees, recorded beside the hashes
EXACT: Final = "exact"  # sha2-256 of content and trace
_BESIDE: Final = (APPEAL, EXACT)
_DIGITS: Final = 64

Digests = npt.NDArray[np.uint64]
Report = Callable[[Source, int], None]


@dataclass(frozen=True, eq=False)
class Samples:
    """`digests`: by source and hash, uint64 (N, 4), its jobs in order. `impossible`: cheats this class rules out."""

    plan: Plan
    digests: Mapping[tuple[str, str], Digests]
    impossible: tuple[str, ...]

    def honest(self, name: str) -> list[Digests]:
        """Digests by one hash of every honest variant: the first one has the most jobs."""
        return [digests for (source, hash_), digests in self.digests.items() if hash_ == name and "/" in source]

    def cheats(self, name: str) -> dict[str, Digests]:
        """Digests by one hash of every cheat: the first jobs of the measured half."""
        return {
            source: digests for (source, hash_), digests in self.digests.items() if hash_ == name and "/" not in source
        }

    def root(self) -> bytes:
        """Root of a `PositionTree` with a leaf for each digest: "source hash job" and the digest's 32 bytes. 32 bytes.

        In the order of sources, then hashes, then jobs.
        """
        return PositionTree(self._leaves()).root

    def _leaves(self) -> Iterator[bytes]:
        firsts = {source.name: source.first for source in self.plan.sources()}
        for (source, name), digests in self.digests.items():
            raw = digests.astype(">u8").tobytes()
            for row in range(len(digests)):
                label = f"{source} {name} {firsts[source] + row} ".encode()
                yield label + raw[32 * row : 32 * (row + 1)]


def collect(
    plan: Plan, task: GenerativeTask, load: LoadModel, history: Sequence[bytes], file: ResultsFile, report: Report
) -> Samples:
    """Make what `file` does not hold yet and return all of it; `report` hears of each chunk as it is done.

    Raises CalibrationError, GenerationError, HashError and StateError (a disk that is full, a file that is damaged).
    """
    digests: dict[tuple[str, str], Digests] = {}
    impossible = []
    for source in plan.sources():
        try:
            chunks = [_chunk(plan, source, task, load, history, file, part, report) for part in source.chunks()]
        except CheatImpossible as error:
            impossible.append(f"{source.name}: {error.cause}")
            continue
        for name in (*plan.hashes, *_BESIDE):
            digests[source.name, name] = np.concatenate([_words(chunk[name]) for chunk in chunks])
    return Samples(plan, digests, tuple(impossible))


def _chunk(
    plan: Plan,
    source: Source,
    task: GenerativeTask,
    load: LoadModel,
    history: Sequence[bytes],
    file: ResultsFile,
    part: tuple[int, int],
    report: Report,
) -> Mapping[str, list[str]]:
    first, end = part
    key = f"{plan.fingerprint}/{source.name}/{first}-{end}"
    if key not in file.done:
        prompts, seeds = plan.job_prompts(first, end), plan.job_seeds(first, end)
        order = Order(task, load, plan.checkpoint_digest, plan.sampling, history, prompts, seeds)
        made = source.variant.make(source.cheat, order)
        result = digests_of(made, plan.hashes, seeds, plan.job_keys(first, end))
        line = {"key": key, "code": plan.fingerprint, "cell": {"source": source.name, "first": first}, "result": result}
        file.append(line)
        file.done[key] = line
    report(source, end - first)
    return _checked(file.done[key]["result"], (*plan.hashes, *_BESIDE), end - first, key)


def digests_of(
    generations: Sequence[Generation], hashes: Sequence[str], seeds: Sequence[bytes], keys: Sequence[bytes]
) -> dict[str, list[str]]:
    """Digests of outputs by each hash, the keyed and the exact one, as hexadecimal digits. Raises HashError."""
    result = {}
    for name in hashes:
        digest = find_hash(name).digest
        result[name] = [f"{digest(made, seed=seed):0{_DIGITS}x}" for made, seed in zip(generations, seeds, strict=True)]
    result[APPEAL] = [
        f"{appeal_digest(made, key=key):0{_DIGITS}x}" for made, key in zip(generations, keys, strict=True)
    ]
    result[EXACT] = [hashlib.sha256(made.content.tobytes() + made.trace.tobytes()).hexdigest() for made in generations]
    return result


def _checked(result: Any, hashes: Sequence[str], count: int, key: str) -> Mapping[str, list[str]]:
    for name in hashes:
        digests = result.get(name) if isinstance(result, dict) else None
        if not (isinstance(digests, list) and len(digests) == count and all(map(_is_digest, digests))):
            raise StateError(f"record {key}: {name} is not {count} digests of {_DIGITS} hexadecimal digits")
    return dict(result)


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and len(text) == _DIGITS and set(text) <= set("0123456789abcdef")


def _words(digests: Sequence[str]) -> Digests:
    return np.frombuffer(bytes.fromhex("".join(digests)), dtype=">u8").reshape(-1, 4).astype(np.uint64)
