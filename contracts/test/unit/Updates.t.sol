// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/Updates.tree.
contract UpdatesTest is SwarmCalls {
    function test_a_commitment_comes_in_the_commit_window() public {
        round = 1;
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.None, IProjectTypes.Phase.Commit));
        this.commit(0);
        _open();
        _commit(0);
        _toReveal();
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Reveal, IProjectTypes.Phase.Commit));
        this.commit(1);
    }

    function test_a_commitment_is_not_zero() public {
        _open();
        vm.prank(peers[0]);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_EmptyCommitment.selector, 1, _seat(0)));
        project.commit(1, _seat(0), 0);
        // Of 27 bytes that are kept.
        vm.prank(peers[0]);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_EmptyCommitment.selector, 1, _seat(0)));
        project.commit(1, _seat(0), bytes32(uint256(type(uint40).max)));
    }

    function test_a_seat_commits_once() public {
        _open();
        _commit(0);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_AlreadyCommitted.selector, 1, _seat(0)));
        this.commit(0);
    }

    function test_a_seat_is_committed_by_its_owner() public {
        _open();
        vm.startPrank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_NotSeatOwner.selector, 1, _seat(0), stranger)
        );
        project.commit(1, _seat(0), keccak256("mine"));
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_NotSeatOwner.selector, 1, 99, stranger));
        project.commit(1, 99, keccak256("mine"));
        vm.stopPrank();
    }

    function test_a_seat_that_does_not_count_yet_does_not_commit() public {
        _stake(stranger, 1);
        _open();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_NotSeatOwner.selector, 1, 7, stranger));
        project.commit(1, 7, keccak256("mine"));
    }

    function test_a_commitment_is_kept() public {
        _open();
        bytes32 commitment = _commitment(0);
        vm.expectEmit(address(project));
        emit IProjectTypes.UpdateCommitted(1, _seat(0), commitment);
        this.commit(0);
        vm.assertEq(project.round(1).commits, 1);
        vm.assertEq(bytes32(project.commitmentOf(1, _seat(0))), bytes32(bytes27(commitment)));
        vm.assertEq(bytes32(project.commitmentOf(2, _seat(0))), 0);
        vm.assertEq(bytes32(project.commitmentOf(1, _seat(1))), 0);
        vm.assertFalse(project.hasRevealed(1, _seat(0)));
    }

    function test_a_seat_commits_again_in_the_next_round() public {
        _playDirect();
        _open();
        _commit(0);
        vm.assertEq(bytes32(project.commitmentOf(1, _seat(0))), 0);
        vm.assertEq(bytes32(project.commitmentOf(2, _seat(0))), bytes32(bytes27(_commitment(0))));
    }

    function test_the_commit_window_ends_when_everybody_has_committed() public {
        _open();
        for (uint256 i = 0; i + 1 < PEERS; ++i) {
            _commit(i);
        }
        _assertPhase(IProjectTypes.Phase.Commit);
        vm.warp(vm.getBlockTimestamp() + 10);
        uint40 time = uint40(vm.getBlockTimestamp());
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundWindowsMoved(1, time, time + 300, time + 500, time + 900);
        this.commit(PEERS - 1);
        _assertPhase(IProjectTypes.Phase.Reveal);
    }

    function test_with_a_batch_the_commit_window_does_not_end_early() public {
        _open();
        _post(0, 0);
        uint256 end = project.round(1).commitEnd;
        for (uint256 i = 0; i < PEERS; ++i) {
            _commit(i);
        }
        vm.assertEq(project.round(1).commitEnd, end);
    }

    function test_a_reveal_comes_in_the_reveal_window() public {
        _open();
        _commit(0);
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Commit, IProjectTypes.Phase.Reveal));
        this.reveal(0);
        _toAvailability();
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Lapsed, IProjectTypes.Phase.Reveal));
        this.reveal(0);
    }

    function test_only_what_was_committed_is_revealed() public {
        _open();
        _commit(0);
        _commit(1);
        _toReveal();
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _update(0);
        bytes memory why = abi.encodeWithSelector(IProjectTypes.Project_CommitMismatch.selector, 1, _seat(0));
        vm.startPrank(peers[0]);
        vm.expectRevert(why);
        project.reveal(1, _seat(0), dataRoot, dataRoot, salt);
        vm.expectRevert(why);
        project.reveal(1, _seat(0), digest, digest, salt);
        vm.expectRevert(why);
        project.reveal(1, _seat(0), digest, dataRoot, digest);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_CommitMismatch.selector, 1, _seat(1)));
        project.reveal(1, _seat(1), digest, dataRoot, salt);
        vm.stopPrank();
        vm.prank(peers[1]);
        vm.expectRevert(why);
        project.reveal(1, _seat(0), digest, dataRoot, salt);
    }

    function test_a_seat_that_did_not_commit_in_this_round_reveals_nothing() public {
        _playSkipped();
        _open();
        _commit(0);
        _toReveal();
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_CommitMismatch.selector, 2, _seat(1)));
        this.reveal(1);
    }

    function test_a_seat_reveals_once() public {
        _open();
        _commit(0);
        _commit(1);
        _toReveal();
        _reveal(0);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_AlreadyRevealed.selector, 1, _seat(0)));
        this.reveal(0);
    }

    function test_reveals_are_chained() public {
        _open();
        _commit(0);
        _commit(1);
        _commit(2);
        _toReveal();
        bytes32 chain = 0;
        for (uint256 n = 2; n > 0; --n) {
            (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _update(n);
            chain = _link(keccak256(abi.encode(chain, _seat(n), digest, dataRoot, salt)), 3 - n);
            vm.expectEmit(address(project));
            emit IProjectTypes.UpdateRevealed(1, _seat(n), digest, dataRoot, salt);
            this.reveal(n);
            vm.assertEq(project.round(1).revealsHash, chain);
            vm.assertTrue(project.hasRevealed(1, _seat(n)));
        }
        vm.assertFalse(project.hasRevealed(1, _seat(0)));
        vm.assertEq(project.round(1).reveals, 2);
    }

    function test_the_reveal_window_ends_when_everybody_has_revealed() public {
        _open();
        _commit(0);
        _commit(1);
        _toReveal();
        uint40 commitEnd = project.round(1).commitEnd;
        vm.warp(vm.getBlockTimestamp() + 7);
        _reveal(0);
        _assertPhase(IProjectTypes.Phase.Reveal);
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundWindowsMoved(1, commitEnd, commitEnd + 7, commitEnd + 207, commitEnd + 607);
        this.reveal(1);
        _assertPhase(IProjectTypes.Phase.Availability);
    }

    function test_with_a_batch_the_reveal_window_does_not_end_early() public {
        _open();
        _post(1, 1);
        _commit(0);
        _toReveal();
        _reveal(0);
        _assertPhase(IProjectTypes.Phase.Reveal);
    }

    function test_a_batch_holds_1_to_255_commitments() public {
        _open();
        vm.startPrank(peers[0]);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadBatch.selector, 1, 0, 0));
        project.postCommits(1, keccak256("batch"), 0);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadBatch.selector, 1, 256, 0));
        project.postCommits(1, keccak256("batch"), 256);
        project.postCommits(1, keccak256("batch"), uint16(PEERS));
        vm.stopPrank();
    }

    function test_batches_hold_at_most_two_commitments_a_seat_together() public {
        _open();
        uint16 most = uint16(2 * project.round(1).seats);
        vm.startPrank(peers[0]);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadBatch.selector, 1, most + 1, 0));
        project.postCommits(1, keccak256("batch"), most + 1);
        project.postCommits(1, keccak256("batch"), most - 1);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadBatch.selector, 1, 2, 1));
        project.postCommits(1, keccak256("batch"), 2);
        project.postCommits(1, keccak256("batch"), 1);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadBatch.selector, 1, 1, 2));
        project.postCommits(1, keccak256("batch"), 1);
        vm.stopPrank();
    }

    function test_a_round_has_at_most_eight_batches() public {
        _open();
        for (uint256 i = 0; i < 8; ++i) {
            vm.assertEq(_post(0, 0), i);
        }
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadBatch.selector, 1, 1, 8));
        this.post(0, 0);
    }

    function test_only_who_has_a_seat_posts_a_batch() public {
        _open();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_SignerWithoutStake.selector, 1, stranger)
        );
        project.postCommits(1, keccak256("batch"), 1);
    }

    function test_a_batch_comes_in_the_commit_window() public {
        _open();
        _commit(0);
        _toReveal();
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Reveal, IProjectTypes.Phase.Commit));
        this.post(0, 1);
    }

    function test_a_batch_is_kept() public {
        _open();
        bytes32 hash = keccak256(abi.encodePacked(_batchOf(2, 4)));
        vm.expectEmit(address(project));
        emit IProjectTypes.CommitsPosted(1, 0, peers[2], hash, 3);
        this.post(2, 4);
        (bytes26 kept, uint16 count) = project.batchOf(1, 0);
        vm.assertEq(bytes32(kept), bytes32(bytes26(hash)));
        vm.assertEq(count, 3);
        (kept, count) = project.batchOf(2, 0);
        vm.assertEq(bytes32(kept), 0);
        vm.assertEq(count, 0);
        vm.assertEq(project.round(1).batches, 1);
    }

    function test_a_batch_is_revealed_in_the_reveal_window() public {
        _open();
        uint8 batch = _post(0, 1);
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Commit, IProjectTypes.Phase.Reveal));
        this.revealBatch(batch, 0, 1);
    }

    function test_openings_are_chained_in_their_order() public {
        _open();
        uint8 batch = _post(0, 3);
        _toReveal();
        bytes memory openings = bytes.concat(_opening(2, 2), _opening(0, 0));
        bytes32[] memory leaves = _batchOf(0, 3);
        (leaves[2], leaves[0]) = (0, 0);
        vm.expectEmit(address(project));
        emit IProjectTypes.UpdatesRevealed(1, batch, openings);
        project.revealBatch(1, batch, openings, leaves);
        bytes32 chain = _link(keccak256(abi.encode(0, batch, keccak256(openings))), 2);
        vm.assertEq(project.round(1).revealsHash, chain);
        vm.assertEq(project.round(1).reveals, 2);
        leaves = _batchOf(0, 3);
        leaves[1] = 0;
        openings = bytes.concat(_opening(1, 1));
        project.revealBatch(1, batch, openings, leaves);
        chain = _link(keccak256(abi.encode(chain, batch, keccak256(openings))), 3);
        vm.assertEq(project.round(1).revealsHash, chain);
        vm.assertEq(project.round(1).reveals, 3);
    }

    function test_openings_are_whole() public {
        _open();
        uint8 batch = _post(0, 0);
        _toReveal();
        bytes memory openings = bytes.concat(_opening(0, 0), hex"00");
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadOpenings.selector, 187));
        project.revealBatch(1, batch, openings, new bytes32[](1));
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadOpenings.selector, 0));
        project.revealBatch(1, batch, "", new bytes32[](1));
    }

    function test_the_whole_is_the_batch() public {
        _open();
        uint8 batch = _post(0, 1);
        _toReveal();
        (bytes26 posted,) = project.batchOf(1, batch);
        bytes32[] memory leaves = new bytes32[](2);
        leaves[1] = keccak256("something else");
        bytes memory opening = _opening(0, 0);
        bytes26 have = bytes26(keccak256(abi.encodePacked(_entry(0), leaves[1])));
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_BatchMismatch.selector, 1, batch, have, posted)
        );
        project.revealBatch(1, batch, opening, leaves);
        vm.expectPartialRevert(IProjectTypes.Project_BatchMismatch.selector);
        this.revealBatch(batch, 0, 0);
        vm.expectPartialRevert(IProjectTypes.Project_BatchMismatch.selector);
        this.revealBatch(batch + 1, 0, 1);
    }

    function test_a_batch_of_an_earlier_round_is_no_batch_of_this_one() public {
        _open();
        uint8 batch = _post(0, 0);
        _toReveal();
        _toAvailability();
        project.skipRound(1);
        _open();
        _commit(1);
        _toReveal();
        vm.expectPartialRevert(IProjectTypes.Project_BatchMismatch.selector);
        this.revealBatch(batch, 0, 0);
    }

    function test_commitments_that_are_opened_may_be_given_if_they_are_right() public {
        _open();
        uint8 batch = _post(0, 1);
        _toReveal();
        project.revealBatch(1, batch, _openings(0, 1), _batchOf(0, 1));
        vm.assertEq(project.round(1).reveals, 2);
    }

    function test_a_commitment_of_a_batch_is_opened_once() public {
        _open();
        uint8 batch = _post(0, 1);
        _toReveal();
        bytes32[] memory leaves = _batchOf(0, 1);
        bytes memory opening = _opening(1, 1);
        project.revealBatch(1, batch, opening, leaves);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_AlreadyRevealed.selector, 1, _seat(1)));
        project.revealBatch(1, batch, opening, leaves);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_AlreadyRevealed.selector, 1, _seat(1)));
        this.revealBatch(batch, 0, 1);
    }

    function test_the_place_of_an_opening_is_in_the_batch() public {
        _open();
        uint8 batch = _post(0, 1);
        _toReveal();
        bytes memory opening = _opening(2, 1);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x32));
        project.revealBatch(1, batch, opening, new bytes32[](2));
        opening = _opening(255, 1);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_AlreadyRevealed.selector, 1, _seat(1)));
        project.revealBatch(1, batch, opening, new bytes32[](2));
    }

    function test_a_batch_of_a_later_round_is_closed_again() public {
        _open();
        uint8 batch = _post(0, 0);
        _toReveal();
        _revealBatch(batch, 0, 0);
        _toLapse();
        project.skipRound(1);
        _open();
        batch = _post(0, 0);
        _toReveal();
        _revealBatch(batch, 0, 0);
        vm.assertEq(project.round(2).reveals, 1);
    }

    function test_who_is_left_out_of_every_batch_commits_and_reveals_directly() public {
        _open();
        uint8 batch = _post(0, PEERS - 2);
        _commit(PEERS - 1);
        _toReveal();
        _revealBatch(batch, 0, PEERS - 2);
        _reveal(PEERS - 1);
        vm.assertEq(project.round(1).reveals, PEERS);
    }

    /// @dev 29 bytes of a hash, and how many were revealed.
    function _link(bytes32 hash, uint256 count) private pure returns (bytes32) {
        return bytes32(uint256(hash) >> 24 << 24 | count);
    }
}
