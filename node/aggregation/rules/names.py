"""Canonical names of rules and stages, from their fields."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def canonical_name(name: str, part: Any) -> str:
    """`name(parameter=value,...)` of a dataclass, in the order of its fields, without those at their defaults."""
    values = [(item.name, getattr(part, item.name), item.default) for item in fields(part)]
    told = [f"{parameter}={value}" for parameter, value, default in values if value != default]
    return f"{name}({','.join(told)})" if told else name
