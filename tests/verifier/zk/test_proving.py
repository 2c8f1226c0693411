"""Proofs of true claims are accepted; everything else is a Reject, and nothing crashes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from verifier.zk import circuit as circuits
from verifier.zk import ezkl_process, proving
from verifier.zk.circuit import Circuit
from verifier.zk.errors import CircuitDamaged, EzklDied, EzklRefused, HeadUnsupported
from verifier.zk.head import Head
from verifier.zk.proving import Accept, Inconclusive, Reject, verify, verify_file
from verifier.zk.scoring import FIELD_ORDER, PROOF_BYTES, ProofFile, Scoring

pytest.importorskip("ezkl", reason="needs the extra zk: pip install -e '.[zk]'")
pytestmark = pytest.mark.slow


def test_a_proof_shows_the_scores_of_the_head(circuit: Circuit, head: Head, proof: ProofFile, image: list[int]) -> None:
    assert proof.scoring.pixels == tuple(image)
    assert list(proof.scoring.scores) == head.scores(np.array([image], dtype=np.uint8))[0].tolist()
    assert len(proof.proof) == PROOF_BYTES
    expected = Accept("0x" + head.checkpoint_digest.hex(), circuit.key_digest, proof.scoring)
    assert verify(circuit, proof.scoring, proof.proof) == expected
    assert verify_file(circuit, proof.to_bytes()) == expected


def test_any_other_scoring_is_rejected(circuit: Circuit, proof: ProofFile) -> None:
    for name in ("pixels", "scores"):
        values = getattr(proof.scoring, name)
        for at in (0, len(values) // 2, len(values) - 1):
            other = (*values[:at], values[at] ^ 1, *values[at + 1 :])
            verdict = verify(circuit, replace(proof.scoring, **{name: other}), proof.proof)
            assert verdict == Reject("Failed to run verify: [halo2] The constraint system is not satisfied")


@pytest.mark.parametrize(
    "scoring",
    [
        Scoring((), ()),
        Scoring((0,) * 63, (0,) * 10),
        Scoring((0,) * 64, (0,) * 11),
        Scoring((256, *(0,) * 63), (0,) * 10),
        Scoring((-1, *(0,) * 63), (0,) * 10),
        Scoring((True, *(0,) * 63), (0,) * 10),
        Scoring((0,) * 64, (1 << 63, *(0,) * 9)),
        Scoring((0,) * 64, (0.5, *(0,) * 9)),  # type: ignore[arg-type]
        Scoring((0,) * 64, ("0", *(0,) * 9)),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_a_scoring_by_the_head_is_rejected(circuit: Circuit, proof: ProofFile, scoring: Scoring) -> None:
    verdict = verify(circuit, scoring, proof.proof)
    assert isinstance(verdict, Reject)
    assert verdict.reason.startswith("the scoring does not fit the head: ")


def test_a_score_plus_the_order_of_the_field_is_not_the_same_scoring(circuit: Circuit, proof: ProofFile) -> None:
    scores = (proof.scoring.scores[0] + FIELD_ORDER, *proof.scoring.scores[1:])
    assert isinstance(verify(circuit, replace(proof.scoring, scores=scores), proof.proof), Reject)


def hostile_proofs(good: bytes) -> list[bytes]:
    """Proofs of other lengths, of constants and noise, and the good one with a bit, a word or a point changed."""
    generator = random.Random(0)
    hostile = [b"", good[:1], good[:32], good[:-1], good + b"\0", good + good, good[:-32]]
    hostile += [bytes([value]) * PROOF_BYTES for value in (0x00, 0x01, 0xFF)]
    hostile += [generator.randbytes(PROOF_BYTES) for _ in range(3)]
    for _ in range(12):
        at = generator.randrange(PROOF_BYTES)
        hostile.append(good[:at] + bytes([good[at] ^ 1 << generator.randrange(8)]) + good[at + 1 :])
    for at in (0, 64, PROOF_BYTES - 64):  # two commitments, and the last point of the opening
        hostile.append(good[:at] + bytes(64) + good[at + 64 :])
        hostile.append(good[:at] + good[64:128] + good[at + 64 :] if at != 64 else good[64:] + good[:64])
    return hostile


def test_hostile_bytes_are_rejected(circuit: Circuit, proof: ProofFile) -> None:
    for data in hostile_proofs(proof.proof):
        assert data != proof.proof
        verdict = verify(circuit, proof.scoring, data)
        assert isinstance(verdict, Reject), (data[:64].hex(), verdict)


def test_files_that_are_no_proof_are_rejected(circuit: Circuit, proof: ProofFile) -> None:
    good = proof.to_bytes()
    files = [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 60_000, good[:-2], good + b"\n", b" " * (1 << 17)]
    files += [good.replace(b'"0x', b'"0X'), good.replace(b'"kind"', b'"kind": 1, "kind"')]
    files += [
        good.replace(b'"scores": [', b'"scores": [1' + b"0" * 5_000 + b", "),
        good.replace(b'"proof": "', b'"proof": "zz'),
    ]
    for data in files:
        assert data != good
        verdict = verify_file(circuit, data)
        assert isinstance(verdict, Reject), (data[:80], verdict)
        assert verdict.reason.startswith("not a proof file: ")


def test_a_proof_made_for_another_key_is_rejected(
    circuit: Circuit, head: Head, proof: ProofFile, srs: Path, tmp_path: Path
) -> None:
    weights = head.output_weights.copy()
    weights[0, 0] += 1
    other = circuits.build(replace(head, output_weights=weights), tmp_path / "other", srs)
    foreign = proving.prove(other, proof.scoring.pixels)
    assert isinstance(verify_file(other, foreign.to_bytes()), Accept)
    assert verify_file(circuit, foreign.to_bytes()) == Reject(
        f"made for key 0x{other.key_digest.hex()}, expected 0x{circuit.key_digest.hex()}"
    )
    relabelled = replace(foreign, key=proof.key)
    assert isinstance(verify_file(circuit, relabelled.to_bytes()), Reject)
    assert isinstance(verify(circuit, foreign.scoring, foreign.proof), Reject)
    assert isinstance(verify(other, proof.scoring, proof.proof), Reject)


def test_building_again_gives_the_same_key(circuit: Circuit, head: Head, srs: Path, tmp_path: Path) -> None:
    again = circuits.build(head, tmp_path / "again", srs)
    assert again.key_digest == circuit.key_digest
    assert Circuit.open(again.folder) == again


def test_another_reference_string_gives_another_key(
    circuit: Circuit, head: Head, proof: ProofFile, tmp_path: Path
) -> None:
    circuits.make_test_srs(tmp_path / "other.srs")
    other = circuits.build(head, tmp_path / "other", tmp_path / "other.srs")
    assert other.key_digest != circuit.key_digest
    assert isinstance(verify(other, proof.scoring, proof.proof), Reject)


@pytest.mark.parametrize("name", [circuits.DESCRIPTION, circuits.SETTINGS, circuits.KEY, circuits.SRS])
@pytest.mark.parametrize("change", ["missing", "empty", "bit"])
def test_a_changed_circuit_is_not_opened(circuit: Circuit, tmp_path: Path, name: str, change: str) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in (circuits.DESCRIPTION, *circuit.files):
        (folder / file).write_bytes((circuit.folder / file).read_bytes())
    Circuit.open(folder)
    if change == "missing":
        (folder / name).unlink()
    else:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data if change == "bit" else b"")
    with pytest.raises(CircuitDamaged):
        Circuit.open(folder)


def test_damaged_reference_strings_are_refused(head: Head, srs: Path, tmp_path: Path) -> None:
    for index, data in enumerate((b"", bytes(100), srs.read_bytes()[:-1], b"\x40" + srs.read_bytes()[1:])):
        (tmp_path / "bad.srs").write_bytes(data)
        with pytest.raises((EzklRefused, EzklDied)):
            circuits.build(head, tmp_path / str(index), tmp_path / "bad.srs")


def test_a_head_that_does_not_fit_is_refused(head: Head, srs: Path, tmp_path: Path) -> None:
    wide = replace(
        head,
        hidden_weights=np.ones((200, 64), dtype=np.int64),
        hidden_biases=np.ones(200, dtype=np.int64),
        output_weights=np.ones((10, 200), dtype=np.int64),
    )
    with pytest.raises(HeadUnsupported, match="rows of the circuit"):
        circuits.build(wide, tmp_path / "wide", srs)


def test_an_image_whose_values_outgrow_the_circuit_cannot_be_proven(head: Head, srs: Path, tmp_path: Path) -> None:
    loud = replace(head, hidden_weights=np.full_like(head.hidden_weights, 1 << 22))
    built = circuits.build(loud, tmp_path / "loud", srs)
    with pytest.raises(EzklRefused):
        proving.prove(built, [255] * 64)


def test_pixels_out_of_range_are_not_proven(circuit: Circuit) -> None:
    for pixels in ([0] * 63, [256] + [0] * 63, [-1] + [0] * 63):
        with pytest.raises(ValueError, match="expected"):
            proving.prove(circuit, pixels)


def test_a_crash_of_ezkl_is_no_verdict(
    circuit: Circuit, proof: ProofFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert verify(circuit, proof.scoring, proof.proof) == Inconclusive(
        "EZKL's verify gave no answer: ended by signal 6"
    )


def test_a_hanging_ezkl_is_no_verdict(circuit: Circuit, proof: ProofFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "VERIFY_TIMEOUT_SECONDS", 0.01)
    assert verify(circuit, proof.scoring, proof.proof) == Inconclusive(
        "EZKL's verify gave no answer: stopped after 0.01 seconds"
    )


def test_ezkl_raises_into_a_value(circuit: Circuit) -> None:
    with pytest.raises(EzklRefused, match="EZKL's compile_circuit refused"):
        ezkl_process.call("compile_circuit", circuit.folder / "none", circuit.folder / "none", circuit.settings)
