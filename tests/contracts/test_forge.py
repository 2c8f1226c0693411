"""The contracts' tests in Solidity: `contracts/test`, run by forge on the committed artifacts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from contracts.build import ROOT

FORGE = ROOT / "node_modules" / ".bin" / "forge"
# What is to be proven is no test: scripts/prove_contracts.py.
FILES = [path.relative_to(ROOT / "test") for path in (ROOT / "test").rglob("*.t.sol")]
SUITES = sorted(path.as_posix() for path in FILES if path.parts[0] != "symbolic")

# What calls cost is compared with `snapshots`; `forge test` by hand writes it anew.
SNAPSHOTS = {"FORGE_SNAPSHOT_CHECK": "true", "FORGE_SNAPSHOT_EMIT": "false"}


def require_forge() -> None:
    """Skips where node is absent; packages that are missing although node is there are an error."""
    if shutil.which("node") is None:
        pytest.skip("the tests in Solidity need node (version 18 or newer) on the PATH")
    if not FORGE.exists():
        pytest.fail(f"the tests in Solidity need their packages: run `npm ci --ignore-scripts` in {ROOT}")


def run_forge(profile: str) -> dict[str, dict[str, str]]:
    """Run every suite; what each test ended as, by suite and test."""
    require_forge()
    environment = {**os.environ, "FOUNDRY_PROFILE": profile, "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1", **SNAPSHOTS}
    done = subprocess.run(
        [FORGE, "test", "--json"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    report = json.loads(done.stdout)
    return {
        suite.split(":")[0].removeprefix("test/"): {
            name: f"{result['status']} {result.get('reason') or ''} {result.get('counterexample') or ''}".strip()
            for name, result in outcome["test_results"].items()
        }
        for suite, outcome in report.items()
    }


def assert_all_passed(outcomes: dict[str, dict[str, str]]) -> None:
    """No suite may be missing, none empty, no test failed."""
    assert sorted(outcomes) == SUITES
    assert all(outcomes.values())
    failed = {
        f"{suite} {name}": outcome
        for suite, tests in outcomes.items()
        for name, outcome in tests.items()
        if outcome != "Success"
    }
    assert failed == {}


def test_the_suites_in_solidity_pass() -> None:
    assert_all_passed(run_forge("default"))


@pytest.mark.slow
def test_the_suites_in_solidity_pass_with_many_more_runs() -> None:
    assert_all_passed(run_forge("slow"))
