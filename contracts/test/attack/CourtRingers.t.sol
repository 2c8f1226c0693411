// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {CourtTest} from "../support/CourtTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev What can be done with ringers, and against them.
contract CourtRingersTest is CourtTest {
    bytes32 private constant RINGER_SALT = keccak256("ringer");
    uint256 private constant WRONG = uint256(keccak256("a known wrong answer"));

    function test_a_ringer_pays_who_contradicts_it_and_slashes_who_confirms_it() public {
        _playRinger(TRUTH, TRUTH, 0);
        vm.prank(requester);
        court.exposeRinger(terms, _log(), opened[0], WRONG, RINGER_SALT);
        vm.prank(worker);
        vm.expectPartialRevert(IOutputCourt.Court_WrongPhase.selector);
        court.appeal(terms);
        _finalize();
        vm.assertEq(court.balanceOf(worker), FUNDS);
        vm.assertEq(court.balanceOf(requester), FUNDS - WORKER_FEE - 2 * VERIFIER_FEE);
        for (uint256 i = 0; i < 2; ++i) {
            vm.assertEq(court.balanceOf(members[i].account), VERIFIER_FEE + WORKER_FEE / 2);
        }
        vm.assertEq(_slashedOf(3), STRIKE_PENALTY);
    }

    function test_a_ringer_pays_nobody_who_makes_something_up() public {
        _playRinger(TRUTH, TRUTH, ~TRUTH);
        vm.prank(requester);
        court.exposeRinger(terms, _log(), opened[0], WRONG, RINGER_SALT);
        _finalize();
        vm.assertEq(court.balanceOf(members[0].account), VERIFIER_FEE + WORKER_FEE / 2);
        vm.assertEq(court.balanceOf(members[2].account), 0);
        // It did not confirm the answer either.
        vm.assertEq(court.strikesOf(members[2].account), 1);
        vm.assertEq(_slashedOf(3), 0);
    }

    function test_a_worker_cannot_call_its_cheat_a_ringer() public {
        // The requester is honest: its ringer hash is nobody's. Worker, and requester under pressure, try all the same.
        _playFirst(LIE, TRUTH, TRUTH, TRUTH);
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NotRequester.selector, worker, requester));
        court.exposeRinger(terms, _log(), opened[0], LIE, RINGER_SALT);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NotRinger.selector, jobId));
        court.exposeRinger(terms, _log(), opened[0], LIE, RINGER_SALT);
    }

    function test_a_digest_fixed_in_advance_is_no_ringer_unless_the_seed_masks_it() public {
        // Else a requester that guesses what honest outputs of a poor class look like could have them slashed.
        terms.ringerHash = court.ringerHash(TRUTH, RINGER_SALT);
        jobId = court.jobIdOf(terms);
        _playFirst(TRUTH, TRUTH, TRUTH, TRUTH);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NotRinger.selector, jobId));
        court.exposeRinger(terms, _log(), opened[0], TRUTH, RINGER_SALT);
    }

    function testFuzz_no_honest_digest_is_near_a_ringers(
        uint256 fixedEarly, bytes32 seedDrawn, uint256 honest
    ) public view {
        uint256 distance = _bits(court.ringerDigest(fixedEarly, seedDrawn) ^ honest);
        vm.assertGt(distance, 80, "a distance with probability 1e-9");
    }

    function test_a_ringer_is_exposed_in_the_first_round_only() public {
        _playRinger(TRUTH, TRUTH, TRUTH);
        _appeal(worker);
        _commitMany(0, 7, TRUTH);
        _decide();
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IOutputCourt.Court_NotRinger.selector, jobId));
        court.exposeRinger(terms, _log(), opened[0], WRONG, RINGER_SALT);
    }

    function _playRinger(uint256 first, uint256 second, uint256 third) private {
        terms.ringerHash = court.ringerHash(WRONG, RINGER_SALT);
        jobId = court.jobIdOf(terms);
        _submit();
        uint256 pinned = court.job(terms).pinnedBlock;
        _passPinned();
        uint256 masked = court.ringerDigest(WRONG, _seedOf(jobId, blockhash(pinned)));
        _work(masked);
        _learnCommittee();
        _commit(1, first);
        _commit(2, second);
        _commit(3, third == 0 ? masked : third);
        _decide();
    }

    function _bits(uint256 word) private pure returns (uint256 count) {
        for (; word != 0; word >>= 1) {
            count += word & 1;
        }
    }
}
