"""Robust rules by canonical name. One file a rule; `base.Rule` is the face they share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from node.aggregation.rules.base import WEIGHT_ONE, RoundContext, Rule, Weights
from node.aggregation.rules.mean import Mean
from node.aggregation.rules.multi_krum import MultiKrum
from node.errors import RuleError
from node.merkle import keccak

__all__ = ["RULES", "WEIGHT_ONE", "RoundContext", "Rule", "Weights", "parse_rule", "rule_hash"]

MAXIMUM_NAME_LENGTH: Final = 128

# Each factory takes the integer parameters of the name as keywords.
RULES: Final[Mapping[str, Callable[..., Rule]]] = MappingProxyType({"mean": Mean, "multi-krum": MultiKrum})

_NAME = re.compile(r"(?P<rule>[a-z][a-z0-9-]*)(?:\((?P<parameters>[a-z_]+=[0-9]+(?:,[a-z_]+=[0-9]+)*)\))?", re.ASCII)


def parse_rule(name: str) -> Rule:
    """Read a canonical name such as "multi-krum(f=2,keep=4)". Raises RuleError for anything else.

    Only the canonical spelling is accepted, so that one rule has one hash.
    """
    match = _NAME.fullmatch(name) if len(name) <= MAXIMUM_NAME_LENGTH else None
    if match is None:
        raise RuleError(f'rule {name!r} is not of the form "name" or "name(parameter=integer,...)"')
    factory = RULES.get(match["rule"])
    if factory is None:
        raise RuleError(f"rule {match['rule']!r} is unknown; known rules: {', '.join(sorted(RULES))}")
    pairs = [pair.split("=") for pair in match["parameters"].split(",")] if match["parameters"] else []
    try:
        rule = factory(**{key: int(value) for key, value in pairs})
    except TypeError:
        raise RuleError(f"rule {name!r}: {match['rule']} does not take these parameters") from None
    if rule.name != name:
        raise RuleError(f"rule {name!r} is not canonical, write {rule.name!r}")
    return rule


def rule_hash(name: str) -> bytes:
    """keccak-256 of the canonical name, 32 bytes: how the chain names a rule. Raises RuleError unless canonical."""
    return keccak(parse_rule(name).name.encode("ascii"))
