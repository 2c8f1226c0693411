// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IOutputCourt} from "../interfaces/IOutputCourt.sol";
import {Verdicts} from "./Verdicts.sol";

/// @title Who gets what of a job's money
/// @dev Everything a job has locked is in one of the shares or among the fees and bounties of members that were right.
library Settlement {
    using Verdicts for IOutputCourt.Verdict;

    /// @notice What requester and worker get, what nobody gets, and what a member that contradicted a ringer gets.
    struct Shares {
        uint256 requester;
        uint256 worker;
        uint256 burned;
        uint256 bounty;
    }

    uint32 private constant WORKER = 1;

    /// @notice Mask of the members of a round that were right, by the verdict on the whole job.
    /// @dev Where the worker did not open there was nothing to be wrong about, and all who opened are far: else a
    /// worker that hides and wins on appeal would make honest members wrong. Where a round did not reject and a later
    /// one does, all who were not near are right: digests of different rounds have different keys, so nothing tells
    /// which of them agree with the later majority.
    function rightOf(
        IOutputCourt.Verdict verdict, IOutputCourt.RoundRecord calldata round
    ) internal pure returns (uint32) {
        if (verdict == IOutputCourt.Verdict.Inconclusive) return 0;
        bool confirmed = verdict == IOutputCourt.Verdict.Accept && round.revealed & WORKER != 0;
        return confirmed ? round.near : round.far;
    }

    /// @notice Divides what a job has locked.
    /// @param requesterAppeals Bit r: round r was called by the requester, else by the worker
    /// @dev Rounding is against the claimant.
    function divide(
        IOutputCourt.Verdict verdict,
        uint8 requesterAppeals,
        uint256 workerFee,
        uint256 workerBond,
        uint256 verifierFee,
        IOutputCourt.RoundRecord[] calldata rounds
    ) internal pure returns (Shares memory shares) {
        for (uint256 round = 0; round < rounds.length; ++round) {
            uint256 right = LibBit.popCount(rightOf(verdict, rounds[round]));
            uint256 size = Verdicts.sizeOf(uint8(round));
            bool byRequester = round == 0 || (requesterAppeals >> round) & 1 != 0;
            // Fees that nobody earned return to who paid for the round.
            _add(shares, byRequester, (size - right) * verifierFee);
            if (round == 0) continue;
            // What was at stake goes to who won, and back if nobody did.
            bool decided = verdict != IOutputCourt.Verdict.Inconclusive;
            _add(shares, decided ? verdict.rejects() : byRequester, size * verifierFee);
        }
        if (verdict == IOutputCourt.Verdict.Accept) {
            shares.worker += workerFee + workerBond;
        } else if (verdict.rejects()) {
            shares.requester += workerFee + workerBond / 2;
            shares.burned = workerBond - workerBond / 2;
        } else if (verdict == IOutputCourt.Verdict.Inconclusive) {
            shares.requester += workerFee;
            shares.worker += workerBond;
        } else {
            uint256 contradicting = LibBit.popCount(rightOf(verdict, rounds[0]));
            shares.bounty = contradicting == 0 ? 0 : workerFee / contradicting;
            shares.requester += workerFee - shares.bounty * contradicting;
            shares.worker += workerBond;
        }
    }

    function _add(Shares memory shares, bool toRequester, uint256 amount) private pure {
        if (toRequester) shares.requester += amount;
        else shares.worker += amount;
    }
}
