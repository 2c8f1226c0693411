"""What the contracts fixed for a project, and the times a peer keeps to because of that."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.values import ProjectConfiguration

MOST_UNFINALIZED = 16  # rounds: TrainingProject.MAXIMUM_PIPELINE


@dataclass(frozen=True)
class Rules:
    """What the contracts fixed for the project. Durations are chain seconds, `pool_wei` one round's pool.

    `trainers`, `attesters`: how many seats are drawn a round, 0 = all. `silence_bond_bps` 0: silence costs nothing.
    """

    rounds: int
    minimum_seats: int
    pool_wei: int
    attest_seconds: int
    challenge_seconds: int
    epoch_seconds: int
    commit_seconds: int = 0
    availability_seconds: int = 0
    attest_commit_seconds: int = 0
    trainers: int = 0
    attesters: int = 0
    silence_bond_bps: int = 0

    @classmethod
    def of(cls, configuration: ProjectConfiguration, *, epoch_seconds: int) -> Rules:
        """The rules of a project; `epoch_seconds`: of its registry."""
        return cls(
            rounds=configuration.rounds,
            minimum_seats=configuration.minimum_seats,
            pool_wei=configuration.round_pool,
            attest_seconds=configuration.attest_seconds,
            challenge_seconds=configuration.challenge_seconds,
            epoch_seconds=epoch_seconds,
            commit_seconds=configuration.commit_seconds,
            availability_seconds=configuration.availability_seconds,
            attest_commit_seconds=configuration.attest_commit_seconds,
            trainers=configuration.trainers_per_round,
            attesters=configuration.attesters_per_round,
            silence_bond_bps=configuration.silence_bond_bps,
        )

    @property
    def turn_seconds(self) -> int:
        """How long a collector may be silent before the next one may act: a sixth of the time there is to agree."""
        return max(2, (self.attest_commit_seconds or self.attest_seconds) // 6)

    @property
    def search_seconds(self) -> int:
        """How long an attester looks for missing updates before it says what it has: a trickle may go on for hours."""
        return max(1, self.availability_seconds // 2) if self.availability_seconds else 2 * self.turn_seconds

    @property
    def check_seconds(self) -> int:
        """How long an attester works on its spot checks before it says what it has."""
        return max(1, self.availability_seconds // 2, self.turn_seconds // 2)

    @property
    def patience_seconds(self) -> float:
        """How long a spot check waits for the owner of a trace, so that it comes to something before it has to.

        A busy machine needs some seconds to answer; with less than a minute to agree in they may be too many.
        """
        return max(5.0, 0.75 * self.check_seconds)

    @property
    def grace_seconds(self) -> int:
        """How long a collector waits for have-lists that are missing or incomplete."""
        return max(1, self.availability_seconds // 2, 2 * self.turn_seconds // 3)

    @property
    def plea_seconds(self) -> int:
        """How long before the end of the availability window a trainer that is left out goes to the chain."""
        return -(-self.availability_seconds // 3)
