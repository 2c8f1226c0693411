"""A determinism class: everything that outputs must have in common before their digests can be compared.

Its description is canonical CBOR, which the court publishes and whose sha2-256 digest it keeps; a class file is the
same in JSON, for people. Both hold integers, text and bytes only (in JSON: 0x and hexadecimal digits).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, cast

import cbor2

from contracts.attestation import checksum_address
from contracts.values import Address
from node import plain_cbor
from node.errors import NodeError
from node.generation.base import Sampling
from verifier.committee import MAXIMUM_THRESHOLD
from verifier.errors import ClassError

CLASS_VERSION: Final = 1
MAXIMUM_DESCRIPTION_BYTES: Final = 8192
MAXIMUM_TEXT_LENGTH: Final = 128
MAXIMUM_SAMPLING_NUMBER: Final = (1 << 32) - 1  # far above what any sampler takes
_SAMPLING_TEXTS: Final = frozenset({"sampler", "dtype"})


@dataclass(frozen=True)
class Trial:
    """One kind of comparison in a calibration: so many were made, so many went wrong.

    `name`: "honest", where a distance above the threshold is wrong; "unrelated" or the name of a cheat, where one
    within it is.
    """

    name: str
    comparisons: int
    errors: int

    def __post_init__(self) -> None:
        _require_text("name of a trial", self.name)
        _require_integer("comparisons", self.comparisons, 0, 1 << 63)
        _require_integer("errors", self.errors, 0, self.comparisons)


@dataclass(frozen=True)
class Calibration:
    """What the thresholds rest on: counts, from which anyone computes the bounds again.

    `data_root`: of the distances that were measured, 32 bytes. `trials`: at the threshold; `appeal_trials`: at the
    appeal threshold. Both on outputs that had no part in choosing it.
    """

    data_root: bytes
    trials: tuple[Trial, ...]
    appeal_trials: tuple[Trial, ...] = ()

    def __post_init__(self) -> None:
        _require_bytes("data root", self.data_root, 32)
        for trials in (self.trials, self.appeal_trials):
            names = [trial.name for trial in trials]
            _require(len(set(names)) == len(names), f"trials repeat: {', '.join(names):.80}")


@dataclass(frozen=True)
class OutputClass:
    """A class of outputs. Digests are 32 bytes, thresholds bits of 256.

    `project` and `manifest_digest` name the model, `checkpoint_digest` (of its CID) the parameters, `hash` how an
    output becomes a digest. `threshold` holds in the first committee, `appeal_threshold` for later ones' keyed digests.
    `code_hash`: of the code that the calibration ran. Raises ClassError.
    """

    project: Address
    manifest_digest: bytes
    checkpoint_digest: bytes
    task: str
    sampling: Sampling
    hash: str
    threshold: int
    appeal_threshold: int
    code_hash: bytes
    calibration: Calibration

    def __post_init__(self) -> None:
        _require(_address(_address_bytes(self.project)) == self.project, f"project {self.project!r} is no address")
        for name in ("manifest_digest", "checkpoint_digest", "code_hash"):
            _require_bytes(name, getattr(self, name), 32)
        for name in ("task", "hash"):
            _require_text(name, getattr(self, name))
        for name in ("threshold", "appeal_threshold"):
            _require_integer(name, getattr(self, name), 0, MAXIMUM_THRESHOLD)
        _require_size(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The description: canonical CBOR (RFC 8949, 4.2)."""
        return cbor2.dumps(self._document(), canonical=True)

    @property
    def digest(self) -> bytes:
        """sha2-256 of the description, 32 bytes: what the court keeps."""
        return hashlib.sha256(self.to_bytes()).digest()

    @classmethod
    def from_bytes(cls, description: bytes) -> OutputClass:
        """Read a description; raises ClassError for anything that is not one in its canonical form."""
        _require_size(description)
        try:
            found = _read(plain_cbor.load(description))
        except plain_cbor.NotPlainCbor as error:
            raise ClassError(f"a description that cannot be read: {error}") from error
        _require(found.to_bytes() == description, "a description that is not canonical CBOR")
        return found

    def to_json(self) -> str:
        """The class file."""
        return json.dumps(_with_hexadecimals(self._document()), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> OutputClass:
        """Read a class file; raises ClassError for anything else, whatever it is."""
        if len(text) > 4 * MAXIMUM_DESCRIPTION_BYTES:
            raise ClassError(f"a class file of {len(text)} characters, at most {4 * MAXIMUM_DESCRIPTION_BYTES}")
        try:
            document = json.loads(text, object_pairs_hook=_without_repetition)
        except (ValueError, RecursionError) as error:
            raise ClassError(f"a class file that is no JSON: {error}") from error
        return _read(document)

    def _document(self) -> dict[str, Any]:
        document = {item.name: getattr(self, item.name) for item in fields(self)}
        return document | {
            "version": CLASS_VERSION,
            "project": _address_bytes(self.project),
            "sampling": dict(vars(self.sampling)),
            "calibration": {
                "data_root": self.calibration.data_root,
                "trials": [dict(vars(trial)) for trial in self.calibration.trials],
                "appeal_trials": [dict(vars(trial)) for trial in self.calibration.appeal_trials],
            },
        }


def _read(document: object) -> OutputClass:
    """A class from a document of either form: bytes may be bytes or their hexadecimal digits."""
    values = _with_names("class", document, {"version", *(item.name for item in fields(OutputClass))})
    version = values.pop("version")
    _require(type(version) is int and version == CLASS_VERSION, f"version {version!r:.80}, expected {CLASS_VERSION}")
    sampling = _with_names("sampling", values["sampling"], {item.name for item in fields(Sampling)})
    for name, value in sampling.items():
        if name in _SAMPLING_TEXTS:
            _require_text(f"sampling: {name}", value)
        else:
            _require_integer(f"sampling: {name}", value, 0, MAXIMUM_SAMPLING_NUMBER)
    calibration = _with_names("calibration", values["calibration"], {item.name for item in fields(Calibration)})
    for name in ("trials", "appeal_trials"):
        listed = calibration[name]
        _require(isinstance(listed, list), f"{name} {listed!r:.80} is no list")
        names = {item.name for item in fields(Trial)}
        calibration[name] = tuple(Trial(**_with_names("trial", trial, names)) for trial in listed)
    calibration["data_root"] = _bytes("data root", calibration["data_root"])
    for name in ("manifest_digest", "checkpoint_digest", "code_hash"):
        values[name] = _bytes(name, values[name])
    values["project"] = _address(_bytes("project", values["project"]))
    values["calibration"] = Calibration(**calibration)
    try:
        values["sampling"] = Sampling(**sampling)
    except NodeError as error:
        raise ClassError(f"sampling: {error}") from error
    return OutputClass(**values)


def _with_names(what: str, value: object, names: set[str]) -> dict[str, Any]:
    _require(isinstance(value, dict), f"{what} is {value!r:.80}, expected values by name")
    found = cast(dict[str, Any], value)
    missing, unknown = sorted(names - found.keys()), sorted(found.keys() - names)
    _require(not missing, f"{what}: missing {', '.join(missing)}")
    _require(not unknown, f"{what}: unknown {unknown!r:.80}")
    return dict(found)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON in which no name comes twice: readers differ in which of two values they take."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        _require(name not in found, f"a class file with {name!r:.80} twice")
        found[name] = value
    return found


def _with_hexadecimals(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_hexadecimals(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_hexadecimals(item) for item in value]
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _bytes(what: str, value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    _require(isinstance(value, str) and value.startswith("0x"), f"{what} is {value!r:.80}, expected 0x and digits")
    try:
        return bytes.fromhex(str(value)[2:])
    except ValueError as error:
        raise ClassError(f"{what} is {value!r:.80}, expected hexadecimal digits") from error


def _address(raw: bytes) -> Address:
    _require_bytes("project", raw, 20)
    return checksum_address(raw)


def _address_bytes(address: str) -> bytes:
    return _bytes("project", address)


def _require_size(description: bytes) -> None:
    count = len(description)
    _require(count <= MAXIMUM_DESCRIPTION_BYTES, f"a description of {count} bytes, at most {MAXIMUM_DESCRIPTION_BYTES}")


def _require_bytes(what: str, value: object, length: int) -> None:
    _require(isinstance(value, bytes), f"{what} is {value!r:.80}, expected {length} bytes")
    count = len(cast(bytes, value))
    _require(count == length, f"{what} has {count} bytes, expected {length}")


def _require_text(what: str, value: object) -> None:
    _require(isinstance(value, str), f"{what} is {value!r:.80}, expected text")
    text = cast(str, value)
    _require(text.isascii() and text.isprintable(), f"{what} is {text!r:.80}, expected printable ASCII")
    length = len(text)
    _require(0 < length <= MAXIMUM_TEXT_LENGTH, f"{what} has {length} characters, expected 1 to {MAXIMUM_TEXT_LENGTH}")


def _require_integer(what: str, value: object, lowest: int, highest: int) -> None:
    # bool is an int to Python and a simple value to CBOR.
    within = type(value) is int and lowest <= value <= highest
    _require(within, f"{what} = {value!r:.80}, expected {lowest} to {highest}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ClassError(message)
