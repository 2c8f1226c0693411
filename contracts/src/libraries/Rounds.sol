// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "../interfaces/IProjectTypes.sol";

/// @title The clock of a round
library Rounds {
    /// @notice One word: all that opening, committing and revealing touch. `promised`: commitments in its batches.
    /// @dev uint40 seconds last for 34,000 years, so block times are cast without a check.
    struct Clock {
        uint40 commitEnd;
        uint24 revealSeconds;
        uint24 availabilitySeconds;
        uint24 attestCommitSeconds;
        uint24 attestSeconds;
        uint24 seats;
        uint24 commits;
        uint32 epoch;
        uint8 batches;
        uint16 promised;
        IProjectTypes.Status status;
    }

    /// @notice A round as stored. `outcome` is written when a result is accepted; `revealsHash`, which tells how many
    /// were revealed, is all that a reveal touches.
    struct Round {
        Clock clock;
        Outcome outcome;
        bytes32 resultHash;
        bytes32 revealsHash;
    }

    /// @notice One word: what the round came to.
    struct Outcome {
        uint40 challengeEnd;
        uint64 previousAccepted;
        uint128 cumulativeTotal;
    }

    /// @notice What the round is at `time`. Reads further words only where the clock does not tell.
    /// @param clock That of the round
    function phaseAt(
        Round storage self, Clock memory clock, uint256 time
    ) internal view returns (IProjectTypes.Phase) {
        IProjectTypes.Status status = clock.status;
        if (status == IProjectTypes.Status.Open) return _openPhaseAt(self, clock, time);
        if (status == IProjectTypes.Status.Accepted) {
            bool isOver = time >= self.outcome.challengeEnd;
            return isOver ? IProjectTypes.Phase.Settled : IProjectTypes.Phase.Challenge;
        }
        if (status == IProjectTypes.Status.Finalized) return IProjectTypes.Phase.Finalized;
        if (status == IProjectTypes.Status.Skipped) return IProjectTypes.Phase.Skipped;
        if (status == IProjectTypes.Status.Voided) return IProjectTypes.Phase.Voided;
        return IProjectTypes.Phase.None;
    }

    /// @notice Ends the commit window at `time`; the later ones move forward with it.
    function endCommits(Clock memory self, uint40 time) internal pure {
        self.commitEnd = time;
    }

    /// @notice Ends the reveal window at `time`; the later ones move forward with it.
    function endReveals(Clock memory self, uint40 time) internal pure {
        self.revealSeconds = uint24(time - self.commitEnd); // less than it was
    }

    /// @notice When the reveal window ends.
    function revealEnd(Clock memory self) internal pure returns (uint40) {
        return self.commitEnd + self.revealSeconds;
    }

    /// @notice When the availability window ends.
    function availabilityEnd(Clock memory self) internal pure returns (uint40) {
        return revealEnd(self) + self.availabilitySeconds;
    }

    /// @notice From when on results are accepted.
    function attestStart(Clock memory self) internal pure returns (uint40) {
        return availabilityEnd(self) + self.attestCommitSeconds;
    }

    /// @notice When the attest window ends.
    function attestEnd(Clock memory self) internal pure returns (uint40) {
        return attestStart(self) + self.attestSeconds;
    }

    function _openPhaseAt(
        Round storage self, Clock memory clock, uint256 time
    ) private view returns (IProjectTypes.Phase) {
        if (time < clock.commitEnd) return IProjectTypes.Phase.Commit;
        if (clock.commits == 0 && clock.batches == 0) return IProjectTypes.Phase.Lapsed;
        if (time < revealEnd(clock)) return IProjectTypes.Phase.Reveal;
        if (self.revealsHash == 0) return IProjectTypes.Phase.Lapsed;
        if (time < availabilityEnd(clock)) return IProjectTypes.Phase.Availability;
        if (time < attestStart(clock)) return IProjectTypes.Phase.AttestCommit;
        if (time < attestEnd(clock)) return IProjectTypes.Phase.Attest;
        return IProjectTypes.Phase.Lapsed;
    }
}
