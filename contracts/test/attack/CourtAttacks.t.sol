// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {ITreasury} from "../../src/interfaces/ITreasury.sol";
import {CourtTest} from "../support/CourtTest.sol";
import {HostileToken} from "../support/HostileToken.sol";
import {vm} from "../support/Vm.sol";

/// @dev One test an attack, named after what comes of it.
contract CourtAttacksTest is CourtTest {
    function test_a_copied_commitment_opens_for_nobody_else() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        _commit(1, TRUTH);
        bytes32 copied = entries[1].commitment;
        vm.prank(members[1].account);
        court.commit(terms, members, 2, copied);
        entries.push(IOutputCourt.Entry(2, copied));
        IOutputCourt.Opening memory opening = opened[1];
        opening.index = 2;
        opened.push(opening);
        _commit(3, TRUTH);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_OpeningMismatch.selector, jobId, 2));
        court.decide(terms, members, _log(), opened);
    }

    function test_a_commitment_of_the_first_round_opens_in_no_other() public {
        _playFirst(TRUTH, LIE, LIE, TRUTH);
        bytes32 old = entries[0].commitment;
        _appeal(worker);
        vm.prank(worker);
        court.commit(terms, members, 0, old);
        entries.push(IOutputCourt.Entry(0, old));
        opened.push(_opening(0, TRUTH));
        _commitMany(1, 7, TRUTH);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_OpeningMismatch.selector, jobId, 0));
        court.decide(terms, members, _log(), opened);
    }

    function test_a_signed_commitment_cannot_be_sent_in_another_round_or_for_another_place() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        uint8 index = 2;
        uint256 key = _keyOfVerifier(members[index - 1].account);
        bytes32 commitment = _commitmentOf(0, vm.addr(key), _opening(index, TRUTH));
        IOutputCourt.SignedEntry[] memory signed = new IOutputCourt.SignedEntry[](1);
        signed[0].entry = IOutputCourt.Entry(index, commitment);
        (signed[0].r, signed[0].vs) = vm.signCompact(key, court.signedHashOf(jobId, 1, commitment));
        vm.expectPartialRevert(IOutputCourt.Court_NotMember.selector);
        court.commitSigned(terms, members, signed);
        (signed[0].r, signed[0].vs) = vm.signCompact(key, court.signedHashOf(jobId, 0, commitment));
        signed[0].entry.index = index % 3 + 1;
        vm.expectPartialRevert(IOutputCourt.Court_NotMember.selector);
        court.commitSigned(terms, members, signed);
        signed[0].entry.index = index;
        court.commitSigned(terms, members, signed);
        court.commitSigned(terms, members, signed); // again: passed over
        vm.assertEq(court.job(terms).committed, 1 + (1 << index));
    }

    function test_the_seed_is_not_known_when_a_job_is_submitted_and_cannot_be_chosen_later() public {
        _submit();
        uint256 pinned = court.job(terms).pinnedBlock;
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_BlockPending.selector, jobId, pinned));
        court.commitWork(terms, keccak256("early"));
        _passPinned();
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_BlockNotForgotten.selector, jobId, pinned));
        court.pinBlock(terms);
        bytes32 drawn = court.drawSeed(terms);
        vm.assertEq(drawn, _seedOf(jobId, blockhash(pinned)));
        vm.roll(pinned + 300);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_AlreadyDrawn.selector, jobId));
        court.pinBlock(terms);
    }

    function test_a_forgotten_seed_is_pinned_anew() public {
        _submit();
        uint256 pinned = court.job(terms).pinnedBlock;
        vm.roll(pinned + 257);
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_BlockForgotten.selector, jobId, pinned));
        court.commitWork(terms, keccak256("late"));
        court.pinBlock(terms);
        _work(TRUTH);
        vm.assertTrue(court.job(terms).phase == IOutputCourt.Phase.Commit);
    }

    function test_a_committee_nobody_fixed_is_drawn_anew_with_the_whole_window() public {
        _submit();
        _work(TRUTH);
        IOutputCourt.JobView memory before = court.job(terms);
        vm.roll(before.pinnedBlock + 257);
        vm.warp(before.phaseEnd - 1);
        vm.expectPartialRevert(IOutputCourt.Court_BlockForgotten.selector);
        court.committeeOf(terms);
        court.pinBlock(terms);
        vm.assertEq(court.job(terms).phaseEnd, before.phaseEnd - 1 + classTerms.commitSeconds);
        _learnCommittee();
        court.drawCommittee(terms);
        vm.roll(vm.getBlockNumber() + 300);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_AlreadyDrawn.selector, jobId));
        court.pinBlock(terms);
        _commitMany(1, 3, TRUTH);
    }

    function test_stake_that_comes_or_goes_after_the_work_changes_no_draw() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        bytes32 before = keccak256(abi.encode(court.committeeOf(terms)));
        _stake(stranger, 50);
        uint32[] memory leaving = new uint32[](1);
        leaving[0] = members[0].seat;
        vm.prank(members[0].account);
        registry.beginUnstake(leaving);
        vm.assertEq(keccak256(abi.encode(court.committeeOf(terms))), before);
        vm.warp((uint256(registry.currentEpoch()) + 1) * EPOCH_SECONDS);
        vm.assertTrue(registry.currentEpoch() > court.job(terms).epoch);
        if (court.job(terms).phase == IOutputCourt.Phase.Commit) {
            vm.assertEq(keccak256(abi.encode(court.committeeOf(terms))), before);
        }
    }

    function test_a_verifier_that_leaves_at_once_is_still_slashed() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        _commitMany(1, 2, TRUTH);
        uint32[] memory leaving = new uint32[](1);
        leaving[0] = members[2].seat;
        vm.prank(members[2].account);
        registry.beginUnstake(leaving);
        _toPhaseEnd();
        _decide();
        _finalize();
        vm.assertEq(_slashedOf(3), NO_SHOW_PENALTY);
        vm.warp(registry.thawEnd(leaving[0]));
        vm.prank(members[2].account);
        registry.unstake(leaving);
        vm.assertEq(token.balanceOf(members[2].account), SEAT_STAKE - NO_SHOW_PENALTY);
    }

    function test_openings_come_too_early_or_too_late_or_too_few() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.reveal(terms, members, _log(), opened);
        _commitMany(1, 3, TRUTH);
        IOutputCourt.Opening memory last = opened[3];
        opened.pop();
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_OpeningsDiffer.selector, jobId, 7, 15));
        court.decide(terms, members, _log(), opened);
        opened.pop();
        court.reveal(terms, members, _log(), opened);
        _toPhaseEnd();
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.reveal(terms, members, _log(), opened);
        // Whoever decides could choose here whom to have slashed, if it could add what was not opened in time.
        opened.push(last);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_OpeningsDiffer.selector, jobId, 11, 3));
        court.decide(terms, members, _log(), opened);
        opened.pop();
        court.decide(terms, members, _log(), opened);
        vm.assertEq(court.job(terms).revealed, 3);
    }

    function test_who_opened_on_chain_cannot_be_left_out() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        _commitMany(1, 3, TRUTH);
        court.reveal(terms, members, _log(), opened);
        _toPhaseEnd();
        opened.pop();
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_OpeningsDiffer.selector, jobId, 7, 15));
        court.decide(terms, members, _log(), opened);
    }

    function test_another_log_or_committee_is_refused() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        _commitMany(1, 3, TRUTH);
        IOutputCourt.Log memory log = _log();
        (log.entries[1], log.entries[2]) = (log.entries[2], log.entries[1]);
        vm.expectPartialRevert(IOutputCourt.Court_LogMismatch.selector);
        court.decide(terms, members, log, opened);
        log = _log();
        log.entries[1].index = 200;
        vm.expectPartialRevert(IOutputCourt.Court_LogMismatch.selector);
        court.decide(terms, members, log, opened);
        members[0].account = stranger;
        vm.expectPartialRevert(IOutputCourt.Court_CommitteeMismatch.selector);
        court.decide(terms, members, _log(), opened);
    }

    function test_outsiders_and_members_out_of_place_do_not_commit() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NotMember.selector, jobId, 1, stranger));
        court.commit(terms, members, 1, keccak256("x"));
        vm.prank(members[0].account);
        vm.expectPartialRevert(IOutputCourt.Court_NotMember.selector);
        court.commit(terms, members, 2, keccak256("x"));
        vm.prank(members[0].account);
        vm.expectPartialRevert(IOutputCourt.Court_NotMember.selector);
        court.commit(terms, members, 200, keccak256("x"));
        vm.prank(members[0].account);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_EmptyCommitment.selector, jobId));
        court.commit(terms, members, 1, 0);
        _commit(1, TRUTH);
        vm.prank(members[0].account);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_AlreadyCommitted.selector, jobId, 1));
        court.commit(terms, members, 1, keccak256("x"));
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_AlreadyCommitted.selector, jobId, 0));
        court.commit(terms, members, 0, keccak256("x"));
    }

    function test_a_worker_that_hides_is_rejected_and_loses_its_bond() public {
        _submit();
        _work(LIE);
        _learnCommittee();
        _commitMany(1, 3, TRUTH);
        _hide();
        vm.assertTrue(_decide() == IOutputCourt.Verdict.RejectNoShow);
        _finalize();
        vm.assertEq(court.balanceOf(worker), FUNDS - WORKER_BOND);
    }

    function test_a_worker_alone_in_court_gets_its_bond_back_and_no_fee() public {
        _submit();
        _work(LIE);
        _toPhaseEnd(); // of committing
        vm.assertTrue(_decide() == IOutputCourt.Verdict.Inconclusive);
        _finalize();
        vm.assertEq(court.balanceOf(worker), FUNDS);
        vm.assertEq(court.balanceOf(requester), FUNDS);
    }

    function test_nobody_comes_to_an_appeal_and_the_job_still_ends() public {
        _playFirst(LIE, TRUTH, TRUTH, TRUTH);
        _appeal(worker);
        _toPhaseEnd();
        _toPhaseEnd();
        vm.assertTrue(court.job(terms).phase == IOutputCourt.Phase.Due);
        vm.assertTrue(_decide() == IOutputCourt.Verdict.RejectNoShow);
        _finalize();
        // The fees of the appeal were earned by nobody and return, what was at stake does not.
        vm.assertEq(court.balanceOf(worker), FUNDS - WORKER_BOND - 7 * VERIFIER_FEE);
        vm.assertEq(court.balanceOf(requester), FUNDS - 3 * VERIFIER_FEE + WORKER_BOND / 2 + 7 * VERIFIER_FEE);
    }

    function test_only_the_loser_appeals() public {
        _playFirst(TRUTH, TRUTH, TRUTH, TRUTH);
        address[3] memory others = [worker, stranger, members[0].account];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IOutputCourt.Court_NotAppellant.selector, jobId, others[i], IOutputCourt.Verdict.Accept
                )
            );
            court.appeal(terms);
        }
        _toPhaseEnd();
        vm.prank(requester);
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.appeal(terms);
    }

    function test_appeals_that_are_lost_cost_more_each_time() public {
        _playFirst(TRUTH, TRUTH, TRUTH, TRUTH);
        uint256 start = court.balanceOf(requester);
        uint8[3] memory sizes = [7, 15, 31];
        for (uint256 r = 0; r < 3; ++r) {
            _appeal(requester);
            _commitMany(0, sizes[r], TRUTH);
            _decide();
        }
        _finalize();
        vm.assertEq(start - court.balanceOf(requester), 2 * (7 + 15 + 31) * uint256(VERIFIER_FEE));
        vm.assertEq(court.balanceOf(worker), FUNDS + WORKER_FEE + (7 + 15 + 31) * uint256(VERIFIER_FEE));
    }

    function test_an_appeal_without_money_is_none() public {
        _playFirst(TRUTH, TRUTH, TRUTH, TRUTH);
        uint256 left = court.balanceOf(requester);
        vm.prank(requester);
        court.withdraw(uint128(left));
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(ITreasury.Court_BalanceTooSmall.selector, requester, 0, 14 * uint256(VERIFIER_FEE))
        );
        court.appeal(terms);
    }

    function test_a_pool_smaller_than_the_committee_is_refused_before_anything_is_locked() public {
        _playFirst(TRUTH, TRUTH, TRUTH, LIE);
        uint32[] memory one = new uint32[](1);
        for (uint256 i = 0; i < VERIFIERS - 5; ++i) {
            one[0] = uint32(i + 1);
            vm.prank(verifiers[i]);
            registry.beginUnstake(one);
        }
        vm.warp((uint256(registry.currentEpoch()) + 1) * EPOCH_SECONDS);
        _finalize(); // still ends
        terms.salt = "second";
        jobId = court.jobIdOf(terms);
        delete entries;
        delete opened;
        delete records;
        _playFirst(TRUTH, TRUTH, TRUTH, TRUTH);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_PoolTooSmall.selector, 5, 7));
        court.appeal(terms);
        for (uint256 i = VERIFIERS - 5; i < VERIFIERS - 2; ++i) {
            one[0] = uint32(i + 1);
            vm.prank(verifiers[i]);
            registry.beginUnstake(one);
        }
        vm.warp((uint256(registry.currentEpoch()) + 1) * EPOCH_SECONDS);
        terms.salt = "third";
        jobId = court.jobIdOf(terms);
        _submit();
        _passPinned();
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_PoolTooSmall.selector, 2, 3));
        court.commitWork(terms, keccak256("work"));
        _toPhaseEnd();
        court.expireJob(terms);
    }

    function test_a_pool_of_one_owner_leaves_places_empty_and_punishes_nobody_for_them() public {
        uint32[] memory all = new uint32[](1);
        for (uint256 i = 0; i < VERIFIERS; ++i) {
            all[0] = uint32(i + 1);
            vm.prank(verifiers[i]);
            registry.beginUnstake(all);
        }
        _stake(stranger, 5);
        vm.warp((uint256(registry.currentEpoch()) + 1) * EPOCH_SECONDS);
        _submit();
        _work(TRUTH);
        _learnCommittee();
        vm.assertEq(members[0].account, stranger);
        vm.assertEq(members[1].account, address(0));
        _commit(1, TRUTH);
        _toPhaseEnd();
        vm.assertTrue(_decide() == IOutputCourt.Verdict.Inconclusive);
        _finalize();
        vm.assertEq(court.balanceOf(requester), FUNDS);
        vm.assertEq(court.strikesOf(stranger), 0);
    }

    function test_a_token_that_takes_a_fee_or_calls_back_gets_nowhere() public {
        HostileToken hostile = new HostileToken(1e9 ether);
        IOutputCourt other = IOutputCourt(_deployCourt(address(hostile), curator, 1, 1));
        hostile.approve(address(other), type(uint256).max);
        other.deposit(100);
        hostile.setFee(1);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Court_InexactTransfer.selector, 50, 49));
        other.deposit(50);
        hostile.setFee(0);
        hostile.setCallback(address(other), abi.encodeCall(ITreasury.withdraw, (1)));
        vm.expectPartialRevert(bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        other.withdraw(50);
        hostile.setCallback(address(0), "");
        other.withdraw(100);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Court_BalanceTooSmall.selector, address(this), 0, 1));
        other.withdraw(1);
    }

    function test_a_slashed_seat_that_is_gone_stops_no_job() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        _commitMany(1, 2, TRUTH);
        uint32[] memory leaving = new uint32[](1);
        leaving[0] = members[2].seat;
        vm.prank(members[2].account);
        registry.beginUnstake(leaving);
        _toPhaseEnd();
        _decide();
        vm.warp(registry.thawEnd(leaving[0])); // nobody cared for the job in all that time
        vm.prank(members[2].account);
        registry.unstake(leaving);
        _finalize();
        vm.assertEq(court.balanceOf(worker), FUNDS + WORKER_FEE);
    }
}
