"""Prove what `contracts/test/symbolic` says about the contracts' arithmetic: `python -m scripts.prove_contracts`.

Halmos runs the compiled checks with unknown arguments and asks a solver whether any could make one fail. `make prove`
installs it in an environment of its own and runs this. Ends with 1 where a check fails, is undecided after minutes,
was not explored to its end, or is missing. What is proven, and within which bounds, is said at each check.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts.build import ROOT, require_tools
from contracts.errors import SwarmProofError

CHECKS = ROOT / "test" / "symbolic"
HALMOS = ROOT.parent / "build" / "analysis" / "bin" / "halmos"
# Loops over members and masks are concrete, and unrolled to their ends.
OPTIONS = ("--loop", "1000", "--solver-timeout-assertion", "180s", "--no-status")
CONTRACT = re.compile(r"^contract (\w+Symbolic) ", re.MULTILINE)
CHECK = re.compile(r"^    function (check_\w+)\(", re.MULTILINE)


def checks_in(text: str) -> set[str]:
    """Checks of a source file, as `Contract.check_name`."""
    parts = CONTRACT.split(text)
    return {
        f"{name}.{check}" for name, body in zip(parts[1::2], parts[2::2], strict=True) for check in CHECK.findall(body)
    }


def outcomes(report: Mapping[str, Any]) -> dict[str, bool]:
    """Whether each check of Halmos's report was proven and explored to its end."""
    return {
        f"{contract.split(':')[-1]}.{result['name'].split('(')[0]}": result["exitcode"] == 0
        and not result.get("num_bounded_loops")
        for contract, results in report["test_results"].items()
        for result in results
    }


def run_halmos(halmos: Path) -> dict[str, Any]:
    """Halmos's report. Raises SwarmProofError without it, without node or its packages, and when it tells nothing."""
    require_tools()
    if not halmos.exists():
        raise SwarmProofError(f"there is no {halmos}: `make prove` installs it")
    path = os.pathsep.join((str(halmos.parent), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "FOUNDRY_PROFILE": "symbolic", "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1"}
    for left in ("out", "cache"):  # checks that are gone would be run again
        shutil.rmtree(ROOT / left / "symbolic", ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(halmos), "--forge-build-out", "out/symbolic", *OPTIONS, "--json-output", str(report)]
        subprocess.run([*command, "--match-contract", "Symbolic$"], cwd=ROOT, env=environment, check=False)
        if not report.exists():
            raise SwarmProofError("halmos ended without a report")
        return dict(json.loads(report.read_text("utf-8")))


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.prove_contracts", description=__doc__.split(":")[0])
    parser.add_argument("--halmos", type=Path, default=HALMOS, help=f"default: {HALMOS.name} as installed by make")
    options = parser.parse_args(arguments)
    try:
        proven = outcomes(run_halmos(options.halmos))
    except SwarmProofError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    wanted = set().union(*(checks_in(path.read_text("utf-8")) for path in sorted(CHECKS.glob("*.t.sol"))))
    unproven = sorted(name for name in wanted | proven.keys() if not proven.get(name))
    for name in unproven:
        print(f"not proven: {name}", file=sys.stderr)
    print(f"{len(wanted) - len(unproven)} of {len(wanted)} checks proven")
    return 1 if unproven else 0


if __name__ == "__main__":
    sys.exit(main())
