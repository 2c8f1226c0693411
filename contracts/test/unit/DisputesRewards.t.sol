// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {DisputesTest} from "../support/DisputesTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev The branches of proveRewards in spec/Disputes.tree.
contract DisputesRewardsTest is DisputesTest {
    function test_honest_rewards_are_not_fraud() public {
        _playHonest();
        _expectNotFraud();
        this.proveRewards();
    }

    function test_honest_rewards_on_top_of_earlier_ones_are_not_fraud() public {
        (score[3], reason[3], score[5], reason[5]) = (0, 8, 0, 8);
        _playHonest();
        _moveOn();
        // Peer 3 earns for the first time, peer 0 no more, and peer 1 hits the cap.
        (score[0], reason[0], score[1]) = (0, 8, 90_000);
        _playHonest();
        vm.assertEq(reward[1], uint256(POOL) * CAP_Q16 >> 16);
        _expectNotFraud();
        this.proveRewards();
    }

    function test_a_round_in_which_nobody_earns_is_not_fraud() public {
        for (uint256 i = 0; i < PEERS; ++i) {
            (score[i], reason[i]) = (0, 8);
        }
        _playHonest();
        vm.assertEq(result.rewardRoot, bytes32(0));
        _expectNotFraud();
        this.proveRewards();
    }

    function test_seats_of_one_owner_earn_together() public {
        _stake(peers[2], 1);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        _playReveals();
        _compute();
        // Seat 7, peer 2's second, was silent.
        contributions = bytes.concat(contributions, abi.encodePacked(uint32(7), int32(0), uint128(0), uint8(1), uint128(0)));
        _signWith(contributions);
        _expectNotFraud();
        this.proveRewards();
        _expectNotFraud();
        this.proveInputs();
    }

    function testFuzz_one_altered_reward_is_fraud(uint256 peer, uint128 other) public {
        peer %= PEERS;
        other %= POOL / 6;
        _playReveals();
        _compute();
        vm.assume(other != reward[peer]);
        reward[peer] = other;
        _describe();
        _acceptIt();
        this.proveRewards();
        _assertVoided();
    }

    function test_an_altered_score_is_fraud() public {
        _playReveals();
        _compute();
        score[4] *= 2;
        _describe();
        _acceptIt();
        this.proveRewards();
        _assertVoided();
    }

    function test_another_reward_root_is_fraud() public {
        _playHonest();
        _moveOn();
        _playReveals();
        _compute();
        result.rewardRoot = keccak256("mine");
        _acceptIt();
        this.proveRewards();
        _assertVoided();
    }

    function test_RevertWhen_what_was_earned_before_is_another() public {
        _playHonest();
        _moveOn();
        _playReveals();
        _compute();
        _acceptIt();
        IDisputes.Earned[] memory earnings = _earned();
        earnings[0].cumulative += 1;
        vm.expectPartialRevert(IDisputes.Disputes_WrongRewards.selector);
        judge.proveRewards(_case(), _arithmetic(), earnings);
        earnings[0].cumulative -= 1;
        (earnings[0], earnings[1]) = (earnings[1], earnings[0]);
        vm.expectPartialRevert(IDisputes.Disputes_AccountsNotAscending.selector);
        judge.proveRewards(_case(), _arithmetic(), earnings);
    }

    function test_RevertWhen_the_arithmetic_is_another() public {
        _playHonest();
        IDisputes.Arithmetic memory arithmetic = _arithmetic();
        ++arithmetic.shareCapQ16;
        vm.expectPartialRevert(IDisputes.Disputes_WrongArithmetic.selector);
        judge.proveRewards(_case(), arithmetic, _earned());
    }
}
