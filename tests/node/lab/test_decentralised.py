"""Sybils in a decentralised swarm, small: cells are values, rules do what they say, the preset is whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from node.errors import ConfigurationError
from node.lab.axes import Chosen
from node.lab.decentralised import NeighbourhoodCell, NeighbourhoodResult, run_neighbourhood
from node.lab.neighbourhood_rules import average, foolsgold, krum, median
from node.lab.paper_sybil import DENSITIES, SybilPreset, sybil_tables
from node.lab.presets import find_preset
from node.lab.run import load_image_task
from node.lab.softmax_nodes import LocalSteps, SoftmaxNodes
from node.tasks.base import Shard
from node.tasks.splits import Split

TASK = load_image_task("digits", 0, None)
SMALL = {"task": "digits", "honest": 12, "rounds": 3, "split": "dirichlet(0.5)", "local": LocalSteps(steps=60)}


def data() -> tuple[Shard, Shard]:
    return TASK.shards(1, Split(), 0)[0], TASK.test


def test_nodes_train_as_one_model_of_torch_does() -> None:
    shard = data()[0]
    nodes = SoftmaxNodes(shard.inputs, shard.labels, 16)
    only = np.array([3, 7])  # two examples, each drawn once or twice a step
    models = nodes.train(torch.zeros(1, nodes.parameter_count), [only[:1]], LocalSteps(3, 2, 0.5), torch.Generator())
    weight = torch.zeros(64, 10, requires_grad=True)
    bias = torch.zeros(10, requires_grad=True)
    for _ in range(3):
        inputs = shard.inputs[only[:1]].float() / 16
        loss = torch.nn.functional.cross_entropy(inputs @ weight + bias, shard.labels[only[:1]])
        for parameter, slope in zip((weight, bias), torch.autograd.grad(loss, (weight, bias)), strict=True):
            parameter.data -= 0.5 * slope
    expected = torch.cat([weight.reshape(-1), bias]).detach()
    assert torch.allclose(models[0], expected, atol=1e-6)


def test_baselines_on_known_models() -> None:
    models = np.array([[0.0, 1.0], [0.1, 1.0], [0.0, 1.1], [9.0, -9.0]])
    assert average(models).tolist() == pytest.approx([2.275, -1.475])
    assert median(models).tolist() == pytest.approx([0.05, 1.0])
    assert krum(models).tolist() == [0.0, 1.0]
    assert foolsgold(np.ones((3, 2))).tolist() == [1.0, 1.0]
    assert foolsgold(np.array([[0.0, 1], [0, 1], [1, 0]])).tolist() == [1.0, 0.0]


def test_a_cell_repeats_itself() -> None:
    cell = NeighbourhoodCell("sybilwall", "backdoor", 1.0, **SMALL)
    assert run_neighbourhood(cell, *data()) == run_neighbourhood(cell, *data())


def test_sybilwall_withstands_sybils_that_the_average_follows() -> None:
    results = {
        rule: run_neighbourhood(NeighbourhoodCell(rule, "label-swap", 4.0, **SMALL), *data())
        for rule in ("average", "sybilwall")
    }
    assert results["average"].attack_score > 0.5
    assert results["sybilwall"].attack_score < 0.2
    assert results["sybilwall"].accuracy > results["average"].accuracy


def test_the_preset_has_every_rule_attack_and_density() -> None:
    assert isinstance(find_preset("paper-sybil"), SybilPreset)
    experiment = find_preset("paper-sybil").experiment(Chosen(task="digits"), None)
    assert len(experiment.cells) == 2 * len(DENSITIES) * 5
    assert len({cell.key for cell in experiment.cells}) == len(experiment.cells)
    fewer = find_preset("paper-sybil").experiment(Chosen(task="digits", rules=("krum",), seeds=2, seats=9), None)
    assert {(cell.rule, cell.honest) for cell in fewer.cells} == {("krum", 9)}


@pytest.mark.parametrize(
    "chosen",
    [Chosen(rules=("flag",)), Chosen(attacks=("alie",)), Chosen(bounds=(3,)), Chosen(seats=1), Chosen(examples=5)],
)
def test_what_a_neighbourhood_does_not_have_is_refused(chosen: Chosen) -> None:
    with pytest.raises(ConfigurationError):
        SybilPreset().experiment(Chosen(**{**vars(chosen), "task": "digits"}), None)


def test_results_survive_json_and_tables_show_accuracy_and_score() -> None:
    cell = NeighbourhoodCell("krum", "label-swap", 1.0, **SMALL)
    result = NeighbourhoodResult(0.714, 0.038, 15)
    assert NeighbourhoodResult.from_json(result.to_json()) == result
    table = sybil_tables([(cell, result)])[0]
    assert table.columns == ("phi = 1",)
    figure = table.rows[0][1][0]
    assert figure is not None
    assert figure.text == "71 / 4"


def test_a_cell_needs_its_data() -> None:
    with pytest.raises(Exception, match="IDX"):
        SybilPreset().experiment(Chosen(), Path("/nowhere"))
