// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {Verdicts} from "../../src/libraries/Verdicts.sol";
import {vm} from "../support/Vm.sol";

/// @dev decide
/// ├── the worker did not open: RejectNoShow, whatever the members say
/// └── the worker opened
///     ├── a majority of all places is within the threshold: Accept
///     └── it is not
///         ├── a majority, outside it, is within the threshold of one of themselves: RejectDisagreement
///         └── else: Inconclusive
contract VerdictsTest {
    uint256 private constant THRESHOLD = 8;
    uint256 private constant WORKER = uint256(keccak256("worker"));
    uint256 private constant OTHER = uint256(keccak256("other"));

    function test_sizes_are_3_7_15_31() public pure {
        vm.assertEq(Verdicts.sizeOf(0), 3);
        vm.assertEq(Verdicts.sizeOf(1), 7);
        vm.assertEq(Verdicts.sizeOf(2), 15);
        vm.assertEq(Verdicts.sizeOf(3), 31);
    }

    function test_a_hidden_digest_is_rejected() public pure {
        check(four(WORKER, WORKER, WORKER, WORKER), 14, IOutputCourt.Verdict.RejectNoShow, 0);
        check(four(WORKER, WORKER, WORKER, WORKER), 0, IOutputCourt.Verdict.RejectNoShow, 0);
    }

    function test_two_of_three_near_accept() public pure {
        check(four(WORKER, WORKER, WORKER, OTHER), 15, IOutputCourt.Verdict.Accept, 6);
        check(four(WORKER, WORKER, WORKER, 0), 7, IOutputCourt.Verdict.Accept, 6);
    }

    function test_the_threshold_itself_is_near_and_one_more_is_not() public pure {
        uint256 edge = WORKER ^ 0xff;
        uint256 beyond = WORKER ^ 0x1ff;
        check(four(WORKER, edge, edge, OTHER), 15, IOutputCourt.Verdict.Accept, 6);
        check(four(WORKER, edge, beyond, OTHER), 15, IOutputCourt.Verdict.Inconclusive, 2);
    }

    function test_two_that_agree_on_something_else_reject() public pure {
        check(four(WORKER, WORKER, OTHER, OTHER), 15, IOutputCourt.Verdict.RejectDisagreement, 2);
    }

    function test_who_agrees_with_neither_side_is_not_far() public pure {
        uint256[] memory digests = four(WORKER, OTHER, ~OTHER, OTHER);
        (IOutputCourt.Verdict verdict, uint32 near, uint32 far,) = Verdicts.decide(digests, 15, THRESHOLD);
        vm.assertTrue(verdict == IOutputCourt.Verdict.RejectDisagreement);
        vm.assertEq(near, 0);
        vm.assertEq(far, 10);
    }

    function test_wrong_outputs_without_anything_in_common_reject_nobody() public pure {
        check(four(WORKER, OTHER, ~OTHER, WORKER ^ OTHER), 15, IOutputCourt.Verdict.Inconclusive, 0);
    }

    function test_one_alone_decides_nothing() public pure {
        check(four(WORKER, WORKER, 0, 0), 3, IOutputCourt.Verdict.Inconclusive, 2);
        check(four(WORKER, OTHER, 0, 0), 3, IOutputCourt.Verdict.Inconclusive, 0);
        check(four(WORKER, 0, 0, 0), 1, IOutputCourt.Verdict.Inconclusive, 0);
    }

    function test_small_steps_do_not_make_a_cluster() public pure {
        // Far members 1 - 2 - 3 - 4 in a chain of steps of 8 bits: the middle of three reaches both, of four none does.
        uint256[] memory digests = new uint256[](8);
        digests[0] = WORKER;
        for (uint256 i = 1; i <= 4; ++i) {
            digests[i] = OTHER ^ ((1 << (8 * i)) - 1);
        }
        (IOutputCourt.Verdict verdict,, uint32 far,) = Verdicts.decide(digests, 31, THRESHOLD);
        vm.assertTrue(verdict == IOutputCourt.Verdict.Inconclusive);
        vm.assertEq(far, 30);
    }

    function test_far_are_those_around_the_first_centre_of_a_majority() public pure {
        // Places on a line, 8 bits apart.
        uint256[] memory digests = new uint256[](8);
        uint8[8] memory places = [0, 0, 2, 3, 1, 1, 2, 2];
        for (uint256 i = 1; i < 8; ++i) {
            digests[i] = OTHER ^ ((1 << (8 * uint256(places[i]))) - 1);
        }
        digests[0] = WORKER;
        // Member 1 at 0 reaches 4 and 5 only; member 2, at 2, reaches everybody but member 1.
        (IOutputCourt.Verdict verdict,, uint32 far,) = Verdicts.decide(digests, 255, THRESHOLD);
        vm.assertTrue(verdict == IOutputCourt.Verdict.RejectDisagreement);
        vm.assertEq(far, 252);
    }

    /// @dev Digests are drawn near one of three centres, so that every verdict comes up; sizes and masks are anything.
    function testFuzz_decides_as_a_slow_reference(uint256 seed, uint8 round, uint256 threshold) public pure {
        uint256 size = Verdicts.sizeOf(round % 4);
        threshold %= 81;
        uint256[] memory digests = new uint256[](size + 1);
        for (uint256 i = 0; i <= size; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            uint256 centre = uint256(keccak256(abi.encode(seed, "centre", (word >> 8) % (1 + seed % 3))));
            digests[i] = centre ^ (((1 << ((word % 60))) - 1) << ((word >> 16) % 190));
        }
        uint32 revealed = uint32(uint256(keccak256(abi.encode(seed, "revealed")))) | (seed % 4 == 0 ? 0 : 0xffffffff);
        revealed &= uint32((2 << size) - 1);
        (IOutputCourt.Verdict verdict, uint32 near, uint32 far, uint16[] memory distances) =
            Verdicts.decide(digests, revealed, threshold);
        (IOutputCourt.Verdict slow, uint256 slowNear, uint256 slowFar) = slowly(digests, revealed, threshold);
        vm.assertEq(uint256(verdict), uint256(slow));
        vm.assertEq(near, slowNear);
        vm.assertEq(far, slowFar);
        for (uint256 i = 1; i <= size; ++i) {
            bool known = (revealed & 1 != 0) && (revealed >> i) & 1 != 0;
            vm.assertEq(distances[i - 1], known ? bits(digests[0] ^ digests[i]) : type(uint16).max);
        }
    }

    /// @dev Word by word what the page says, with every set written out.
    function slowly(
        uint256[] memory digests, uint256 revealed, uint256 threshold
    ) private pure returns (IOutputCourt.Verdict, uint256 near, uint256 others) {
        uint256 size = digests.length - 1;
        for (uint256 i = 1; i <= size; ++i) {
            if ((revealed >> i) % 2 == 0) continue;
            if (revealed % 2 == 1 && bits(digests[0] ^ digests[i]) <= threshold) near += 2 ** i;
            else others += 2 ** i;
        }
        if (revealed % 2 == 0) return (IOutputCourt.Verdict.RejectNoShow, 0, others);
        if (2 * bits(near) > size) return (IOutputCourt.Verdict.Accept, near, others);
        for (uint256 i = 1; i <= size; ++i) {
            uint256 cluster = 0;
            for (uint256 j = 1; j <= size; ++j) {
                bool both = (others >> i) % 2 == 1 && (others >> j) % 2 == 1;
                if (both && bits(digests[i] ^ digests[j]) <= threshold) cluster += 2 ** j;
            }
            if (2 * bits(cluster) > size) return (IOutputCourt.Verdict.RejectDisagreement, near, cluster);
        }
        return (IOutputCourt.Verdict.Inconclusive, near, others);
    }

    function bits(uint256 word) private pure returns (uint256 count) {
        for (; word != 0; word >>= 1) {
            count += word & 1;
        }
    }

    function check(
        uint256[] memory digests, uint32 revealed, IOutputCourt.Verdict want, uint256 wantNear
    ) private pure {
        (IOutputCourt.Verdict verdict, uint32 near,,) = Verdicts.decide(digests, revealed, THRESHOLD);
        vm.assertEq(uint256(verdict), uint256(want));
        vm.assertEq(near, wantNear);
    }

    function four(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (uint256[] memory digests) {
        digests = new uint256[](4);
        (digests[0], digests[1], digests[2], digests[3]) = (a, b, c, d);
    }
}
