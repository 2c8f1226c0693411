// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../src/interfaces/IOutputCourt.sol";
import {Settlement} from "../src/libraries/Settlement.sol";
import {Verdicts} from "../src/libraries/Verdicts.sol";

/// @title The court's rules, many cases a call
contract VerdictsHarness {
    /// @param digests The worker's, then those of the members
    struct Committee {
        uint256[] digests;
        uint32 revealed;
        uint256 threshold;
    }

    /// @notice What `Verdicts.decide` says of each committee.
    function decideAll(
        Committee[] calldata committees
    )
        external
        pure
        returns (uint256[] memory verdicts, uint32[] memory near, uint32[] memory far, uint16[][] memory distances)
    {
        uint256 count = committees.length;
        (verdicts, near, far) = (new uint256[](count), new uint32[](count), new uint32[](count));
        distances = new uint16[][](count);
        for (uint256 i = 0; i < count; ++i) {
            Committee calldata each = committees[i];
            IOutputCourt.Verdict verdict;
            (verdict, near[i], far[i], distances[i]) = Verdicts.decide(each.digests, each.revealed, each.threshold);
            verdicts[i] = uint256(verdict);
        }
    }

    /// @notice What `Settlement.rightOf` says of each round, by the verdict on its job from Accept to Ringer.
    function rightOfAll(IOutputCourt.RoundRecord[] calldata rounds) external pure returns (uint32[5][] memory right) {
        right = new uint32[5][](rounds.length);
        for (uint256 i = 0; i < rounds.length; ++i) {
            for (uint8 verdict = 1; verdict <= 5; ++verdict) {
                right[i][verdict - 1] = Settlement.rightOf(IOutputCourt.Verdict(verdict), rounds[i]);
            }
        }
    }
}
