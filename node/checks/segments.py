"""How a seat's round is cut into the segments of its trace (`node.checks.trace`).

On its own, because whoever audits draws checks and trains nothing: it need not wait for torch.
"""

from __future__ import annotations

import itertools

from node.manifest import Manifest


def segments_of(manifest: Manifest) -> tuple[range, ...]:
    """The local steps of each segment: as even as they go, and no more segments than steps."""
    steps = manifest.local.steps
    count = min(manifest.checks.segments, steps)
    cuts = [steps * index // count for index in range(count + 1)]
    return tuple(range(first, stop) for first, stop in itertools.pairwise(cuts))
