"""Break the contracts where money is decided, one place at a time, and see that a test notices.

python -m scripts.mutate_contracts [--files NAME ...] [--every N] [--workers N] [--report FILE]

Each worker has a copy of the contracts in a temporary folder. A mutant is killed when a test fails, and counts for
nothing when it does not compile; the score is killed out of those that do. Ends with 1 where it is below 90%. Each
mutant takes one compilation and a run of the tests that concern it: about a minute where the file needs the compiler's
intermediate representation, some seconds where it does not. Every verdict is kept in `build/mutation.jsonl` at once:
who breaks off goes on from there, until a source or a test changes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from contracts.build import ROOT, require_tools

LEAST_PERCENT = 90
TIMEOUT_SECONDS = 900
VERDICTS = ROOT.parent / "build" / "mutation.jsonl"


@dataclass(frozen=True)
class Suite:
    """Tests that concern a file, and what need not be compiled for them; forge's profile says how sources are."""

    profile: str
    tests: str
    skipped: str


EVERYWHERE = "*/Paths.sol */invariant/* */attack/* */symbolic/* */fuzz/Hamming* */unit/*Gas*"
# What stands alone is compiled alone, without the intermediate representation: seconds instead of half a minute.
ALONE = Suite(
    "alone",
    "PeerRegistryTest|PeerRegistrySlashingTest|EpochCountsTest",
    f"{EVERYWHERE} */Disputes* src/*Court.sol src/Treasury.sol */Court* src/TrainingProject.sol src/ProjectState.sol "
    "src/ProjectFactory.sol src/Attendance.sol */support/Swarm* */support/Actor* */unit/[A-OQ-Z]* */unit/Project* "
    "*/fuzz/S* */fuzz/T*",
)
PROJECT = Suite(
    "sources",
    f"{ALONE.tests}|RoundsTest|ResultsTest|VoidsTest|BudgetTest|AbsenceTest|AttendanceTest|DrawingTest",
    f"{EVERYWHERE} */Disputes* src/OutputCourt.sol src/Treasury.sol */Court*",
)
PROOFS = Suite(
    "sources",
    "Disputes[A-Za-z]*Test",
    "*/invariant/* */attack/* */symbolic/* */fuzz/* */unit/*Gas* src/OutputCourt.sol src/Treasury.sol */Court* "
    "*/unit/[A-CE-Z]* */unit/Drawing*",
)
COURT = Suite(
    "sources",
    "Court[A-Za-z]*Test",
    "*/invariant/* */symbolic/* */fuzz/* */unit/*Gas* */unit/[ABD-Z]* */attack/[ABD-Z]* */Disputes* */support/Swarm* "
    "*/support/Actor* src/TrainingProject.sol src/ProjectState.sol src/ProjectFactory.sol src/Attendance.sol",
)


class Target(NamedTuple):
    """The functions of a file in which money is decided; the rest reads, tells, or is checked elsewhere."""

    suite: Suite
    functions: str


TARGETS: Mapping[str, Target] = {
    "src/PeerRegistry.sol": Target(
        ALONE, "stake beginUnstake unstake slashFor withdrawReward pause _slash _leave _thawEnd"
    ),
    "src/libraries/EpochCounts.sol": Target(ALONE, "set countIn _listedIn"),
    "src/libraries/Quorum.sol": Target(PROJECT, "signers check"),
    "src/ProjectState.sol": Target(PROJECT, "fund claim requestClose close _available _reserved _isComplete"),
    "src/TrainingProject.sol": Target(
        PROJECT, "_checkStake _checkResult _checkQuorum finalize skipRound voidRound slashProven"
    ),
    "src/Attendance.sol": Target(PROJECT, "punishSilence leak _takeBond weigh"),
    "src/Disputes.sol": Target(
        PROOFS, "proveAvailability proveEquivocation slashSigners _conclude _votes _checkSeats _checkAscending"
    ),
    "src/libraries/Cases.sol": Target(PROOFS, "check checkArithmetic _checkBase"),
    "src/libraries/Contributions.sol": Target(PROOFS, "count rootAndSum get seatAndWeight"),
    "src/libraries/Aggregate.sol": Target(PROOFS, "isWrong step _sum _weighted _checkTensor _require _rounded"),
    "src/libraries/Records.sol": Target(PROOFS, "chunkAt valueAt _entryCount _isPadded _dense _sparse"),
    "src/libraries/Shares.sol": Target(PROOFS, "isWrong rootOf _isRewardWrong _following _paid"),
    "src/libraries/InputSet.sol": Target(
        PROOFS, "isWrong _owners _isSilenceWrong _isDirectMissing _isConsistent _gather _areCopiesWrong"
    ),
    "src/libraries/Revealed.sol": Target(PROOFS, "read find seatAt _isSigned _firstOf"),
    "src/libraries/Settlement.sol": Target(COURT, "rightOf divide _add"),
    "src/Treasury.sol": Target(COURT, "deposit withdraw _credit _debit _reward _strike"),
}

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

    def applied(self, source: str) -> str:
        """The source with the change."""
        lines = source.split("\n")
        lines[self.line] = self.text
        return "\n".join(lines)

    def __str__(self) -> str:
        return f"{self.file}:{self.line + 1}: {self.text.strip() or '(left out)'}"


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


class Verdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    INVALID = "does not compile"


def verdict_on(folder: Path, mutant: Mutant) -> Verdict:
    """What the tests say of it. The file is as it was afterwards."""
    path = folder / mutant.file
    before = path.read_text("utf-8")
    path.write_text(mutant.applied(before), "utf-8")
    try:
        return run_tests(folder, TARGETS[mutant.file].suite)
    finally:
        path.write_text(before, "utf-8")


def run_tests(folder: Path, suite: Suite) -> Verdict:
    """What the tests say of the folder as it is: it survives where all pass."""
    environment = {**os.environ, "SWARMPROOF_SOURCES": "true", "FOUNDRY_PROFILE": suite.profile}
    command = ["node_modules/.bin/forge", "test", "--fail-fast", "--match-contract", f"^({suite.tests})$"]
    for pattern in suite.skipped.split():
        command += ["--skip", pattern]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return Verdict.KILLED
    # With --fail-fast, forge ends with 0 whatever happened.
    if done.returncode == 0 and b"Suite result: ok" in done.stdout and b"FAIL" not in done.stdout:
        return Verdict.SURVIVED
    return Verdict.INVALID if b"Compiler run failed" in done.stdout + done.stderr else Verdict.KILLED


class Verdicts:
    """What is known of mutants, on disk. A verdict holds for these sources and tests only."""

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._sources = {name: (root / name).read_text("utf-8") for name in TARGETS}
        files = sorted([*root.glob("src/**/*.sol"), *root.glob("test/**/*.sol"), root / "foundry.toml"])
        self._tree = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        rows = path.read_text("utf-8").splitlines() if path.exists() else []
        self._known = {row["key"]: Verdict(row["verdict"]) for row in map(json.loads, rows)}

    def get(self, mutant: Mutant) -> Verdict | None:
        """What became of it; None: not known."""
        return self._known.get(self._key(mutant))

    def add(self, mutant: Mutant, verdict: Verdict) -> None:
        """Keep what became of a mutant."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        row = {"key": self._key(mutant), "verdict": verdict, "mutant": str(mutant)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _key(self, mutant: Mutant) -> str:
        mutated = mutant.applied(self._sources[mutant.file])
        return hashlib.sha256(f"{self._tree}\n{mutant.file}\n{mutated}".encode()).hexdigest()


def copy_contracts(folder: Path) -> Path:
    """What forge needs of the contracts, with the packages shared."""
    copy = folder / "contracts"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("node_modules", "out", "cache", "__pycache__"))
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    return copy


def judge(mutants: Sequence[Mutant], verdicts: Verdicts, workers: int, base: Path) -> Iterator[tuple[Mutant, Verdict]]:
    """Each mutant and what becomes of it, in order. Raises RuntimeError where the tests fail as it is."""
    folders: SimpleQueue[Path] = SimpleQueue()
    suites = {TARGETS[mutant.file].suite for mutant in mutants if verdicts.get(mutant) is None}

    def prepare(index: int) -> None:
        folder = copy_contracts(base / str(index))
        if not all(run_tests(folder, suite) is Verdict.SURVIVED for suite in suites):
            raise RuntimeError("the tests fail as it is")
        folders.put(folder)

    def judge_one(mutant: Mutant) -> Verdict:
        known = verdicts.get(mutant)
        if known is not None:
            return known
        folder = folders.get()
        try:
            return verdict_on(folder, mutant)
        finally:
            folders.put(folder)

    with ThreadPoolExecutor(workers) as pool:
        if suites:
            list(pool.map(prepare, range(workers)))
        for mutant, verdict in zip(mutants, pool.map(judge_one, mutants), strict=True):
            if verdicts.get(mutant) is None:
                verdicts.add(mutant, verdict)
            yield mutant, verdict


def score(verdicts: Iterable[Verdict]) -> tuple[int, int]:
    """How many were killed, and how many compiled."""
    counted = Counter(verdicts)
    return counted[Verdict.KILLED], counted[Verdict.KILLED] + counted[Verdict.SURVIVED]


def report(results: Sequence[tuple[Mutant, Verdict]], command: str) -> str:
    """A page on what was tried and what survived."""
    files = sorted({mutant.file for mutant, _ in results})
    rows = [
        "# Mutations of the contracts",
        "",
        f"`{command}`",
        "",
        "| file | mutants | killed | |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name in [*files, "together"]:
        killed, valid = score(verdict for mutant, verdict in results if name in (mutant.file, "together"))
        rows.append(f"| {name} | {valid} | {killed} | {100 * killed / max(valid, 1):.1f}% |")
    alive = [mutant for mutant, verdict in results if verdict is Verdict.SURVIVED]
    rows += ["", "## Survivors", "", *([f"- `{mutant}`" for mutant in alive] or ["None."])]
    return "\n".join(rows) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutate_contracts", description=__doc__.split("\n")[0])
    parser.add_argument("--files", nargs="+", choices=list(TARGETS), default=list(TARGETS), help="default: all")
    parser.add_argument(
        "--every", type=int, default=1, help="take the first of so many mutants of each file (default 1)"
    )
    parser.add_argument("--workers", type=int, default=1, help="mutants at a time (default 1)")
    parser.add_argument("--report", type=Path, help="write a page in Markdown here")
    options = parser.parse_args(arguments)
    require_tools()
    mutants: list[Mutant] = []
    for file in options.files:
        source = (ROOT / file).read_text("utf-8").split("\n")
        mutants += mutants_of(file, source, TARGETS[file].functions.split())[:: options.every]
    results: list[tuple[Mutant, Verdict]] = []
    with tempfile.TemporaryDirectory() as name:
        try:
            for mutant, verdict in judge(mutants, Verdicts(VERDICTS, ROOT), options.workers, Path(name)):
                results.append((mutant, verdict))
                print(f"{len(results)}/{len(mutants)} {verdict}: {mutant}", flush=True)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    killed, valid = score(verdict for _, verdict in results)
    if options.report:
        chosen = "" if options.files == list(TARGETS) else f" --files {' '.join(options.files)}"
        command = f"python -m scripts.mutate_contracts --every {options.every}{chosen}"
        options.report.write_text(report(results, command), "utf-8")
    print(f"killed {killed} of {valid}: {100 * killed / max(valid, 1):.1f}%")
    return 0 if 100 * killed >= LEAST_PERCENT * valid else 1


if __name__ == "__main__":
    sys.exit(main())
