"""The report of a calibration, for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from verifier.calibration import statistics
from verifier.calibration.calibrated import Calibrated, claims
from verifier.calibration.measure import CheatFigures
from verifier.classes import Trial
from verifier.committee import DIGEST_BITS, Verdict

NEIGHBOUR: Final = "bf16"  # another class, honest in its own: what mixing the two would cost


def markdown(calibrated: Calibrated) -> str:
    """How thresholds were chosen, what honest outputs and cheats do at them, and what nothing can tell apart."""
    parts = [_head(calibrated), _claims(calibrated), _thresholds(calibrated)]
    parts.append(_by_cheat(calibrated, "Cheats within T of an honest output", lambda cheat: _share(cheat.accepted)))
    parts.append(_by_cheat(calibrated, "Bits from cheat to nearest honest output: least, median", _nearest))
    parts += [_committees(calibrated), _all_pairs(calibrated), _mixed(calibrated)]
    parts.append(_same(calibrated))
    if calibrated.samples.impossible:
        parts.append("Cheats that this class rules out: " + "; ".join(calibrated.samples.impossible) + ".\n")
    return "\n".join(part for part in parts if part)


def _head(calibrated: Calibrated) -> str:
    plan, class_ = calibrated.samples.plan, calibrated.class_
    sampling = ", ".join(f"{name} {value}" for name, value in vars(class_.sampling).items())
    return (
        f"# Calibration: {class_.task}\n\n"
        f"Checkpoint `{class_.checkpoint_digest.hex()}`, {sampling}.\n"
        f"Hash `{class_.hash}`: threshold **{class_.threshold}** of {DIGEST_BITS} bits; keyed digests of appeals: "
        f"**{class_.appeal_threshold}**.\n\n"
        f"{plan.half:,} jobs chose the thresholds, {plan.half:,} others were measured at them, "
        f"{plan.measured_cheat_jobs:,} of these for each cheat. Pairs share no output; upper bounds are one-sided "
        "Clopper-Pearson at 95 %. Each honest job was done in four ways: "
        f"{', '.join(variant.name for variant in plan.variants)}.\n\n"
        f"Data root `{class_.calibration.data_root.hex()}`, code `{class_.code_hash.hex()}`.\n"
    )


def _claims(calibrated: Calibrated) -> str:
    rows = [
        [
            claim.sentence,
            f"{claim.trial.errors:,} of {claim.trial.comparisons:,}",
            _percent(claim.bound),
            _percent(claim.below),
            "yes" if claim.proven else "**no**",
        ]
        for claim in claims(calibrated)
    ]
    return _table("What is proven", ["rate", "found", "upper bound", "to stay below", "proven"], rows)


def _thresholds(calibrated: Calibrated) -> str:
    columns = ["hash", "largest honest distance", "T", "honest outputs beyond T", "honest committees not accepting"]
    rows = [
        [f"`{it.hash}`", str(it.largest_noise), str(it.threshold), _share(it.honest), _share(it.committees)]
        for it in calibrated.figures
    ]
    return _table("Thresholds", columns, rows)


def _by_cheat(calibrated: Calibrated, title: str, cell: Callable[[CheatFigures], str]) -> str:
    columns = ["cheat", *(f"`{figures.hash}`, T = {figures.threshold}" for figures in calibrated.figures)]
    by_name: dict[str, list[str]] = {}
    for figures in calibrated.figures:
        for cheat in figures.cheats:
            by_name.setdefault(cheat.name, [f"`{cheat.name}`"]).append(cell(cheat))
    return _table(title, columns, list(by_name.values()))


def _same(calibrated: Calibrated) -> str:
    same = [f"{cheat.same:,} of `{cheat.name}`" for cheat in calibrated.of_class[0].cheats if cheat.same]
    if not same:
        return ""
    return (
        "Left out everywhere, because output and path are the honest ones bit for bit, so that nothing was gained and "
        f"nothing can be told: {', '.join(same)}.\n"
    )


def _committees(calibrated: Calibrated) -> str:
    columns = ["hash", "cheat", *Verdict, "detected at least", "honest worker accepted beside one such verifier"]
    rows = []
    for figures in calibrated.of_class:
        for cheat in figures.cheats:
            counts = [f"{cheat.verdicts[verdict]:,}" for verdict in Verdict]
            missed, jobs = cheat.undetected, cheat.undetected.comparisons
            least = 1 - statistics.upper_bound(missed.errors, jobs)
            rows.append(
                [f"`{figures.hash}`", f"`{cheat.name}`", *counts, _percent(least), f"{cheat.outvoted:,} of {jobs:,}"]
            )
    return _table("Three honest verifiers judge a cheat", columns, rows)


def _all_pairs(calibrated: Calibrated) -> str:
    columns = ["hash", "outputs", "pairs", "within T", "bound if pairs were independent", "bootstrap over outputs"]
    rows = [
        [
            f"`{figures.hash}`",
            f"{sum(found.images):,}",
            f"{found.pairs:,}",
            f"{found.collisions:,}",
            _percent(found.naive_upper),
            "–" if found.bootstrap_upper is None else _percent(found.bootstrap_upper),
        ]
        for figures in calibrated.figures
        if (found := figures.all_pairs) is not None
    ]
    return _table("All pairs of outputs of one prompt", columns, rows)


def _mixed(calibrated: Calibrated) -> str:
    """Cheats that come in when the threshold is opened for the neighbouring class."""
    rows, columns = [], []
    for figures in calibrated.figures:
        found = {cheat.name: cheat for cheat in figures.cheats}
        if NEIGHBOUR not in found or found[NEIGHBOUR].accepted.comparisons == 0:
            continue
        threshold = _covering(found[NEIGHBOUR].histogram, 0.999)
        others = [cheat for cheat in figures.cheats if cheat.name != NEIGHBOUR]
        columns = [f"`{cheat.name}`" for cheat in others]
        shares = [_percent(_within(cheat.histogram, threshold)) for cheat in others]
        rows.append([f"`{figures.hash}`", str(threshold), *shares])
    title = f"Were {NEIGHBOUR} honest too: T that lets 99.9 % of it in, and what else comes in"
    return _table(title, ["hash", "T", *columns], rows)


def _covering(histogram: Sequence[int], share: float) -> int:
    """The smallest even threshold within which that share of the distances lies."""
    reached = np.cumsum(histogram) >= share * sum(histogram)
    threshold = int(np.argmax(reached))
    return threshold + threshold % 2


def _within(histogram: Sequence[int], threshold: int) -> float:
    return sum(histogram[: threshold + 1]) / max(1, sum(histogram))


def _nearest(cheat: CheatFigures) -> str:
    counts = np.cumsum(cheat.histogram)
    least, median = int(np.argmax(counts > 0)), int(np.argmax(counts >= counts[-1] / 2))
    return f"{least}, {median}"


def _share(trial: Trial) -> str:
    bound = statistics.upper_bound(trial.errors, trial.comparisons)
    return f"{trial.errors:,} of {trial.comparisons:,} (< {_percent(bound)})"


def _percent(rate: float) -> str:
    return f"{100 * rate:.4g} %"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = ["| " + " | ".join(cells) + " |" for cells in (columns, ["---"] * len(columns), *rows)]
    return "\n".join([f"## {title}", "", *lines]) + "\n"
