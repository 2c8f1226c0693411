// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttendance} from "../../src/interfaces/IAttendance.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {vm} from "../support/Vm.sol";

/// @dev Ways around what is promised.
contract BypassTest is SwarmCalls {
    function test_two_openings_at_one_index_do_not_bring_in_an_update_that_was_not_committed() public {
        _open();
        uint8 batch = _post(0, 2);
        _toReveal();
        // Peer 5 committed to nothing; it has seen the others' updates and puts its own before peer 0's.
        bytes memory openings = bytes.concat(_opening(0, 5), _openings(0, 2));
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_AlreadyRevealed.selector, round, _seat(0))
        );
        project.revealBatch(round, batch, openings, new bytes32[](3));
    }

    function test_a_batch_cannot_be_opened_with_other_signatures() public {
        _open();
        uint8 batch = _post(0, 0);
        _toReveal();
        bytes memory garbled = _opening(0, 0);
        for (uint256 i = 1; i <= 64; ++i) {
            garbled[garbled.length - i] = 0;
        }
        vm.expectPartialRevert(IProjectTypes.Project_BatchMismatch.selector);
        project.revealBatch(round, batch, garbled, new bytes32[](1));
        _revealBatch(batch, 0, 0);
    }

    function test_what_is_attested_late_opens_as_no_commitment() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.attestCommitSeconds = 300;
        _start(terms);
        _open();
        _commitAndReveal(PEERS);
        _findEqual();
        _toAttest();
        for (uint256 i = 0; i < QUORUM; ++i) {
            bytes32 copied = _attestation(i);
            vm.prank(peers[i]);
            attendance.attest(address(project), round, copied);
        }
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_Mismatch.selector, address(project), round, peers[0]
            )
        );
        this.accept(QUORUM);
    }

    function test_who_could_not_reveal_because_the_round_was_voided_keeps_its_bond() public {
        _playDirect();
        IProjectTypes.Result memory fraud = result;
        uint64 fraudRound = round;
        _open();
        _commit(0);
        vm.prank(disputes);
        project.voidRound(fraudRound, fraud);
        _toLapse();
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_WrongPhase.selector,
                address(project),
                round,
                IProjectTypes.Phase.Voided,
                IProjectTypes.Phase.Availability
            )
        );
        attendance.punishSilence(address(project), round, _seats(0));
    }

    function test_a_void_while_updates_are_revealed_does_not_stop_the_project() public {
        _playDirect();
        IProjectTypes.Result memory fraud = result;
        uint64 fraudRound = round;
        _open();
        _commit(0);
        _commit(1);
        _toReveal();
        _reveal(0);
        vm.prank(disputes);
        project.voidRound(fraudRound, fraud);
        _nextBlocks(3);
        vm.assertEq(project.openRound(), 3);
    }
}
