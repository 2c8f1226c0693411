// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {CourtTest} from "../support/CourtTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev slash
/// ├── by anybody but the slasher: refused
/// ├── of a seat that is gone: takes nothing
/// └── of a seat that is there
///     ├── takes the amount, or what is left
///     └── half of the stake is gone: the seat stops counting, unless it is leaving already
contract CourtRegistryTest is CourtTest {
    uint32[] private _one = new uint32[](1);

    function test_only_the_court_slashes() public {
        vm.assertEq(registry.slasher(), address(court));
        vm.expectRevert(
            abi.encodeWithSelector(IPeerRegistry.Registry_NotSlasher.selector, address(this), address(court))
        );
        registry.slash(1, 1);
    }

    function test_a_seat_loses_what_it_has_and_no_more() public {
        vm.startPrank(address(court));
        vm.assertEq(registry.slash(1, SEAT_STAKE / 2 - 1), SEAT_STAKE / 2 - 1);
        vm.assertEq(registry.seat(1).inactiveEpoch, 0);
        vm.assertEq(registry.slash(1, 1), 1);
        vm.assertEq(registry.seat(1).inactiveEpoch, registry.currentEpoch() + 1);
        vm.assertEq(registry.slash(1, SEAT_STAKE), SEAT_STAKE / 2);
        vm.assertEq(registry.slash(1, 1), 0);
        vm.stopPrank();
        vm.warp(registry.thawEnd(1));
        _one[0] = 1;
        vm.prank(verifiers[0]);
        registry.unstake(_one);
        vm.assertEq(token.balanceOf(verifiers[0]), 0);
        vm.prank(address(court));
        vm.assertEq(registry.slash(1, 1), 0);
        vm.assertEq(registry.totalSeatsAt(registry.currentEpoch()), VERIFIERS - 1);
        vm.assertEq(registry.seatsAt(verifiers[0], registry.currentEpoch()), 0);
    }

    function test_a_seat_that_is_slashed_while_it_leaves_does_not_leave_twice() public {
        _one[0] = 1;
        vm.prank(verifiers[0]);
        registry.beginUnstake(_one);
        vm.prank(address(court));
        registry.slash(1, SEAT_STAKE);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        vm.assertEq(registry.totalSeatsAt(registry.currentEpoch()), VERIFIERS - 1);
    }

    function test_there_is_no_seat_beyond_the_pool() public {
        uint48 epoch = registry.currentEpoch();
        vm.expectRevert(
            abi.encodeWithSelector(IPeerRegistry.Registry_NoSuchPosition.selector, VERIFIERS, VERIFIERS)
        );
        registry.seatAt(VERIFIERS, epoch);
    }

    /// @dev Seats come and go over epochs; every epoch's pool holds exactly the seats that count in it, and stays.
    /// forge-config: default.fuzz.runs = 8
    function testFuzz_the_pool_of_an_epoch_is_who_counts_in_it(uint256 choices) public {
        bytes32[] memory pools = new bytes32[](12);
        uint48 first = registry.currentEpoch();
        for (uint256 e = 0; e < 12; ++e) {
            for (uint256 i = 0; i < 3; ++i) {
                uint256 choice = uint256(keccak256(abi.encode(choices, e, i)));
                if (choice % 3 == 0) _stake(verifiers[choice % VERIFIERS], uint32(1 + choice % 4));
                else if (choice % 3 == 1) _leave(uint32(1 + (choice >> 8) % registry.seatCount()));
                else _slash(uint32(1 + (choice >> 8) % registry.seatCount()));
            }
            pools[e] = _checkPool(registry.currentEpoch());
            vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        }
        for (uint48 e = 0; e < 12; ++e) {
            vm.assertEq(_checkPool(first + e), pools[e]);
        }
    }

    /// @dev Three accounts hold 1, 2 and 7 of ten seats: how often each comes first in the draw of many jobs.
    function test_accounts_are_drawn_by_their_seats_and_each_once() public {
        for (uint256 i = 0; i < VERIFIERS; ++i) {
            _leave(uint32(i + 1));
        }
        _stake(vm.addr(201), 1);
        _stake(vm.addr(202), 2);
        _stake(vm.addr(203), 7);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        uint256[4] memory firsts;
        for (uint256 i = 0; i < 300; ++i) {
            terms.salt = bytes32(i);
            jobId = court.jobIdOf(terms);
            _submit();
            _work(TRUTH);
            _passPinned();
            IOutputCourt.Member[] memory drawn = court.committeeOf(terms);
            for (uint256 seat = 1; seat <= 3; ++seat) {
                if (drawn[0].account == vm.addr(200 + seat)) ++firsts[seat];
            }
            vm.assertTrue(
                drawn[0].account != drawn[1].account && drawn[1].account != drawn[2].account
                    && drawn[0].account != drawn[2].account
            );
            if (i % 100 == 99) {
                _fund(worker, 100 * uint256(WORKER_BOND));
                _fund(requester, 100 * uint256(WORKER_FEE + 3 * VERIFIER_FEE));
            }
        }
        // 30, 60 and 210 are expected; four standard deviations are 21, 28 and 32.
        vm.assertTrue(firsts[1] > 9 && firsts[1] < 51);
        vm.assertTrue(firsts[2] > 32 && firsts[2] < 88);
        vm.assertTrue(firsts[3] > 178 && firsts[3] < 242);
    }

    function test_requester_and_worker_are_never_drawn() public {
        for (uint256 i = 3; i < VERIFIERS; ++i) {
            _leave(uint32(i + 1));
        }
        _stake(worker, 20);
        _stake(requester, 20);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        _submit();
        _work(TRUTH);
        _learnCommittee();
        for (uint256 i = 0; i < 3; ++i) {
            address account = members[i].account;
            vm.assertTrue(account != worker && account != requester);
        }
    }

    function _leave(uint32 seatId) private {
        IPeerRegistry.Seat memory seat = registry.seat(seatId);
        if (seat.inactiveEpoch != 0) return;
        _one[0] = seatId;
        vm.prank(seat.owner);
        registry.beginUnstake(_one);
    }

    function _slash(uint32 seatId) private {
        vm.prank(address(court));
        registry.slash(seatId, SEAT_STAKE / 3);
    }

    function _checkPool(uint48 epoch) private view returns (bytes32 hash) {
        uint256 seats = registry.totalSeatsAt(epoch);
        uint256 counted = 0;
        uint256 marks = 0;
        for (uint32 seatId = 1; seatId <= registry.seatCount(); ++seatId) {
            if (registry.seatOwnerAt(seatId, epoch) != address(0)) ++counted;
        }
        for (uint256 i = 0; i < seats; ++i) {
            (uint32 seatId, address owner) = registry.seatAt(i, epoch);
            vm.assertEq(owner, registry.seatOwnerAt(seatId, epoch));
            vm.assertEq((marks >> seatId) & 1, 0);
            marks |= 1 << seatId;
            hash = keccak256(abi.encode(hash, seatId));
        }
        vm.assertEq(counted, seats);
    }
}
