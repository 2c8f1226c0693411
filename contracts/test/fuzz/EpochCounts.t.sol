// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EpochCounts} from "../../src/libraries/EpochCounts.sol";
import {vm} from "../support/Vm.sol";

/// @dev Against a list of everything that was ever set.
contract EpochCountsTest {
    using EpochCounts for EpochCounts.Counts;

    EpochCounts.Counts private _counts;
    uint48[] private _epochs;
    uint32[] private _values;

    function test_nothing_was_counted_before_the_first_change() public {
        vm.assertEq(_counts.countIn(0), 0);
        vm.assertEq(_counts.countIn(type(uint48).max), 0);
        _counts.set(5, 3);
        vm.assertEq(_counts.countIn(4), 0);
        vm.assertEq(_counts.countIn(5), 3);
        _counts.set(6, 4);
        _counts.set(7, 5);
        _counts.set(8, 6);
        vm.assertEq(_counts.countIn(0), 0);
        vm.assertEq(_counts.countIn(4), 0);
    }

    function test_a_change_of_the_same_epoch_replaces_the_one_before() public {
        _counts.set(5, 3);
        _counts.set(5, 9);
        vm.assertEq(_counts.countIn(5), 9);
        vm.assertEq(_counts.countIn(4), 0);
        vm.assertEq(_counts.older, 0);
    }

    /// @dev Epochs jump by 0 to 3 at each change.
    function testFuzz_counts_are_what_was_set(uint256 choices, uint8 changes) public {
        uint48 epoch = 1;
        for (uint256 i = 0; i < changes % 64; ++i) {
            uint256 choice = uint256(keccak256(abi.encode(choices, i)));
            epoch += uint48(choice % 4);
            uint32 count = uint32(choice >> 8);
            _counts.set(epoch, count);
            _epochs.push(epoch);
            _values.push(count);
        }
        for (uint48 asked = 0; asked < epoch + 3; ++asked) {
            vm.assertEq(_counts.countIn(asked), _naive(asked));
        }
    }

    function _naive(uint48 epoch) private view returns (uint32 count) {
        for (uint256 i = 0; i < _epochs.length && _epochs[i] <= epoch; ++i) {
            count = _values[i];
        }
    }
}
