"""Who is next to whom: random geometric neighbourhoods, and Sybils that reach into them by attack edges.

Honest nodes lie at random in the unit square and know those within a radius, up to a number of neighbours. Sybils lie
where they do most harm: each takes a group of honest nodes that are close to one another, so that, up to one attack
edge a node, nobody sees two of them directly.

Source: the networks of Werthenbach and Pouwelse, 2023: 99 honest nodes, radius 0.2, at most 7 neighbours; for phi
attack edges a node 15 phi Sybils of up to 7 edges.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final

MAXIMUM_DEGREE: Final = 7
Point = tuple[float, float]


@dataclass(frozen=True)
class Neighbourhoods:
    """Nodes 0 to honest - 1 are honest, the others Sybils. `neighbours[i]`: of node i, ascending; symmetric."""

    honest: int
    neighbours: tuple[tuple[int, ...], ...]

    @property
    def sybils(self) -> range:
        """The nodes that are Sybils."""
        return range(self.honest, len(self.neighbours))

    def attack_edges(self) -> int:
        """How many edges join an honest node and a Sybil."""
        return sum(len(self.neighbours[sybil]) for sybil in self.sybils)


def random_neighbourhoods(
    honest: int,
    *,
    radius: float,
    seed: int,
    attack_edges: int = 0,
    maximum_degree: int = MAXIMUM_DEGREE,
    sybils: int | None = None,
) -> Neighbourhoods:
    """Place `honest` nodes, join those closer than `radius` in random order, add Sybils with `attack_edges` in all.

    `maximum_degree`: bound on honest neighbours of a node, and on the edges of a Sybil. Parts that are not connected
    are joined by their shortest missing edge. `sybils`: no more than so many. Equal arguments give equal graphs.
    """
    draw = random.Random(seed)
    points = [(draw.random(), draw.random()) for _ in range(honest)]
    edges = _near_edges(points, radius, maximum_degree, draw)
    edges |= _joining_edges(points, edges)
    groups = _attacked_groups(points, attack_edges, maximum_degree, draw)[:sybils]
    for sybil, group in enumerate(groups, start=honest):
        edges |= {(node, sybil) for node in group}
    neighbours: list[set[int]] = [set() for _ in range(1 + max((b for _, b in edges), default=honest - 1))]
    for a, b in edges:
        neighbours[a].add(b)
        neighbours[b].add(a)
    return Neighbourhoods(honest, tuple(tuple(sorted(found)) for found in neighbours))


def _near_edges(points: list[Point], radius: float, maximum_degree: int, draw: random.Random) -> set[tuple[int, int]]:
    degree = [0] * len(points)
    edges = set()
    near = [(a, b) for distance, a, b in _pairs(points) if distance < radius]
    draw.shuffle(near)
    for a, b in near:
        if degree[a] < maximum_degree and degree[b] < maximum_degree:
            edges.add((a, b))
            degree[a] += 1
            degree[b] += 1
    return edges


def _joining_edges(points: list[Point], edges: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """The shortest edges that make the graph connected (Kruskal on what is left)."""
    part = list(range(len(points)))

    def root(node: int) -> int:
        while part[node] != node:
            node = part[node]
        return node

    for a, b in edges:
        part[root(a)] = root(b)
    joining = set()
    for _, a, b in _pairs(points):
        if root(a) != root(b):
            part[root(a)] = root(b)
            joining.add((a, b))
    return joining


def _attacked_groups(points: list[Point], edges: int, maximum_degree: int, draw: random.Random) -> list[list[int]]:
    """Groups of near nodes, one for each Sybil; no node is in a second one before every node is in a first."""
    groups: list[list[int]] = []
    while edges > 0:
        free = set(range(len(points)))
        while free and edges > 0:
            centre = points[draw.choice(sorted(free))]
            size = min(maximum_degree, edges)
            group = sorted(free, key=lambda node: (math.dist(centre, points[node]), node))[:size]
            groups.append(group)
            free -= set(group)
            edges -= len(group)
    return groups


def _pairs(points: list[Point]) -> list[tuple[float, int, int]]:
    """All pairs a < b with their distance, nearest first."""
    return sorted(
        (math.dist(points[a], points[b]), a, b) for a in range(len(points)) for b in range(a + 1, len(points))
    )
