// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttendance} from "../../src/interfaces/IAttendance.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/Attendance.tree.
contract AttendanceTest is SwarmCalls {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    function _terms() internal view override returns (IProjectTypes.Configuration memory terms) {
        terms = super._terms();
        terms.attestCommitSeconds = 400;
    }

    function test_votes_come_in_the_availability_window() public {
        _revealed();
        _toReveal();
        _toAttestCommit();
        bytes memory why = _wrong(IProjectTypes.Phase.AttestCommit, IProjectTypes.Phase.Availability);
        vm.prank(peers[0]);
        vm.expectRevert(why);
        attendance.voteAvailability(address(project), round, 0, 1);
        vm.expectRevert(why);
        attendance.postAvailability(address(project), round, new IAttendance.SignedAvailability[](0));
    }

    function test_only_who_has_a_seat_votes() public {
        _revealed();
        vm.prank(stranger);
        vm.expectRevert(_notAttester(stranger));
        attendance.voteAvailability(address(project), round, 0, 1);
        IAttendance.SignedAvailability[] memory votes = new IAttendance.SignedAvailability[](1);
        votes[0] = _vote(STRANGER, 0, 1);
        vm.expectRevert(_notAttester(stranger));
        attendance.postAvailability(address(project), round, votes);
    }

    function test_what_is_held_only_grows() public {
        _revealed();
        vm.startPrank(peers[0]);
        vm.expectEmit(address(attendance));
        emit IAttendance.AvailabilityVoted(address(project), 1, peers[0], 2, 5);
        attendance.voteAvailability(address(project), 1, 2, 5);
        vm.expectEmit(address(attendance));
        emit IAttendance.AvailabilityVoted(address(project), 1, peers[0], 2, 13);
        attendance.voteAvailability(address(project), 1, 2, 8);
        vm.stopPrank();
        vm.assertEq(attendance.availabilityOf(address(project), 1, peers[0], 2), 13);
        vm.assertEq(attendance.availabilityOf(address(project), 1, peers[0], 0), 0);
        vm.assertEq(attendance.availabilityOf(address(project), 2, peers[0], 2), 0);
        vm.assertEq(attendance.availabilityOf(address(project), 1, peers[1], 2), 0);
    }

    function test_signed_votes_are_brought_by_anybody() public {
        _revealed();
        IAttendance.SignedAvailability[] memory votes = new IAttendance.SignedAvailability[](2);
        votes[0] = _vote(keys[3], 0, 7);
        votes[1] = _vote(keys[1], 4, 9);
        vm.expectEmit(address(attendance));
        emit IAttendance.AvailabilityVoted(address(project), 1, peers[3], 0, 7);
        vm.expectEmit(address(attendance));
        emit IAttendance.AvailabilityVoted(address(project), 1, peers[1], 4, 9);
        attendance.postAvailability(address(project), 1, votes);
        vm.assertEq(attendance.availabilityOf(address(project), 1, peers[1], 4), 9);
    }

    function test_a_commitment_to_a_result_comes_in_its_window() public {
        _revealed();
        bytes memory why = _wrong(IProjectTypes.Phase.Availability, IProjectTypes.Phase.AttestCommit);
        vm.expectRevert(why);
        this.commitAttestation(0);
        vm.expectRevert(why);
        attendance.commitAttestations(address(project), 1, new IAttendance.SignedAttestation[](0));
        _toAttest();
        vm.expectRevert(_wrong(IProjectTypes.Phase.Attest, IProjectTypes.Phase.AttestCommit));
        this.commitAttestation(0);
    }

    function test_where_all_attest_no_seats_are_named() public {
        _committing();
        uint32[] memory seatIds = _seats(0);
        vm.prank(peers[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IAttendance.Attendance_BadSeats.selector, address(project), 1)
        );
        attendance.commitAttestation(address(project), 1, keccak256("c"), seatIds);
    }

    function test_only_who_has_a_seat_commits_to_a_result() public {
        _committing();
        vm.prank(stranger);
        vm.expectRevert(_notAttester(stranger));
        attendance.commitAttestation(address(project), 1, keccak256("c"), new uint32[](0));
    }

    function test_a_commitment_to_a_result_is_not_zero() public {
        _committing();
        bytes memory why = abi.encodeWithSelector(IAttendance.Attendance_Empty.selector, address(project), 1);
        vm.startPrank(peers[0]);
        vm.expectRevert(why);
        attendance.commitAttestation(address(project), 1, 0, new uint32[](0));
        vm.expectRevert(why); // what is kept of it
        attendance.commitAttestation(address(project), 1, bytes32(uint256(type(uint32).max)), new uint32[](0));
        vm.stopPrank();
    }

    function test_an_account_commits_to_one_result() public {
        _committing();
        _commitAttestation(0);
        vm.expectRevert(_alreadyThere(0));
        this.commitAttestation(0);
        _toAttest();
        vm.prank(peers[0]);
        vm.expectRevert(_alreadyThere(0));
        attendance.attest(address(project), 1, keccak256("r"));
    }

    function test_a_commitment_to_a_result_is_kept() public {
        _committing();
        bytes32 commitment = _attestation(0);
        vm.expectEmit(address(attendance));
        emit IAttendance.AttestationCommitted(address(project), 1, peers[0], commitment, 1);
        this.commitAttestation(0);
        (bytes28 kept, uint32 seats) = attendance.attestationOf(address(project), 1, peers[0]);
        vm.assertEq(bytes32(kept), bytes32(bytes28(commitment)));
        vm.assertEq(seats, 1);
        vm.assertTrue(attendance.wasThere(address(project), 1, peers[0]));
        vm.assertFalse(attendance.wasThere(address(project), 1, peers[1]));
        vm.assertEq(attendance.attestingSeats(address(project), 1), 1);
    }

    function test_signed_commitments_are_brought_by_anybody() public {
        _committing();
        IAttendance.SignedAttestation[] memory items = new IAttendance.SignedAttestation[](2);
        for (uint256 i = 0; i < 2; ++i) {
            items[i].commitment = _attestation(i);
            bytes32 hash = _signedAttestation(items[i].commitment, new uint32[](0));
            items[i].signature = _sign(keys[i], hash);
        }
        attendance.commitAttestations(address(project), 1, items);
        vm.assertEq(attendance.attestingSeats(address(project), 1), 2);
        (bytes28 kept,) = attendance.attestationOf(address(project), 1, peers[1]);
        vm.assertEq(bytes32(kept), bytes32(bytes28(_attestation(1))));
    }

    function test_who_sees_no_quorum_attests_in_the_attest_window() public {
        _committing();
        bytes memory why = _wrong(IProjectTypes.Phase.AttestCommit, IProjectTypes.Phase.Attest);
        vm.prank(peers[0]);
        vm.expectRevert(why);
        attendance.attest(address(project), 1, keccak256("r"));
        _toAttest();
        vm.prank(stranger);
        vm.expectRevert(_notAttester(stranger));
        attendance.attest(address(project), 1, keccak256("r"));
        vm.prank(peers[0]);
        vm.expectEmit(address(attendance));
        emit IAttendance.Attested(address(project), 1, peers[0], keccak256("r"));
        attendance.attest(address(project), 1, keccak256("r"));
        (bytes28 kept, uint32 seats) = attendance.attestationOf(address(project), 1, peers[0]);
        vm.assertEq(bytes32(kept), bytes32(bytes28(keccak256("r"))));
        vm.assertEq(seats, 0);
        vm.assertTrue(attendance.wasThere(address(project), 1, peers[0]));
        vm.prank(peers[0]);
        vm.expectRevert(_alreadyThere(0));
        attendance.attest(address(project), 1, keccak256("s"));
    }

    function test_seats_of_signers_are_weighed() public {
        _committing();
        for (uint256 i = 0; i < 3; ++i) {
            _commitAttestation(i);
        }
        bytes32 hash = project.resultHash(1, result);
        address[] memory signers = new address[](2);
        (signers[0], signers[1]) = (peers[0], peers[2]);
        IProjectTypes.Custody[] memory openings = new IProjectTypes.Custody[](2);
        (openings[0], openings[1]) = (_custody(0), _custody(2));
        (uint256 weight, uint256 seats) = attendance.weigh(address(project), 1, hash, signers, openings);
        vm.assertEq(weight, 2);
        vm.assertEq(seats, PEERS);
        openings[1] = _custody(1);
        vm.expectRevert(
            abi.encodeWithSelector(IAttendance.Attendance_Mismatch.selector, address(project), 1, peers[2])
        );
        attendance.weigh(address(project), 1, hash, signers, openings);
    }

    function test_hashes_are_what_they_are_said_to_be() public {
        _open();
        bytes32 hash = keccak256("r");
        IProjectTypes.Custody memory opening = IProjectTypes.Custody(keccak256("c"), keccak256("s"));
        bytes32 domain = keccak256("SwarmProof attestation, version 1");
        vm.assertEq(
            attendance.attestationHash(address(project), 9, peers[0], hash, opening),
            keccak256(
                abi.encode(
                    domain, block.chainid, project, 9, peers[0], hash, opening.custody, opening.salt
                )
            )
        );
        vm.assertEq(
            attendance.signedAvailabilityHash(address(project), 9, 3, 77),
            _typed(
                keccak256(
                    abi.encode(
                        keccak256("Availability(address project,uint64 round,uint32 word,uint256 bitmap)"),
                        project,
                        9,
                        3,
                        77
                    )
                )
            )
        );
        vm.assertEq(
            attendance.signedAttestationHash(address(project), 9, hash, _seats(4)),
            _typed(
                keccak256(
                    abi.encode(
                        keccak256(
                            "Attestation(address project,uint64 round,bytes32 commitment,uint32[] seatIds)"
                        ),
                        project,
                        9,
                        hash,
                        keccak256(abi.encode(_seat(4)))
                    )
                )
            )
        );
    }

    function test_only_a_project_counts_its_trainers() public {
        _open();
        vm.expectRevert();
        attendance.joinTrainers(1, 1);
    }

    function test_where_all_train_every_seat_may() public {
        vm.assertFalse(attendance.mayTrain(address(project), 1, _seat(0)));
        _open();
        vm.assertTrue(attendance.mayTrain(address(project), 1, _seat(0)));
        vm.assertFalse(attendance.mayTrain(address(project), 1, 99));
        vm.assertTrue(attendance.wasDrawn(address(project), 1, _seat(0)));
        vm.assertFalse(attendance.mayAttest(address(project), 1, _seat(0)));
        _commitAndReveal(PEERS);
        vm.assertFalse(attendance.mayTrain(address(project), 1, _seat(0)));
        _toAttestCommit();
        vm.assertTrue(attendance.mayAttest(address(project), 1, _seat(0)));
        vm.assertFalse(attendance.mayAttest(address(project), 1, 99));
    }

    function _revealed() private {
        _open();
        _commitAndReveal(PEERS);
        _findEqual();
    }

    function _committing() private {
        _revealed();
        _toAttestCommit();
    }

    function _vote(uint256 key, uint32 word, uint256 bitmap)
        private
        view
        returns (IAttendance.SignedAvailability memory)
    {
        bytes32 hash = attendance.signedAvailabilityHash(address(project), round, word, bitmap);
        return IAttendance.SignedAvailability(word, bitmap, _sign(key, hash));
    }

    function _signedAttestation(bytes32 commitment, uint32[] memory seatIds) private view returns (bytes32) {
        return attendance.signedAttestationHash(address(project), round, commitment, seatIds);
    }

    function _typed(bytes32 structHash) private view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(DOMAIN, keccak256("SwarmProof attendance"), keccak256("1"), block.chainid, attendance)
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    function _wrong(IProjectTypes.Phase have, IProjectTypes.Phase want) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IAttendance.Attendance_WrongPhase.selector, address(project), round, have, want
        );
    }

    function _notAttester(address account) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IAttendance.Attendance_NotAttester.selector, address(project), round, account
        );
    }

    function _alreadyThere(uint256 i) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IAttendance.Attendance_AlreadyThere.selector, address(project), round, peers[i]
        );
    }
}
