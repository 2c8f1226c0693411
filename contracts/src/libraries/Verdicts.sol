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

    uint32 private constant WORKER = 1;

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
    /// @return far Mask of the members that count against the worker: where a majority agrees on another output, that
    /// majority, else all who opened and are not near
    /// @return distances Of each member to the worker
    /// @dev The majority is of all places, so that absence never makes it easier to reach.
    function decide(
        uint256[] memory digests, uint32 revealed, uint256 threshold
    ) internal pure returns (IOutputCourt.Verdict verdict, uint32 near, uint32 far, uint16[] memory distances) {
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
        far = revealed & ~near & ~WORKER;
        uint256 majority = size / 2 + 1;
        if (!shown) {
            verdict = IOutputCourt.Verdict.RejectNoShow;
        } else if (LibBit.popCount(near) >= majority) {
            verdict = IOutputCourt.Verdict.Accept;
        } else {
            uint32 agreeing = _agreeing(digests, far, majority, threshold);
            bool agreed = agreeing != 0;
            verdict = agreed ? IOutputCourt.Verdict.RejectDisagreement : IOutputCourt.Verdict.Inconclusive;
            // Who agrees with neither side made something up, and is right in no case.
            if (agreed) far = agreeing;
        }
    }

    /// @dev Those within the threshold of the first member of the mask that has `majority` of them, itself included,
    /// around it; none if there is no such member.
    function _agreeing(
        uint256[] memory digests, uint32 members, uint256 majority, uint256 threshold
    ) private pure returns (uint32) {
        if (LibBit.popCount(members) < majority) return 0;
        for (uint256 centre = 1; centre < digests.length; ++centre) {
            if (!_has(members, centre)) continue;
            uint32 around = 0;
            for (uint256 i = 1; i < digests.length; ++i) {
                bool agrees = _has(members, i) && Hamming.distance(digests[centre], digests[i]) <= threshold;
                if (agrees) around |= uint32(1 << i);
            }
            if (LibBit.popCount(around) >= majority) return around;
        }
        return 0;
    }

    function _has(uint32 mask, uint256 index) private pure returns (bool) {
        return (mask >> index) & 1 != 0;
    }
}
