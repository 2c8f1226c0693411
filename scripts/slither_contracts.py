"""What Slither finds in the contracts, compared with what was judged: `python -m scripts.slither_contracts`.

Slither has dependencies that exclude ours, so it lives in an environment of its own: `make analyze` sets that up and
runs this. Every finding of high or medium impact in our own sources needs a reason in `contracts/slither.toml`; it is
found there by detector, function and the expressions that are complained about, so lines may move. Ends with 1 where a
finding has no reason, or a reason no finding any more.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.build import ROOT, SETTINGS, SOLC, read_sources, require_tools
from contracts.errors import SwarmProofError

REASONS = ROOT / "slither.toml"
SLITHER = ROOT.parent / "build" / "analysis" / "bin" / "slither"
IMPACTS = ("High", "Medium")
QUIET = ("--exclude-low", "--exclude-informational", "--exclude-optimization", "--filter-paths", "node_modules")


@dataclass(frozen=True, order=True)
class Finding:
    """What is complained about, wherever it stands."""

    detector: str
    function: str
    expression: str

    def __str__(self) -> str:
        return f"{self.detector} in {self.function}: {self.expression}"


def read_findings(report: Mapping[str, Any]) -> list[Finding]:
    """The findings of Slither's report in JSON that count, in order."""
    results = [item for item in report["results"].get("detectors", []) if item["impact"] in IMPACTS]
    return sorted(_finding(item) for item in results)


def _finding(item: Mapping[str, Any]) -> Finding:
    """The first function that is named, and everything in it or elsewhere that the finding is made of."""
    elements = item["elements"]
    details = [part for part in elements if part["type"] not in ("function", "contract")]
    owner = next((part for part in elements if part["type"] == "function"), None)
    if owner is None and details:
        owner = details[0]["type_specific_fields"]["parent"]
    names = sorted({part["name"] for part in details})
    function = owner["name"] if owner is not None else elements[0]["name"]
    if owner is not None and owner["type"] == "function":
        function = f"{owner['type_specific_fields']['parent']['name']}.{function}"
    return Finding(item["check"], function, "; ".join(names))


def read_reasons(text: str) -> dict[Finding, str]:
    """Why a finding is no defect. Raises SwarmProofError where one is told twice or without a reason."""
    reasons: dict[Finding, str] = {}
    for row in tomllib.loads(text)["finding"]:
        finding = Finding(row["detector"], row["function"], row["expression"])
        if finding in reasons or not row["reason"].strip():
            raise SwarmProofError(f"{REASONS.name} tells this twice, or without a reason: {finding}")
        reasons[finding] = row["reason"]
    return reasons


def complaints(findings: Iterable[Finding], reasons: Iterable[Finding]) -> list[str]:
    """What has no reason, and which reasons nothing asks for, as lines."""
    found, judged = set(findings), set(reasons)
    return [f"without a reason: {finding}" for finding in sorted(found - judged)] + [
        f"not found any more: {finding}" for finding in sorted(judged - found)
    ]


def run_slither(slither: Path) -> dict[str, Any]:
    """Slither's report. Raises SwarmProofError without it, without node or its packages, and when it fails."""
    require_tools()
    if not slither.exists():
        raise SwarmProofError(f"there is no {slither}: `make analyze` installs it")
    sources = {name: {"content": text} for name, text in read_sources().items()}
    # Syntax trees are all that is read, and need no code, which would take a minute.
    settings = {**SETTINGS, "outputSelection": {"*": {"": ["ast"]}}}
    with tempfile.TemporaryDirectory() as name:
        # Apart from `foundry.toml`, which would be taken for what to compile.
        folder = Path(name)
        for part in ("src", "node_modules"):
            (folder / part).symlink_to(ROOT / part)
        task = folder / "sources.json"
        task.write_text(json.dumps({"language": "Solidity", "sources": sources, "settings": settings}), "utf-8")
        report = folder / "report.json"
        command = [str(slither), task.name, "--compile-force-framework", "solc-json", "--solc", str(SOLC)]
        command += [*QUIET, "--disable-color", "--json", report.name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        # It ends with another code than 0 when it finds anything.
        content = json.loads(report.read_text("utf-8")) if report.exists() else {"success": False}
    if not content["success"]:
        raise SwarmProofError(f"slither failed:\n{done.stdout}{done.stderr}")
    return dict(content)


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.slither_contracts", description=__doc__.split(":")[0])
    parser.add_argument("--slither", type=Path, default=SLITHER, help=f"default: {SLITHER.name} as installed by make")
    options = parser.parse_args(arguments)
    try:
        findings = read_findings(run_slither(options.slither))
        reasons = read_reasons(REASONS.read_text("utf-8"))
    except SwarmProofError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    wrong = complaints(findings, reasons)
    for line in wrong:
        print(line, file=sys.stderr)
    counts = Counter(finding.detector for finding in findings)
    told = ", ".join(f"{count} {detector}" for detector, count in sorted(counts.items()))
    print(f"{len(findings)} findings of high or medium impact ({told}); open: {len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
