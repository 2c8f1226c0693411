// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {ITrainingProject} from "../../src/interfaces/ITrainingProject.sol";
import {HostileToken} from "../support/HostileToken.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {Trees} from "../support/Trees.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/Budget.tree.
contract BudgetTest is SwarmCalls {
    bytes4 private constant REENTERED = bytes4(keccak256("ReentrancyGuardReentrantCall()"));

    HostileToken private hostile;

    function _deployToken() internal override returns (address) {
        hostile = new HostileToken(1e9 ether);
        return address(hostile);
    }

    function test_nothing_is_no_budget() public {
        vm.expectRevert(IProjectTypes.Project_NothingToFund.selector);
        project.fund(0);
    }

    function test_anybody_adds_to_the_budget() public {
        token.transfer(stranger, 5);
        vm.startPrank(stranger);
        token.approve(address(project), 5);
        vm.expectEmit(address(project));
        emit IProjectTypes.ProjectFunded(stranger, 5);
        project.fund(5);
        vm.stopPrank();
        vm.assertEq(project.status().funded, FUNDS + 5);
        vm.assertEq(project.status().available, FUNDS + 5);
        vm.assertEq(token.balanceOf(address(project)), FUNDS + 5);
    }

    function test_a_closed_project_takes_no_money() public {
        _closeThawed();
        vm.expectRevert(IProjectTypes.Project_Closed.selector);
        project.fund(1);
    }

    function test_a_token_that_takes_a_fee_is_no_budget() public {
        token.approve(address(project), 100);
        hostile.setFee(3);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_InexactTransfer.selector, 100, 97));
        project.fund(100);
    }

    function test_funding_cannot_be_entered_again() public {
        token.approve(address(project), 2);
        hostile.setCallback(address(project), abi.encodeCall(ITrainingProject.fund, (1)));
        vm.expectRevert(REENTERED);
        project.fund(1);
    }

    function test_the_code_behind_the_projects_takes_no_money() public {
        ITrainingProject code = ITrainingProject(factory.implementation());
        vm.expectRevert(IProjectTypes.Project_Closed.selector);
        code.fund(1);
    }

    function test_a_claim_needs_a_leaf_of_the_final_root() public {
        _playDirect();
        bytes memory why =
            abi.encodeWithSelector(IProjectTypes.Project_BadProof.selector, peers[0], earned[0]);
        vm.expectRevert(why);
        this.claim(0); // accepted is not final
        _finalize();
        (, bytes32[] memory proof) = Trees.rewardRoot(peers, earned, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_BadProof.selector, peers[0], earned[0] + 1)
        );
        project.claim(peers[0], earned[0] + 1, proof);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadProof.selector, stranger, earned[0]));
        project.claim(stranger, earned[0], proof);
        _claim(0);
    }

    function test_a_claim_pays_what_was_not_paid_yet() public {
        _playDirect();
        _finalize();
        vm.expectEmit(address(project));
        emit IProjectTypes.RewardClaimed(peers[2], POOL / PEERS);
        this.claim(2);
        vm.assertEq(token.balanceOf(peers[2]), POOL / PEERS);
        vm.assertEq(project.claimed(peers[2]), POOL / PEERS);
        vm.assertEq(project.status().claimedTotal, POOL / PEERS);
        _playDirect();
        _finalize();
        vm.expectEmit(address(project));
        emit IProjectTypes.RewardClaimed(peers[2], POOL / PEERS);
        this.claim(2);
        vm.assertEq(token.balanceOf(peers[2]), 2 * POOL / PEERS);
    }

    function test_nothing_is_paid_twice() public {
        _playDirect();
        _finalize();
        _claim(1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_NothingToClaim.selector, peers[1], earned[1], earned[1]
            )
        );
        this.claim(1);
    }

    function test_a_wrong_root_pays_no_more_than_was_allocated() public {
        _openAndFind();
        earned[0] = POOL + 1; // more than the total, in a root that a quorum signed
        (result.rewardRoot,) = Trees.rewardRoot(peers, earned, 0);
        _toAttest();
        _accept(QUORUM);
        _finalize();
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_Insolvent.selector, POOL + 1, POOL));
        this.claim(0);
        _claim(1);
        vm.assertEq(project.status().claimedTotal, POOL / PEERS);
    }

    function test_a_claim_within_a_claim_pays_each_once() public {
        _playDirect();
        _finalize();
        hostile.setCallback(address(project), _claimCall(1));
        this.claim(0);
        vm.assertEq(token.balanceOf(peers[0]), POOL / PEERS);
        vm.assertEq(token.balanceOf(peers[1]), POOL / PEERS);
        vm.assertEq(project.status().claimedTotal, 2 * POOL / PEERS);
        hostile.setCallback(address(project), _claimCall(2));
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_NothingToClaim.selector, peers[2], earned[2], earned[2]
            )
        );
        this.claim(2);
    }

    function test_nothing_is_claimed_while_money_comes_in_or_goes_back() public {
        _playDirect();
        _finalize();
        token.approve(address(project), 1);
        hostile.setCallback(address(project), _claimCall(1));
        vm.expectRevert(REENTERED);
        project.fund(1);
        vm.expectRevert(REENTERED);
        this.closeThawed();
    }

    function test_only_the_owner_requests_to_close() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_NotOwner.selector, stranger, owner));
        project.requestClose();
    }

    function test_a_close_is_requested_once() public {
        uint40 time = uint40(vm.getBlockTimestamp());
        vm.startPrank(owner);
        vm.expectEmit(address(project));
        emit IProjectTypes.CloseRequested(time, time + 7 days);
        project.requestClose();
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_Closing.selector, time + 7 days));
        project.requestClose();
        vm.stopPrank();
        vm.assertEq(project.status().closableAt, time + 7 days);
    }

    function test_a_closed_project_is_not_closed_again() public {
        _closeThawed();
        vm.expectRevert(IProjectTypes.Project_Closed.selector);
        project.close();
        vm.prank(owner);
        vm.expectRevert(IProjectTypes.Project_Closed.selector);
        project.requestClose();
    }

    function test_a_close_waits_for_rounds_that_are_not_final() public {
        _open();
        vm.prank(owner);
        project.requestClose();
        vm.warp(vm.getBlockTimestamp() + 7 days);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_RoundsPending.selector, 1));
        project.close();
        project.skipRound(1);
        project.close();
    }

    function test_a_close_waits_until_the_request_has_thawed() public {
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_NotClosable.selector, 0));
        project.close();
        vm.prank(owner);
        project.requestClose();
        uint256 end = vm.getBlockTimestamp() + 7 days;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_NotClosable.selector, end));
        project.close();
        vm.warp(end);
        project.close();
    }

    function test_the_owner_gets_what_was_never_allocated() public {
        _playDirect();
        _finalize();
        vm.expectEmit(address(project));
        emit IProjectTypes.ProjectClosed(FUNDS - POOL, 0);
        this.closeThawed();
        vm.assertEq(token.balanceOf(owner), FUNDS - POOL);
        vm.assertEq(token.balanceOf(address(project)), POOL);
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertTrue(status.closed);
        vm.assertFalse(status.complete);
        vm.assertEq(status.refunded, FUNDS - POOL);
        vm.assertEq(status.available, 0);
    }

    function test_what_was_earned_is_claimed_after_the_close() public {
        _playDirect();
        _finalize();
        _closeThawed();
        for (uint256 i = 0; i < PEERS; ++i) {
            _claim(i);
            vm.assertEq(token.balanceOf(peers[i]), POOL / PEERS);
        }
        vm.assertEq(token.balanceOf(address(project)), 0);
    }

    function test_forfeited_pools_go_to_the_insurance() public {
        _playSkipped();
        _playSkipped();
        vm.expectEmit(address(project));
        emit IProjectTypes.ProjectClosed(FUNDS - 2 * POOL, 2 * POOL);
        this.closeThawed();
        vm.assertEq(token.balanceOf(insurance), 2 * POOL);
        vm.assertEq(token.balanceOf(owner), FUNDS - 2 * POOL);
        vm.assertEq(project.status().refunded, FUNDS);
    }

    function test_the_insurance_gets_no_more_than_is_left() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.roundPool = FUNDS * 2 / 3;
        terms.rounds = 9;
        _start(terms);
        _playSkipped();
        _playSkipped();
        vm.expectEmit(address(project));
        emit IProjectTypes.ProjectClosed(0, FUNDS);
        this.closeThawed();
        vm.assertEq(token.balanceOf(insurance), FUNDS);
        vm.assertEq(token.balanceOf(owner), 0);
    }

    function test_a_complete_project_is_closed_by_anybody_and_insures_nothing() public {
        _playSkipped();
        for (uint256 i = 0; i < 3; ++i) {
            _playDirect();
            _finalize();
        }
        vm.assertTrue(project.status().complete);
        vm.expectEmit(address(project));
        emit IProjectTypes.ProjectClosed(FUNDS - 3 * POOL, 0);
        vm.prank(stranger);
        project.close();
        vm.assertEq(token.balanceOf(owner), FUNDS - 3 * POOL);
        vm.assertEq(token.balanceOf(insurance), 0);
    }

    function test_a_project_without_money_closes() public {
        _create(_terms());
        vm.expectEmit(address(project));
        emit IProjectTypes.ProjectClosed(0, 0);
        this.closeThawed();
        vm.assertEq(token.balanceOf(owner), 0);
    }

    function test_closing_cannot_be_entered_again() public {
        hostile.setCallback(address(project), abi.encodeCall(ITrainingProject.close, ()));
        vm.expectRevert(REENTERED);
        this.closeThawed();
    }

    function test_a_project_tells_its_terms() public view {
        IProjectTypes.Configuration memory terms = project.configuration();
        IProjectTypes.Configuration memory wanted = _terms();
        wanted.registry = address(registry);
        vm.assertEq(keccak256(abi.encode(terms)), keccak256(abi.encode(wanted)));
        vm.assertEq(project.insurance(), insurance);
        vm.assertEq(project.disputes(), disputes);
        vm.assertEq(project.attendance(), address(attendance));
        vm.assertEq(registry.slasher(), address(project));
        vm.assertEq(registry.guardian(), guardian);
    }

    function closeThawed() external {
        _closeThawed();
    }

    function _closeThawed() private {
        vm.prank(owner);
        project.requestClose();
        _warpTo(project.status().closableAt);
        project.close();
    }

    function _openAndFind() private {
        _open();
        _commitAndReveal(PEERS);
        _findEqual();
    }

    function _claimCall(uint256 index) private view returns (bytes memory) {
        (, bytes32[] memory proof) = Trees.rewardRoot(peers, earned, index);
        return abi.encodeCall(ITrainingProject.claim, (peers[index], earned[index], proof));
    }
}
