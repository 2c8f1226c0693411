// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EpochCounts} from "../../src/libraries/EpochCounts.sol";
import {Hamming} from "../../src/libraries/Hamming.sol";
import {Quorum} from "../../src/libraries/Quorum.sol";
import {Sortition} from "../../src/libraries/Sortition.sol";
import {vm} from "../support/Vm.sol";

/// @dev Proven for all arguments by `make prove`, not run by forge.
contract QuorumSymbolic {
    /// @dev Counts of seats have 32 bits.
    function check_more_than_two_thirds_is_a_quorum(uint32 weight, uint32 seats) public view {
        assert(_suffices(weight, seats) == (uint256(weight) + weight + weight > uint256(seats) + seats));
    }

    function check_two_quorums_share_more_than_a_third(uint32 first, uint32 second, uint32 seats) public view {
        vm.assume(first <= seats && second <= seats && _suffices(first, seats) && _suffices(second, seats));
        uint256 shared = uint256(first) + second - seats;
        assert(shared * 3 > seats);
    }

    function check_nobody_is_no_quorum(uint32 seats) public view {
        assert(!_suffices(0, seats));
    }

    function quorum(uint256 weight, uint256 seats) external pure {
        Quorum.check(1, weight, seats);
    }

    function _suffices(uint256 weight, uint256 seats) private view returns (bool passes) {
        (passes,) = address(this).staticcall(abi.encodeCall(this.quorum, (weight, seats)));
    }
}

/// @dev Any counts of any epochs; up to four changes.
contract EpochCountsSymbolic {
    using EpochCounts for EpochCounts.Counts;

    EpochCounts.Counts private _counts;

    function check_counts_are_what_was_set_last(uint48[4] memory epochs, uint32[4] memory values, uint48 asked)
        public
    {
        uint32 want = 0;
        for (uint256 i = 0; i < 4; ++i) {
            vm.assume(epochs[i] != 0 && (i == 0 || epochs[i] >= epochs[i - 1]));
            _counts.set(epochs[i], values[i]);
            if (epochs[i] <= asked) want = values[i];
        }
        assert(_counts.countIn(asked) == want);
    }

    function check_a_change_for_later_leaves_the_present(uint48 epoch, uint32 before, uint32 later) public {
        vm.assume(epoch != 0 && epoch != type(uint48).max);
        _counts.set(epoch, before);
        _counts.set(epoch + 1, later);
        assert(_counts.countIn(epoch) == before);
        assert(_counts.countIn(epoch - 1) == 0);
    }
}

contract SortitionSymbolic {
    using Sortition for Sortition.Turnout;

    /// @dev Windows of up to 255 seconds at any time.
    function check_a_window_has_four_quarters(uint40 start, uint8 length, uint8 passed) public pure {
        vm.assume(passed < length);
        uint256 time = uint256(start) + passed;
        assert(Sortition.quarterOf(start, uint256(start) + length, time) < 4);
    }

    function check_quarters_follow_one_another(uint40 start, uint8 length, uint8 passed) public pure {
        vm.assume(passed < length);
        uint256 end = uint256(start) + length;
        uint256 time = uint256(start) + passed;
        assert(Sortition.quarterOf(start, end, time) <= Sortition.quarterOf(start, end, time + 1));
    }

    /// @dev What is on record never exceeds the quarter, so that the bound doubles three times at most.
    function check_the_bound_doubles_at_most_three_times(Sortition.Turnout memory turnout, uint8 quarter, uint32 want)
        public
        pure
    {
        vm.assume(turnout.quarter <= quarter && quarter < 4 && turnout.doublings <= turnout.quarter);
        uint256 doublings = turnout.doublingsAt(quarter, want);
        assert(doublings <= quarter);
        assert(doublings >= turnout.doublings);
    }

    function check_all_are_drawn_where_enough_are_wanted(bytes32 seed, uint32 seat, uint24 seats, uint32 want)
        public
        pure
    {
        vm.assume(want == 0 || want >= seats);
        assert(Sortition.isDrawn(seed, Sortition.TRAINER, seat, seats, want, 0));
    }

    /// @dev Neither overflows nor forgets anybody; of up to 255 seats.
    function check_who_is_drawn_stays_drawn(bytes32 seed, uint32 seat, uint8 seats, uint8 want, uint8 doublings)
        public
        pure
    {
        vm.assume(seats != 0 && doublings < 3);
        bool before = Sortition.isDrawn(seed, Sortition.ATTESTER, seat, seats, want, doublings);
        bool later = Sortition.isDrawn(seed, Sortition.ATTESTER, seat, seats, want, uint256(doublings) + 1);
        assert(!before || later);
    }
}

contract HammingSymbolic {
    /// @dev Digests that differ in the lowest 24 bits.
    function check_agrees_with_counting_bit_by_bit(uint256 left, uint24 difference) public pure {
        uint256 count = 0;
        unchecked {
            for (uint256 i = 0; i < 24; ++i) {
                count += uint256(difference) >> i & 1;
            }
        }
        assert(Hamming.distance(left, left ^ difference) == count);
    }

    function check_is_symmetric_and_zero_for_equals_only(uint256 left, uint256 right) public pure {
        uint256 distance = Hamming.distance(left, right);
        assert(distance == Hamming.distance(right, left));
        assert(distance <= 256);
        assert((distance == 0) == (left == right));
    }
}
