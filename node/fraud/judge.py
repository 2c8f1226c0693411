"""What the contract would say to a proof."""

from __future__ import annotations

from typing import Any

from contracts.disputes import Fraud, Proof
from node.fraud.aggregate import is_aggregate_wrong
from node.fraud.facts import Facts, check_case
from node.fraud.inputs import is_input_set_wrong, is_left_out_wrongly
from node.fraud.shares import is_reward_wrong


def judge(proof: Proof, facts: Facts) -> bool:
    """Whether a proof shows that a result is false. Raises ProofRefused for one that does not fit the chain."""
    contributions = check_case(proof.case, facts)
    arguments: Any = proof.arguments
    match proof.fraud:
        case Fraud.AGGREGATE:
            return is_aggregate_wrong(proof.case, facts, contributions, *arguments)
        case Fraud.REWARDS:
            return is_reward_wrong(proof.case, facts, contributions, *arguments)
        case Fraud.INPUTS:
            return is_input_set_wrong(proof.case, facts, contributions)
        case Fraud.AVAILABILITY:
            return is_left_out_wrongly(facts, contributions, *arguments)
