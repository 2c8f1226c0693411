"""Break the contracts where money is decided, one place at a time, and see that a test notices.

python -m scripts.mutate_contracts [--files NAME ...] [--every N]

Works on a copy in a temporary folder. A mutant is killed when it does not compile or a test fails; the score is killed
out of all. Ends with 1 where it is below 90%. Each mutant takes one compilation and a run of the tests that concern it:
half a minute where the file needs the compiler's intermediate representation, some seconds where it does not.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.build import ROOT, require_tools

LEAST_PERCENT = 90
TIMEOUT_SECONDS = 900
# File -> the functions in which money is decided; the rest reads, tells, or is checked elsewhere.
TARGETS: dict[str, tuple[str, ...]] = {
    "src/PeerRegistry.sol": (
        "stake",
        "beginUnstake",
        "unstake",
        "slashFor",
        "withdrawReward",
        "pause",
        "_slash",
        "_leave",
        "_thawEnd",
    ),
    "src/libraries/EpochCounts.sol": ("set", "countIn", "_listedIn"),
    "src/libraries/Quorum.sol": ("signers", "check"),
    "src/ProjectState.sol": ("fund", "claim", "requestClose", "close", "_available", "_reserved", "_isComplete"),
    "src/TrainingProject.sol": (
        "_checkStake",
        "_checkResult",
        "_checkQuorum",
        "finalize",
        "skipRound",
        "voidRound",
        "slashProven",
    ),
    "src/Attendance.sol": ("punishSilence", "leak", "_takeBond", "weigh"),
}
# What stands alone is compiled alone, without the intermediate representation: seconds instead of half a minute.
ALONE = ("src/PeerRegistry.sol", "src/libraries/EpochCounts.sol")
PROJECT_TESTS = "RoundsTest|ResultsTest|VoidsTest|BudgetTest|AbsenceTest|AttendanceTest|DrawingTest"
ALONE_TESTS = "PeerRegistryTest|EpochCountsTest"
SKIPPED = (
    "*/Disputes* src/OutputCourt.sol src/Treasury.sol */Court* */fuzz/Hamming* */invariant/* */attack/* */Paths.sol"
)
SKIPPED_ALONE = (
    "src/TrainingProject.sol src/ProjectState.sol src/ProjectFactory.sol src/Attendance.sol */support/Swarm* "
    "*/support/Actor* */unit/[A-OQ-Z]* */unit/Project* */fuzz/S* */fuzz/T*"
)

# What is written for what; one at a time.
OPERATORS: tuple[tuple[str, str], ...] = (
    (r" < ", " <= "),
    (r" <= ", " < "),
    (r" > ", " >= "),
    (r" >= ", " > "),
    (r" == ", " != "),
    (r" != ", " == "),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" \* ", " / "),
    (r" / ", " * "),
    (r" \+= ", " -= "),
    (r" -= ", " += "),
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r"\+\+", "--"),
    (r"--(?!>)", "++"),
)
STATEMENT = re.compile(r"^\s+(?:if \(.*\) revert .*;|[\w.\[\]]+ [-+]?= [^;]+;|_?\w+\([^;{]*\);)$")


@dataclass(frozen=True)
class Mutant:
    """One change: a line of a file, and what stands there instead."""

    file: str
    line: int
    text: str


def function_lines(source: Sequence[str], names: Sequence[str]) -> Iterator[int]:
    """Indices of the lines of these functions' bodies."""
    inside = False
    for index, line in enumerate(source):
        if match := re.match(r"^    function (\w+)\(", line):
            inside = match[1] in names
        elif line == "    }":
            inside = False
        elif inside and not line.strip().startswith(("//", "///", "*", "event", "emit")):
            yield index


def mutants_of(file: str, source: Sequence[str], names: Sequence[str]) -> list[Mutant]:
    """Every operator exchanged, and every simple statement left out."""
    found: list[Mutant] = []
    for index in function_lines(source, names):
        line = source[index]
        code = line.split("//")[0]
        for pattern, other in OPERATORS:
            for match in re.finditer(pattern, code):
                if "for (" in code and ("++" in match[0] or " < " in match[0]):
                    continue  # loops that never end say nothing
                found.append(Mutant(file, index, line[: match.start()] + other + line[match.end() :]))
        if STATEMENT.match(code.rstrip()) and not code.strip().startswith(
            ("return", "uint", "bytes", "bool", "address")
        ):
            found.append(Mutant(file, index, ""))
    return found


def survives(folder: Path, mutant: Mutant) -> bool:
    """Whether no test notices. The file is as it was afterwards."""
    path = folder / mutant.file
    before = path.read_text("utf-8")
    lines = before.split("\n")
    lines[mutant.line] = mutant.text
    path.write_text("\n".join(lines), "utf-8")
    alone = mutant.file in ALONE
    profile = "alone" if alone else "sources"
    environment = {**os.environ, "SWARMPROOF_SOURCES": "true", "FOUNDRY_PROFILE": profile}
    tests = ALONE_TESTS if alone else f"{ALONE_TESTS}|{PROJECT_TESTS}"
    command = ["node_modules/.bin/forge", "test", "--fail-fast", "--match-contract", f"^({tests})$"]
    for pattern in f"{SKIPPED} {SKIPPED_ALONE if alone else ''}".split():
        command += ["--skip", pattern]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=False, timeout=TIMEOUT_SECONDS
        )
        # With --fail-fast, forge ends with 0 whatever happened.
        return done.returncode == 0 and b"Suite result: ok" in done.stdout and b"FAIL" not in done.stdout
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(before, "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutate_contracts", description=__doc__.split("\n")[0])
    parser.add_argument("--files", nargs="+", choices=sorted(TARGETS), default=sorted(TARGETS), help="default: all")
    parser.add_argument("--every", type=int, default=1, help="take only each so-manieth mutant (default 1)")
    options = parser.parse_args(arguments)
    require_tools()
    killed = total = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "contracts"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("node_modules", "out", "cache", "__pycache__"))
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        if not survives(folder, Mutant(options.files[0], 0, (folder / options.files[0]).read_text().split("\n")[0])):
            print("the tests fail as it is", file=sys.stderr)
            return 1
        for file in options.files:
            source = (folder / file).read_text("utf-8").split("\n")
            for mutant in mutants_of(file, source, TARGETS[file])[:: options.every]:
                alive = survives(folder, mutant)
                total += 1
                killed += not alive
                if alive:
                    print(f"survived: {file}:{mutant.line + 1}: {mutant.text.strip() or '(left out)'}", flush=True)
            print(f"{file}: {killed} of {total} so far", flush=True)
    print(f"killed {killed} of {total}: {100 * killed / max(total, 1):.1f}%")
    return 0 if 100 * killed >= LEAST_PERCENT * total else 1


if __name__ == "__main__":
    sys.exit(main())
