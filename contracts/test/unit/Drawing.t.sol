// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttendance} from "../../src/interfaces/IAttendance.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {Sortition} from "../../src/libraries/Sortition.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {vm} from "../support/Vm.sol";

/// @dev Where two seats of six are drawn to train and two to attest. Branches: spec/Drawing.tree.
contract DrawingTest is SwarmCalls {
    uint256 private constant WANT = 2;

    function _terms() internal view override returns (IProjectTypes.Configuration memory terms) {
        terms = super._terms();
        terms.attestCommitSeconds = 400;
        terms.trainersPerRound = uint32(WANT);
        terms.attestersPerRound = uint32(WANT);
    }

    function test_only_who_is_drawn_trains() public {
        _open();
        for (uint256 i = 0; i < PEERS; ++i) {
            bool drawn = _isDrawn(Sortition.TRAINER, i, 0);
            vm.assertEq(attendance.mayTrain(address(project), round, _seat(i)), drawn);
            if (!drawn) vm.expectRevert(_notDrawn(i, 0));
            this.commit(i);
        }
    }

    function test_silent_trainers_are_replaced_by_the_next_in_rank() public {
        _open();
        uint256 start = vm.getBlockTimestamp();
        vm.warp(start + 149);
        vm.assertEq(_countMayTrain(), _countDrawn(Sortition.TRAINER, 0));
        vm.warp(start + 150);
        vm.assertEq(_countMayTrain(), _countDrawn(Sortition.TRAINER, 1));
        vm.warp(start + 300);
        vm.assertEq(_countMayTrain(), PEERS);
    }

    function test_trainers_who_came_are_not_replaced() public {
        _open();
        uint256 start = vm.getBlockTimestamp();
        vm.warp(start + 300);
        for (uint256 i = 0; i < WANT; ++i) {
            _commit(i);
        }
        vm.warp(start + 599);
        vm.assertEq(_countMayTrain(), PEERS); // the bound had doubled twice before they came
        vm.assertTrue(attendance.wasDrawn(address(project), round, _seat(5)));
    }

    function test_whether_a_seat_was_drawn_is_told_after_the_window() public {
        _open();
        uint256 came = 0;
        for (uint256 i = 0; i < PEERS && came < WANT; ++i) {
            if (_isDrawn(Sortition.TRAINER, i, 0)) {
                _commit(i);
                ++came;
            }
        }
        uint256 doublings = came == WANT ? 0 : 3;
        _toReveal();
        for (uint256 i = 0; i < PEERS; ++i) {
            vm.assertEq(
                attendance.wasDrawn(address(project), round, _seat(i)),
                _isDrawn(Sortition.TRAINER, i, doublings)
            );
        }
    }

    function test_an_attester_names_its_drawn_seats() public {
        _attestCommitting();
        for (uint256 i = 0; i < PEERS; ++i) {
            bool drawn = _isDrawn(Sortition.ATTESTER, i, 0);
            vm.assertEq(attendance.mayAttest(address(project), round, _seat(i)), drawn);
            if (!drawn) vm.expectRevert(_notDrawn(i, 0));
            this.commitWith(i, _seats(i));
        }
    }

    function test_seats_are_named_where_attesters_are_drawn() public {
        _attestCommitting();
        vm.expectRevert(_badSeats());
        this.commitWith(0, new uint32[](0));
    }

    function test_seats_are_named_in_order_and_once() public {
        _stake(peers[0], 2);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        _attestCommitting();
        _toLastQuarter();
        uint32[] memory seatIds = new uint32[](2);
        (seatIds[0], seatIds[1]) = (7, 1);
        vm.expectRevert(_badSeats());
        this.commitWith(0, seatIds);
        seatIds[1] = 7;
        vm.expectRevert(_badSeats());
        this.commitWith(0, seatIds);
        (seatIds[0], seatIds[1]) = (1, 8);
        this.commitWith(0, seatIds);
        (, uint32 seats) = attendance.attestationOf(address(project), round, peers[0]);
        vm.assertEq(seats, 2);
        vm.assertEq(attendance.attestingSeats(address(project), round), 2);
    }

    function test_seats_of_others_are_not_named() public {
        _attestCommitting();
        _toLastQuarter();
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_NotSeatOwner.selector, address(project), round, _seat(1), peers[0]
            )
        );
        this.commitWith(0, _seats(1));
    }

    function test_silent_attesters_are_replaced() public {
        _attestCommitting();
        uint256 start = vm.getBlockTimestamp();
        vm.assertEq(_countMayAttest(), _countDrawn(Sortition.ATTESTER, 0));
        vm.warp(start + 100);
        vm.assertEq(_countMayAttest(), _countDrawn(Sortition.ATTESTER, 1));
        vm.warp(start + 200);
        vm.assertEq(_countMayAttest(), PEERS);
    }

    function test_a_quorum_is_of_who_is_wanted_or_of_who_came() public {
        _attestCommitting();
        _toLastQuarter();
        this.commitWith(0, _seats(0));
        _toAttest();
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_QuorumNotMet.selector, round, 1, WANT)
        );
        this.accept(1);
    }

    function test_who_came_beyond_those_wanted_counts_too() public {
        _attestCommitting();
        _toLastQuarter();
        for (uint256 i = 0; i < 4; ++i) {
            this.commitWith(i, _seats(i));
        }
        _toAttest();
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_QuorumNotMet.selector, round, 2, 4));
        this.accept(2);
        _accept(3);
        vm.assertEq(uint256(_phase()), uint256(IProjectTypes.Phase.Challenge));
    }

    function test_where_more_are_wanted_than_there_are_a_quorum_is_of_all() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.attestersPerRound = uint32(2 * PEERS);
        _start(terms);
        _fund(POOL);
        _attestCommitting();
        for (uint256 i = 0; i < PEERS; ++i) {
            this.commitWith(i, _seats(i));
        }
        _toAttest();
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_QuorumNotMet.selector, round, 4, PEERS)
        );
        this.accept(4);
        _accept(5);
        vm.assertEq(uint256(_phase()), uint256(IProjectTypes.Phase.Challenge));
    }

    function test_pools_are_at_most_a_third_of_what_attests() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.roundPool = uint128(WANT * SEAT_STAKE / 3);
        _start(terms);
        _fund(terms.roundPool);
        _open();
        ++terms.roundPool;
        _start(terms);
        _fund(terms.roundPool);
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_PoolsAboveStakeCap.selector, terms.roundPool, terms.roundPool - 1
            )
        );
        this.open();
    }

    function test_what_is_attested_late_has_no_weight() public {
        _attestCommitting();
        _toAttest();
        for (uint256 i = 0; i < WANT; ++i) {
            bytes32 copied = _attestation(i);
            vm.prank(peers[i]);
            attendance.attest(address(project), round, copied);
        }
        vm.expectPartialRevert(IAttendance.Attendance_Mismatch.selector);
        this.accept(WANT);
    }

    function commitWith(uint256 i, uint32[] calldata seatIds) external {
        bytes32 commitment = _attestation(i);
        vm.prank(peers[i]);
        attendance.commitAttestation(address(project), round, commitment, seatIds);
    }

    /// @dev With a result, at the beginning of the window.
    function _attestCommitting() private {
        _open();
        vm.warp(vm.getBlockTimestamp() + 300); // everybody may train
        _commitAndReveal(PEERS);
        _findEqual();
        _toAttestCommit();
    }

    function _toLastQuarter() private {
        vm.warp(project.round(round).attestStart - 1);
    }

    function _countMayTrain() private view returns (uint256 count) {
        for (uint256 i = 0; i < PEERS; ++i) {
            if (attendance.mayTrain(address(project), round, _seat(i))) ++count;
        }
    }

    function _countMayAttest() private view returns (uint256 count) {
        for (uint256 i = 0; i < PEERS; ++i) {
            if (attendance.mayAttest(address(project), round, _seat(i))) ++count;
        }
    }

    function _countDrawn(bytes32 role, uint256 doublings) private view returns (uint256 count) {
        for (uint256 i = 0; i < PEERS; ++i) {
            if (_isDrawn(role, i, doublings)) ++count;
        }
    }

    /// @dev From the definition.
    function _isDrawn(bytes32 role, uint256 i, uint256 doublings) private view returns (bool) {
        uint256 drawn = WANT * 2 ** doublings;
        if (drawn >= PEERS) return true;
        uint256 number = uint256(keccak256(abi.encode(project.seed(), role, _seat(i))));
        return number < type(uint256).max / PEERS * drawn;
    }

    function _notDrawn(uint256 i, uint256 doublings) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IAttendance.Attendance_NotDrawn.selector, address(project), round, _seat(i), doublings
        );
    }

    function _badSeats() private view returns (bytes memory) {
        return abi.encodeWithSelector(IAttendance.Attendance_BadSeats.selector, address(project), round);
    }
}
