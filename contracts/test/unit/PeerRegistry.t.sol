// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {RegistryTest} from "../support/RegistryTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/PeerRegistry.tree.
contract PeerRegistryTest is RegistryTest {
    function test_nothing_about_a_registry_is_zero() public {
        _refuseMaking("token", address(0), STAKE, EPOCH, THAW);
        _refuseMaking("seatStake", address(token), 0, EPOCH, THAW);
        _refuseMaking("seatStake", address(token), uint256(type(uint96).max) + 1, EPOCH, THAW);
        _refuseMaking("epochSeconds", address(token), STAKE, 0, THAW);
        _refuseMaking("thawSeconds", address(token), STAKE, EPOCH, 0);
        _deploy(address(token), type(uint96).max, EPOCH, THAW);
    }

    function test_a_registry_tells_what_it_was_made_with() public view {
        vm.assertEq(registry.token(), address(token));
        vm.assertEq(registry.seatStake(), STAKE);
        vm.assertEq(registry.epochSeconds(), EPOCH);
        vm.assertEq(registry.thawSeconds(), THAW);
        vm.assertEq(registry.slasher(), slasher);
        vm.assertEq(registry.guardian(), guardian);
        vm.assertEq(registry.currentEpoch(), 10);
        vm.assertEq(registry.seatCount(), 0);
    }

    function test_no_seats_cannot_be_staked() public {
        vm.expectRevert(IPeerRegistry.Registry_NoSeatsNamed.selector);
        registry.stake(0);
    }

    function test_nobody_stakes_while_paused() public {
        vm.prank(guardian);
        registry.pause(50);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_Paused.selector, 1_050));
        registry.stake(1);
        vm.warp(1_049);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_Paused.selector, 1_050));
        registry.currentPool();
        vm.warp(1_050);
        _stake(alice, 1);
    }

    function test_a_token_that_takes_a_fee_cannot_be_staked() public {
        token.transfer(alice, 2 * STAKE);
        vm.prank(alice);
        token.approve(address(registry), 2 * STAKE);
        token.setFee(1);
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IPeerRegistry.Registry_InexactTransfer.selector, 2 * STAKE, 2 * STAKE - 1)
        );
        registry.stake(2);
    }

    function test_staking_cannot_be_entered_again() public {
        token.approve(address(registry), STAKE);
        token.setCallback(address(registry), abi.encodeCall(IPeerRegistry.stake, (1)));
        vm.expectRevert(bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        registry.stake(1);
    }

    function test_seats_count_from_the_next_epoch_on() public {
        token.transfer(alice, 3 * STAKE);
        vm.startPrank(alice);
        token.approve(address(registry), 3 * STAKE);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.SeatsStaked(alice, 1, 2, 11);
        vm.assertEq(registry.stake(2), 1);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.SeatsStaked(alice, 3, 1, 11);
        vm.assertEq(registry.stake(1), 3);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(address(registry)), 3 * STAKE);
        vm.assertEq(registry.seatCount(), 3);
        for (uint48 epoch = 9; epoch < 13; ++epoch) {
            uint256 want = epoch < 11 ? 0 : 3;
            vm.assertEq(registry.seatsAt(alice, epoch), want);
            vm.assertEq(registry.totalSeatsAt(epoch), want);
            vm.assertEq(registry.stakeAt(alice, epoch), want * STAKE);
            vm.assertEq(registry.totalStakeAt(epoch), want * STAKE);
            vm.assertEq(registry.seatOwnerAt(2, epoch), want == 0 ? address(0) : alice);
        }
        (uint48 now_, uint256 seats, uint256 pooled) = registry.currentPool();
        vm.assertEq(now_, 10);
        vm.assertEq(seats, 0);
        vm.assertEq(pooled, 0);
        (uint32 seatId, address owner) = registry.seatAt(2, 11);
        vm.assertEq(seatId, 3);
        vm.assertEq(owner, alice);
        _assertSeat(3, alice, 11, 0, 0);
    }

    function test_many_are_asked_for_at_once() public {
        _stake(alice, 2);
        _stake(bob, 1);
        uint32[] memory seatIds = new uint32[](4);
        (seatIds[0], seatIds[1], seatIds[2], seatIds[3]) = (3, 1, 9, 2);
        address[] memory owners = registry.seatOwnersAt(seatIds, 11);
        vm.assertEq(owners.length, 4);
        vm.assertEq(owners[0], bob);
        vm.assertEq(owners[1], alice);
        vm.assertEq(owners[2], address(0));
        vm.assertEq(owners[3], alice);
        address[] memory accounts = new address[](3);
        (accounts[0], accounts[1], accounts[2]) = (bob, slasher, alice);
        uint256[] memory seats = registry.seatsOf(accounts, 11);
        vm.assertEq(seats.length, 3);
        vm.assertEq(seats[0], 1);
        vm.assertEq(seats[1], 0);
        vm.assertEq(seats[2], 2);
        vm.assertEq(registry.seatsOf(accounts, 10)[2], 0);
    }

    function test_there_is_no_seat_beyond_the_pool_of_an_epoch() public {
        _stake(alice, 1);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_NoSuchPosition.selector, 0, 0));
        registry.seatAt(0, 10);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_NoSuchPosition.selector, 1, 1));
        registry.seatAt(1, 11);
    }

    function test_no_seats_cannot_leave() public {
        vm.expectRevert(IPeerRegistry.Registry_NoSeatsNamed.selector);
        registry.beginUnstake(new uint32[](0));
    }

    function test_only_its_owner_leaves_with_a_seat() public {
        _stake(alice, 1);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_NotSeatOwner.selector, 1, bob, alice));
        registry.beginUnstake(_one(1));
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_NotSeatOwner.selector, 2, bob, address(0)));
        registry.beginUnstake(_one(2));
    }

    function test_a_seat_leaves_once() public {
        _stake(alice, 1);
        uint32[] memory twice = new uint32[](2);
        (twice[0], twice[1]) = (1, 1);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_AlreadyLeaving.selector, 1, 11));
        registry.beginUnstake(twice);
        registry.beginUnstake(_one(1));
        vm.warp(vm.getBlockTimestamp() + EPOCH);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_AlreadyLeaving.selector, 1, 11));
        registry.beginUnstake(_one(1));
        vm.stopPrank();
    }

    function test_a_seat_that_leaves_counts_until_the_end_of_the_epoch() public {
        _stake(alice, 2);
        _stake(bob, 1);
        vm.warp(1_100);
        vm.assertEq(registry.thawEnd(1), 0);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.UnstakeBegun(alice, _one(1), 12, 1_200 + THAW);
        vm.prank(alice);
        registry.beginUnstake(_one(1));
        vm.assertEq(registry.thawEnd(1), 1_200 + THAW);
        _assertSeat(1, alice, 11, 12, 0);
        vm.assertEq(registry.seatOwnerAt(1, 11), alice);
        vm.assertEq(registry.seatOwnerAt(1, 12), address(0));
        vm.assertEq(registry.seatsAt(alice, 11), 2);
        vm.assertEq(registry.seatsAt(alice, 12), 1);
        vm.assertEq(registry.totalSeatsAt(11), 3);
        vm.assertEq(registry.totalSeatsAt(12), 2);
        // The last of the pool takes its place.
        (uint32 before,) = registry.seatAt(0, 11);
        (uint32 afterwards, address owner) = registry.seatAt(0, 12);
        vm.assertEq(before, 1);
        vm.assertEq(afterwards, 3);
        vm.assertEq(owner, bob);
    }

    function test_no_seats_cannot_be_paid_back() public {
        vm.expectRevert(IPeerRegistry.Registry_NoSeatsNamed.selector);
        registry.unstake(new uint32[](0));
    }

    function test_only_its_owner_is_paid_back_and_once() public {
        _stake(alice, 1);
        _leave(alice, 1);
        vm.warp(registry.thawEnd(1));
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_NotSeatOwner.selector, 1, bob, alice));
        registry.unstake(_one(1));
        vm.startPrank(alice);
        registry.unstake(_one(1));
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_AlreadyWithdrawn.selector, 1));
        registry.unstake(_one(1));
        vm.stopPrank();
    }

    function test_a_seat_that_does_not_leave_is_not_paid_back() public {
        _stake(alice, 1);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_NotLeaving.selector, 1));
        registry.unstake(_one(1));
    }

    function test_stake_stays_locked_until_it_has_thawed() public {
        _stake(alice, 1);
        _leave(alice, 1);
        vm.warp(1_100 + THAW - 1);
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IPeerRegistry.Registry_StillThawing.selector, 1, 1_100 + THAW)
        );
        registry.unstake(_one(1));
    }

    function test_what_is_left_of_the_stake_is_paid_back() public {
        _stake(alice, 2);
        _leave(alice, 1);
        _leave(alice, 2);
        _slash(2, 300);
        vm.warp(1_100 + THAW);
        uint32[] memory both = new uint32[](2);
        (both[0], both[1]) = (1, 2);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.SeatsUnstaked(alice, both, 2 * STAKE - 300);
        vm.prank(alice);
        registry.unstake(both);
        vm.assertEq(token.balanceOf(alice), 2 * STAKE - 300);
        vm.assertEq(token.balanceOf(address(registry)), 300);
        _assertSeat(2, alice, 11, 11, 300);
        vm.assertTrue(registry.seat(2).withdrawn);
    }

    function test_paying_back_cannot_be_entered_again() public {
        _stake(alice, 1);
        _leave(alice, 1);
        vm.warp(registry.thawEnd(1));
        token.setCallback(address(registry), abi.encodeCall(IPeerRegistry.unstake, (_one(1))));
        vm.prank(alice);
        vm.expectRevert(bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        registry.unstake(_one(1));
    }

    function test_only_the_guardian_pauses() public {
        bytes memory why = abi.encodeWithSelector(IPeerRegistry.Registry_NotGuardian.selector, alice, guardian);
        vm.startPrank(alice);
        vm.expectRevert(why);
        registry.pause(1);
        vm.expectRevert(why);
        registry.unpause();
        vm.stopPrank();
    }

    function test_a_pause_lasts_at_most_a_week() public {
        vm.startPrank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(IPeerRegistry.Registry_PauseTooLong.selector, 7 days + 1, 7 days)
        );
        registry.pause(7 days + 1);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.Paused(1_000 + 7 days);
        registry.pause(7 days);
        vm.stopPrank();
        vm.assertEq(registry.pausedUntil(), 1_000 + 7 days);
    }

    function test_a_pause_can_end_early() public {
        vm.startPrank(guardian);
        registry.pause(70);
        vm.expectEmit(address(registry));
        emit IPeerRegistry.Paused(1_000);
        registry.unpause();
        vm.stopPrank();
        registry.currentPool();
        _stake(alice, 1);
    }

    function test_seats_leave_and_are_paid_back_while_paused() public {
        _stake(alice, 1);
        vm.prank(guardian);
        registry.pause(7 days);
        _leave(alice, 1);
        vm.warp(registry.thawEnd(1));
        vm.prank(alice);
        registry.unstake(_one(1));
        vm.assertEq(token.balanceOf(alice), STAKE);
    }

    function test_an_endpoint_has_256_bytes_at_most() public {
        string memory longest = string(new bytes(256));
        vm.expectEmit(address(registry));
        emit IPeerRegistry.EndpointChanged(alice, longest, keccak256("key"));
        vm.prank(alice);
        registry.setEndpoint(longest, keccak256("key"));
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_UrlTooLong.selector, 257, 256));
        registry.setEndpoint(string(new bytes(257)), 0);
    }
}
