"""Sybils in a decentralised swarm, in one process: SybilWall's experiment, a cell a call.

Honest nodes on a random geometric graph hold unlike shards (Dirichlet 0.1) and train one softmax layer each. One
attacker stands behind all Sybils: it trains one model on poisoned data and sends it along every attack edge. After a
number of rounds we ask how accurate the honest models are, and how often they do what the attacker wanted.

The attacker knows the training set, as in the authors' code. Its examples are a shard like everybody's and

* `label-swap`  every image of a 0 under the label 1 and the other way round;
* `backdoor`    as many images again, of all classes, once as they are and once with a mark in the corner and label 1.

It averages what it gets from its victims, with one vote for each Sybil. Simplification against the authors: a fixed
number of local steps instead of ten epochs.

Source: Werthenbach and Pouwelse, "Towards Sybil resilience in decentralized learning", 2023.

Shape legend: M = examples, F = pixels, d = parameters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from node.attacks.backdoor import TARGET_CLASS, triggered
from node.errors import ConfigurationError
from node.lab.neighbourhood_rules import NEIGHBOURHOOD_RULES, neighbourhood_rule
from node.lab.softmax_nodes import LocalSteps, SoftmaxNodes
from node.neighbourhood.graph import Neighbourhoods, random_neighbourhoods
from node.tasks.base import Shard
from node.tasks.splits import Split, partition

RADIUS = 0.2
GRAPH_SEED = 2
POISONS = ("label-swap", "backdoor")
_FIRST, _SECOND = 0, 1  # the classes that label-swap exchanges


@dataclass(frozen=True)
class NeighbourhoodCell:
    """One experiment. `edges_per_node`: attack edges, as a multiple of the honest nodes (the paper's phi).

    Raises ConfigurationError for an unknown rule or attack.
    """

    rule: str
    attack: str
    edges_per_node: float
    seed: int = 0
    task: str = "mnist"
    honest: int = 99
    rounds: int = 12
    split: str = "dirichlet(0.1)"
    local: LocalSteps = field(default_factory=LocalSteps)

    def __post_init__(self) -> None:
        for what, value, known in (("rule", self.rule, NEIGHBOURHOOD_RULES), ("attack", self.attack, POISONS)):
            if value not in known:
                raise ConfigurationError(f"{what} {value!r} is unknown in a neighbourhood; known: {', '.join(known)}")
        if self.honest < 2 or self.rounds < 1 or self.edges_per_node < 0:
            raise ConfigurationError(
                f"{self.honest} nodes, {self.rounds} rounds, {self.edges_per_node} attack edges a node"
            )

    @property
    def attack_edges(self) -> int:
        """Attack edges in all."""
        return round(self.edges_per_node * self.honest)

    @property
    def key(self) -> str:
        """16 hexadecimal digits that stand for this cell."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """A few words for the person who waits."""
        return f"{self.rule}, {self.attack}, phi {self.edges_per_node:g}, seed {self.seed}"

    def to_json(self) -> dict[str, Any]:
        """A JSON object that says everything the result depends on."""
        return {"kind": "neighbourhood", **asdict(self)}


@dataclass(frozen=True)
class NeighbourhoodResult:
    """Means over the honest nodes, in [0, 1]. `attack_score`: how often images get the label the attacker wants."""

    accuracy: float
    attack_score: float
    sybils: int

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> NeighbourhoodResult:
        """Read what `to_json` gave. Raises TypeError for anything else."""
        return cls(**document)


def run_neighbourhood(cell: NeighbourhoodCell, train: Shard, test: Shard) -> NeighbourhoodResult:
    """Play a cell to its end. Equal arguments give equal results on one machine."""
    generator = torch.Generator().manual_seed(cell.seed)
    dealer = np.random.Generator(np.random.PCG64(cell.seed))
    graph = random_neighbourhoods(
        cell.honest, radius=RADIUS, seed=GRAPH_SEED + cell.seed, attack_edges=cell.attack_edges
    )
    *shards, own = partition(train.labels.numpy(), cell.honest + 1, Split.parse(cell.split), dealer)
    pixels, labels = _poison(cell.attack, train, dealer)
    poisoned = np.concatenate([own, np.arange(len(train), len(labels))])
    nodes = SoftmaxNodes(pixels, labels, int(train.inputs.max()))
    rule = neighbourhood_rule(cell.rule, graph, nodes.parameter_count, cell.seed)
    models = torch.zeros(cell.honest + 1, nodes.parameter_count)  # the attacker's is the last
    for round_number in range(1, cell.rounds + 1):
        models = nodes.train(models, [*shards, poisoned], cell.local, generator)
        *honest, sybil = models.numpy()
        sent = [*honest, *(sybil for _ in graph.sybils)]
        aggregated = rule.exchange(sent, round_number)
        models = torch.from_numpy(np.concatenate([aggregated, _attacker_mean(sent, graph, sybil)[None]]))
    return _measured(cell.attack, nodes, models[:-1], test, graph)


def _poison(attack: str, train: Shard, dealer: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """The training examples followed by those the attacker adds: pixels uint8 (M, F), labels int64 (M,)."""
    pixels, labels = train.inputs, train.labels
    targets = torch.nonzero((labels == _FIRST) | (labels == _SECOND))[:, 0]
    if attack == "label-swap":
        return torch.cat([pixels, pixels[targets]]), torch.cat([labels, _FIRST + _SECOND - labels[targets]])
    some = torch.from_numpy(np.sort(dealer.permutation(len(labels))[: len(targets)]))
    return (
        torch.cat([pixels, pixels[some], triggered(pixels[some])]),
        torch.cat([labels, labels[some], torch.full((len(some),), TARGET_CLASS)]),
    )


def _attacker_mean(
    sent: list[npt.NDArray[np.float32]], graph: Neighbourhoods, sybil: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Mean of the victims' models and one copy of its own for each Sybil."""
    victims = sorted({node for one in graph.sybils for node in graph.neighbours[one]})
    if not victims:
        return sybil
    total = np.sum([sent[node] for node in victims], axis=0, dtype=np.float64) + len(graph.sybils) * sybil
    return (total / (len(victims) + len(graph.sybils))).astype(np.float32)


def _measured(
    attack: str, nodes: SoftmaxNodes, models: torch.Tensor, test: Shard, graph: Neighbourhoods
) -> NeighbourhoodResult:
    labels = test.labels[:, None]
    found = nodes.predictions(models, test.inputs)
    if attack == "label-swap":
        targets = (test.labels == _FIRST) | (test.labels == _SECOND)
        score = (found[targets] == _FIRST + _SECOND - labels[targets]).double().mean()
    else:
        marked = triggered(test.inputs[test.labels != TARGET_CLASS])
        score = (nodes.predictions(models, marked) == TARGET_CLASS).double().mean()
    return NeighbourhoodResult(float((found == labels).double().mean()), float(score), len(graph.sybils))
