// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hamming} from "../../src/libraries/Hamming.sol";
import {vm} from "../support/Vm.sol";

/// @dev Compiled as the deployed contracts are.
contract HammingGasTest {
    uint256 private constant GOAL_GAS = 100;
    uint256 private constant PAIRS = 1_000;

    function testFuzz_a_distance_costs_at_most_what_was_promised(uint256 seed) public view {
        vm.assume(seed != 0);
        uint256 start = gasleft();
        uint256 sum = distances(seed);
        uint256 middle = gasleft();
        uint256 differences = exclusiveOrs(seed);
        uint256 end = gasleft();
        vm.assertTrue(sum != differences);
        uint256 cost = ((start - middle) - (middle - end)) / PAIRS + 3;
        vm.assertLe(cost, GOAL_GAS);
    }

    function distances(uint256 seed) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < PAIRS; ++i) {
                sum += Hamming.distance(seed * i, seed);
            }
        }
    }

    /// @dev The same without counting.
    function exclusiveOrs(uint256 seed) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < PAIRS; ++i) {
                sum += (seed * i) ^ seed;
            }
        }
    }
}
