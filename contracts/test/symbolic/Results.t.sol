// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Aggregate} from "../../src/libraries/Aggregate.sol";
import {Contributions} from "../../src/libraries/Contributions.sol";
import {vm} from "../support/Vm.sol";

/// @dev Sums of up to 2^95: 2^16 updates whose weights have 31 bits and whose values have 48.
contract StepSymbolic {
    function check_nothing_changes_where_nothing_was_sent(int32 before, uint8 gridBits, uint32 alpha) public pure {
        assert(Aggregate.step(before, 0, _grid(gridBits), alpha) == before);
    }

    function check_a_parameter_stays_in_its_range(int32 before, int96 sum, uint8 gridBits, uint32 alpha) public pure {
        int256 next = Aggregate.step(before, sum, _grid(gridBits), alpha);
        assert(type(int32).min <= next && next <= type(int32).max);
    }

    /// @dev A sum is its mean and a rest of half a unit at most; the mean is what must come out, whatever the rest.
    function check_halves_are_rounded_upward(int32 before, int48 mean, uint40 rest, uint8 gridBits) public pure {
        unchecked {
            for (uint256 bits = 18; bits <= 40; ++bits) {
                if (gridBits != 48 - bits) continue;
                uint256 unit = 1 << bits;
                int256 sum = int256(mean) * int256(unit) + int256(rest & unit - 1) - int256(unit / 2);
                // With a rate of 256 the second rounding has nothing to do.
                assert(Aggregate.step(before, sum, 48 - bits, 1 << 24) == _bounded(int256(before) - mean));
            }
        }
    }

    /// @dev Of a mean that is exact.
    function check_the_rate_is_rounded_upward(int32 before, int40 mean, int80 moved, uint32 alpha) public pure {
        int256 product = int256(mean) * int256(uint256(alpha));
        vm.assume(int256(moved) * (1 << 24) - (1 << 23) <= product);
        vm.assume(product < int256(moved) * (1 << 24) + (1 << 23));
        assert(Aggregate.step(before, int256(mean) * (1 << 22), 26, alpha) == _bounded(int256(before) - moved));
    }

    function _bounded(int256 next) private pure returns (int256) {
        if (next > type(int32).max) return type(int32).max;
        return next < type(int32).min ? int256(type(int32).min) : next;
    }

    /// @dev What a manifest allows: 8 to 30.
    function _grid(uint8 gridBits) private pure returns (uint256) {
        vm.assume(8 <= gridBits && gridBits <= 30);
        return gridBits;
    }
}

/// @dev Any two records.
contract ContributionsSymbolic {
    struct Item {
        uint32 seat;
        int32 weight;
        uint128 score;
        uint8 reason;
        uint128 reward;
    }

    function check_a_record_is_read_as_it_was_packed(Item memory first, Item memory second) public view {
        bytes memory packed = bytes.concat(_packed(first), _packed(second));
        _same(this.get(packed, 0), first);
        _same(this.get(packed, 1), second);
    }

    function check_the_sum_is_that_of_all_rewards(Item memory first, Item memory second) public view {
        bytes memory packed = bytes.concat(_packed(first), _packed(second));
        (uint256 sum, uint256 records) = this.sumOf(packed);
        assert(records == 2);
        assert(sum == uint256(first.reward) + second.reward);
    }

    function get(bytes calldata packed, uint256 index) external pure returns (Contributions.Contribution memory) {
        return Contributions.get(packed, index);
    }

    function sumOf(bytes calldata packed) external pure returns (uint256 sum, uint256 records) {
        (, sum, records) = Contributions.rootAndSum(packed);
    }

    function _packed(Item memory item) private pure returns (bytes memory) {
        return abi.encodePacked(item.seat, item.weight, item.score, item.reason, item.reward);
    }

    function _same(Contributions.Contribution memory found, Item memory item) private pure {
        assert(found.seat == item.seat && found.weight == item.weight && found.score == item.score);
        assert(found.reason == item.reason && found.reward == item.reward);
    }
}
