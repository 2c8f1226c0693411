// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {ITreasury} from "../../src/interfaces/ITreasury.sol";
import {CourtTest} from "../support/CourtTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev registerClass
/// ├── not the curator; known already; another description: refused
/// ├── a threshold above 80, a bond below 106 fees, a fee or window of zero, work and four rounds as long as the
/// │   thaw, a description above 8,192 bytes: refused
/// └── else: stored, usable after the delay
/// submitJob
/// ├── class unknown or too young; not the requester; a worker that is none; fee, input, balance that do not fit: refused
/// └── else: fee and three verifier fees locked, a block pinned
/// commitWork
/// ├── not the worker; no commitment; no bond; too late: refused
/// └── else: bond locked, the next block pinned for the draw
contract SubmitTest is CourtTest {
    function test_only_the_curator_registers_a_class_and_once() public {
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NotCurator.selector, address(this), curator));
        court.registerClass(classTerms, DESCRIPTION);
        vm.startPrank(curator);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_ClassExists.selector, classId));
        court.registerClass(classTerms, DESCRIPTION);
        vm.expectPartialRevert(IOutputCourt.Court_DescriptionMismatch.selector);
        court.registerClass(classTerms, "another");
        vm.stopPrank();
    }

    function test_thresholds_go_up_to_80() public {
        classTerms.threshold = 81;
        _refused(abi.encodeWithSelector(IOutputCourt.Court_ThresholdOutOfRange.selector, 81, 80));
        classTerms.threshold = 80;
        classTerms.appealThreshold = 255;
        _refused(abi.encodeWithSelector(IOutputCourt.Court_ThresholdOutOfRange.selector, 255, 80));
        classTerms.appealThreshold = 80;
        vm.prank(curator);
        court.registerClass(classTerms, DESCRIPTION);
    }

    function test_the_bond_covers_what_a_requester_in_the_right_pays() public {
        classTerms.workerBond = 106 ether - 1;
        _refused(
            abi.encodeWithSelector(IOutputCourt.Court_BondTooSmall.selector, 106 ether - 1, uint256(106 ether))
        );
    }

    function test_nothing_about_a_class_is_zero() public {
        classTerms.verifierFee = 0;
        _refused(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "verifierFee"));
        classTerms = _classTerms();
        classTerms.workSeconds = 0;
        _refused(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "workSeconds"));
        classTerms = _classTerms();
        classTerms.commitSeconds = 0;
        _refused(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "commitSeconds"));
        classTerms = _classTerms();
        classTerms.revealSeconds = 0;
        _refused(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "revealSeconds"));
        classTerms = _classTerms();
        classTerms.appealSeconds = 0;
        _refused(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "appealSeconds"));
    }

    function test_all_rounds_end_before_stake_is_free() public {
        classTerms.appealSeconds += 1; // four rounds of one second more
        _refusedAsTooLong(600 + 4 * 1_301);
    }

    function test_the_work_counts_too() public {
        classTerms.workSeconds += 1;
        _refusedAsTooLong(601 + 4 * 1_300);
        classTerms.workSeconds = type(uint32).max; // no job of such a class could be submitted
        _refusedAsTooLong(uint256(type(uint32).max) + 4 * 1_300);
    }

    function test_a_description_has_8192_bytes_at_most() public {
        bytes memory long = new bytes(8_193);
        classTerms.descriptionDigest = sha256(long);
        vm.prank(curator);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "description"));
        court.registerClass(classTerms, long);
        long = new bytes(8_192);
        classTerms.descriptionDigest = sha256(long);
        vm.prank(curator);
        court.registerClass(classTerms, long);
    }

    function test_a_class_has_to_wait() public {
        classTerms.threshold = 10;
        vm.prank(curator);
        terms.classId = court.registerClass(classTerms, DESCRIPTION);
        uint40 from = court.outputClass(terms.classId).usableFrom;
        vm.assertEq(from, vm.getBlockTimestamp() + 60);
        _refusedJob(abi.encodeWithSelector(IOutputCourt.Court_ClassNotYetUsable.selector, terms.classId, from));
        vm.warp(from);
        _submit();
    }

    function test_a_job_that_does_not_fit_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NotRequester.selector, address(this), requester));
        court.submitJob(terms, INPUT);
        terms.classId = keccak256("none");
        _refusedJob(abi.encodeWithSelector(IOutputCourt.Court_UnknownClass.selector, terms.classId));
        terms = _terms("x");
        terms.worker = address(0);
        _refusedJob(abi.encodeWithSelector(IOutputCourt.Court_BadWorker.selector, address(0)));
        terms.worker = requester;
        _refusedJob(abi.encodeWithSelector(IOutputCourt.Court_BadWorker.selector, requester));
        terms = _terms("x");
        terms.workerFee = 10 ether - 1;
        _refusedJob(abi.encodeWithSelector(IOutputCourt.Court_FeeTooSmall.selector, 10 ether - 1, 10 ether));
        terms.workerFee = type(uint96).max;
        vm.prank(requester);
        vm.expectPartialRevert(ITreasury.Court_BalanceTooSmall.selector);
        court.submitJob(terms, INPUT);
        terms = _terms("x");
        terms.inputDigest = keccak256("another");
        vm.prank(requester);
        vm.expectPartialRevert(IOutputCourt.Court_InputMismatch.selector);
        court.submitJob(terms, INPUT);
        bytes memory long = new bytes(1_025);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_InputTooLong.selector, 1_025, 1_024));
        court.submitJob(terms, long);
        vm.assertEq(court.balanceOf(requester), FUNDS);
    }

    function test_work_is_committed_by_the_worker_in_time_and_with_a_bond() public {
        _submit();
        _passPinned();
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NotWorker.selector, address(this), worker));
        court.commitWork(terms, keccak256("x"));
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_EmptyCommitment.selector, jobId));
        court.commitWork(terms, 0);
        vm.startPrank(worker);
        court.withdraw(uint128(FUNDS));
        vm.expectPartialRevert(ITreasury.Court_BalanceTooSmall.selector);
        court.commitWork(terms, keccak256("x"));
        vm.stopPrank();
        _toPhaseEnd();
        vm.prank(worker);
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.commitWork(terms, keccak256("x"));
    }

    function test_nothing_is_not_moved() public {
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Court_NoAmount.selector));
        court.deposit(0);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Court_NoAmount.selector));
        court.withdraw(0);
    }

    function test_a_court_is_not_deployed_with_penalties_that_end_a_seat_at_once() public {
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "noShowPenalty"));
        this.deploy(curator, SEAT_STAKE / 4 + 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "strikePenalty"));
        this.deploy(curator, 0, SEAT_STAKE / 2 + 1);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Court_BadParameter.selector, "curator"));
        this.deploy(address(0), 0, 0);
    }

    function deploy(address curator_, uint256 noShowPenalty, uint256 strikePenalty) external {
        _deployCourt(address(token), curator_, noShowPenalty, strikePenalty);
    }

    function _refused(bytes memory reason) private {
        vm.prank(curator);
        vm.expectRevert(reason);
        court.registerClass(classTerms, DESCRIPTION);
    }

    function _refusedAsTooLong(uint256 jobSeconds) private {
        _refused(
            abi.encodeWithSelector(IOutputCourt.Court_JobOutlastsThaw.selector, jobSeconds, uint256(THAW_SECONDS))
        );
    }

    function _refusedJob(bytes memory reason) private {
        vm.prank(requester);
        vm.expectRevert(reason);
        court.submitJob(terms, INPUT);
    }

    function test_a_court_tells_what_it_was_made_with() public view {
        vm.assertEq(court.curator(), curator);
        vm.assertEq(court.classDelaySeconds(), 60);
        vm.assertEq(court.token(), address(token));
        vm.assertEq(court.noShowPenalty(), NO_SHOW_PENALTY);
        vm.assertEq(court.strikePenalty(), STRIKE_PENALTY);
    }

    function test_steps_of_another_phase_are_refused() public {
        _submit();
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.decide(terms, members, _log(), opened);
        _passPinned();
        court.drawSeed(terms);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_AlreadyDrawn.selector, jobId));
        court.drawSeed(terms);
        vm.warp(court.job(terms).phaseEnd);
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.pinBlock(terms);
    }

    function test_a_committee_is_drawn_once() public {
        _submit();
        _work(TRUTH);
        _passPinned();
        court.drawCommittee(terms);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_AlreadyDrawn.selector, jobId));
        court.drawCommittee(terms);
    }
}
