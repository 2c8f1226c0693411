"""A round without hashes and roots: who counts, how much, what the next state is. Exact; all that a lab needs.

Order of work: screen (copies, zeros) -> exact Gram -> histories -> rule -> weights times norm clip -> next state ->
contributions. With fewer inputs than the rule can judge, the round keeps its state and nobody earns.

Shape legend: n = inputs, d = parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.aggregation.aggregate import next_theta, peak_bounds, votes, within_bounds
from node.aggregation.contribution import contributions
from node.aggregation.coordinates import clipped_rows, next_theta_by_coordinates
from node.aggregation.entries import Entries, Stack
from node.aggregation.fixed_point import Q16_ONE
from node.aggregation.gram import Gram
from node.aggregation.history import Histories, emphasis_q20
from node.aggregation.products import Products, inner_products, squared_norm
from node.aggregation.reasons import Reason
from node.aggregation.rules import CoordinateRule, RoundContext, Rule, Weights, rule_of
from node.aggregation.screen import Candidate, screen
from node.manifest import Manifest

Theta = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class JudgedInput:
    """An update to judge. `commit_order`: unique in the round, ascending with the commitments. `data_root`: names its
    content, so that copies are seen.
    """

    seat: int
    commit_order: int
    data_root: bytes
    update: Entries


@dataclass(frozen=True, eq=False)
class State:
    """What a round starts from and ends with: parameters int32 (d,) and the seats' histories."""

    theta: Theta
    histories: Histories


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a round comes to. By input, in the order given: `weights` Q16, signed, those that entered the aggregate
    (payment counts nothing below zero); `scores` Q46; `reasons` (NONE iff the score counts).
    """

    state: State
    weights: tuple[int, ...]
    scores: tuple[int, ...]
    reasons: tuple[Reason, ...]


def judge(
    manifest: Manifest,
    *,
    round: int,
    seed: bytes,
    state: State,
    previous_theta: Theta | None,
    inputs: Sequence[JudgedInput],
) -> Judgement:
    """Judge a round's inputs, which must be in ascending order of seats.

    `seed`: the round's 32 bytes. `previous_theta`: the parameters one round before `state`, None in the first round.
    """
    norms = [squared_norm(item.update, manifest.layout) for item in inputs]
    reasons = list(
        screen([Candidate(item.commit_order, item.data_root, norm) for item, norm in zip(inputs, norms, strict=True)])
    )
    valid = [i for i, reason in enumerate(reasons) if reason is Reason.NONE]
    rule = rule_of(manifest)
    weights, points = [0] * len(inputs), [0] * len(inputs)
    following = state
    if len(valid) >= rule.fewest_inputs:
        updates = [inputs[i].update for i in valid]
        seats = tuple(inputs[i].seat for i in valid)
        known = inner_products(
            updates,
            manifest.layout,
            squared_norms=[norms[i] for i in valid],
            previous=None if previous_theta is None else (previous_theta, state.theta),
        )
        histories = state.histories.advanced(manifest, seats, updates, known.clipping.factors, emphasis_q20(known.gram))
        context = RoundContext(round, seats, seed, *_remembered(histories, seats))
        chosen = rule.weights(known.gram, context)
        final = final_weights(chosen, rule, known, updates, manifest)
        found = contributions(
            known.gram,
            # On clipped updates, as agreement is: the clip must not count twice.
            [weight if entered > 0 else 0 for weight, entered in zip(chosen, final, strict=True)],
            histories.merits_of(seats),
            byzantine=manifest.byzantine,
        )
        for i, weight, score in zip(valid, final, found.scores, strict=True):
            weights[i], points[i] = weight, score
        theta = following_theta(state.theta, updates, rule, known, context, chosen, final, manifest)
        following = State(theta, histories.with_merits(seats, found.merits))
    for i in valid:
        reasons[i] = _verdict(weights[i], points[i])
    return Judgement(following, tuple(weights), tuple(points), tuple(reasons))


def _remembered(histories: Histories, seats: tuple[int, ...]) -> tuple[Gram | None, Gram | None, tuple[int, ...]]:
    """Recent and lasting memory and ages, in the seats' order; nothing where no messages are remembered."""
    if not histories.has_sketches:
        return None, None, ()
    return histories.recent(seats), histories.lasting(seats), histories.ages_of(seats)


def final_weights(
    chosen: Weights, rule: Rule, known: Products, updates: Sequence[Entries], manifest: Manifest
) -> Weights:
    """Weights on the updates as sent: the rule's, times the norm clip (toward zero), within the aggregate's bound."""
    factors = known.clipping.factors if rule.clips else (Q16_ONE,) * len(chosen)
    final = [(abs(w) * factor >> 16) * (1 if w > 0 else -1) for w, factor in zip(chosen, factors, strict=True)]
    if manifest.mean == "contributor":  # it divides by weights, which must not be negative
        final = [max(0, weight) for weight in final]
    return within_bounds(final, peak_bounds(final, Stack(manifest.layout, updates)))


def following_theta(
    theta: Theta,
    updates: Sequence[Entries],
    rule: Rule,
    known: Products,
    context: RoundContext,
    chosen: Weights,
    final: Weights,
    manifest: Manifest,
) -> Theta:
    """The next parameters int32 (d,): from weights, or from values where the rule looks at those."""
    if isinstance(rule, CoordinateRule):
        rows = clipped_rows(rule.mixing(known.gram, context), known.clipping.factors)
        return next_theta_by_coordinates(theta, updates, rows, rule.combine, manifest)
    unclipped = votes(chosen, known.clipping.norms)
    return next_theta(theta, updates, final, manifest, unclipped=unclipped)


def _verdict(weight: int, score: int) -> Reason:
    if weight <= 0:
        return Reason.FILTERED
    return Reason.NONE if score > 0 else Reason.NO_NEW_DIRECTION
