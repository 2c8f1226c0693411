"""Fraud proofs in Solidity against their mirror in Python, over rounds that peers computed and ones made false.

An honest result is never provable, whatever is tried; an altered one always is; a proof that does not fit is refused by
both for the same reason.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from contracts.abi import ContractAbi, Function, contract_abi, selector
from contracts.attestation import Domain
from contracts.batches import chain_of
from contracts.build import compile_sources, read_sources
from contracts.chain import Chain
from contracts.decoding import decode_revert
from contracts.disputes import Arithmetic, Disputes, Earned, Fraud, Place, Proof, Record
from contracts.reverts.disputes import Disputes_NotFraud
from contracts.values import Address
from node.aggregation.reasons import Reason
from node.aggregation.rewards import address_bytes
from node.fraud import Evidence, Facts, ProofRefused, arithmetic_of, find_fraud, judge
from node.fraud.find import coordinate_proof
from node.merkle import PositionTree
from node.rounds.outcome import unpack_contributions
from tests.support.devnet import Devnet
from tests.support.fraud_rounds import ALTERATIONS, account, honest_round, revealed_directly, with_negative_weights

SOURCE = Path(__file__).parent / "solidity" / "DisputesHarness.sol"
NOT_FRAUD = "Disputes_NotFraud"
FRAUD = "fraud"
QUICK, THOROUGH = 4, 110


@dataclass(frozen=True)
class Bench:
    """The contract, and a project that says about itself what it is told to."""

    chain: Chain
    abi: ContractAbi
    harness: Address
    disputes: Disputes

    @property
    def domain(self) -> Domain:
        """Where results are signed."""
        return Domain(self.chain.chain_id, self.harness)

    async def ask(self, proof: Proof, facts: Facts) -> str:
        """What the contract says: FRAUD, or the name of its error."""
        success, answer, _, voided = await self.chain.call(
            self.abi, self.harness, "attempt", self.disputes.address, state_of(facts), self.disputes.calldata(proof)
        )
        assert voided == success
        return FRAUD if success else type(decode_revert(answer)).__name__


def state_of(facts: Facts) -> tuple[object, ...]:
    """Facts as the harness takes them."""
    voters = list(facts.weights)
    return (
        2 if facts.accepted else 3,
        facts.previous,
        facts.result_hash,
        facts.base_hash or bytes(32),
        facts.reveals_hash,
        facts.genesis_data_root,
        facts.arithmetic_hash,
        facts.pool_wei,
        int(facts.samples_trainers),
        len(facts.owners),
        list(facts.owners),
        list(facts.owners.values()),
        sorted(facts.committed),
        voters,
        [facts.weights[who] for who in voters],
        [sum(1 << seat for seat in facts.votes.get(who, ())) for who in voters],
    )


def expected(proof: Proof, facts: Facts) -> str:
    """The same of the mirror."""
    try:
        return FRAUD if judge(proof, facts) else NOT_FRAUD
    except ProofRefused as refused:
        return refused.error


@pytest.fixture(scope="module")
def harness_abi() -> ContractAbi:
    """The harness, compiled here."""
    needed = ("Attestation.sol", "IDisputes.sol", "IProjectTypes.sol", "ITrainingProject.sol")
    sources = {name: text for name, text in read_sources().items() if name.endswith(needed)}
    sources["tests/DisputesHarness.sol"] = SOURCE.read_text("utf-8")
    output = compile_sources(sources, contracts=["DisputesHarness"])["DisputesHarness"]
    functions = {
        entry["name"]: Function(entry["name"], selector(entry), tuple(entry["inputs"]), tuple(entry["outputs"]))
        for entry in output["abi"]
        if entry["type"] == "function"
    }
    return replace(
        contract_abi("Disputes"),
        name="DisputesHarness",
        bytecode=bytes.fromhex(output["evm"]["bytecode"]["object"]),
        functions=functions,
    )


@pytest.fixture
async def bench(devnet: Devnet, harness_abi: ContractAbi) -> AsyncIterator[Bench]:
    """Both deployed."""
    sender: LocalAccount = Account.from_key(devnet.accounts[-1].private_key)
    async with await Chain.connect(devnet.rpc_url, account=sender) as chain:
        addresses = []
        for abi in (contract_abi("Disputes"), harness_abi):
            receipt = await chain.send(None, abi.encode_deployment())
            assert receipt.contract_address is not None
            addresses.append(receipt.contract_address)
        yield Bench(chain, harness_abi, addresses[1], Disputes(chain, addresses[0]))


def honest_proofs(evidence: Evidence, chance: random.Random) -> Iterator[Proof]:
    """Everything that can be tried against a round."""
    case, manifest = evidence.case, evidence.manifest
    contributions = unpack_contributions(case.contributions)
    yield Proof(Fraud.INPUTS, case)
    yield Proof(Fraud.REWARDS, case, (arithmetic_of(manifest), earned_of(evidence)))
    for index, item in enumerate(contributions):
        if item.reason == Reason.NOT_AVAILABLE:
            yield Proof(Fraud.AVAILABILITY, case, (index, sorted(evidence.facts.weights, key=address_bytes)))
            break
    count = manifest.layout.parameter_count
    carried = [int(update.positions[-1]) for update in evidence.updates.values()]
    yield coordinate_proof(evidence, chance.choice(carried) if carried else chance.randrange(count))
    yield coordinate_proof(
        evidence, chance.choice((0, count - 1, chance.randrange(count), (count - 1) // 64 * 64 + 63))
    )


def earned_of(evidence: Evidence) -> list[Earned]:
    """Leaves of the reward tree before the round."""
    ascending = sorted(evidence.earned.items(), key=lambda item: address_bytes(item[0]))
    return [Earned(who, total) for who, total in ascending if total]


async def compare(bench: Bench, seed: int) -> Counter[str]:
    """One round: honest, then made false in every way, then with proofs that do not fit. Counts what was said."""
    chance = random.Random(seed)
    evidence = honest_round(chance, bench.domain)
    said: Counter[str] = Counter()
    for honest in (evidence, with_negative_weights(evidence, chance)):
        for proof in honest_proofs(honest, chance):
            answer = await bench.ask(proof, honest.facts)
            assert answer == expected(proof, honest.facts) == NOT_FRAUD, (seed, proof.fraud)
            said[answer] += 1
    for name in chance.sample(list(ALTERATIONS), 3):
        altered = ALTERATIONS[name](evidence, chance)
        if altered is None:
            continue
        found = find_fraud(altered)
        assert found is not None, (seed, name)
        assert await bench.ask(found, altered.facts) == FRAUD, (seed, name, found.fraud)
        said[f"{FRAUD}: {name}"] += 1
    for proof, facts in misfits(evidence, chance):
        answer = await bench.ask(proof, facts)
        assert answer == expected(proof, facts), (seed, proof.fraud)
        said[answer] += 1
    return said


def misfits(evidence: Evidence, chance: random.Random) -> Iterator[tuple[Proof, Facts]]:
    """Proofs changed in one place, and updates whose records are none."""
    facts, case = evidence.facts, evidence.case
    proof = coordinate_proof(evidence, chance.randrange(evidence.manifest.layout.parameter_count))
    for changed in chance.sample(list(_changed(proof, evidence, chance)), 3):
        yield changed, facts
    yield proof, replace(facts, accepted=False)
    for _ in range(3):
        damaged = _damaged(evidence, chance)
        if damaged is not None:
            yield damaged
    yield Proof(Fraud.REWARDS, case, (arithmetic_of(evidence.manifest), [Earned(account(99), 7)])), facts
    yield Proof(Fraud.AVAILABILITY, case, (len(facts.owners) - chance.randrange(2), [account(1), account(1)])), facts


def _changed(proof: Proof, evidence: Evidence, chance: random.Random) -> Iterator[Proof]:
    case = proof.case
    arithmetic, place, records = proof.arguments
    assert isinstance(arithmetic, Arithmetic)
    assert isinstance(place, Place)
    assert isinstance(records, list)
    for name in ("alpha_q16", "share_cap_q16", "parameter_count", "chunk_count", "tensor_count"):
        yield replace(proof, arguments=(replace(arithmetic, **{name: getattr(arithmetic, name) + 1}), place, records))
    count = evidence.manifest.layout.parameter_count
    for change in (
        {"coordinate": (place.coordinate + 64) % (count + 64)},
        {"coordinate": count + 63},
        {"tensor_index": place.tensor_index + 1},
        {"tensor": replace(place.tensor, grid_bits=place.tensor.grid_bits ^ 1)},
        {"next_leaf": (chance.randbytes(32), *place.next_leaf[1:])},
        {"base_proof": (*place.base_proof, bytes(32))},
        {"next_proof": place.next_proof[:-1]},
    ):
        yield replace(proof, arguments=(arithmetic, replace(place, **change), records))
    yield replace(proof, arguments=(arithmetic, place, [*records, Record(b"", ())]))
    yield replace(proof, arguments=(arithmetic, place, records[1:]))
    yield replace(proof, arguments=(arithmetic, place, [replace(item, data=item.data + bytes(32)) for item in records]))
    yield replace(proof, case=replace(case, revelations=case.revelations[1:]))
    yield replace(proof, case=replace(case, contributions=case.contributions[:-1]))
    yield replace(proof, case=replace(case, contributions=case.contributions[41:]))
    yield replace(proof, case=replace(case, base=replace(case.base, cumulative_total=case.base.cumulative_total + 1)))
    yield replace(proof, case=replace(case, result=replace(case.result, cid=chance.randbytes(32))))


def _damaged(evidence: Evidence, chance: random.Random) -> tuple[Proof, Facts] | None:
    """An update that counted, with a record that is damaged and revealed so."""
    proof = coordinate_proof(evidence, chance.randrange(evidence.manifest.layout.parameter_count))
    arithmetic, place, records = proof.arguments
    assert isinstance(place, Place)
    assert isinstance(records, list)
    if not records:
        return None
    damaged = bytearray(records[0].data)
    if chance.random() < 0.15:
        damaged = damaged[:-32] if chance.random() < 0.5 else damaged + bytes(32)
    else:
        at = chance.choice(
            (chance.randrange(24, 32), chance.randrange(32, len(damaged)), chance.randrange(len(damaged)))
        )
        damaged[at] = chance.choice((0, 255, damaged[at] ^ 1 << chance.randrange(8)))
    # A tree in which only this leaf is known is enough for a proof.
    layout = evidence.manifest.layout
    index = next(i for i in range(layout.chunk_count) if layout.chunk_starts[i + 1] > place.coordinate)
    leaves = [b"" for _ in range(layout.chunk_count)]
    leaves[index] = bytes(damaged)
    tree = PositionTree(leaves)
    weighted = [item.seat for item in unpack_contributions(proof.case.contributions) if item.weight]
    revelations = (revealed_directly(weighted[0], tree.root), *proof.case.revelations)
    case = replace(proof.case, revelations=revelations)
    opened = [replace(records[0], data=bytes(damaged), proof=tree.proof(index)), *records[1:]]
    facts = replace(evidence.facts, reveals_hash=chain_of(revelations))
    return replace(proof, case=case, arguments=(arithmetic, place, opened)), facts


async def test_solidity_and_python_agree(bench: Bench) -> None:
    for seed in range(QUICK):
        await compare(bench, seed)


@pytest.mark.slow
async def test_solidity_and_python_agree_over_many_rounds(bench: Bench) -> None:
    said: Counter[str] = Counter()
    for seed in range(QUICK, QUICK + THOROUGH):
        said += await compare(bench, seed)
    assert said[NOT_FRAUD] >= 500
    assert {f"{FRAUD}: {name}" for name in ALTERATIONS} <= said.keys()
    assert {FRAUD, "Disputes_BadProof", "Disputes_WrongArithmetic", "Disputes_NotAccepted"} <= said.keys()


async def test_votes_on_the_chain_outweigh_a_quorum(bench: Bench) -> None:
    chance = random.Random(1)
    while True:
        evidence = honest_round(chance, bench.domain)
        contributions = unpack_contributions(evidence.case.contributions)
        left_out = [i for i, item in enumerate(contributions) if item.reason == Reason.NOT_AVAILABLE]
        if left_out and len(evidence.facts.weights) > 2:
            break
    index, seats = left_out[0], len(evidence.facts.owners)
    voters: list[Address] = []
    said = []
    for who in sorted(evidence.facts.weights, key=address_bytes):
        voters.append(who)
        votes = {voter: frozenset({contributions[index].seat}) for voter in voters}
        facts = replace(evidence.facts, votes=votes)
        proof = Proof(Fraud.AVAILABILITY, evidence.case, (index, voters))
        said.append(await bench.ask(proof, facts))
        weight = sum(facts.weights[voter] for voter in voters)
        assert said[-1] == expected(proof, facts) == (FRAUD if 3 * weight > 2 * seats else NOT_FRAUD)
    assert said[0] == Disputes_NotFraud.__name__
    assert said[-1] == FRAUD
