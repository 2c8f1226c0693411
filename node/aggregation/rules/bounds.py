"""Bounds on how many inputs a rule or a stage needs, and the errors that say so with their numbers."""

from __future__ import annotations

from dataclasses import dataclass

from node.errors import RuleError


@dataclass(frozen=True)
class Bound:
    """n >= times * f + plus, where f is an upper bound on dishonest seats."""

    times: int
    plus: int

    def fewest(self, f: int) -> int:
        """The smallest n within the bound."""
        return self.times * f + self.plus

    def check_seats(self, name: str, f: int, seats: int) -> None:
        """Raise RuleError when so few seats cannot have f dishonest ones among them."""
        if seats >= self.fewest(f):
            return
        reason = f"{name} needs n >= {self.times} f + {self.plus} = {self.fewest(f)} seats, got {seats}"
        if seats >= self.plus:
            reason += f": with {seats} seats f is at most {(seats - self.plus) // self.times}"
        raise RuleError(reason)


def check_inputs(name: str, inputs: int, fewest: int = 1) -> None:
    """Raise RuleError when a round has fewer than `fewest` inputs."""
    if inputs < fewest:
        raise RuleError(f"{name} needs at least {fewest} input{'s' if fewest > 1 else ''}, got {inputs}")


def check_any_seats(name: str, seats: int) -> None:
    """Raise RuleError when there is no seat at all: the bound of a rule without f."""
    if seats < 1:
        raise RuleError(f"{name} needs at least 1 seat, got {seats}")


def check_within(name: str, parameter: str, value: int, lowest: int, highest: int) -> None:
    """Raise RuleError unless lowest <= value <= highest."""
    if not lowest <= value <= highest:
        raise RuleError(f"{name}: {parameter} = {value} must be between {lowest} and {highest}")
