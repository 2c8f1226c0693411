"""What a calibration leaves in its folder: the class file, all figures as JSON, a page for people, plots."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from node.errors import StateError
from verifier.calibration import statistics
from verifier.calibration.calibrated import Calibrated, claims
from verifier.calibration.markdown import markdown
from verifier.calibration.measure import Figures
from verifier.calibration.plots import draw
from verifier.classes import Trial

CLASS_FILE: Final = "class.json"
DOCUMENT_FILE: Final = "calibration.json"
PAGE_FILE: Final = "calibration.md"


def write_report(calibrated: Calibrated, folder: Path) -> list[Path]:
    """Write class file, JSON, Markdown and, where matplotlib is installed, plots. Returns the files in that order.

    Raises StateError when one cannot be written, for instance on a full disk.
    """
    contents = {
        CLASS_FILE: calibrated.class_.to_json(),
        DOCUMENT_FILE: json.dumps(document(calibrated), indent=1) + "\n",
        PAGE_FILE: markdown(calibrated),
    }
    try:
        for name, text in contents.items():
            (folder / name).write_text(text, encoding="utf-8")
        plots = [path for figures in calibrated.of_class for path in draw(figures, folder)]
    except OSError as error:
        raise StateError(f"the report in {folder} cannot be written: {error.strerror}") from error
    return [*(folder / name for name in contents), *plots]


def document(calibrated: Calibrated) -> dict[str, Any]:
    """All of it as one JSON object: the class, what is proven, and every hash's counts, bounds and histograms."""
    plan = calibrated.samples.plan
    return {
        "class": json.loads(calibrated.class_.to_json()),
        "jobs": {"choosing": plan.half, "measured": plan.half, "each_cheat": plan.measured_cheat_jobs},
        "seed": plan.seed,
        "prompts": list(plan.prompts),
        "claims": [
            {"rate": claim.sentence, **_counts(claim.trial), "below": claim.below, "proven": claim.proven}
            for claim in claims(calibrated)
        ],
        "hashes": [_figures(figures) for figures in calibrated.figures],
        "impossible": list(calibrated.samples.impossible),
        "seconds": round(calibrated.seconds, 1),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        **asdict(figures),
        "honest": _counts(figures.honest),
        "committees": _counts(figures.committees),
        "cheats": [
            {**asdict(cheat), "accepted": _counts(cheat.accepted), "undetected": _counts(cheat.undetected)}
            for cheat in figures.cheats
        ],
    }


def _counts(trial: Trial) -> dict[str, Any]:
    upper = statistics.upper_bound(trial.errors, trial.comparisons)
    low, high = statistics.interval(trial.errors, trial.comparisons)
    return {"errors": trial.errors, "of": trial.comparisons, "upper_95": upper, "interval_95": [low, high]}
