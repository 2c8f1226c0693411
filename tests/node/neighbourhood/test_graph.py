"""Random neighbourhoods."""

from __future__ import annotations

import pytest

from node.neighbourhood.graph import Neighbourhoods, random_neighbourhoods


def paper(phi: float, seed: int = 2) -> Neighbourhoods:
    return random_neighbourhoods(99, radius=0.2, seed=seed, attack_edges=round(99 * phi))


@pytest.mark.parametrize(("phi", "sybils"), [(0.1, 2), (0.25, 4), (0.5, 8), (1.0, 15), (1.5, 22), (2.0, 30), (4.0, 60)])
def test_as_many_sybils_as_in_the_paper(phi: float, sybils: int) -> None:
    graph = paper(phi)
    assert len(graph.sybils) == sybils
    assert graph.attack_edges() == round(99 * phi)
    assert all(1 <= len(graph.neighbours[sybil]) <= 7 for sybil in graph.sybils)


@pytest.mark.parametrize("phi", [0.5, 1.0, 4.0])
def test_attack_edges_are_spread_evenly(phi: float) -> None:
    graph = paper(phi)
    met = [sum(other >= 99 for other in graph.neighbours[node]) for node in range(99)]
    assert max(met) - min(met) <= 1
    assert max(met) <= max(1, phi)


@pytest.mark.parametrize("seed", range(5))
def test_edges_are_mutual_and_everybody_is_reachable(seed: int) -> None:
    graph = paper(1.0, seed)
    assert all(a in graph.neighbours[b] for a, found in enumerate(graph.neighbours) for b in found)
    seen, waiting = {0}, [0]
    while waiting:
        new = {other for other in graph.neighbours[waiting.pop()] if other < 99} - seen
        seen |= new
        waiting += new
    assert seen == set(range(99))


def test_equal_arguments_give_equal_graphs() -> None:
    assert paper(1.0) == paper(1.0)
    assert paper(1.0) != paper(1.0, seed=3)


def test_small_graphs() -> None:
    assert random_neighbourhoods(1, radius=1, seed=0).neighbours == ((),)
    assert random_neighbourhoods(2, radius=0, seed=0).neighbours == ((1,), (0,))
    few = random_neighbourhoods(7, radius=0.5, seed=0, attack_edges=21, maximum_degree=3, sybils=3)
    assert len(few.sybils) == 3
