// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttendance} from "../../src/interfaces/IAttendance.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/Results.tree.
contract ResultsTest is SwarmCalls {
    function test_a_result_is_accepted_in_the_attest_window() public {
        _attesting();
        vm.warp(project.round(round).attestStart - 1);
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Availability, IProjectTypes.Phase.Attest));
        this.accept(QUORUM);
        _toLapse();
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Lapsed, IProjectTypes.Phase.Attest));
        this.accept(QUORUM);
        vm.warp(vm.getBlockTimestamp() - 1);
        _accept(QUORUM);
    }

    function test_a_result_starts_from_the_head() public {
        _attesting();
        result.prevCid = keccak256("another");
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_WrongBase.selector, 1, keccak256("another"), GENESIS
            )
        );
        this.accept(QUORUM);
    }

    function test_a_result_does_not_take_back_what_was_allocated() public {
        _playDirect();
        _attesting();
        result.cumulativeTotal = POOL - 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_TotalOutOfRange.selector, 2, POOL - 1, POOL, 2 * POOL
            )
        );
        this.accept(QUORUM);
    }

    function test_a_result_allocates_at_most_one_pool() public {
        _attesting();
        result.cumulativeTotal = POOL + 1;
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_TotalOutOfRange.selector, 1, POOL + 1, 0, POOL)
        );
        this.accept(QUORUM);
    }

    function test_contributions_are_the_ones_that_were_signed() public {
        _attesting();
        bytes32 root = result.weightRoot;
        result.weightRoot = keccak256("another");
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_WrongContributions.selector, 1, root, keccak256("another")
            )
        );
        this.accept(QUORUM);
    }

    function test_contributions_are_whole() public {
        _attesting();
        contributions = bytes.concat(contributions, hex"00");
        vm.expectRevert(
            abi.encodeWithSignature("Contributions_BadLength(uint256)", PEERS * RECORD_BYTES + 1)
        );
        this.accept(QUORUM);
    }

    function test_rewards_sum_up_to_what_is_allocated() public {
        _attesting();
        result.cumulativeTotal = POOL - 1;
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_WrongSum.selector, 1, POOL, POOL - 1)
        );
        this.accept(QUORUM);
    }

    function test_nothing_may_be_allocated() public {
        _openAndReveal();
        _find(new uint256[](PEERS), 0);
        _toAttest();
        _accept(QUORUM);
        vm.assertEq(project.status().acceptedTotal, 0);
    }

    function test_signers_come_in_ascending_order() public {
        _attesting();
        IProjectTypes.Signature[] memory signatures = _signatures(QUORUM);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_SignersNotAscending.selector, peers[1], peers[0])
        );
        project.acceptSigned(round, result, contributions, signatures, new IProjectTypes.Custody[](0));
    }

    function test_a_signer_counts_once() public {
        _attesting();
        IProjectTypes.Signature[] memory signatures = _signatures(QUORUM);
        signatures[1] = signatures[0];
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_SignersNotAscending.selector, peers[0], peers[0])
        );
        project.acceptSigned(round, result, contributions, signatures, new IProjectTypes.Custody[](0));
    }

    function test_what_nobody_can_have_signed_is_refused() public {
        _attesting();
        IProjectTypes.Signature[] memory signatures = new IProjectTypes.Signature[](1);
        vm.expectRevert(bytes4(keccak256("InvalidSignature()")));
        project.acceptSigned(round, result, contributions, signatures, new IProjectTypes.Custody[](0));
    }

    function test_a_signer_has_a_seat_that_counts() public {
        _attesting();
        keys[0] = STRANGER;
        vm.expectPartialRevert(IProjectTypes.Project_SignerWithoutStake.selector);
        this.accept(1);
    }

    function test_two_thirds_are_not_more_than_two_thirds() public {
        _attesting();
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_QuorumNotMet.selector, 1, 4, PEERS));
        this.accept(4);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_QuorumNotMet.selector, 1, 0, PEERS));
        this.accept(0);
        _accept(5);
    }

    function test_where_nobody_commits_nothing_is_opened() public {
        _attesting();
        IProjectTypes.Signature[] memory signatures = _signatures(QUORUM);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_OpeningsMissing.selector, QUORUM, 1, 0));
        project.acceptSigned(round, result, contributions, signatures, new IProjectTypes.Custody[](1));
    }

    function test_where_attesters_commit_each_signer_opens() public {
        _committing();
        for (uint256 i = 0; i < QUORUM; ++i) {
            _commitAttestation(i);
        }
        _toAttest();
        IProjectTypes.Signature[] memory signatures = _signatures(QUORUM);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_OpeningsMissing.selector, QUORUM, 4, QUORUM)
        );
        project.acceptSigned(round, result, contributions, signatures, new IProjectTypes.Custody[](4));
        _accept(QUORUM);
        vm.assertEq(uint256(_phase()), uint256(IProjectTypes.Phase.Challenge));
    }

    function test_who_did_not_commit_to_this_result_does_not_count() public {
        _committing();
        for (uint256 i = 0; i < QUORUM; ++i) {
            _commitAttestation(i);
        }
        result.cid = keccak256("another checkpoint");
        _toAttest();
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_Mismatch.selector, address(project), round, peers[0]
            )
        );
        this.accept(QUORUM);
    }

    function test_who_did_not_commit_at_all_does_not_count() public {
        _committing();
        for (uint256 i = 0; i + 1 < QUORUM; ++i) {
            _commitAttestation(i);
        }
        _toAttest();
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttendance.Attendance_Mismatch.selector, address(project), round, peers[QUORUM - 1]
            )
        );
        this.accept(QUORUM);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_QuorumNotMet.selector, round, 4, PEERS)
        );
        this.accept(4);
    }

    function test_an_accepted_result_is_the_new_head() public {
        _attesting();
        uint40 challengeEnd = uint40(vm.getBlockTimestamp() + 1_200);
        bytes32 hash = project.resultHash(1, result);
        vm.expectEmit(address(project));
        emit IProjectTypes.SeedPinned(1, uint64(vm.getBlockNumber() + 2));
        vm.expectEmit(address(project));
        emit IProjectTypes.ResultAccepted(1, hash, result, challengeEnd, QUORUM, contributions);
        this.accept(QUORUM);
        IProjectTypes.RoundView memory found = project.round(1);
        vm.assertEq(uint256(found.status), uint256(IProjectTypes.Status.Accepted));
        vm.assertEq(uint256(found.phase), uint256(IProjectTypes.Phase.Challenge));
        vm.assertEq(found.challengeEnd, challengeEnd);
        vm.assertEq(found.previousAccepted, 0);
        vm.assertEq(found.cumulativeTotal, POOL);
        vm.assertEq(found.resultHash, hash);
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertEq(status.headDigest, result.cid);
        vm.assertEq(status.lastAccepted, 1);
        vm.assertEq(status.acceptedRounds, 1);
        vm.assertEq(status.unfinalizedRounds, 1);
        vm.assertEq(status.acceptedTotal, POOL);
        vm.assertEq(status.finalizedTotal, 0);
        vm.assertEq(status.available, FUNDS - POOL);
    }

    function test_a_result_is_accepted_once() public {
        _playDirect();
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Challenge, IProjectTypes.Phase.Attest));
        this.accept(QUORUM);
    }

    function test_the_next_result_builds_on_the_accepted_one() public {
        _playDirect();
        bytes32 head = result.cid;
        _playDirect();
        vm.assertEq(result.prevCid, head);
        vm.assertEq(project.round(2).previousAccepted, 1);
        vm.assertEq(project.round(2).cumulativeTotal, 2 * POOL);
    }

    function test_a_result_is_final_after_its_challenge() public {
        _playDirect();
        vm.warp(project.round(1).challengeEnd - 1);
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Challenge, IProjectTypes.Phase.Settled));
        this.finalize();
        vm.warp(vm.getBlockTimestamp() + 1);
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundFinalized(1, result.rewardRoot, POOL);
        this.finalize();
        _assertPhase(IProjectTypes.Phase.Finalized);
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertEq(status.lastFinalized, 1);
        vm.assertEq(status.unfinalizedRounds, 0);
        vm.assertEq(status.finalizedTotal, POOL);
        vm.assertEq(status.rewardRoot, result.rewardRoot);
        vm.assertEq(status.available, FUNDS - POOL);
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Finalized, IProjectTypes.Phase.Settled));
        this.finalize();
    }

    function test_only_what_was_accepted_becomes_final() public {
        _playDirect();
        bytes32 accepted = project.resultHash(1, result);
        result.rewardRoot = keccak256("mine");
        bytes32 mine = project.resultHash(1, result);
        _toSettled();
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_ResultMismatch.selector, 1, mine, accepted)
        );
        this.finalize();
    }

    function test_results_become_final_in_their_order() public {
        _playDirect();
        IProjectTypes.Result memory first = result;
        _playDirect();
        _toSettled();
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_FinalizeOutOfOrder.selector, 2, 1, 0)
        );
        this.finalize();
        project.finalize(1, first);
        _finalize();
        vm.assertEq(project.status().lastFinalized, 2);
        vm.assertEq(project.status().finalizedTotal, 2 * POOL);
    }

    function test_a_skipped_round_is_passed_over() public {
        _playDirect();
        _finalize();
        _playSkipped();
        _playDirect();
        vm.assertEq(project.round(3).previousAccepted, 1);
        _finalize();
        vm.assertEq(project.status().lastFinalized, 3);
    }

    function test_a_result_means_this_round_of_this_project_on_this_chain() public {
        _attesting();
        bytes32 here = project.resultHash(1, result);
        vm.assertNotEq(project.resultHash(2, result), here);
        vm.chainId(77);
        vm.assertNotEq(project.resultHash(1, result), here);
        vm.chainId(31_337);
        _create(_terms());
        vm.assertNotEq(project.resultHash(1, result), here);
    }

    function _openAndReveal() private {
        _open();
        _commitAndReveal(PEERS);
    }

    /// @dev In the attest window, with a result.
    function _attesting() private {
        _openAndReveal();
        _findEqual();
        _toAttest();
    }

    /// @dev In the window in which attesters commit, with a result.
    function _committing() private {
        IProjectTypes.Configuration memory terms = _terms();
        terms.attestCommitSeconds = 300;
        _start(terms);
        _openAndReveal();
        _findEqual();
        _toAttestCommit();
    }
}
