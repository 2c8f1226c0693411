"""The axes of a grid, and the cells of their product.

Rules are named by templates: `{f}` becomes the bound, `{n}` the number of seats, `{honest}` n - f, so that one template
serves several bounds. "default" becomes what a task proposes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from node.aggregation.rules import parse_rule
from node.attacks import ATTACKS
from node.errors import ConfigurationError, RuleError
from node.lab.cell import DEFAULT_RULE, MIXED, NO_ATTACK, Cell
from node.tasks.defaults import default_rule
from node.tasks.splits import Split


@dataclass(frozen=True)
class Axes:
    """What is varied. `bounds` f: as many seats attack. `seeds`: 0 to seeds - 1. `compressed`: kinds of messages."""

    rules: tuple[str, ...]
    attacks: tuple[str, ...]
    bounds: tuple[int, ...]
    splits: tuple[str, ...]
    seeds: int
    compressed: tuple[bool, ...]


@dataclass(frozen=True)
class Chosen:
    """Axes and settings as somebody asked for them; None or 0 leaves the preset's own."""

    task: str | None = None
    rules: tuple[str, ...] = ()
    attacks: tuple[str, ...] = ()
    bounds: tuple[int, ...] = ()
    splits: tuple[str, ...] = ()
    seeds: int = 0
    compressed: tuple[bool, ...] = ()
    rounds: int = 0
    seats: int = 0
    examples: int = 0


def cells_of(
    axes: Axes, base: Callable[[str, bool], Cell], *, leave_out: bool
) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    """The product of the axes, and a sentence for each rule left out.

    `base`: the settings for a rule's template and a kind of messages. Every cell is checked before any runs. A rule
    outside its bound raises RuleError with the numbers, or is left out if `leave_out`; unknown rules, attacks and
    splits raise RuleError, ConfigurationError, TaskError.
    """
    for split in axes.splits:
        Split.parse(split)
    for attack in axes.attacks:
        check_attack(attack)
    cells: list[Cell] = []
    left_out: dict[str, None] = {}
    kinds = product(axes.compressed, axes.splits, axes.bounds, range(axes.seeds))
    for (compressed, split, bound, seed), template in product(kinds, axes.rules):
        cell = base(template, compressed)
        name = rule_name(template, cell.seats, bound)
        cell = replace(cell, rule=name, bound=bound, split=split, seed=seed, compressed=compressed)
        try:
            parse_rule(name)
            cell.check()
        except RuleError as error:
            if not leave_out or not _is_known(name):
                raise
            left_out[f"{error} (f = {bound}, n = {cell.seats})"] = None
            continue
        cells += [_attacked(cell, attack) for attack in axes.attacks]
    return tuple(cells), tuple(left_out)


def rule_name(template: str, seats: int, bound: int) -> str:
    """A template's rule. Raises ConfigurationError for an unknown placeholder."""
    if template == DEFAULT_RULE:
        return default_rule(seats, bound)
    name = template
    for placeholder, number in {"{f}": bound, "{n}": seats, "{honest}": seats - bound}.items():
        name = name.replace(placeholder, str(number))
    # Not str.format: it also looks up attributes, and pads to whatever width it is told.
    if "{" in name or "}" in name:
        raise ConfigurationError(f"rule {template!r}: placeholders are {{f}}, {{n}} and {{honest}}")
    return name


def check_attack(name: str) -> None:
    """Raise ConfigurationError unless it is "none" or known attacks joined by "+"."""
    for part in name.split(MIXED):
        if name != NO_ATTACK and part not in ATTACKS:
            raise ConfigurationError(f"attack {part!r} is unknown; known attacks: {', '.join([NO_ATTACK, *ATTACKS])}")


def merged(chosen: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
    """What was asked for, or else what the preset has; each once."""
    return tuple(dict.fromkeys(chosen or own))


def _attacked(cell: Cell, attack: str) -> Cell:
    return replace(cell, attack=attack, attackers=0 if attack == NO_ATTACK else cell.bound)


def _is_known(name: str) -> bool:
    try:
        parse_rule(name)
    except RuleError:
        return False
    return True
