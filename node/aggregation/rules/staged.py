"""Stages in front of a rule: "nnm(f=3)+multi-krum(f=3)" mixes first and then asks Multi-Krum.

What the rule says of a mixture is carried back to the updates it was mixed from: w = W^T w', in Q16 rounded down. A
mixture can be shorter than its parts, down to nothing where they are opposed, so a rule that lifts short vectors may
lift the updates beyond the bound of `base`; then all weights are scaled down together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from node.aggregation.entries import Int64
from node.aggregation.fixed_point import Q16_ONE
from node.aggregation.gram import Gram, Matrix
from node.aggregation.rules.base import CoordinateRule, Mixture, RoundContext, Rule, Stage, Weights
from node.aggregation.rules.bounds import check_inputs
from node.errors import RuleError

MOST_INPUTS: Final = 1 << 14
LONGEST_Q32: Final = 4 << 32  # sum of |w_i| norm_i, both Q16
LARGEST_WEIGHT: Final = (1 << 26) - 1


@dataclass(frozen=True)
class Staged:
    """One or more stages, in order, and the rule behind them."""

    stages: tuple[Stage, ...]
    rule: Rule

    @property
    def name(self) -> str:
        """Names joined by plus signs."""
        return "+".join([stage.name for stage in self.stages] + [self.rule.name])

    @property
    def needs_history(self) -> bool:
        """Whether any part does."""
        return self.rule.needs_history or any(stage.needs_history for stage in self.stages)

    @property
    def clips(self) -> bool:
        """Always: a mixture of unclipped updates would be as long as the longest of them."""
        return True

    @cached_property
    def fewest_inputs(self) -> int:
        """The smallest n with which every part gets what it needs. Raises RuleError when no swarm is large enough."""
        for n in range(self.rule.fewest_inputs, MOST_INPUTS + 1):
            if self._suffices(n):
                return n
        raise RuleError(f"{self.name} needs more than {MOST_INPUTS} inputs")

    def check_seats(self, seats: int) -> None:
        """Raise RuleError, with the seats there are and with the part, unless every part is within its bound."""
        inputs = seats
        try:
            for stage in self.stages:
                stage.check_seats(inputs)
                inputs = stage.inputs_after(inputs)
            self.rule.check_seats(inputs)
        except RuleError as error:
            raise RuleError(f"{self.name}, got {seats} seats: {error}") from None

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `Rule.weights`, held within the bound of `base`. Raises RuleError below `fewest_inputs`."""
        mixture = self._mixture(gram, context)
        weights = carried_back(self.rule.weights(mixture.gram, mixture.context), mixture.matrix)
        return within_reach(weights, gram.norms_q16)

    def _mixture(self, gram: Gram, context: RoundContext) -> Mixture:
        check_inputs(self.name, len(gram), self.fewest_inputs)
        first, *others = self.stages
        mixture = first.apply(gram, context)
        for stage in others:
            following = stage.apply(mixture.gram, mixture.context)
            mixture = Mixture(following.gram, following.context, product(following.matrix, mixture.matrix))
        return mixture

    def _suffices(self, inputs: int) -> bool:
        for stage in self.stages:
            try:
                stage.check_seats(inputs)
            except RuleError:
                return False
            inputs = stage.inputs_after(inputs)
        return inputs >= self.rule.fewest_inputs


@dataclass(frozen=True)
class StagedCoordinates(Staged):
    """Stages in front of a coordinate rule."""

    rule: CoordinateRule

    def mixing(self, gram: Gram, context: RoundContext) -> Matrix:
        """See `CoordinateRule.mixing`: the stages' mixture, and in it what the rule itself mixes."""
        mixture = self._mixture(gram, context)
        return product(self.rule.mixing(mixture.gram, mixture.context), mixture.matrix)

    def combine(self, values: Int64) -> Int64:
        """See `CoordinateRule.combine`."""
        return self.rule.combine(values)


def staged(stages: Sequence[Stage], rule: Rule) -> Rule:
    """`rule` behind `stages`; the rule itself where there are none."""
    if not stages:
        return rule
    if isinstance(rule, CoordinateRule):
        return StagedCoordinates(tuple(stages), rule)
    return Staged(tuple(stages), rule)


def carried_back(weights: Sequence[int], matrix: Matrix) -> list[int]:
    """Weights (n,) of the updates behind weights (n',) of their mixtures, Q16 rounded down."""
    width = len(matrix[0]) if matrix else 0
    return [sum(w * row[i] for w, row in zip(weights, matrix, strict=True)) >> 16 for i in range(width)]


def within_reach(weights: Sequence[int], norms_q16: Sequence[int]) -> Weights:
    """The weights (n,), all scaled down (toward zero) as far as the bound of `base` asks for."""
    length = sum(abs(w) * norm for w, norm in zip(weights, norms_q16, strict=True))
    largest = max(map(abs, weights), default=0)
    if length <= LONGEST_Q32 and largest <= LARGEST_WEIGHT:
        return tuple(weights)
    if length * LARGEST_WEIGHT > largest * LONGEST_Q32:
        numerator, denominator = LONGEST_Q32, length
    else:
        numerator, denominator = LARGEST_WEIGHT, largest
    return tuple(abs(w) * numerator // denominator * (1 if w > 0 else -1) for w in weights)


def product(left: Matrix, right: Matrix) -> Matrix:
    """Q16 product of two mixtures, rounded down."""
    return tuple(
        tuple(sum(w * right[k][j] for k, w in enumerate(row)) // Q16_ONE for j in range(len(right[0]))) for row in left
    )
