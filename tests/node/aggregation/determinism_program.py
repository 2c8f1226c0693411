"""Compute every stage of aggregation and print one digest: run by `test_determinism` under many settings.

Usage: python -m tests.node.aggregation.determinism_program {numpy,torch} THREADS
Prints JSON: the digest, that of floats computed in a fixed order from the Gram, that of whole rounds, what the library
says it runs on, and the digest of the same Gram taken of real numbers, which is there to differ: it shows that the
settings do change what floats come to.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import threadpoolctl

from node.aggregation.aggregate import next_theta
from node.aggregation.fixed_point import Q16_ONE
from node.aggregation.gram import Gram
from node.aggregation.history import Histories
from node.aggregation.judgement import JudgedInput, State, judge
from node.aggregation.products import inner_products
from node.aggregation.rules.flag import flag_coefficients
from node.aggregation.symmetric_eigen import symmetric_eigen
from node.manifest import Layout, TensorSpec
from tests.node.aggregation.messages import Draw, Message, manifest, random_message, round_messages, state

TENSORS = (TensorSpec("w", (40, 4096), 64), TensorSpec("dense", (3, 4096), 0), TensorSpec("half", (9, 4096), 2048))
MANIFEST = manifest(tensors=TENSORS, rule="multi-krum(f=2,keep=4,skip=2)")
WEIGHTS = (16384, 0, 10000, 1, 16383, 0, 5000, 3000)


def messages(layout: Layout) -> list[Message]:
    """Six that agree somewhat and two over the whole range of the format."""
    wild = [random_message(layout, f"wild {i}") for i in range(2)]
    return [*round_messages(layout, "determinism", 6), *wild]


def by_numpy(made: Sequence[Message]) -> tuple[Any, Any]:
    """Gram and next state of `node.aggregation`."""
    known = inner_products(made, MANIFEST.layout)
    return known.products, next_theta(state(MANIFEST.layout, "base"), made, WEIGHTS, MANIFEST)


def by_torch(made: Sequence[Message]) -> tuple[Any, Any]:
    """Gram and next state of the torch path."""
    from tests.node.aggregation import torch_path

    products = torch_path.gram(made, MANIFEST.layout)
    return products, torch_path.next_theta(state(MANIFEST.layout, "base"), made, WEIGHTS, MANIFEST)


def real_vectors() -> npt.NDArray[np.float32]:
    """Eight vectors of real numbers, float32."""
    return np.stack([Draw(f"real {i}").normal(20_000) for i in range(8)]).astype(np.float32)


def ordered_floats(products: Sequence[Sequence[int]]) -> bytes:
    """Eigenvalues, eigenvectors and Flag's coefficients of the messages' cosines: every bit of them."""
    gram = Gram.of_products(products, [Q16_ONE] * len(products))
    cosines = np.array(gram.cosines_q30, dtype=np.float64) / 2.0**30
    found = (*symmetric_eigen(cosines), flag_coefficients(cosines, iterations=10, lam=8.0))
    return b"".join(part.astype("<f8").tobytes() for part in found)


def judged(made: Sequence[Message]) -> bytes:
    """Two whole rounds with histories and one by a rule on values: weights, scores, states and memories."""
    parts: list[bytes] = []
    for rule, buckets in (("history-filter(f=2)", 64), ("nnm(f=2)+trimmed-mean(f=2)", 0)):
        agreed = manifest(tensors=TENSORS, rule=rule, history_buckets=buckets)
        now, before = State(state(agreed.layout, "base"), Histories.empty(agreed)), None
        for number in (1, 2) if buckets else (1,):
            inputs = [JudgedInput(i, i, bytes([i]) * 32, message) for i, message in enumerate(made, start=1)]
            done = judge(agreed, round=number, seed=bytes(32), state=now, previous_theta=before, inputs=inputs)
            now, before = done.state, now.theta
            parts.append(json.dumps([done.weights, done.scores, now.histories.merits]).encode())
            parts += [now.theta.astype("<i4").tobytes(), now.histories.sketches.astype("<i8").tobytes()]
    return b"".join(parts)


def main(path: str, threads: int) -> None:
    made = messages(MANIFEST.layout)
    if path == "torch":
        import torch

        torch.set_num_threads(threads)
        products, theta = by_torch(made)
        real = torch.from_numpy(real_vectors())
        floats = (real @ real.T).numpy()
        report = {"capability": torch.backends.cpu.get_cpu_capability(), "threads": torch.get_num_threads()}
    else:
        products, theta = by_numpy(made)
        floats = real_vectors() @ real_vectors().T
        (blas,) = (item for item in threadpoolctl.threadpool_info() if "numpy" in item["filepath"])
        report = {"capability": blas["architecture"], "threads": blas["num_threads"]}
    text = json.dumps([list(row) for row in products]).encode()
    report["digest"] = hashlib.sha256(text + np.asarray(theta, dtype="<i4").tobytes()).hexdigest()
    report["ordered_digest"] = hashlib.sha256(ordered_floats([list(map(int, row)) for row in products])).hexdigest()
    report["judged_digest"] = hashlib.sha256(judged(made)).hexdigest()
    report["float_digest"] = hashlib.sha256(floats.tobytes()).hexdigest()
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
