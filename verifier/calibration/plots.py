"""Both distributions of a hash in one picture: distances of honest outputs and of cheats, with the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from verifier.calibration.measure import Figures

FORMATS: Final = ("png", "svg")
_LEAST_SHARE: Final = 1e-5
_HONEST_COLOUR, _THRESHOLD_COLOUR, _CHEAT_COLOURS = "#1b7837", "#222222", "plasma"


def draw(figures: Figures, folder: Path) -> list[Path]:
    """Draw one hash: above, each distribution's share by distance; below, what is accepted were T so large.

    Returns the files, none where matplotlib is missing. Raises OSError.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        return []
    named: list[tuple[str, Sequence[int]]] = [("honest", figures.histogram)]
    named += [(cheat.name, cheat.histogram) for cheat in figures.cheats]
    colours = [_HONEST_COLOUR, *mpl.colormaps[_CHEAT_COLOURS](np.linspace(0.05, 0.9, len(named) - 1))]
    with mpl.rc_context({"svg.hashsalt": figures.hash}):  # the same figures give the same file
        canvas = Canvas(figsize=(9, 7))
        above, below = canvas.subplots(2, 1, sharex=True)
        canvas.subplots_adjust(left=0.09, right=0.98, top=0.95, bottom=0.08, hspace=0.08)
        for (name, histogram), colour in zip(named, colours, strict=True):
            _curves(above, below, name, np.asarray(histogram), colour)
        for axes in (above, below):
            axes.axvline(figures.threshold, color=_THRESHOLD_COLOUR, linestyle="--", linewidth=1)
            axes.set_yscale("log")
            axes.set_ylim(_LEAST_SHARE, 1.5)
            axes.grid(alpha=0.25)
        above.set_title(f"{figures.hash}: T = {figures.threshold}")
        above.set_ylabel("share of outputs")
        above.legend(fontsize=8, ncols=2)
        below.set_ylabel("share within the distance")
        below.set_xlabel("distance to an honest output, bits of 256")
        paths = [folder / f"distances-{figures.hash}.{ending}" for ending in FORMATS]
        for path in paths:
            canvas.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})
    return paths


def _curves(above: Any, below: Any, name: str, counts: np.ndarray[Any, Any], colour: Any) -> None:
    shares = counts / counts.sum()
    style = {"color": colour, "linewidth": 2.2 if name == "honest" else 1.2}
    present = np.flatnonzero(counts)
    above.plot(present, shares[present], marker=".", markersize=4, label=name, **style)
    below.step(np.arange(len(counts)), np.cumsum(shares), where="post", **style)
