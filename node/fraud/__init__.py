"""Finding what is false in an accepted result, and making the proof of it. Pure.

`arithmetic` says what a project computes with, `find` looks through a round, `judge` decides about a proof as the
contract `Disputes` does, in plain integers: what it says and what the contract says are the same, and tests compare
them. `aggregate`, `inputs`, `records`,
`revealed` and `shares` are its parts.
"""

from node.fraud.arithmetic import arithmetic_of
from node.fraud.facts import Facts, ProofRefused
from node.fraud.find import Evidence, find_fraud
from node.fraud.judge import judge

__all__ = ["Evidence", "Facts", "ProofRefused", "arithmetic_of", "find_fraud", "judge"]
