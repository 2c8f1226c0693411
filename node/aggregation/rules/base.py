"""The faces that robust rules share: exact Gram in, integer weights out.

A rule sees updates whose norms have been clipped at the median; its weights are on those clipped updates. Weights are
Q16: 2^16 is the whole. A rule may lift a short update or, where its name says so, give it a negative weight, as long as
all weighted updates together are no longer than four times the median: sum of |w_i| norm_i <= 4.

Two more faces. A `CoordinateRule` looks at the values themselves, coordinate by coordinate. A `Stage` mixes the updates
before a rule sees them, as nearest-neighbour mixing and bucketing do.

Shape legend: n = updates, n' = what a stage makes of them, b = coordinates of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, runtime_checkable

from node.aggregation.entries import Int64
from node.aggregation.fixed_point import Q16_ONE
from node.aggregation.gram import Gram, Matrix
from node.aggregation.rules.bounds import Bound, check_any_seats, check_inputs
from node.aggregation.rules.names import canonical_name
from node.errors import RuleError

WEIGHT_ONE: Final = Q16_ONE

Weights = tuple[int, ...]


@dataclass(frozen=True)
class RoundContext:
    """What a rule may know besides the Gram. In the Gram's order: `seats` and `ages`.

    `seed`: the round's 32 bytes, the same for all peers. `histories`: Gram of what each seat has sent of late, this
    round included, and `lasting`: since long ago (`node.aggregation.history`); `ages`: messages in them. None and empty
    where none are kept.
    """

    round: int
    seats: tuple[int, ...]
    seed: bytes = bytes(32)
    histories: Gram | None = None
    lasting: Gram | None = None
    ages: tuple[int, ...] = ()


class Rule(Protocol):
    """A robust rule with its parameters."""

    @property
    def name(self) -> str:
        """Canonical name: the chain holds its hash."""

    @property
    def fewest_inputs(self) -> int:
        """With fewer inputs than this a round keeps its state: the rule could not tell who is honest."""

    @property
    def needs_history(self) -> bool:
        """Whether the rule asks for `RoundContext.histories`."""

    @property
    def clips(self) -> bool:
        """Whether norms are clipped at the median. Only the undefended mean says no."""

    def check_seats(self, seats: int) -> None:
        """Raise RuleError, with the numbers, when a project of so many seats is outside the rule's bound."""

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """Integer weights (n,) in the bound above; all zero keeps the state. Raises RuleError below `fewest_inputs`.

        Of a `CoordinateRule`: who is paid, and in which proportion.
        """


@runtime_checkable
class CoordinateRule(Rule, Protocol):
    """A rule on values: what it returns for a coordinate need not be a combination of the updates."""

    def mixing(self, gram: Gram, context: RoundContext) -> Matrix:
        """Q16 rows (n', n): the vectors that `combine` sees, as mixtures of the clipped updates."""

    def combine(self, values: Int64) -> Int64:
        """One value a coordinate, int64 (b,), of `values` (n', b) on the grid 2^-48, |v| <= 2^48. Exact."""


@dataclass(frozen=True)
class Mixture:
    """What a stage makes of n updates: `matrix` Q16 (n', n), rows that sum to at most 2^16; the Gram of the result."""

    gram: Gram
    context: RoundContext
    matrix: Matrix


class Stage(Protocol):
    """A step before a rule."""

    @property
    def name(self) -> str:
        """Canonical name."""

    @property
    def needs_history(self) -> bool:
        """Whether the stage asks for `RoundContext.histories`."""

    def inputs_after(self, inputs: int) -> int:
        """n' of n: how many vectors the next step gets."""

    def check_seats(self, seats: int) -> None:
        """Raise RuleError, with the numbers, when so many seats are outside the stage's bound."""

    def apply(self, gram: Gram, context: RoundContext) -> Mixture:
        """Mix. Raises RuleError when there are too few inputs."""


class GramRule:
    """What most rules have in common: they clip, look at this round only, and need one input. They are dataclasses.

    `kind`: the canonical name without parameters.
    """

    kind: ClassVar[str]
    needs_history = False
    clips = True

    @property
    def name(self) -> str:
        """Canonical name."""
        return canonical_name(self.kind, self)

    @property
    def fewest_inputs(self) -> int:
        """One input is enough."""
        return 1

    def check_seats(self, seats: int) -> None:
        """Raise RuleError when there is nobody."""
        check_any_seats(self.name, seats)

    def check_inputs(self, inputs: int) -> None:
        """Raise RuleError when a round has fewer than `fewest_inputs`."""
        check_inputs(self.name, inputs, self.fewest_inputs)


@dataclass(frozen=True)
class BoundedRule(GramRule):
    """Such a rule against at most f dishonest inputs, within `bound`. Raises RuleError if f is negative."""

    bound: ClassVar[Bound]

    f: int

    def __post_init__(self) -> None:
        if self.f < 0:
            raise RuleError(f"{self.kind}: f = {self.f} must not be negative")

    @property
    def fewest_inputs(self) -> int:
        """The bound."""
        return self.bound.fewest(self.f)

    def check_seats(self, seats: int) -> None:
        """Raise RuleError for fewer seats than the bound asks for."""
        self.bound.check_seats(self.name, self.f, seats)


def equal_weights(count: int, chosen: frozenset[int]) -> Weights:
    """The whole weight in equal parts, rounded down, over the chosen of `count` inputs."""
    return tuple(WEIGHT_ONE // len(chosen) if i in chosen else 0 for i in range(count))


def identity(count: int) -> Matrix:
    """The mixture that changes nothing, Q16 (n, n)."""
    return tuple(tuple(WEIGHT_ONE if i == j else 0 for j in range(count)) for i in range(count))
