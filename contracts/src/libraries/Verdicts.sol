// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IOutputCourt} from "../interfaces/IOutputCourt.sol";
import {Hamming} from "./Hamming.sol";

/// @title The rule of a committee: a star around the worker
/// @dev Python mirror: verifier/committee.py. A change here is a change there. Closeness is never chained from member
/// to member: a chain of small steps leads from any output to any other.
library Verdicts {
    /// @dev Distance of a member to the worker where one of them did not open.
    uint16 internal constant NO_DISTANCE = type(uint16).max;

    uint256 private constant WORKER = 1;

    /// @notice Whether the verdict rejects.
    function rejects(IOutputCourt.Verdict verdict) internal pure returns (bool) {
        return verdict == IOutputCourt.Verdict.RejectNoShow || verdict == IOutputCourt.Verdict.RejectDisagreement;
    }

    /// @notice Places of a round's committee: 3, 7, 15, 31.
    function sizeOf(uint8 round) internal pure returns (uint8) {
        return uint8((4 << round) - 1);
    }

    /// @notice Judges the worker's digest by those of the members.
    /// @param digests The worker's, then those of the members in the order of the draw
    /// @param revealed Mask of who opened: bit 0 the worker, bit i member i
    /// @param threshold Largest distance of two digests of the same output
    /// @return verdict Accept, one of the rejections, or Inconclusive
    /// @return near Mask of the members within the threshold of the worker
    /// @return distances Of each member to the worker
    /// @dev The majority is of all places, so that absence never makes it easier to reach.
    function decide(
        uint256[] memory digests, uint256 revealed, uint256 threshold
    ) internal pure returns (IOutputCourt.Verdict verdict, uint32 near, uint16[] memory distances) {
        uint256 size = digests.length - 1;
        distances = new uint16[](size);
        bool shown = revealed & WORKER != 0;
        for (uint256 i = 1; i <= size; ++i) {
            distances[i - 1] = NO_DISTANCE;
            if (!shown || !_has(revealed, i)) continue;
            uint256 distance = Hamming.distance(digests[0], digests[i]);
            distances[i - 1] = uint16(distance);
            if (distance <= threshold) near |= uint32(1 << i);
        }
        uint256 majority = size / 2 + 1;
        if (!shown) {
            verdict = IOutputCourt.Verdict.RejectNoShow;
        } else if (LibBit.popCount(near) >= majority) {
            verdict = IOutputCourt.Verdict.Accept;
        } else if (_agree(digests, revealed & ~uint256(near) & ~WORKER, majority, threshold)) {
            verdict = IOutputCourt.Verdict.RejectDisagreement;
        } else {
            verdict = IOutputCourt.Verdict.Inconclusive;
        }
    }

    /// @dev Whether one of the members of the mask has `majority` of them, itself included, within the threshold.
    function _agree(
        uint256[] memory digests, uint256 members, uint256 majority, uint256 threshold
    ) private pure returns (bool) {
        if (LibBit.popCount(members) < majority) return false;
        for (uint256 centre = 1; centre < digests.length; ++centre) {
            if (!_has(members, centre)) continue;
            uint256 agreeing = 0;
            for (uint256 i = 1; i < digests.length; ++i) {
                if (_has(members, i) && Hamming.distance(digests[centre], digests[i]) <= threshold) ++agreeing;
            }
            if (agreeing >= majority) return true;
        }
        return false;
    }

    function _has(uint256 mask, uint256 index) private pure returns (bool) {
        return (mask >> index) & 1 != 0;
    }
}
