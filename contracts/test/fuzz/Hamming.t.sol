// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hamming} from "../../src/libraries/Hamming.sol";
import {vm} from "../support/Vm.sol";

contract HammingTest {
    function testFuzz_agrees_with_counting_bit_by_bit(uint256 left, uint256 right) public pure {
        vm.assertEq(Hamming.distance(left, right), naive(left, right));
    }

    function testFuzz_is_a_distance(uint256 a, uint256 b, uint256 c) public pure {
        vm.assertEq(Hamming.distance(a, b), Hamming.distance(b, a));
        vm.assertEq(Hamming.distance(a, a), 0);
        vm.assertLe(Hamming.distance(a, c), Hamming.distance(a, b) + Hamming.distance(b, c));
    }

    function test_counts_every_single_bit_and_all_of_them() public pure {
        for (uint256 i = 0; i < 256; ++i) {
            vm.assertEq(Hamming.distance(0, 1 << i), 1);
            vm.assertEq(Hamming.distance(type(uint256).max, 1 << i), 255);
        }
        vm.assertEq(Hamming.distance(0, type(uint256).max), 256);
    }

    function naive(uint256 left, uint256 right) private pure returns (uint256 count) {
        for (uint256 i = 0; i < 256; ++i) {
            if ((left >> i) & 1 != (right >> i) & 1) ++count;
        }
    }
}
