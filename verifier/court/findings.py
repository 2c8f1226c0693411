"""What a party has found out about jobs that the chain does not tell, and for how long that is worth anything."""

from __future__ import annotations

from collections.abc import Container, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from contracts.court_values import Member, Opening, SignedEntry
from verifier.court.gathering import opens
from verifier.court.job import Job, JobRound

Draw = tuple[bytes, int, int]  # job, round, pinned block
InRound = tuple[bytes, int]  # job, round
Keyed = tuple[bytes, int, bytes]  # job, round, and the seed or key of its digests


@dataclass(frozen=True)
class Findings:
    """Grows while jobs go on.

    `beacons`: seeds and keys that nobody has recorded; `drawn`: committees the court named; `offered`: the beacon of
    the answer whose commitment is signed and served; `signed`: signed commitments at hand, by index; `together`: since
    when there are all of them. `gathered`: openings of others, by index. `remade`: digests of outputs made as a check.
    """

    beacons: dict[Draw, bytes] = field(default_factory=dict)
    drawn: dict[Draw, tuple[Member, ...]] = field(default_factory=dict)
    offered: dict[Draw, bytes] = field(default_factory=dict)
    signed: dict[Draw, dict[int, SignedEntry]] = field(default_factory=dict)
    together: dict[Draw, int] = field(default_factory=dict)
    gathered: dict[InRound, dict[int, Opening]] = field(default_factory=dict)
    remade: dict[Keyed, int] = field(default_factory=dict)

    def openings(self, job: Job, round_: JobRound, own: Opening | None) -> dict[int, Opening]:
        """All openings at hand by index: from the chain, from others, and the own one if it may be shown.

        Others and we may have committed to something else since, on a chain that was reorganised.
        """
        held = dict(self.gathered.get((job.job_id, round_.number), {}))
        if own is not None:
            held[own.index] = own
        fitting = {index: opening for index, opening in held.items() if opens(job, round_, opening)}
        return fitting | {index: opened.opening for index, opened in round_.openings.items()}

    def forget_draw(self, draw: Draw) -> None:
        """The block it was drawn from is no more."""
        for found in (self.beacons, self.drawn, self.offered, self.signed, self.together):
            found.pop(draw, None)

    def keep_only(self, jobs: Container[bytes]) -> None:
        """Forget what is known of all jobs but these."""
        everything: tuple[MutableMapping[Any, Any], ...] = (
            *(self.beacons, self.drawn, self.offered, self.signed, self.together),
            *(self.gathered, self.remade),
        )
        for found in everything:
            for key in [key for key in found if key[0] not in jobs]:
                del found[key]
