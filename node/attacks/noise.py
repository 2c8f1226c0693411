"""Noise: a free rider sends random numbers of the size an honest update has."""

from __future__ import annotations

import hashlib

import numpy as np

from node.attacks.base import Attack, AttackView, FloatVector


class Noise(Attack):
    """Gaussian noise with the norm of the trained update."""

    name = "noise"

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """Noise with the norm of `update`, which is its seed too: no two seats send the same noise."""
        seed = int.from_bytes(hashlib.sha256(update.tobytes()).digest(), "big")
        noise = np.random.Generator(np.random.PCG64(seed)).standard_normal(len(update)).astype(np.float32)
        norm = float(np.linalg.norm(noise))
        return noise * np.float32(np.linalg.norm(update) / norm) if norm > 0 else noise
