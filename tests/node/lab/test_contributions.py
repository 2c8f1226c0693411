"""The study of pay, small: cells are values, values are what they say, riders earn nothing, tables are whole."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from node.errors import ConfigurationError, RuleError
from node.lab.axes import Chosen
from node.lab.cell import Cell
from node.lab.contribution_tables import ContributionsPreset, contribution_tables
from node.lab.contributions import ContributionCell, ContributionResult, run_contributions
from node.lab.presets import find_preset
from node.lab.run import cut, load_image_task
from node.lab.swarm import Swarm
from node.lab.values import rank_correlation

SMALL = Cell(task="digits", rule="clipped-mean", seats=4, rounds=2, bound=1)
RESULT = ContributionResult((1.5, 0.5), (0.0, 0.9), (0.1, -0.1), (0.2, -0.2), (0.3, -0.3), 0.9)


def small_swarm(absent: frozenset[int] = frozenset()) -> Swarm:
    return Swarm(SMALL, load_image_task("digits", SMALL.width, None), cut(SMALL, None), absent=absent)


def test_cells_and_results_survive_json() -> None:
    cell = ContributionCell("quality", SMALL)
    assert json.loads(json.dumps(cell.to_json()))["swarm"]["rule"] == "clipped-mean"
    assert len({cell.key, ContributionCell("shapley", SMALL).key, SMALL.key}) == 3
    assert ContributionResult.from_json(json.loads(json.dumps(RESULT.to_json()))) == RESULT


def test_cells_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="study 'quality' with attack 'noise'"):
        ContributionCell("quality", replace(SMALL, attack="noise", attackers=1))
    with pytest.raises(ConfigurationError, match="study 'riders' with attack 'none'"):
        ContributionCell("riders", SMALL)
    with pytest.raises(ConfigurationError, match="Shapley values of 9 peers, at most 8"):
        ContributionCell("shapley", replace(SMALL, seats=9))


def test_free_riders_and_copies_earn_next_to_nothing() -> None:
    riders = replace(SMALL, seats=9, attack="noise+replay+zero", attackers=3, bound=3, rounds=3)
    result = run_contributions(ContributionCell("riders", riders), None)
    assert max(result.pay[6:]) <= 0.01
    assert sum(result.pay) == pytest.approx(9)
    pair = run_contributions(ContributionCell("riders", replace(riders, attack="near-copy", attackers=2)), None)
    assert max(pair.pay[7:]) <= 0.75
    assert (result.noise, result.left_out, result.untrained, result.shapley) == ((), (), (), ())


def test_pay_and_values_follow_quality() -> None:
    result = run_contributions(ContributionCell("quality", replace(SMALL, seats=8, rounds=8)), None)
    quality = [-part for part in result.noise]
    assert rank_correlation(result.pay, quality) >= 0.8
    assert rank_correlation(result.left_out, quality) >= 0.8
    assert rank_correlation(result.untrained, quality) >= 0.8
    assert result.shapley == ()


def test_shapley_values_follow_quality_and_add_up_to_what_was_learned() -> None:
    cell = ContributionCell("shapley", SMALL)
    result = run_contributions(cell, None)
    assert result == run_contributions(cell, None)
    assert rank_correlation(result.shapley, [-part for part in result.noise]) == pytest.approx(1)
    first_loss = small_swarm().evaluate().loss
    assert 0.1 * first_loss < sum(result.shapley) < first_loss
    assert result.left_out == ()


def test_an_absent_seat_sends_nothing_and_changes_nothing_else() -> None:
    whole, fewer = small_swarm(), small_swarm(frozenset({2}))
    np.testing.assert_array_equal(whole.state.theta, fewer.state.theta)
    with pytest.raises(ValueError, match="no round"):
        whole.without(2)
    (first,), (second,) = whole.rounds(1), fewer.rounds(1)
    assert (first.seats, second.seats) == ((1, 2, 3, 4), (1, 3, 4))
    np.testing.assert_array_equal(whole.without(2).theta, fewer.state.theta)
    np.testing.assert_array_equal(whole.without(9).theta, whole.state.theta)
    assert whole.evaluate(whole.without(2)) == fewer.evaluate() != whole.evaluate()


def test_the_preset_asks_for_every_study_under_every_rule() -> None:
    preset = find_preset("contributions")
    experiment = preset.experiment(Chosen(task="digits", seeds=2, rounds=5), None)
    assert len(experiment.cells) == len({cell.key for cell in experiment.cells}) == 2 * (2 * 4 + 1)
    assert {cell.swarm.rule for cell in experiment.cells} == {"clipped-mean", "history-filter(f=3)"}
    assert {(cell.study, cell.swarm.seats) for cell in experiment.cells} == {
        ("riders", 15),
        ("quality", 12),
        ("shapley", 6),
    }
    assert {cell.swarm.rounds for cell in experiment.cells} == {5}


@pytest.mark.parametrize("chosen", [Chosen(attacks=("noise",)), Chosen(bounds=(1,)), Chosen(seats=4)])
def test_the_preset_refuses_axes_that_it_does_not_have(chosen: Chosen) -> None:
    with pytest.raises(ConfigurationError, match="of its own"):
        ContributionsPreset().experiment(chosen, None)
    with pytest.raises(RuleError, match="unknown"):
        ContributionsPreset().experiment(Chosen(task="digits", rules=("none-such",)), None)


def test_tables_show_means_extremes_and_ranks() -> None:
    riders = ContributionCell("riders", replace(SMALL, attack="noise+replay+zero", seats=5, attackers=2))
    paid = [replace(RESULT, pay=(1.0, 2.0, 1.0, 0.0, last)) for last in (0.25, 0.75)]
    other = replace(RESULT, pay=(0.5, 1.5))
    two = replace(SMALL, seats=2, bound=0)
    tables = contribution_tables(
        [
            (riders, paid[0]),
            (replace(riders, swarm=replace(riders.swarm, seed=1)), paid[1]),
            (ContributionCell("quality", two), RESULT),
            (ContributionCell("quality", replace(two, seed=1)), other),
            (ContributionCell("shapley", two), RESULT),
        ]
    )
    texts = [
        [name, *("-" if figure is None else figure.text for figure in figures)]
        for table in tables
        for name, figures in table.rows
    ]
    assert texts == [
        ["clipped-mean", "0.000 (0.000)", "0.500 (0.750)", "1.00 to 2.00"],
        ["clipped-mean", *["0.000 (-1.000)"] * 3, *["1.000 (1.000)"] * 2],
        ["clipped-mean", "1.000", "1.000"],
        ["0%", "1.500", "0.300", "0.200"],
        ["90%", "0.500", "-0.300", "-0.200"],
    ]
    assert "1.00 for Shapley values" in tables[-1].note
    assert contribution_tables([]) == []
