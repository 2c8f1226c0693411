"""Robust rules by canonical name. One file a rule; `base` has the faces they share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from node.aggregation.rules.base import WEIGHT_ONE, CoordinateRule, RoundContext, Rule, Stage, Weights
from node.aggregation.rules.bucketing import Bucketing
from node.aggregation.rules.bulyan import Bulyan
from node.aggregation.rules.centered_clipping import CenteredClipping
from node.aggregation.rules.clipped_mean import ClippedMean
from node.aggregation.rules.flag import Flag
from node.aggregation.rules.fltrust import FlTrust
from node.aggregation.rules.foolsgold import FoolsGold
from node.aggregation.rules.geometric_median import GeometricMedian
from node.aggregation.rules.history import History
from node.aggregation.rules.history_filter import HistoryFilter
from node.aggregation.rules.krum import Krum
from node.aggregation.rules.mda import Mda
from node.aggregation.rules.meamed import Meamed
from node.aggregation.rules.mean import Mean
from node.aggregation.rules.median import Median
from node.aggregation.rules.multi_krum import MultiKrum
from node.aggregation.rules.nnm import Nnm
from node.aggregation.rules.normalized_mean import NormalizedMean
from node.aggregation.rules.phocas import Phocas
from node.aggregation.rules.spectral import Spectral
from node.aggregation.rules.staged import staged
from node.aggregation.rules.sybilwall import SybilWall
from node.aggregation.rules.trimmed_mean import TrimmedMean
from node.errors import RuleError
from node.manifest import Manifest
from node.merkle import keccak

__all__ = [
    "RULES",
    "STAGES",
    "WEIGHT_ONE",
    "CoordinateRule",
    "RoundContext",
    "Rule",
    "Weights",
    "parse_rule",
    "rule_hash",
    "rule_of",
]

MAXIMUM_NAME_LENGTH: Final = 128

# Each factory takes the integer parameters of the name as keywords.
RULES: Final[Mapping[str, Callable[..., Rule]]] = MappingProxyType(
    {
        "bulyan": Bulyan,
        "centered-clipping": CenteredClipping,
        "clipped-mean": ClippedMean,
        "flag": Flag,
        "fltrust": FlTrust,
        "foolsgold": FoolsGold,
        "geometric-median": GeometricMedian,
        "history-filter": HistoryFilter,
        "krum": Krum,
        "mda": Mda,
        "mean": Mean,
        "meamed": Meamed,
        "median": Median,
        "multi-krum": MultiKrum,
        "normalized-mean": NormalizedMean,
        "phocas": Phocas,
        "spectral": Spectral,
        "sybilwall": SybilWall,
        "trimmed-mean": TrimmedMean,
    }
)
STAGES: Final[Mapping[str, Callable[..., Stage]]] = MappingProxyType(
    {
        "bucketing": Bucketing,
        "history": History,
        "nnm": Nnm,
    }
)

_PART = re.compile(
    r"(?P<name>[a-z][a-z0-9-]*)(?:\((?P<parameters>[a-z_0-9]+=[0-9]+(?:,[a-z_0-9]+=[0-9]+)*)\))?", re.ASCII
)

PartT = TypeVar("PartT", Rule, Stage)


def parse_rule(name: str) -> Rule:
    """Read a canonical name such as "multi-krum(f=2,keep=4)" or, with stages before the rule, "nnm(f=2)+mean".

    Only the canonical spelling is accepted, so that one rule has one hash. Raises RuleError for anything else.
    """
    if len(name) > MAXIMUM_NAME_LENGTH:
        raise RuleError(f"rule name of {len(name)} characters, at most {MAXIMUM_NAME_LENGTH}")
    *stages, rule = name.split("+")
    return staged([_parse(stage, STAGES, "stage") for stage in stages], _parse(rule, RULES, "rule"))


def rule_of(manifest: Manifest) -> Rule:
    """The manifest's rule. Raises RuleError for a name that is not canonical and for a rule without its memory."""
    rule = parse_rule(manifest.rule)
    if rule.needs_history and manifest.history_buckets == 0:
        raise RuleError(f"rule {rule.name} looks at histories, but the manifest keeps none: history_buckets is 0")
    return rule


def rule_hash(name: str) -> bytes:
    """keccak-256 of the canonical name, 32 bytes: how the chain names a rule. Raises RuleError unless canonical."""
    return keccak(parse_rule(name).name.encode("ascii"))


def _parse(text: str, factories: Mapping[str, Callable[..., PartT]], kind: str) -> PartT:
    match = _PART.fullmatch(text)
    if match is None:
        raise RuleError(f'{kind} {text!r} is not of the form "name" or "name(parameter=integer,...)"')
    factory = factories.get(match["name"])
    if factory is None:
        raise RuleError(f"{kind} {match['name']!r} is unknown; known {kind}s: {', '.join(sorted(factories))}")
    pairs = [pair.split("=") for pair in match["parameters"].split(",")] if match["parameters"] else []
    try:
        part = factory(**{key: int(value) for key, value in pairs})
    except TypeError:
        raise RuleError(f"{kind} {text!r}: {match['name']} does not take these parameters") from None
    if part.name != text:
        raise RuleError(f"{kind} {text!r} is not canonical, write {part.name!r}")
    return part
