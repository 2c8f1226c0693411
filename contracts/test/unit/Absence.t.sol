// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttendance} from "../../src/interfaces/IAttendance.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/Absence.tree.
contract AbsenceTest is SwarmCalls {
    uint256 private constant BOND = SEAT_STAKE / 100;
    uint256 private constant LEAK = SEAT_STAKE / 1_000;

    function test_silence_is_punished_once_the_reveals_are_over() public {
        _silent();
        vm.expectRevert(_wrong(IProjectTypes.Phase.Reveal, IProjectTypes.Phase.Availability));
        this.punish(1);
        _toAvailability();
        vm.expectEmit(address(attendance));
        emit IAttendance.SilencePunished(address(project), 1, _seat(1));
        this.punish(1);
        vm.assertEq(_slashed(1), BOND);
    }

    function test_who_was_cut_off_by_a_void_is_not_punished() public {
        _playDirect();
        IProjectTypes.Result memory fraud = result;
        _open();
        _commit(0);
        vm.prank(disputes);
        project.voidRound(1, fraud);
        _toLapse();
        vm.expectRevert(_wrong(IProjectTypes.Phase.Voided, IProjectTypes.Phase.Availability));
        this.punish(0);
    }

    function test_silence_in_a_round_that_was_voided_later_is_punished() public {
        _silent();
        _findEqual();
        _toAttest();
        _accept(QUORUM);
        this.voidAs(disputes);
        this.punish(1);
        vm.assertEq(_slashed(1), BOND);
    }

    function test_who_did_not_commit_is_not_punished() public {
        _silent();
        _toAvailability();
        vm.expectRevert(_notPunishable(2));
        this.punish(2);
    }

    function test_who_revealed_is_not_punished() public {
        _silent();
        _toAvailability();
        vm.expectRevert(_notPunishable(0));
        this.punish(0);
    }

    function test_silence_is_punished_once_a_round() public {
        _silent();
        _toAvailability();
        _punish(1);
        vm.expectRevert(_notPunishable(1));
        this.punish(1);
        _toLapse();
        project.skipRound(1);
        _open();
        _commit(1);
        _toReveal();
        _toAvailability();
        _punish(1);
        vm.assertEq(_slashed(1), 2 * BOND);
    }

    function test_silence_in_a_batch_is_punished() public {
        uint8 batch = _silentInBatch();
        IAttendance.BatchSilence memory silence = _silence(batch, 1);
        vm.expectRevert(_wrong(IProjectTypes.Phase.Reveal, IProjectTypes.Phase.Availability));
        attendance.punishBatchSilence(address(project), 1, silence);
        _toAvailability();
        vm.expectEmit(address(attendance));
        emit IAttendance.SilencePunished(address(project), 1, _seat(1));
        attendance.punishBatchSilence(address(project), 1, silence);
        vm.assertEq(_slashed(1), BOND);
        vm.expectRevert(_notPunishable(1));
        attendance.punishBatchSilence(address(project), 1, silence);
    }

    function test_what_was_opened_out_of_a_batch_is_no_silence() public {
        uint8 batch = _silentInBatch();
        _toAvailability();
        IAttendance.BatchSilence memory silence = _silence(batch, 0);
        vm.expectRevert(_notPunishable(0));
        attendance.punishBatchSilence(address(project), 1, silence);
    }

    function test_what_was_opened_out_of_one_batch_is_no_silence_in_another() public {
        _open();
        _post(0, 1);
        bytes32[] memory again = new bytes32[](1);
        again[0] = _entry(0);
        vm.prank(peers[5]);
        uint8 copy = project.postCommits(1, keccak256(abi.encodePacked(again)), 1);
        _toReveal();
        _revealBatch(0, 0, 1);
        _toAvailability();
        IAttendance.BatchSilence memory silence = _silence(copy, 0);
        silence.entries = again;
        silence.revelations = new bytes[](1);
        silence.revelations[0] = bytes.concat(bytes1(0), _openings(0, 1));
        vm.expectRevert(_notPunishable(0));
        attendance.punishBatchSilence(address(project), 1, silence);
    }

    function test_who_revealed_directly_is_not_silent_in_a_batch() public {
        _open();
        uint8 batch = _post(0, 1);
        _commit(1);
        _toReveal();
        _reveal(1);
        _toAvailability();
        IAttendance.BatchSilence memory silence = _silence(batch, 1);
        silence.revelations[0] = _revelation(1);
        bytes memory why = _notPunishable(1);
        vm.expectRevert(why);
        attendance.punishBatchSilence(address(project), 1, silence);
        _toLapse();
        project.skipRound(1);
        _open();
        _commit(1); // what the seat pledged in round 1 is forgotten now
        vm.expectRevert(why);
        attendance.punishBatchSilence(address(project), 1, silence);
    }

    function test_silence_in_a_batch_is_shown_with_the_whole_batch() public {
        uint8 batch = _silentInBatch();
        _toAvailability();
        IAttendance.BatchSilence memory silence = _silence(batch, 1);
        silence.entries[0] = keccak256("another");
        (bytes26 posted,) = project.batchOf(1, batch);
        bytes32 have = keccak256(abi.encodePacked(silence.entries));
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_BatchMismatch.selector, address(project), 1, batch, have, posted
            )
        );
        attendance.punishBatchSilence(address(project), 1, silence);
    }

    function test_nobody_was_silent_in_a_batch_that_could_not_be_opened() public {
        _open();
        bytes32[] memory entries = _batchOf(0, 1);
        bytes32 posted = keccak256(abi.encodePacked(entries));
        vm.prank(peers[0]);
        uint8 batch = project.postCommits(1, posted, 3);
        _commit(3);
        _toReveal();
        _reveal(3);
        _toAvailability();
        IAttendance.BatchSilence memory silence = _silence(batch, 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_BatchMismatch.selector, address(project), 1, batch, posted, bytes26(posted)
            )
        );
        attendance.punishBatchSilence(address(project), 1, silence);
    }

    function test_silence_in_a_batch_is_shown_with_the_owners_signature() public {
        _open();
        _post(0, 1);
        bytes32 commitment = _commitment(1);
        IProjectTypes.Signature memory other =
            _sign(keys[3], project.signedCommitmentHash(1, _seat(1), commitment));
        bytes32[] memory entries = new bytes32[](1);
        entries[0] = keccak256(abi.encode(commitment, other.r, other.vs));
        vm.prank(peers[3]);
        uint8 batch = project.postCommits(1, keccak256(abi.encodePacked(entries)), 1);
        _toReveal();
        _revealBatch(0, 0, 1);
        _toAvailability();
        IAttendance.BatchSilence memory silence = _silence(batch, 1);
        silence.index = 0;
        silence.entries = entries;
        vm.expectPartialRevert(IAttendance.Attendance_EntryMismatch.selector);
        attendance.punishBatchSilence(address(project), 1, silence);
        silence.signature = other;
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_NotSeatOwner.selector, address(project), 1, _seat(1), peers[3]
            )
        );
        attendance.punishBatchSilence(address(project), 1, silence);
    }

    function test_silence_in_a_batch_is_shown_with_everything_revealed() public {
        uint8 batch = _silentInBatch();
        _toAvailability();
        IAttendance.BatchSilence memory silence = _silence(batch, 1);
        bytes32 want = project.round(1).revealsHash;
        silence.revelations = new bytes[](0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_RevelationsMismatch.selector, address(project), 1, bytes32(0), want
            )
        );
        attendance.punishBatchSilence(address(project), 1, silence);
    }

    function test_only_a_skipped_round_leaks() public {
        _open();
        _commitAndReveal(PEERS);
        _toLapse();
        vm.expectRevert(_wrong(IProjectTypes.Phase.Lapsed, IProjectTypes.Phase.Skipped));
        this.leak(0);
    }

    function test_a_round_without_updates_does_not_leak() public {
        _open();
        _toReveal();
        project.skipRound(1);
        vm.expectRevert(_notPunishable(0));
        this.leak(0);
    }

    function test_who_was_absent_from_a_round_without_a_result_leaks() public {
        _playSkipped();
        vm.expectEmit(address(attendance));
        emit IAttendance.InactivityLeaked(address(project), 1, _seat(2));
        this.leak(2);
        vm.assertEq(_slashed(2), LEAK);
        vm.expectRevert(_notPunishable(2));
        this.leak(2);
    }

    function test_who_attested_does_not_leak() public {
        _open();
        _commitAndReveal(PEERS);
        _toAttest();
        vm.prank(peers[0]);
        attendance.attest(address(project), 1, keccak256("r"));
        _toLapse();
        project.skipRound(1);
        vm.expectRevert(_notPunishable(0));
        this.leak(0);
        _leak(1);
    }

    function test_who_committed_to_a_result_does_not_leak() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.attestCommitSeconds = 300;
        _start(terms);
        _open();
        _commitAndReveal(PEERS);
        _findEqual();
        _toAttestCommit();
        _commitAttestation(0);
        _toLapse();
        project.skipRound(1);
        vm.expectRevert(_notPunishable(0));
        this.leak(0);
        _leak(1);
    }

    function test_a_seat_that_did_not_count_does_not_leak() public {
        _stake(stranger, 1);
        _playSkipped();
        vm.expectRevert(_notPunishable(PEERS));
        this.leak(PEERS);
    }

    function test_where_attesters_are_drawn_nobody_leaks() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.attestCommitSeconds = 400;
        terms.attestersPerRound = 3;
        _start(terms);
        _playSkipped();
        vm.expectRevert(_notPunishable(0));
        this.leak(0);
    }

    function punish(uint256 i) external {
        _punish(i);
    }

    function leak(uint256 i) external {
        _leak(i);
    }

    function _punish(uint256 i) private {
        attendance.punishSilence(address(project), round, _seats(i));
    }

    function _leak(uint256 i) private {
        attendance.leak(address(project), round, _seats(i));
    }

    /// @dev Peers 0 and 1 committed, and only 0 revealed.
    function _silent() private {
        _open();
        _commit(0);
        _commit(1);
        _toReveal();
        _reveal(0);
    }

    /// @dev The same out of a batch.
    function _silentInBatch() private returns (uint8 batch) {
        _open();
        batch = _post(0, 1);
        _toReveal();
        bytes32[] memory leaves = _batchOf(0, 1);
        leaves[0] = 0;
        project.revealBatch(1, batch, _opening(0, 0), leaves);
    }

    /// @dev Of peer i, in a batch of peers 0 and 1 of which 0 was opened.
    function _silence(uint8 batch, uint256 i) private view returns (IAttendance.BatchSilence memory silence) {
        silence.batch = batch;
        silence.index = uint16(i);
        silence.seat = _seat(i);
        silence.entries = _batchOf(0, 1);
        silence.commitment = _commitment(i);
        silence.signature = _signedCommitment(i, silence.commitment);
        silence.revelations = new bytes[](1);
        silence.revelations[0] = bytes.concat(bytes1(batch), _opening(0, 0));
    }

    function _revelation(uint256 i) private view returns (bytes memory) {
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _update(i);
        return abi.encodePacked(_seat(i), digest, dataRoot, salt);
    }

    function _wrong(IProjectTypes.Phase have, IProjectTypes.Phase want) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IAttendance.Attendance_WrongPhase.selector, address(project), round, have, want
        );
    }

    function _notPunishable(uint256 i) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IAttendance.Attendance_NotPunishable.selector, address(project), round, _seat(i)
        );
    }
}
