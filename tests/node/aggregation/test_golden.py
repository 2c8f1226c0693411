"""The committed vectors: what every implementation, on every machine, must come to."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from tests.node.aggregation import reference, torch_path
from tests.node.aggregation.golden_round import FILE, MERITS, SETTINGS, compute, golden_manifest, messages_of, states_of

VECTORS = json.loads(FILE.read_text())


@pytest.mark.parametrize("name", SETTINGS)
def test_rounds_come_to_the_golden_integers(name: str) -> None:
    assert compute(name, VECTORS[name]["messages"]) == VECTORS[name]["expected"]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_reference_comes_to_the_golden_integers(name: str) -> None:
    m, expected = golden_manifest(name), VECTORS[name]["expected"]
    messages, (before, base) = messages_of(VECTORS[name]["messages"]), states_of(name)
    known = reference.products(messages, m, (before.tolist(), base.tolist()))
    assert known.products == expected["products"]
    assert [str(norm) for norm in known.squared_norms] == expected["squared_norms"]
    assert (known.previous, known.previous_square) == (expected["previous"], expected["previous_square"])
    factors, norms = reference.clip(known.squared_norms)
    assert factors == expected["clip_factors"]
    found = reference.contributions(known, expected["chosen"], norms, MERITS, m.byzantine)
    assert found == (expected["scores"], expected["merits"])
    newcomers = reference.contributions(known, expected["chosen"], norms, [0] * len(norms), m.byzantine)
    assert list(newcomers) == expected["newcomers"]
    theta = reference.next_theta(base.tolist(), messages, expected["weights"], expected["chosen"], m)
    assert hashlib.sha256(np.array(theta, dtype="<i4").tobytes()).hexdigest() == expected["theta_sha256"]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_torch_comes_to_the_golden_integers(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("this machine has no GPU that torch can use")
    for name in ("plain mean", "multi-krum, skipping"):
        m, expected = golden_manifest(name), VECTORS[name]["expected"]
        messages, (_, base) = messages_of(VECTORS[name]["messages"]), states_of(name)
        assert torch_path.gram(messages, m.layout, device=device) == expected["products"]
        theta = torch_path.next_theta(base, messages, expected["weights"], m, device=device)
        assert hashlib.sha256(theta.astype("<i4").tobytes()).hexdigest() == expected["theta_sha256"]
