"""What a proof is about, and the file it travels in.

The scoring is the whole public input of the circuit: pixels, then scores. A proof file repeats it in readable numbers
and carries the proof's bytes. EZKL gets its public inputs from the scoring that is checked, never from the prover.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from verifier.zk.circuit import Circuit
from verifier.zk.errors import MalformedProof

KIND: Final = "swarmproof-zk-proof-1"
PROOF_BYTES: Final = 3072
MAXIMUM_FILE_BYTES: Final = 1 << 16

# Order of the scalar field of BN254, in which the circuit computes.
FIELD_ORDER: Final = 21888242871839275222246405745257275088548364400416034343698204186575808495617
# Far above what the circuit can hold, far below the field's order: integers and field elements match one to one.
_LARGEST_SCORE: Final = (1 << 63) - 1


@dataclass(frozen=True)
class Scoring:
    """`scores` (C,) are what the head answers for `pixels` (F,), each 0 to 255; scores scaled by 2^score_bits."""

    pixels: tuple[int, ...]
    scores: tuple[int, ...]

    @property
    def label(self) -> int:
        """The class with the highest score, the lowest one of equals."""
        return self.scores.index(max(self.scores))

    def mismatch(self, circuit: Circuit) -> str | None:
        """Why this cannot be a scoring by the circuit's head, None if it can."""
        if len(self.pixels) != circuit.pixel_count:
            return f"{len(self.pixels)} pixels, expected {circuit.pixel_count}"
        if len(self.scores) != circuit.class_count:
            return f"{len(self.scores)} scores, expected {circuit.class_count}"
        for name, values, lowest, highest in (
            ("pixel", self.pixels, 0, 255),
            ("score", self.scores, -_LARGEST_SCORE, _LARGEST_SCORE),
        ):
            for value in values:
                if type(value) is not int or not lowest <= value <= highest:
                    return f"{name} {value!r}, expected a number from {lowest} to {highest}"
        return None

    def field_elements(self) -> list[int]:
        """The public inputs: negative numbers count down from the field's order."""
        return [value % FIELD_ORDER for value in (*self.pixels, *self.scores)]


@dataclass(frozen=True)
class ProofFile:
    """A proof with its scoring. `checkpoint` and `key` name in hexadecimal what it was made for."""

    checkpoint: str
    key: str
    scoring: Scoring
    proof: bytes

    def to_bytes(self) -> bytes:
        """JSON, one field a line."""
        document = {
            "kind": KIND,
            "checkpoint": self.checkpoint,
            "key": self.key,
            "pixels": list(self.scoring.pixels),
            "scores": list(self.scoring.scores),
            "proof": "0x" + self.proof.hex(),
        }
        lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in document.items())
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ProofFile:
        """Read a proof file. Raises MalformedProof for anything but what `to_bytes` writes."""
        if len(data) > MAXIMUM_FILE_BYTES:
            raise MalformedProof(f"{len(data)} bytes, at most {MAXIMUM_FILE_BYTES} may be")
        try:
            document = json.loads(data)
            read = _read(document)
            canonical = read.to_bytes() == data
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise MalformedProof(repr(error)[:200]) from error
        if not canonical:
            raise MalformedProof("it is not in canonical form")
        return read


def _read(document: Mapping[str, Any]) -> ProofFile:
    scoring = Scoring(tuple(document["pixels"]), tuple(document["scores"]))
    return ProofFile(
        document["checkpoint"], document["key"], scoring, bytes.fromhex(document["proof"].removeprefix("0x"))
    )
