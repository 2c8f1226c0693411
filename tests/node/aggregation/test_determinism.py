"""One digest, whatever computes it: libraries, threads, instruction sets, BLAS kernels. Real processes each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

ROOT = Path(__file__).parents[3]
GOLDEN = json.loads((Path(__file__).parent / "golden" / "determinism.json").read_text())


class Setting(NamedTuple):
    """How one process computes."""

    path: str
    threads: int
    environment: dict[str, str]


def settings() -> list[Setting]:
    """Everything this processor can run: asking a library for more than that would kill the process."""
    best = torch.backends.cpu.get_cpu_capability()
    levels = ["default", "avx2", "avx512"][: 1 + ["DEFAULT", "AVX2", "AVX512"].index(best)] if "AVX" in best else []
    kernels = ["Prescott", "Haswell", "SkylakeX"][: len(levels)]
    simd = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return [
        Setting("numpy", 1, {}),
        Setting("numpy", 2, {}),
        Setting("numpy", 1, {"NPY_DISABLE_CPU_FEATURES": " ".join(simd)} if simd else {}),
        *(Setting("numpy", 2, {"OPENBLAS_CORETYPE": kernel}) for kernel in kernels),
        Setting("torch", 2, {}),
        *(Setting("torch", 1, {"ATEN_CPU_CAPABILITY": level}) for level in levels),
    ]


def run(setting: Setting) -> dict[str, Any]:
    threads = str(setting.threads)
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, **setting.environment}
    command = [sys.executable, "-m", "tests.node.aggregation.determinism_program", setting.path, threads]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{setting}: {done.stderr}"
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_every_setting_gives_the_golden_digest() -> None:
    with ThreadPoolExecutor(2) as pool:
        reports = {f"{setting}": report for setting, report in zip(settings(), pool.map(run, settings()), strict=True)}
    for digest in ("digest", "ordered_digest", "judged_digest"):
        assert {name: report[digest] for name, report in reports.items()} == dict.fromkeys(reports, GOLDEN[digest])
    assert {report["threads"] for report in reports.values()} == {1, 2}
    # What makes the line above worth something: the same settings do not agree on floats.
    assert len({report["float_digest"] for report in reports.values()}) > 1
