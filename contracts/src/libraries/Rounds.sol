// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITrainingProject} from "../interfaces/ITrainingProject.sol";

/// @title The clock of a round
library Rounds {
    /// @notice A round as stored: everything that opening, committing and revealing touch fits the first word.
    /// @dev uint40 seconds last for 34,000 years, so block times are cast without a check.
    struct Round {
        uint40 commitEnd;
        uint40 revealEnd;
        uint40 attestEnd;
        uint32 seats;
        uint32 commits;
        uint32 reveals;
        uint32 epoch;
        ITrainingProject.Status status;
        uint40 challengeEnd;
        uint64 previousAccepted;
        bytes32 resultHash;
    }

    /// @notice What the round is at `time`.
    function phaseAt(Round storage self, uint256 time) internal view returns (ITrainingProject.Phase) {
        ITrainingProject.Status status = self.status;
        if (status == ITrainingProject.Status.Open) return _openPhaseAt(self, time);
        if (status == ITrainingProject.Status.Accepted) {
            return time < self.challengeEnd ? ITrainingProject.Phase.Challenge : ITrainingProject.Phase.Settled;
        }
        if (status == ITrainingProject.Status.Finalized) return ITrainingProject.Phase.Finalized;
        if (status == ITrainingProject.Status.Skipped) return ITrainingProject.Phase.Skipped;
        return ITrainingProject.Phase.None;
    }

    /// @notice Ends the commit window at `time` and moves the later ones forward with it.
    function endCommits(Round storage self, uint40 time) internal {
        uint40 early = self.commitEnd - time;
        self.commitEnd = time;
        self.revealEnd -= early;
        self.attestEnd -= early;
    }

    /// @notice Ends the reveal window at `time` and moves the attest window forward with it.
    function endReveals(Round storage self, uint40 time) internal {
        uint40 early = self.revealEnd - time;
        self.revealEnd = time;
        self.attestEnd -= early;
    }

    function _openPhaseAt(Round storage self, uint256 time) private view returns (ITrainingProject.Phase) {
        if (time < self.commitEnd) return ITrainingProject.Phase.Commit;
        if (self.commits == 0) return ITrainingProject.Phase.Lapsed;
        if (time < self.revealEnd) return ITrainingProject.Phase.Reveal;
        if (self.reveals == 0) return ITrainingProject.Phase.Lapsed;
        if (time < self.attestEnd) return ITrainingProject.Phase.Attest;
        return ITrainingProject.Phase.Lapsed;
    }
}
