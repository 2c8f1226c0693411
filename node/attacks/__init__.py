"""Peers that misbehave on purpose, for demonstrations and tests: one file an attack, found by name."""

from node.attacks.base import Attack, AttackView
from node.attacks.registry import ATTACKS, load_attack

__all__ = ["ATTACKS", "Attack", "AttackView", "load_attack"]
