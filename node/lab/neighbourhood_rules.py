"""What a node makes of its own model and those of its neighbours: the rules that a neighbourhood is compared under.

All but SybilWall are baselines as SybilWall's authors ran them: on whole models of one round, in floating point.
SybilWall is the product's own path: integer models, sketched histories, records passed on, exact weights.

Shape legend: N = nodes, k = neighbours of one node, n = k + 1 models it averages (its own last), d = parameters.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from node.aggregation.fixed_point import Q16_ONE, Q30_ONE
from node.aggregation.sketch import CountSketch
from node.aggregation.sybilwall_score import pardoned_maxima_q30, trust_q30
from node.manifest import Layout, TensorSpec
from node.neighbourhood.aggregation import mean_model, neighbourhood_weights
from node.neighbourhood.graph import Neighbourhoods
from node.neighbourhood.history import History, history_of
from node.neighbourhood.records import (
    DRAW_BITS,
    NOBODY,
    Records,
    choose_record,
    heard_directly,
    heard_of,
)

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

KRUM_BYZANTINE = 1  # what the authors' experiments assume whatever the number of Sybils
GRID_BITS = 26
BUCKETS = 1024


class NeighbourhoodRule(Protocol):
    """A rule with the memory of all honest nodes."""

    def exchange(self, sent: Sequence[Floats], round: int) -> Floats:
        """New models float32 (honest, d) from what every node sent this round: N arrays float32 (d,)."""


class Memoryless:
    """A rule that sees one round's models only."""

    def __init__(self, combine: Callable[[Doubles], Doubles], graph: Neighbourhoods) -> None:
        self._combine, self._graph = combine, graph

    def exchange(self, sent: Sequence[Floats], round: int) -> Floats:
        """See NeighbourhoodRule."""
        new = [
            self._combine(np.stack([sent[other] for other in (*neighbours, node)]).astype(np.float64))
            for node, neighbours in enumerate(self._graph.neighbours[: self._graph.honest])
        ]
        return np.stack(new).astype(np.float32)


def average(models: Doubles) -> Doubles:
    """Plain mean of (n, d)."""
    return np.asarray(models.mean(axis=0))


def median(models: Doubles) -> Doubles:
    """Coordinate-wise median."""
    return np.asarray(np.median(models, axis=0))


def krum(models: Doubles) -> Doubles:
    """The model with the smallest sum of squared distances to its n - f - 2 nearest (at least one)."""
    products = models @ models.T
    squares = np.diag(products)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * products, 0)
    nearest = max(1, len(models) - KRUM_BYZANTINE - 2)
    scores = np.sort(distances, axis=1)[:, 1 : nearest + 1].sum(axis=1)
    return np.asarray(models[int(scores.argmin())])


def foolsgold(models: Doubles) -> Doubles:
    """FoolsGold among the models at hand, the own one included; the own one alone where nobody is trusted."""
    norms = np.maximum(np.linalg.norm(models, axis=1, keepdims=True), 1e-30)
    unit = models / norms
    cosines = np.rint(np.clip(unit @ unit.T, -1, 1) * Q30_ONE).astype(np.int64).tolist()
    trust = np.array(trust_q30(pardoned_maxima_q30(cosines)), dtype=np.float64)
    return np.asarray(trust @ models / trust.sum()) if trust.any() else models[-1]


class SybilWall:
    """Signed models, sketches and probabilistic gossip, without the signatures. Sybils pass nothing on."""

    def __init__(self, graph: Neighbourhoods, parameter_count: int, seed: int) -> None:
        self._graph = graph
        self._names = [f"{node:04}" for node in range(len(graph.neighbours))]
        self._records: list[Records] = [NOBODY] * graph.honest
        self._layout = Layout.of((TensorSpec("softmax", (parameter_count,), 0, grid_bits=GRID_BITS),))
        self._start = np.zeros(parameter_count, dtype=np.int32)
        self._sketch = CountSketch(BUCKETS, f"neighbourhood {seed}".encode())
        self._draw = random.Random(seed)

    def exchange(self, sent: Sequence[Floats], round: int) -> Floats:
        """See NeighbourhoodRule."""
        self._pass_on()
        thetas: dict[int, npt.NDArray[np.int32]] = {}
        histories: dict[int, History] = {}
        for model in sent:  # Sybils send one object: it is quantised once
            if id(model) not in thetas:
                theta = np.rint(model.astype(np.float64) * (1 << GRID_BITS)).astype(np.int32)
                thetas[id(model)] = theta
                histories[id(model)] = history_of(theta, self._start, self._layout, self._sketch)
        new = []
        for node in range(self._graph.honest):
            neighbours = self._graph.neighbours[node]
            records = self._records[node]
            for other in neighbours:
                records = heard_directly(records, self._names[other], round=round, history=histories[id(sent[other])])
            self._records[node] = records
            weights = neighbourhood_weights(records, [self._names[other] for other in neighbours])
            assert sum(weights) == Q16_ONE
            new.append(mean_model([thetas[id(sent[other])] for other in (*neighbours, node)], weights))
        return (np.stack(new) / np.float32(1 << GRID_BITS)).astype(np.float32)

    def _pass_on(self) -> None:
        """Every honest node tells each honest neighbour of one other node, all of them at once."""
        before = list(self._records)
        for node in range(self._graph.honest):
            for other in self._graph.neighbours[node]:
                if other >= self._graph.honest:
                    continue
                draw = self._draw.getrandbits(DRAW_BITS)
                author = choose_record(before[node], own=self._names[node], neighbour=self._names[other], draw=draw)
                if author is None:
                    continue
                record = before[node][author]
                self._records[other] = heard_of(
                    self._records[other],
                    author,
                    own=self._names[other],
                    sender=self._names[node],
                    round=record.round,
                    sender_distance=record.distance,
                    history=record.history,
                )


MEMORYLESS: Mapping[str, Callable[[Doubles], Doubles]] = MappingProxyType(
    {"average": average, "median": median, "krum": krum, "foolsgold": foolsgold}
)
NEIGHBOURHOOD_RULES = (*MEMORYLESS, "sybilwall")


def neighbourhood_rule(name: str, graph: Neighbourhoods, parameter_count: int, seed: int) -> NeighbourhoodRule:
    """The rule of that name (one of NEIGHBOURHOOD_RULES), with an empty memory."""
    if name == "sybilwall":
        return SybilWall(graph, parameter_count, seed)
    return Memoryless(MEMORYLESS[name], graph)
