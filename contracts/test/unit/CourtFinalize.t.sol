// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {CourtTest} from "../support/CourtTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev finalize, after the appeal window
/// ├── accept: the worker gets fee and bond; near members a fee, far ones a strike
/// ├── reject: the requester gets its fees and half of the bond, the rest is burned; far members a fee, others a strike
/// ├── inconclusive: everybody gets back what is theirs
/// ├── absent members: a strike and a small slash, in every case; the third strike slashes more
/// ├── appeals: what was at stake goes to the winner, unearned fees to who paid for the round
/// └── before the window is over: only by who alone could appeal
contract FinalizeTest is CourtTest {
    uint256 private constant COST = WORKER_FEE + 3 * uint256(VERIFIER_FEE);

    function test_acceptance_pays_the_worker_and_the_committee() public {
        _playFirst(TRUTH, TRUTH, TRUTH ^ 1, TRUTH ^ 3);
        _finalize();
        _assertBalances(FUNDS - COST, FUNDS + WORKER_FEE, 0);
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(court.balanceOf(members[i].account), VERIFIER_FEE);
        }
        vm.assertTrue(court.job(terms).phase == IOutputCourt.Phase.Closed);
    }

    function test_a_member_against_an_acceptance_is_struck_and_its_fee_goes_back() public {
        _playFirst(TRUTH, TRUTH, TRUTH, LIE);
        _finalize();
        _assertBalances(FUNDS - COST + VERIFIER_FEE, FUNDS + WORKER_FEE, 0);
        vm.assertEq(court.balanceOf(members[2].account), 0);
        vm.assertEq(court.strikesOf(members[2].account), 1);
        vm.assertEq(_slashedOf(3), 0);
    }

    function test_rejection_pays_the_requester_half_of_the_bond_and_burns_the_rest() public {
        _playFirst(LIE, TRUTH, TRUTH, LIE);
        _finalize();
        uint256 half = uint256(WORKER_BOND) / 2;
        _assertBalances(FUNDS - 2 * VERIFIER_FEE + half, FUNDS - WORKER_BOND, WORKER_BOND - half);
        vm.assertEq(court.balanceOf(members[0].account), VERIFIER_FEE);
        vm.assertEq(court.strikesOf(members[2].account), 1);
    }

    function test_a_member_that_makes_something_up_is_not_right_because_the_worker_is_wrong() public {
        _playFirst(LIE, TRUTH, ~LIE, TRUTH ^ 1);
        vm.assertEq(court.job(terms).far, 10);
        _finalize();
        uint256 half = uint256(WORKER_BOND) / 2;
        _assertBalances(FUNDS - 2 * VERIFIER_FEE + half, FUNDS - WORKER_BOND, WORKER_BOND - half);
        vm.assertEq(court.balanceOf(members[1].account), 0);
        vm.assertEq(court.strikesOf(members[1].account), 1);
        vm.assertEq(court.balanceOf(members[2].account), VERIFIER_FEE);
    }

    function test_an_appeal_that_rejects_pays_all_who_contradicted_the_worker_before() public {
        _playFirst(LIE, LIE, TRUTH, ~LIE); // inconclusive: nobody can tell which of the two is right
        address[3] memory first = [members[0].account, members[1].account, members[2].account];
        _appeal(requester);
        _commit(0, LIE);
        _commitMany(1, 7, TRUTH);
        _decide();
        _finalize();
        vm.assertEq(court.strikesOf(first[0]), 1);
        vm.assertGt(court.balanceOf(first[1]), 0, "paid");
        vm.assertGt(court.balanceOf(first[2]), 0, "paid");
    }

    function test_an_inconclusive_job_returns_everything() public {
        _playFirst(TRUTH, TRUTH, LIE, ~LIE);
        _finalize();
        _assertBalances(FUNDS, FUNDS, 0);
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(court.balanceOf(members[i].account), 0);
            vm.assertEq(court.strikesOf(members[i].account), 0);
        }
    }

    function test_an_absent_member_is_slashed_a_little_and_struck() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        _commitMany(1, 2, TRUTH);
        _toPhaseEnd();
        _decide();
        _finalize();
        _assertBalances(FUNDS - COST + VERIFIER_FEE, FUNDS + WORKER_FEE, 0);
        vm.assertEq(_slashedOf(3), NO_SHOW_PENALTY);
        vm.assertEq(court.strikesOf(members[2].account), 1);
        vm.assertEq(registry.seat(members[2].seat).inactiveEpoch, 0);
    }

    function test_the_third_strike_slashes_and_starts_again() public {
        address repeated;
        uint256 strikes = 0;
        // The same member is wrong whenever it is drawn.
        for (uint256 i = 0; strikes < 3; ++i) {
            _newJob(bytes32(i));
            _submit();
            _work(TRUTH);
            _learnCommittee();
            if (repeated == address(0)) repeated = members[0].account;
            for (uint8 m = 1; m <= 3; ++m) {
                bool wrong = members[m - 1].account == repeated;
                if (wrong) ++strikes;
                _commit(m, wrong ? LIE : TRUTH);
            }
            _decide();
            _finalize();
        }
        uint32 seat = _seatOf(repeated);
        vm.assertEq(court.strikesOf(repeated), 0);
        vm.assertEq(registry.seat(seat).slashed, STRIKE_PENALTY);
    }

    function test_an_appeal_won_by_the_worker_turns_the_rejection() public {
        _playFirst(TRUTH, TRUTH, LIE, LIE);
        _appeal(worker);
        _commitMany(0, 7, TRUTH);
        _decide();
        _finalize();
        // The worker paid seven members, the requester the one that was right at first.
        _assertBalances(FUNDS - WORKER_FEE - VERIFIER_FEE, FUNDS + WORKER_FEE - 7 * VERIFIER_FEE, 0);
    }

    function test_an_appeal_lost_by_the_worker_costs_its_stake() public {
        _playFirst(LIE, TRUTH, TRUTH, TRUTH);
        _appeal(worker);
        _commit(0, LIE);
        _commitMany(1, 7, TRUTH);
        _decide();
        _finalize();
        uint256 half = uint256(WORKER_BOND) / 2;
        uint256 kept = FUNDS - 3 * VERIFIER_FEE + half + 7 * VERIFIER_FEE;
        _assertBalances(kept, FUNDS - WORKER_BOND - 14 * VERIFIER_FEE, WORKER_BOND - half);
    }

    function test_a_requester_that_appeals_to_the_last_committee_and_wins_loses_nothing() public {
        _playFirst(LIE, LIE, LIE, TRUTH);
        uint8[3] memory sizes = [7, 15, 31];
        for (uint256 r = 0; r < 3; ++r) {
            _appeal(requester);
            bool last = r == 2;
            for (uint8 i = 0; i <= sizes[r]; ++i) {
                _commit(i, i == 0 || !last ? LIE : TRUTH);
            }
            _decide();
        }
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NoFurtherAppeal.selector, jobId, 3));
        court.appeal(terms);
        _finalize();
        vm.assertGt(court.balanceOf(requester) + 1, FUNDS, "made whole");
        vm.assertEq(court.balanceOf(worker), FUNDS - WORKER_BOND);
    }

    function test_members_are_not_wrong_where_the_worker_hid_its_digest() public {
        _submit();
        _work(TRUTH);
        _learnCommittee();
        _commitMany(1, 3, TRUTH);
        _hide();
        vm.assertTrue(_decide() == IOutputCourt.Verdict.RejectNoShow);
        address[3] memory first = [members[0].account, members[1].account, members[2].account];
        _appeal(worker);
        _commitMany(0, 7, TRUTH);
        _decide();
        _finalize();
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(court.strikesOf(first[i]), 0);
            vm.assertGt(court.balanceOf(first[i]), 0, "paid");
        }
    }

    function test_only_who_alone_could_appeal_ends_the_window() public {
        _playFirst(TRUTH, TRUTH, TRUTH, TRUTH);
        _keepRecord();
        vm.prank(worker);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOutputCourt.Court_WrongPhase.selector, jobId, IOutputCourt.Phase.Appeal, IOutputCourt.Phase.Settled
            )
        );
        court.finalize(terms, records);
        vm.prank(requester);
        court.finalize(terms, records);
        vm.assertEq(court.balanceOf(worker), FUNDS + WORKER_FEE);
    }

    function test_a_job_ends_once() public {
        _playFirst(TRUTH, TRUTH, TRUTH, TRUTH);
        _finalize();
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.finalize(terms, records);
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.expireJob(terms);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_JobExists.selector, jobId));
        court.submitJob(terms, INPUT);
    }

    function test_other_rounds_than_those_on_record_are_refused() public {
        _playFirst(TRUTH, TRUTH, TRUTH, LIE);
        _keepRecord();
        _toPhaseEnd();
        (records[0].near, records[0].far) = (14, 0);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_RecordMismatch.selector, jobId, 0));
        court.finalize(terms, records);
        (records[0].near, records[0].far) = (6, 0);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_RecordMismatch.selector, jobId, 0));
        court.finalize(terms, records);
        records.push();
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_RecordMismatch.selector, jobId, 2));
        court.finalize(terms, records);
    }

    function test_a_job_without_work_expires_and_refunds() public {
        _submit();
        vm.assertEq(court.balanceOf(requester), FUNDS - COST);
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.expireJob(terms);
        _toPhaseEnd();
        court.expireJob(terms);
        vm.assertEq(court.balanceOf(requester), FUNDS);
    }

    /// @dev Whoever shows up how, locked money is divided without a remainder.
    function testFuzz_money_is_conserved(uint256 choices, uint8 appeals) public {
        _playRound(choices, 0);
        for (uint256 r = 1; r <= appeals % 4; ++r) {
            IOutputCourt.Verdict verdict = court.job(terms).verdict;
            bool byWorker = verdict != IOutputCourt.Verdict.Accept && verdict != IOutputCourt.Verdict.Inconclusive;
            _appeal(byWorker ? worker : requester);
            _playRound(uint256(keccak256(abi.encode(choices, r))), r);
        }
        _finalize();
        uint256 sum = court.balanceOf(requester) + court.balanceOf(worker) + court.balanceOf(BURNED);
        for (uint256 i = 0; i < VERIFIERS; ++i) {
            sum += court.balanceOf(verifiers[i]);
        }
        vm.assertEq(sum, 2 * FUNDS);
        vm.assertEq(token.balanceOf(address(court)), 2 * FUNDS);
    }

    /// @dev Everybody tells the truth, lies, makes something up, or does not come: two bits each.
    function _playRound(uint256 choices, uint256 round) private {
        if (round == 0) {
            _submit();
            _work(choices & 1 == 0 ? TRUTH : LIE);
            _learnCommittee();
        } else if (choices % 5 != 0) {
            _commit(0, choices & 1 == 0 ? TRUTH : LIE);
        }
        for (uint8 i = 1; i <= members.length; ++i) {
            uint256 choice = (choices >> (2 * i)) & 3;
            if (choice == 3) continue;
            _commit(i, choice == 0 ? TRUTH : choice == 1 ? LIE : uint256(keccak256(abi.encode(choices, i))));
        }
        if (court.job(terms).phase == IOutputCourt.Phase.Commit) _toPhaseEnd();
        _decide();
    }

    function _newJob(bytes32 salt) private {
        terms.salt = salt;
        jobId = court.jobIdOf(terms);
        delete entries;
        delete opened;
        delete records;
    }

    function _seatOf(address account) private view returns (uint32) {
        for (uint32 i = 1; i <= VERIFIERS; ++i) {
            if (registry.seat(i).owner == account) return i;
        }
        return 0;
    }

    function _assertBalances(uint256 ofRequester, uint256 ofWorker, uint256 burned) private view {
        vm.assertEq(court.balanceOf(requester), ofRequester, "requester");
        vm.assertEq(court.balanceOf(worker), ofWorker, "worker");
        vm.assertEq(court.balanceOf(BURNED), burned, "burned");
    }
}
