"""The committed artifacts are what the committed sources compile to."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from contracts import build
from contracts.abi import CONTRACT_NAMES
from contracts.build import ARTIFACTS, CONTRACTS, Artifact, build_artifacts, compile_sources, differences, main
from contracts.errors import BuildError

HEADER = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n"
LARGEST_CREATION_BYTES = 49_152  # EIP-3860; above the 24,576 of EIP-170 for what stays, the compiler warns: an error


@pytest.fixture(scope="module")
def built() -> dict[str, Artifact]:
    """Fails with one clear sentence where node or the packages of contracts/ are missing."""
    return build_artifacts()


def test_artifacts_are_reproducible(built: dict[str, Artifact]) -> None:
    assert differences(built) == [], "run `python -m contracts.build` and commit contracts/artifacts"


def test_every_difference_is_named(built: dict[str, Artifact], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ARTIFACTS.glob("*.json"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(build, "ARTIFACTS", tmp_path)
    assert differences(built) == []
    one = tmp_path / "SwarmToken.json"
    one.write_text(one.read_text("utf-8").replace('"bytecode": "0x', '"bytecode": "0x00', 1), "utf-8")
    (tmp_path / "PeerRegistry.json").unlink()
    (tmp_path / "Superfluous.json").write_text("{}", "utf-8")
    assert differences(built) == ["PeerRegistry.json", "Superfluous.json", "SwarmToken.json"]


def test_the_command_compiles_writes_and_compares(
    built: dict[str, Artifact], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(build, "build_artifacts", lambda: built)
    assert main(["--check"]) == 1
    assert (
        "artifacts differ from the sources: Attendance.json, Disputes.json, OutputCourt.json" in capsys.readouterr().err
    )
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROOT", tmp_path)
    with pytest.raises(BuildError, match="run `npm ci --ignore-scripts` in"):
        compile_sources({"src/A.sol": HEADER})


def test_missing_node_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--check"]) == 1
    assert capsys.readouterr().err == "compiling the contracts needs node (version 18 or newer) on the PATH\n"


def test_errors_and_warnings_of_the_compiler_are_errors() -> None:
    with pytest.raises(BuildError, match=r"do not compile:(?s:.*)Expected"):
        compile_sources({"src/A.sol": HEADER + "contract A { uint256 x }"})
    with pytest.raises(BuildError, match=r"the compiler warns:(?s:.*)Unused local variable"):
        compile_sources({"src/A.sol": HEADER + "contract A { function f() external { uint256 x; } }"})


def test_the_compiler_is_the_one_that_is_pinned(built: dict[str, Artifact]) -> None:
    told = subprocess.run([build.SOLC, "--version"], capture_output=True, text=True, check=True).stdout
    assert f"Version: {build.COMPILER_VERSION}+" in told
    package = json.loads((build.ROOT / "package.json").read_text("utf-8"))
    assert package["devDependencies"]["solc"] == build.COMPILER_VERSION
    assert all(artifact["compiler"]["version"] == build.COMPILER_VERSION for artifact in built.values())
    refused = subprocess.run([build.SOLC, "--bin", "A.sol"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr) == (1, "solc-npm: --bin is not supported\n")


def test_the_lock_file_holds_no_addresses() -> None:
    lock: dict[str, Any] = json.loads((build.ROOT / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all("resolved" not in entry for entry in packages.values())
    # Only builds for other platforms may lack a digest: not every registry has them.
    unpinned = [entry for entry in packages.values() if not entry.get("integrity", "").startswith("sha512-")]
    assert all(entry["optional"] and "os" in entry and "cpu" in entry for entry in unpinned)


def test_every_contract_fits_a_block_explorers_limit_and_is_known_to_the_python_face(
    built: dict[str, Artifact],
) -> None:
    assert CONTRACTS == CONTRACT_NAMES
    assert tuple(built) == CONTRACTS
    assert all(len(artifact["bytecode"]) // 2 < LARGEST_CREATION_BYTES for artifact in built.values())


def test_no_two_variables_share_a_place_in_storage(built: dict[str, Artifact]) -> None:
    for artifact in built.values():
        taken: set[tuple[int, int]] = set()
        for slot in artifact["storage"]:
            first = slot["slot"] * 32 + slot["offset"]
            place = {(0, byte) for byte in range(first, first + slot["bytes"])}
            assert not taken & place, slot
            taken |= place


def test_solidity_is_written_by_the_house_rules() -> None:
    for name, text in build.read_sources().items():
        assert text.startswith(HEADER), name
        assert "assembly" not in text, name
        assert "tx.origin" not in text, name
        assert max(len(line) for line in text.splitlines()) <= 120, name
        assert len(text.splitlines()) <= 420, name
