"""Answers can be checked against the contract without trusting the API."""

from __future__ import annotations

from contracts.attestation import Domain, Result, result_digest
from contracts.values import Status
from node.aggregation.reasons import Reason
from node.merkle import verify_position, verify_standard
from node.rounds.outcome import Contribution, InputLeaf, RewardLeaf, contribution_leaf, input_leaf, reward_leaf
from tests.support.synthetic import update_of
from tests.support.world import World


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_a_contribution_s_path_leads_to_the_result_hash_the_contract_holds(world: World) -> None:
    swarm = world.swarm
    (seat,) = world.get(f"/contributions/2/{swarm.accounts[1]}", proof="true")["seats"]
    evidence = seat["evidence"]
    paths = {path["name"]: path for path in evidence["proofs"]}
    leaf = contribution_leaf(
        Contribution(2, swarm.accounts[1], None, seat["weight"], int(seat["score"]), Reason.FILTERED, 0)
    )
    weight = paths["weight_root"]
    assert unhex(weight["leaf"]) == leaf
    siblings = [unhex(part) for part in weight["path"]]
    assert verify_position(unhex(weight["root"]), weight["index"], weight["count"], leaf, siblings)
    assert weight["root"] == evidence["result"]["weight_root"]

    entry = paths["input_root"]
    leaf = input_leaf(InputLeaf(2, *update_of(2, 2)[:2]))
    assert verify_position(
        unhex(entry["root"]), entry["index"], entry["count"], leaf, [unhex(part) for part in entry["path"]]
    )
    assert entry["root"] == evidence["result"]["input_root"]

    values = {name: unhex(value) for name, value in evidence["result"].items() if name != "cumulative_total"}
    result = Result(**values, cumulative_total=int(evidence["result"]["cumulative_total"]))
    digest = result_digest(Domain(world.devnet.chain_id, swarm.project.address), 2, result)
    view = world.thread.run(swarm.project.round(2))
    assert view.status is Status.FINALIZED
    assert view.result_hash == digest == unhex(evidence["result_hash"])


def test_a_seat_that_was_no_input_is_proven_by_its_weight_alone(world: World) -> None:
    (seat,) = world.get(f"/contributions/2/{world.swarm.accounts[2]}", proof="true")["seats"]
    assert [path["name"] for path in seat["evidence"]["proofs"]] == ["weight_root"]


def test_a_claim_proof_leads_to_the_root_the_contract_pays_from(world: World) -> None:
    account = world.swarm.accounts[1]
    claim = world.get(f"/rewards/{account}")["claim"]
    root = world.thread.run(world.swarm.project.status()).reward_root
    assert unhex(claim["reward_root"]) == root
    leaf = reward_leaf(RewardLeaf(account, int(claim["cumulative_wei"])))
    assert verify_standard(root, leaf, [unhex(part) for part in claim["proof"]])
