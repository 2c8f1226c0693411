"""The encoder may use floats, yet gives the same bytes with any number of threads and any instruction set."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from node.codec import encode
from tests.node.codec import reference
from tests.node.codec.determinism_program import MANIFEST, vector
from tests.node.codec.layouts import header_for

ROOT = Path(__file__).parents[3]


def digest_with(**environment: str) -> str:
    command = [sys.executable, "-m", "tests.node.codec.determinism_program"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_threads_and_instruction_sets_give_the_bytes_of_the_integer_reference() -> None:
    header = header_for(MANIFEST)
    header_bytes = reference.header(
        header.run_id, header.round, header.seat, header.base_digest, header.manifest_digest, header.trace_root
    )
    expected = hashlib.sha256(reference.encode(vector().tolist(), MANIFEST, header_bytes)).hexdigest()
    simd = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    found = {
        "one thread": digest_with(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"),
        "two threads": digest_with(OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2"),
        "no vector instructions": digest_with(NPY_DISABLE_CPU_FEATURES=" ".join(simd)),
        "this process": hashlib.sha256(encode(vector(), MANIFEST, header)).hexdigest(),
    }
    assert found == dict.fromkeys(found, expected)
