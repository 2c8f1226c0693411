"""A calibration from beginning to end: make, measure, write."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contracts.values import Address
from node.errors import HashError
from node.generation.task import GenerativeTask
from node.lab.results import ResultsFile
from verifier.calibration.calibrated import Calibrated, output_class
from verifier.calibration.measure import measure
from verifier.calibration.other_hashes import find_hash
from verifier.calibration.plan import Plan
from verifier.calibration.report import write_report
from verifier.calibration.samples import APPEAL, Report, collect
from verifier.cheats.base import LoadModel
from verifier.errors import CalibrationError

DIGESTS_FILE: Final = "digests.jsonl"


def calibrate(
    plan: Plan,
    task: GenerativeTask,
    load: LoadModel,
    history: Sequence[bytes],
    *,
    manifest_digest: bytes,
    project: Address,
    folder: Path,
    report: Report,
) -> tuple[Calibrated, list[Path]]:
    """Calibrate the class whose hash is the first of the plan's; the others are measured beside it.

    Digests are kept in `folder` as they are made, so that the same call goes on after an interruption. Returns what was
    found and the files written. Raises CalibrationError, HashError, GenerationError, StateError.
    """
    _require_hashes(plan, task)
    started = time.monotonic()
    with ResultsFile(folder / DIGESTS_FILE) as file:
        samples = collect(plan, task, load, history, file, report)
    figures = tuple(measure(samples, name) for name in (*plan.hashes, APPEAL))
    class_ = output_class(samples, figures, project=project, manifest_digest=manifest_digest, hash_name=plan.hashes[0])
    calibrated = Calibrated(class_, figures, samples, time.monotonic() - started)
    return calibrated, write_report(calibrated, folder)


def _require_hashes(plan: Plan, task: GenerativeTask) -> None:
    kind = plan.sampling.kind
    for name in plan.hashes:
        try:
            kinds = find_hash(name).kinds
        except HashError as error:
            raise CalibrationError(str(error)) from error
        if kind not in kinds:
            raise CalibrationError(f"hash {name} takes {' and '.join(kinds)}, task {task.name} makes {kind}s")
