// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../interfaces/IOutputCourt.sol";

/// @title What is stored of a job, and its clock
library Dockets {
    /// @notice What a job is, as stored; time makes a phase of it. Open: waits for the worker.
    enum Stage {
        None,
        Open,
        Commit,
        Reveal,
        Decided,
        Closed
    }

    /// @notice One word: where a job is. Masks: bit 0 the worker, bit i member i.
    /// @dev uint40 seconds last for 34,000 years, so block times are cast without a check.
    struct State {
        Stage stage;
        uint8 round;
        IOutputCourt.Verdict verdict;
        uint8 requesterAppeals;
        uint32 committed;
        uint32 revealed;
        uint32 near;
        uint40 deadline;
        uint40 pinnedBlock;
        uint48 epoch;
    }

    /// @notice A job. Three words for a job without appeal, one more for each round that was appealed.
    struct Docket {
        State state;
        bytes32 transcript;
        bytes32 committeeHash;
        mapping(uint8 round => bytes32) records;
    }

    /// @notice What the job is at `time`, and when that ends, or for phases that end with a call: when it began.
    function phaseAt(
        State memory self, IOutputCourt.OutputClass storage outputClass, uint256 time
    ) internal view returns (IOutputCourt.Phase phase, uint40 end) {
        end = self.deadline;
        bool early = time < end;
        if (self.stage == Stage.Open) return (early ? IOutputCourt.Phase.Work : IOutputCourt.Phase.Expired, end);
        if (self.stage == Stage.Decided) return (early ? IOutputCourt.Phase.Appeal : IOutputCourt.Phase.Settled, end);
        if (self.stage == Stage.Closed) return (IOutputCourt.Phase.Closed, end);
        if (self.stage == Stage.None) return (IOutputCourt.Phase.None, end);
        if (self.stage == Stage.Commit) {
            if (early) return (IOutputCourt.Phase.Commit, end);
            end += outputClass.revealSeconds;
        }
        return (time < end ? IOutputCourt.Phase.Reveal : IOutputCourt.Phase.Due, end);
    }
}
