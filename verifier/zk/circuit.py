"""A head as a circuit in a folder: built once from checkpoint and reference string, then used for any image.

Building is deterministic: the same head, reference string and version of EZKL give the same bytes, hence the same key
digest. A verifier who was handed a folder rebuilds it and compares, or pins the digest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from verifier.zk import ezkl_process
from verifier.zk.errors import CircuitDamaged, HeadUnsupported
from verifier.zk.head import SCORE_BITS, Head

KIND: Final = "swarmproof-zk-circuit-1"

# 2^LOGROWS rows; a reference string needs to be at least as large.
LOGROWS: Final = 12
# Rows that blind the proof and close the lookups.
_RESERVED_ROWS: Final = 16
# Values before a ReLU and scores are held as a sign and three digits of base 1024: below 2^30 in magnitude.
_RUN_ARGS: Final[Mapping[str, object]] = {
    "input_scale": 0,
    "param_scale": 0,
    "logrows": LOGROWS,
    "num_inner_cols": 2,
    "decomp_base": 1024,
    "decomp_legs": 3,
    "input_visibility": "public",
    "output_visibility": "public",
    "param_visibility": "fixed",
    "check_mode": "safe",
}

DESCRIPTION: Final = "circuit.json"
SETTINGS: Final = "settings.json"
KEY: Final = "verification.key"
SRS: Final = "reference-string.srs"
_ONNX, _COMPILED, _PROVING_KEY = "head.onnx", "head.ezkl", "proving.key"


@dataclass(frozen=True)
class Circuit:
    """What is public about the circuit in `folder`; `files`: sha2-256 in hexadecimal of what verification reads.

    `checkpoint`: digest in hexadecimal of the checkpoint the head was taken from. `score_bits`: scores are scaled by
    2^score_bits.
    """

    folder: Path
    ezkl: str
    checkpoint: str
    pixel_count: int
    class_count: int
    score_bits: int
    files: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """The description, canonical: sorted keys, no spaces."""
        document = {**asdict(self), "kind": KIND}
        del document["folder"]
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    @property
    def key_digest(self) -> bytes:
        """sha2-256 of the description: names model, circuit, reference string and how scores are scaled. 32 bytes."""
        return hashlib.sha256(self.to_bytes()).digest()

    @property
    def settings(self) -> Path:
        """EZKL's settings."""
        return self.folder / SETTINGS

    @property
    def key(self) -> Path:
        """The verification key."""
        return self.folder / KEY

    @property
    def srs(self) -> Path:
        """The structured reference string."""
        return self.folder / SRS

    @property
    def compiled(self) -> Path:
        """The circuit as the prover runs it."""
        return self.folder / _COMPILED

    @property
    def proving_key(self) -> Path:
        """The proving key; large, and no secret."""
        return self.folder / _PROVING_KEY

    @classmethod
    def open(cls, folder: Path) -> Circuit:
        """Read a circuit. Raises CircuitDamaged unless description and files are those that were written."""
        try:
            data = (folder / DESCRIPTION).read_bytes()
            document: dict[str, Any] = json.loads(data)
            kind = document.pop("kind")
            circuit = cls(folder, **document)
            canonical = kind == KIND and set(circuit.files) == {SETTINGS, KEY, SRS} and circuit.to_bytes() == data
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CircuitDamaged(folder, DESCRIPTION, "a circuit's description", repr(error)) from error
        if not canonical:
            raise CircuitDamaged(folder, DESCRIPTION, f"a {KIND} in canonical form", str(kind)[:80])
        for name, expected in circuit.files.items():
            found = _digest(folder / name)
            if found != expected:
                raise CircuitDamaged(folder, name, expected, found)
        return circuit


def make_test_srs(path: Path) -> None:
    """Make a reference string FOR TESTS. Its maker knows the secret behind it and can prove anything."""
    ezkl_process.call("gen_srs", path, LOGROWS)


def build(head: Head, folder: Path, srs: Path) -> Circuit:
    """Build the circuit of a head in a new folder, with the reference string at `srs`.

    Raises HeadUnsupported when the head does not fit, EzklRefused for a reference string that is damaged or too small,
    FileExistsError. Nothing is left of a circuit that could not be built.
    """
    folder.mkdir(parents=True)
    try:
        return _build(head, folder, srs)
    except BaseException:
        shutil.rmtree(folder)
        raise


def _build(head: Head, folder: Path, srs: Path) -> Circuit:
    (folder / _ONNX).write_bytes(head.to_onnx())
    ezkl_process.call("gen_settings", folder / _ONNX, folder / SETTINGS, run_args=_RUN_ARGS)
    (folder / SETTINGS).write_text(_settled((folder / SETTINGS).read_text("utf-8")), "utf-8")
    shutil.copyfile(srs, folder / SRS)
    ezkl_process.call("compile_circuit", folder / _ONNX, folder / _COMPILED, folder / SETTINGS)
    ezkl_process.call("setup", folder / _COMPILED, folder / KEY, folder / _PROVING_KEY, folder / SRS)
    circuit = Circuit(
        folder,
        version("ezkl"),
        "0x" + head.checkpoint_digest.hex(),
        head.pixel_count,
        head.class_count,
        SCORE_BITS,
        {name: _digest(folder / name) for name in (SETTINGS, KEY, SRS)},
    )
    (folder / DESCRIPTION).write_bytes(circuit.to_bytes())
    return circuit


def _settled(text: str) -> str:
    """EZKL's settings without what differs from build to build: the time, and the order of what it hashes.

    Raises HeadUnsupported for too many rows.
    """
    settings = json.loads(text)
    most = (1 << LOGROWS) - _RESERVED_ROWS
    if settings["num_rows"] > most:
        raise HeadUnsupported(f"the head takes {settings['num_rows']} rows of the circuit, at most {most} may be")
    settings["timestamp"] = 0
    settings["required_range_checks"].sort()
    return json.dumps(settings, sort_keys=True)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return "0x" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return error.strerror or str(error)
