// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {RegistryTest} from "../support/RegistryTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/PeerRegistrySlashing.tree.
contract PeerRegistrySlashingTest is RegistryTest {
    function test_only_the_slasher_slashes() public {
        _stake(alice, 1);
        bytes memory why = abi.encodeWithSelector(IPeerRegistry.Registry_NotSlasher.selector, alice, slasher);
        vm.startPrank(alice);
        vm.expectRevert(why);
        registry.slash(1, 1);
        vm.expectRevert(why);
        registry.slashFor(1, 1, alice);
        vm.stopPrank();
    }

    function test_a_seat_that_is_gone_loses_nothing() public {
        vm.assertEq(_slash(1, 5), 0);
        _stake(alice, 1);
        _leave(alice, 1);
        vm.warp(registry.thawEnd(1));
        vm.prank(alice);
        registry.unstake(_one(1));
        vm.assertEq(_slash(1, 5), 0);
        vm.prank(slasher);
        vm.assertEq(registry.slashFor(1, 5, bob), 0);
        vm.assertEq(registry.rewardOf(bob), 0);
    }

    function test_a_seat_loses_the_amount_or_what_is_left() public {
        _stake(alice, 1);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.SeatSlashed(1, alice, 400, 400);
        vm.assertEq(_slash(1, 400), 400);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.SeatSlashed(1, alice, 601, 1_001);
        vm.assertEq(_slash(1, 5_000), 601);
        vm.assertEq(_slash(1, 1), 0);
        vm.assertEq(registry.seat(1).slashed, STAKE);
    }

    function test_a_seat_that_lost_half_stops_counting() public {
        _stake(alice, 2);
        vm.warp(1_250);
        _slash(1, 500);
        vm.assertEq(registry.seat(1).inactiveEpoch, 0);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.SeatSlashed(1, alice, 1, 501);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.UnstakeBegun(alice, _one(1), 13, 1_300 + THAW);
        _slash(1, 1);
        vm.assertEq(registry.seatsAt(alice, 12), 2);
        vm.assertEq(registry.seatsAt(alice, 13), 1);
        vm.assertEq(registry.totalSeatsAt(13), 1);
        _slash(1, 1);
        vm.assertEq(registry.seat(1).inactiveEpoch, 13);
        vm.assertEq(registry.totalSeatsAt(13), 1);
    }

    function test_half_of_what_a_reporter_proved_is_its_own() public {
        _stake(alice, 1);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.ReporterRewarded(bob, 500);
        vm.prank(slasher);
        vm.assertEq(registry.slashFor(1, type(uint256).max, bob), STAKE);
        vm.assertEq(registry.rewardOf(bob), 500);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.RewardWithdrawn(bob, 500);
        vm.prank(bob);
        registry.withdrawReward();
        vm.assertEq(token.balanceOf(bob), 500);
        vm.assertEq(registry.rewardOf(bob), 0);
        vm.assertEq(token.balanceOf(address(registry)), 501);
    }

    function test_rewards_of_a_reporter_add_up() public {
        _stake(alice, 2);
        vm.startPrank(slasher);
        registry.slashFor(1, 10, bob);
        registry.slashFor(2, 21, bob);
        vm.stopPrank();
        vm.assertEq(registry.rewardOf(bob), 15);
    }

    function test_without_a_reward_there_is_nothing_to_withdraw() public {
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_NoReward.selector, bob));
        registry.withdrawReward();
    }

    function test_a_reward_is_withdrawn_once_even_from_within() public {
        _stake(alice, 1);
        vm.prank(slasher);
        registry.slashFor(1, 10, address(token));
        token.setCallback(address(registry), abi.encodeCall(IPeerRegistry.withdrawReward, ()));
        vm.prank(address(token));
        vm.expectRevert(bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        registry.withdrawReward();
    }

    /// @dev Of an odd stake no amount is exactly half.
    function test_half_of_an_even_stake_is_enough_to_leave() public {
        registry = IPeerRegistry(_deploy(address(token), STAKE - 1, EPOCH, THAW));
        _stake(alice, 2);
        vm.assertEq(_slash(1, (STAKE - 1) / 2 - 1), (STAKE - 1) / 2 - 1);
        vm.assertEq(registry.seat(1).inactiveEpoch, 0);
        vm.assertEq(_slash(1, 1), 1);
        vm.assertEq(registry.seat(1).inactiveEpoch, 11);
        vm.assertEq(_slash(2, (STAKE - 1) / 2), (STAKE - 1) / 2);
        vm.assertEq(registry.seat(2).inactiveEpoch, 11);
    }
}
