// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Sortition} from "../../src/libraries/Sortition.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/Sortition.tree.
contract SortitionTest {
    using Sortition for Sortition.Turnout;

    function testFuzz_every_seat_is_drawn_where_all_are_wanted(bytes32 seed, uint32 seat, uint24 seats) public pure {
        vm.assume(seats != 0);
        vm.assertTrue(Sortition.isDrawn(seed, Sortition.TRAINER, seat, seats, 0, 0));
        vm.assertTrue(Sortition.isDrawn(seed, Sortition.TRAINER, seat, seats, seats, 0));
        vm.assertTrue(Sortition.isDrawn(seed, Sortition.TRAINER, seat, seats, uint256(seats) + 1, 0));
    }

    function testFuzz_who_is_drawn_stays_drawn(bytes32 seed, uint32 seat, uint24 seats, uint8 want, uint8 doublings)
        public
        pure
    {
        vm.assume(seats != 0 && want != 0);
        doublings = doublings % 4;
        bool before = Sortition.isDrawn(seed, Sortition.ATTESTER, seat, seats, want, doublings);
        bool later = Sortition.isDrawn(seed, Sortition.ATTESTER, seat, seats, want, uint256(doublings) + 1);
        vm.assertTrue(!before || later);
    }

    function testFuzz_a_seat_is_drawn_by_its_number(bytes32 seed, uint32 seat, uint16 seats, uint16 want) public pure {
        vm.assume(want != 0 && seats > want);
        uint256 number = uint256(keccak256(abi.encode(seed, Sortition.TRAINER, seat)));
        bool drawn = number < type(uint256).max / seats * want;
        vm.assertEq(Sortition.isDrawn(seed, Sortition.TRAINER, seat, seats, want, 0), drawn);
    }

    /// @dev Of 2,000 seats 200 are wanted: four standard deviations are 54.
    function testFuzz_about_as_many_are_drawn_as_are_wanted(bytes32 seed) public pure {
        uint256 drawn = 0;
        for (uint32 seat = 1; seat <= 2_000; ++seat) {
            if (Sortition.isDrawn(seed, Sortition.TRAINER, seat, 2_000, 200, 0)) ++drawn;
        }
        vm.assertTrue(drawn > 146 && drawn < 254);
    }

    function test_roles_are_drawn_apart() public pure {
        uint256 both = 0;
        for (uint32 seat = 1; seat <= 1_000; ++seat) {
            bool trains = Sortition.isDrawn("seed", Sortition.TRAINER, seat, 1_000, 500, 0);
            bool attests = Sortition.isDrawn("seed", Sortition.ATTESTER, seat, 1_000, 500, 0);
            if (trains && attests) ++both;
        }
        vm.assertTrue(both > 190 && both < 310);
    }

    function test_a_window_has_four_quarters() public pure {
        vm.assertEq(Sortition.quarterOf(100, 140, 100), 0);
        vm.assertEq(Sortition.quarterOf(100, 140, 109), 0);
        vm.assertEq(Sortition.quarterOf(100, 140, 110), 1);
        vm.assertEq(Sortition.quarterOf(100, 140, 120), 2);
        vm.assertEq(Sortition.quarterOf(100, 140, 130), 3);
        vm.assertEq(Sortition.quarterOf(100, 140, 139), 3);
        vm.assertEq(Sortition.quarterOf(100, 101, 100), 0);
    }

    function test_the_bound_doubles_each_quarter_until_enough_have_come() public pure {
        Sortition.Turnout memory turnout = Sortition.Turnout(0, 0, 0);
        vm.assertEq(turnout.doublingsAt(0, 5), 0);
        vm.assertEq(turnout.doublingsAt(3, 5), 3);
        turnout = Sortition.Turnout(4, 2, 1);
        vm.assertEq(turnout.doublingsAt(2, 5), 1);
        vm.assertEq(turnout.doublingsAt(3, 5), 2);
        turnout.joined = 5;
        vm.assertEq(turnout.doublingsAt(3, 5), 1);
    }
}
