"""Prove and verify that a circuit's head scored an image as claimed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from verifier.verdict import shown
from verifier.zk import ezkl_process
from verifier.zk.circuit import Circuit
from verifier.zk.errors import EzklDied, EzklRefused, MalformedProof
from verifier.zk.scoring import FIELD_ORDER, PROOF_BYTES, ProofFile, Scoring

VERIFY_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Accept:
    """The head of `checkpoint`, under the key with digest `key_digest`, scored the image as `scoring` says."""

    checkpoint: str
    key_digest: bytes
    scoring: Scoring
    exit_code: ClassVar[int] = 0

    def __str__(self) -> str:
        key = shown(self.key_digest)
        return f"accept: the head of checkpoint {self.checkpoint} under key {key} answers {self.scoring.label}"


@dataclass(frozen=True)
class Reject:
    """The proof does not show the scoring; `reason` says how that came out."""

    reason: str
    exit_code: ClassVar[int] = 3

    def __str__(self) -> str:
        return f"reject: {self.reason}"


@dataclass(frozen=True)
class Inconclusive:
    """The proof was not judged: EZKL crashed on it or took too long. Never to be taken for an Accept."""

    reason: str
    exit_code: ClassVar[int] = 4

    def __str__(self) -> str:
        return f"inconclusive: {self.reason}"


Verdict = Accept | Reject | Inconclusive


def prove(circuit: Circuit, pixels: Sequence[int]) -> ProofFile:
    """Compute the head's scores of one image (F,) and prove them. Raises ValueError for what are no pixels.

    Raises EzklRefused for an image whose values outgrow the circuit, EzklMissing, EzklDied.
    """
    wrong = Scoring(tuple(pixels), (0,) * circuit.class_count).mismatch(circuit)
    if wrong is not None:
        raise ValueError(wrong)
    with tempfile.TemporaryDirectory() as name:
        image, witness, proof = (Path(name) / part for part in ("image.json", "witness.json", "proof.json"))
        image.write_text(json.dumps({"input_data": [list(pixels)]}), "utf-8")
        ezkl_process.call("gen_witness", image, circuit.compiled, witness)
        ezkl_process.call("prove", witness, circuit.compiled, circuit.proving_key, proof, circuit.srs)
        document = json.loads(proof.read_text("utf-8"))
    scores = [_signed(element) for element in document["instances"][0][len(pixels) :]]
    scoring = Scoring(tuple(pixels), tuple(scores))
    return ProofFile(circuit.checkpoint, shown(circuit.key_digest), scoring, bytes(document["proof"]))


def verify(circuit: Circuit, scoring: Scoring, proof: bytes) -> Verdict:
    """Check the bytes of a proof of `scoring`; they may be anything. Raises EzklMissing.

    The circuit must be the verifier's own: rebuilt from the checkpoint, or opened and compared with a known key digest.
    """
    wrong = scoring.mismatch(circuit)
    if wrong is not None:
        return Reject(f"the scoring does not fit the head: {wrong}")
    if len(proof) != PROOF_BYTES:  # EZKL would overlook bytes after the end
        return Reject(f"a proof of {len(proof)} bytes, expected {PROOF_BYTES}")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "proof.json"
        path.write_text(json.dumps(_document(scoring, proof)), "utf-8")
        try:
            answer = ezkl_process.call(
                "verify",
                path,
                circuit.settings,
                circuit.key,
                circuit.srs,
                False,
                timeout_seconds=VERIFY_TIMEOUT_SECONDS,
            )
        except EzklRefused as refusal:
            return Reject(refusal.reason)
        except EzklDied as death:
            return Inconclusive(str(death))
    if answer.value is not True:
        return Reject(f"EZKL's verify answered {answer.value!r}")
    return Accept(circuit.checkpoint, circuit.key_digest, scoring)


def verify_file(circuit: Circuit, data: bytes) -> Verdict:
    """Check a proof file: its form, that it names this circuit's key, and the proof of the scoring it holds."""
    try:
        file = ProofFile.from_bytes(data)
    except MalformedProof as error:
        return Reject(str(error))
    for name, expected, found in (
        ("checkpoint", circuit.checkpoint, file.checkpoint),
        ("key", shown(circuit.key_digest), file.key),
    ):
        if found != expected:
            return Reject(f"made for {name} {str(found)[:80]}, expected {expected}")
    return verify(circuit, file.scoring, file.proof)


def _document(scoring: Scoring, proof: bytes) -> dict[str, Any]:
    """A proof as EZKL reads it: field elements are 32 bytes little-endian in hexadecimal."""
    return {
        "protocol": None,
        "instances": [[element.to_bytes(32, "little").hex() for element in scoring.field_elements()]],
        "proof": list(proof),
        "hex_proof": shown(proof),
        "split": None,
        "pretty_public_inputs": None,
        "timestamp": None,
        "version": None,
    }


def _signed(element: str) -> int:
    value = int.from_bytes(bytes.fromhex(element), "little")
    return value if value <= FIELD_ORDER // 2 else value - FIELD_ORDER
