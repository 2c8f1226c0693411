"""Which lines and branches of the contracts the tests in Solidity reach: `python -m scripts.coverage_contracts`.

Compiles the sources themselves instead of the committed artifacts, which takes some minutes, prints a row for each file
and ends with 1 where lines or branches of all together are below 98%. Invariants do not count, nor do tests of gas.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.build import ROOT, require_tools
from contracts.errors import SwarmProofError

LEAST_PERCENT = 98
REPORT = ROOT / "out" / "coverage.info"
FORGE = ROOT / "node_modules" / ".bin" / "forge"
# Without optimizer the code is larger and costs more, so tests of gas would fail; random play adds no new lines.
EXCLUDED = "Invariant|Gas"
ENVIRONMENT = {"SWARMPROOF_SOURCES": "true", "FOUNDRY_PROFILE": "sources", "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1"}


@dataclass
class Reached:
    """Of one file: how many lines and branches there are, and which were not reached."""

    lines: int = 0
    branches: int = 0
    missed_lines: tuple[int, ...] = ()
    missed_branches: tuple[int, ...] = ()


def read_report(rows: Iterable[str]) -> dict[str, Reached]:
    """An lcov report of the contracts' sources, interfaces left out, by file."""
    files: dict[str, Reached] = defaultdict(Reached)
    name = ""
    for row in rows:
        kind, _, rest = row.strip().partition(":")
        if kind == "SF":
            name = rest
        if kind not in ("DA", "BRDA") or not name.startswith("src/") or name.startswith("src/interfaces/"):
            continue
        numbers = rest.split(",")
        line, missed = int(numbers[0]), numbers[-1] in ("-", "0")
        reached = files[name]
        if kind == "DA":
            missed = numbers[1] == "0"
            reached.lines += 1
            reached.missed_lines += (line,) if missed else ()
        else:
            reached.branches += 1
            reached.missed_branches += (line,) if missed else ()
    return dict(files)


def percent(missed: int, of: int) -> float:
    """How much was reached; of nothing, all."""
    return 100 * (of - missed) / of if of else 100.0


def table(files: Mapping[str, Reached]) -> tuple[str, float, float]:
    """Rows for reading, and the percentages of lines and branches of all files together."""
    rows = [f"{'file':<34} {'lines':>8} {'branches':>9}  missed"]
    for name, reached in sorted(files.items()):
        lines = percent(len(reached.missed_lines), reached.lines)
        branches = percent(len(reached.missed_branches), reached.branches)
        missed = sorted({*reached.missed_lines, *reached.missed_branches})
        rows.append(f"{name:<34} {lines:>7.2f}% {branches:>8.2f}%  {' '.join(map(str, missed))}".rstrip())
    all_lines, all_branches = sum(item.lines for item in files.values()), sum(item.branches for item in files.values())
    lines = percent(sum(len(item.missed_lines) for item in files.values()), all_lines)
    branches = percent(sum(len(item.missed_branches) for item in files.values()), all_branches)
    rows.append(f"{'together':<34} {lines:>7.2f}% {branches:>8.2f}%  of {all_lines} lines, {all_branches} branches")
    return "\n".join(rows), lines, branches


def run_coverage(report: Path) -> None:
    """Let forge write the report. Raises SwarmProofError without node or its packages."""
    require_tools()
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    command = [str(FORGE), "coverage", "--ir-minimum", "--report", "lcov", "--report-file", str(report)]
    command += ["--no-match-contract", EXCLUDED]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, check=False)
    if done.returncode != 0 or not report.exists():
        raise SwarmProofError(f"forge coverage ended with {done.returncode}")


def main() -> int:
    """Command line; returns the exit code."""
    try:
        run_coverage(REPORT)
    except SwarmProofError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    text, lines, branches = table(read_report(REPORT.read_text("utf-8").splitlines()))
    print(text)
    return 0 if min(lines, branches) >= LEAST_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
