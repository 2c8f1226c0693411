"""Signatures under a result: who made them, and whether they are enough. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contracts.attestation import Domain, recover, result_digest
from contracts.errors import InvalidSignature
from contracts.values import Address
from node.rounds import agreement
from node.rounds.drawing import Electorate
from node.rounds.history import RoundHistory
from verifier.verdict import Reject, reject, shown


def check_quorum(
    round_: RoundHistory, domain: Domain, signatures: Sequence[bytes], supporters: Electorate
) -> Reject | None:
    """Signatures as submitted: by who may support a result, ascending, together above two thirds of the total."""
    digest = result_digest(domain, round_.number, round_.accepted.result)
    weight_wei, last = 0, b""
    for position, signature in enumerate(signatures):
        where = f"signature {position} of round {round_.number}"
        signer = check_signature(round_, where, digest, signature, supporters.weights)
        if isinstance(signer, Reject):
            return signer
        raw = bytes.fromhex(signer[2:])
        if raw <= last:
            return reject(round_.number, where, "order", f"a signer above 0x{last.hex()}", signer)
        weight_wei, last = weight_wei + supporters.weights[signer], raw
    where = f"signatures of round {round_.number}"
    if not agreement.carries_quorum(weight_wei, supporters.total):
        expected = f"more than 2/3 of {supporters.total} wei"
        return reject(round_.number, where, "weight", expected, f"{weight_wei} wei")
    if weight_wei != round_.accepted.weight_wei:
        return reject(round_.number, where, "weight", f"{round_.accepted.weight_wei} wei", f"{weight_wei} wei")
    return None


def check_signature(
    round_: RoundHistory, where: str, digest: bytes, signature: bytes, weights: Mapping[Address, int]
) -> Address | Reject:
    """The account that signed `digest`; Reject unless it is an attester of the snapshot."""
    evidence = {"signature": shown(signature), "digest": shown(digest)}
    try:
        signer = recover(digest, signature)
    except InvalidSignature as error:
        return reject(round_.number, where, "form", "a canonical signature", error.reason, evidence)
    if signer not in weights:
        return reject(round_.number, where, "signer", "an attester with stake in the snapshot", signer, evidence)
    return signer


def carries_quorum(signers: Iterable[Address], supporters: Electorate) -> bool:
    """Whether these accounts, each counted once, hold more than two thirds of the total."""
    weight_wei = sum(supporters.weights.get(signer, 0) for signer in set(signers))
    return agreement.carries_quorum(weight_wei, supporters.total)
