// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/Voids.tree.
contract VoidsTest is SwarmCalls {
    function test_only_disputes_voids() public {
        _playDirect();
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_NotDisputes.selector, stranger, disputes)
        );
        this.voidAs(stranger);
    }

    function test_only_an_accepted_result_is_voided() public {
        round = 1;
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.None, IProjectTypes.Phase.Challenge));
        this.voidAs(disputes);
        _playDirect();
        _finalize();
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Finalized, IProjectTypes.Phase.Challenge));
        this.voidAs(disputes);
    }

    function test_only_the_result_that_was_accepted_is_voided() public {
        _playDirect();
        bytes32 accepted = project.resultHash(1, result);
        result.cid = keccak256("another");
        bytes32 other = project.resultHash(1, result);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_ResultMismatch.selector, 1, other, accepted)
        );
        this.voidAs(disputes);
    }

    function test_a_void_brings_the_head_and_the_pool_back() public {
        _playDirect();
        _finalize();
        bytes32 head = result.cid;
        _playDirect();
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundVoided(2, head);
        this.voidAs(disputes);
        _assertPhase(IProjectTypes.Phase.Voided);
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertEq(status.headDigest, head);
        vm.assertEq(status.lastAccepted, 1);
        vm.assertEq(status.lastFinalized, 1);
        vm.assertEq(status.acceptedRounds, 1);
        vm.assertEq(status.unfinalizedRounds, 0);
        vm.assertEq(status.acceptedTotal, POOL);
        vm.assertEq(status.available, FUNDS - POOL);
        vm.assertEq(status.forfeited, 0);
    }

    function test_a_result_is_voided_until_it_is_final() public {
        _playDirect();
        _toSettled();
        this.voidAs(disputes);
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Voided, IProjectTypes.Phase.Settled));
        this.finalize();
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Voided, IProjectTypes.Phase.Challenge));
        this.voidAs(disputes);
    }

    function test_a_void_takes_everything_that_was_built_on_it() public {
        _playDirect();
        IProjectTypes.Result memory fraud = result;
        _playDirect();
        _open();
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundVoided(3, GENESIS);
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundVoided(2, GENESIS);
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundVoided(1, GENESIS);
        vm.prank(disputes);
        project.voidRound(1, fraud);
        for (uint64 number = 1; number <= 3; ++number) {
            vm.assertEq(uint256(project.round(number).status), uint256(IProjectTypes.Status.Voided));
        }
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertEq(status.headDigest, GENESIS);
        vm.assertEq(status.lastAccepted, 0);
        vm.assertEq(status.acceptedRounds, 0);
        vm.assertEq(status.unfinalizedRounds, 0);
        vm.assertEq(status.acceptedTotal, 0);
        vm.assertEq(status.available, FUNDS);
    }

    function test_what_a_voided_result_was_built_on_stays() public {
        _playDirect();
        bytes32 head = result.cid;
        IProjectTypes.Result memory first = result;
        _playDirect();
        this.voidAs(disputes);
        vm.assertEq(project.status().headDigest, head);
        vm.assertEq(project.status().unfinalizedRounds, 1);
        round = 1;
        _toSettled();
        project.finalize(1, first);
        vm.assertEq(project.status().finalizedTotal, POOL);
    }

    function test_after_a_void_the_rounds_go_on() public {
        _playDirect();
        IProjectTypes.Result memory fraud = result;
        _open();
        _commit(0);
        vm.prank(disputes);
        project.voidRound(1, fraud);
        delete earned;
        earned = new uint256[](PEERS);
        _nextBlocks(3);
        _playDirect();
        vm.assertEq(round, 3);
        vm.assertEq(project.round(3).previousAccepted, 0);
        _finalize();
        _claim(0);
        vm.assertEq(token.balanceOf(peers[0]), POOL / PEERS);
    }

    function test_a_void_while_updates_are_revealed_pins_the_next_seed() public {
        _playDirect();
        IProjectTypes.Result memory fraud = result;
        _open();
        _commit(0);
        _commit(1);
        _toReveal();
        _reveal(0);
        vm.expectEmit(address(project));
        emit IProjectTypes.SeedPinned(2, uint64(vm.getBlockNumber() + 2));
        vm.prank(disputes);
        project.voidRound(1, fraud);
        vm.assertEq(project.status().pinnedBlock, vm.getBlockNumber() + 2);
        _open();
    }

    function test_a_void_after_the_next_round_was_skipped_leaves_it_skipped() public {
        _playDirect();
        IProjectTypes.Result memory fraud = result;
        _playSkipped();
        vm.prank(disputes);
        project.voidRound(1, fraud);
        vm.assertEq(uint256(project.round(2).status), uint256(IProjectTypes.Status.Skipped));
        vm.assertEq(project.status().unfinalizedRounds, 0);
    }

    function test_only_disputes_slashes_for_a_proof() public {
        uint32[] memory seatIds = _seats(0);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_NotDisputes.selector, stranger, disputes)
        );
        project.slashProven(seatIds, stranger);
    }

    function test_a_proof_takes_the_whole_stake_and_half_is_the_reporters() public {
        uint32[] memory seatIds = new uint32[](2);
        (seatIds[0], seatIds[1]) = (_seat(0), _seat(3));
        vm.prank(disputes);
        project.slashProven(seatIds, stranger);
        vm.assertEq(_slashed(0), SEAT_STAKE);
        vm.assertEq(_slashed(1), 0);
        vm.assertEq(_slashed(3), SEAT_STAKE);
        vm.assertEq(registry.rewardOf(stranger), SEAT_STAKE);
        vm.assertEq(registry.totalSeatsAt(registry.currentEpoch() + 1), PEERS - 2);
    }

    function test_only_attendance_slashes_for_absence() public {
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_NotAttendance.selector, stranger, address(attendance)
            )
        );
        project.slashAbsent(_seat(0), 1);
        vm.prank(address(attendance));
        vm.assertEq(project.slashAbsent(_seat(0), 5), 5);
        vm.assertEq(_slashed(0), 5);
    }

    function test_nobody_slashes_in_the_registry_itself() public {
        vm.prank(disputes);
        vm.expectRevert(
            abi.encodeWithSelector(IPeerRegistry.Registry_NotSlasher.selector, disputes, address(project))
        );
        registry.slash(_seat(0), 1);
    }
}
