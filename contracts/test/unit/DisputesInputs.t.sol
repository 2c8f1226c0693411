// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {DisputesTest} from "../support/DisputesTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev The branches of proveInputs and proveAvailability in spec/Disputes.tree.
contract DisputesInputsTest is DisputesTest {
    uint32 private _trainersPerRound;
    bool private _copied;

    function _terms() internal view override returns (IProjectTypes.Configuration memory terms) {
        terms = super._terms();
        terms.trainersPerRound = _trainersPerRound;
    }

    /// @dev Peer 1 may send what peer 0 sends.
    function _record(uint256 i, uint256 chunk) internal view override returns (bytes memory) {
        return super._record(_copied && i == 1 ? 0 : i, chunk);
    }

    function test_an_honest_round_is_not_fraud() public {
        _playHonest();
        _expectNotFraud();
        this.proveInputs();
    }

    function test_who_was_paid_back_since_counts_where_it_counted() public {
        _playHonest();
        vm.prank(peers[5]);
        registry.beginUnstake(_seats(5));
        vm.warp(registry.thawEnd(_seat(5)));
        vm.prank(peers[5]);
        registry.unstake(_seats(5));
        _expectNotFraud();
        this.proveInputs();
        _expectNotFraud();
        this.proveRewards();
        _expectNotFraud();
        this.proveAggregate(0);
    }

    function test_every_reason_is_consistent_with_what_belongs_to_it() public {
        _copied = true;
        _set(0, 10_922, 5, 0);
        _set(1, 0, 0, 5);
        _set(2, 0, 0, 6);
        _set(3, -9, 0, 7);
        _set(4, 10_922, 0, 8);
        _set(5, 0, 0, 9);
        _playHonest();
        _expectNotFraud();
        this.proveInputs();
        _moveOn();
        _copied = false;
        _set(0, 0, 0, 1);
        _set(1, 0, 0, 2);
        _set(2, 0, 0, 3);
        _set(3, 0, 0, 4);
        (silent[0], silent[1]) = (true, true);
        _playHonest();
        _expectNotFraud();
        this.proveInputs();
    }

    function testFuzz_a_reason_with_what_it_forbids_is_fraud(uint8 code, int32 weight_, uint128 score_) public {
        score_ %= 1_000_000;
        bool consistent = code == 0
            ? weight_ > 0 && score_ > 0
            : score_ == 0
                && (code == 8 ? weight_ > 0 : code == 7 ? weight_ <= 0 : code < 10 && weight_ == 0);
        // Those of who did not reveal, and of copies, are other tests.
        vm.assume(!consistent && code != 1 && code != 2 && code != 5);
        _set(2, weight_, score_, code);
        _playReveals();
        _computeShares();
        _acceptIt();
        this.proveInputs();
        _assertVoided();
    }

    function test_who_revealed_is_not_silent() public {
        for (uint8 code = 1; code <= 2; ++code) {
            uint256 clean = vm.snapshotState();
            _set(2, 0, 0, code);
            _playHonest();
            this.proveInputs();
            _assertVoided();
            vm.revertToState(clean);
        }
    }

    function test_who_did_not_reveal_has_no_other_reason() public {
        for (uint8 code = 3; code < 10; ++code) {
            uint256 clean = vm.snapshotState();
            silent[2] = true;
            _set(2, code == 8 ? int32(1) : int32(0), 0, code);
            _playReveals();
            _computeShares();
            _acceptIt();
            this.proveInputs();
            _assertVoided();
            vm.revertToState(clean);
        }
    }

    function test_who_committed_directly_is_not_said_to_have_not() public {
        _open();
        for (uint256 i = 0; i < PEERS; ++i) {
            _commitShown(i);
        }
        _toReveal();
        for (uint256 k = 0; k < PEERS; ++k) {
            if (order[k] != 3) _revealShown(order[k]);
        }
        silent[3] = true;
        _set(3, 0, 0, 1);
        uint256 clean = vm.snapshotState();
        _compute();
        _acceptIt();
        this.proveInputs();
        _assertVoided();
        vm.revertToState(clean);
        reason[3] = 2;
        _compute();
        _acceptIt();
        _expectNotFraud();
        this.proveInputs();
    }

    function test_of_copies_exactly_one_counts() public {
        _copied = true;
        uint256 clean = vm.snapshotState();
        // Both count.
        _playHonest();
        this.proveInputs();
        _assertVoided();
        vm.revertToState(clean);
        // Neither counts.
        _set(0, 0, 0, 5);
        _set(1, 0, 0, 5);
        _playHonest();
        this.proveInputs();
        _assertVoided();
        vm.revertToState(clean);
        // One is said to be zero.
        _set(1, 0, 0, 6);
        _playHonest();
        this.proveInputs();
        _assertVoided();
        vm.revertToState(clean);
        // What is filtered counts as the one.
        _set(0, 0, 0, 7);
        _set(1, 0, 0, 5);
        _playHonest();
        _expectNotFraud();
        this.proveInputs();
        vm.revertToState(clean);
        // Nobody else sent it.
        _copied = false;
        _set(1, 0, 0, 5);
        _playHonest();
        this.proveInputs();
        _assertVoided();
    }

    function test_seats_that_rise_and_count_are_all_there() public {
        uint256 clean = vm.snapshotState();
        // One is missing.
        _playReveals();
        _compute();
        _signWith(_without(contributions, 5));
        this.proveInputs();
        _assertVoided();
        vm.revertToState(clean);
        // One is there twice, or in the wrong place.
        _playReveals();
        _compute();
        bytes memory one = _slice(contributions, 1);
        _signWith(bytes.concat(_without(contributions, 5), one));
        this.proveInputs();
        _assertVoided();
        vm.revertToState(clean);
        // One does not count.
        _playReveals();
        _compute();
        bytes memory foreign = abi.encodePacked(uint32(7), int32(0), uint128(0), uint8(1), uint128(0));
        _signWith(bytes.concat(_without(contributions, 5), foreign));
        this.proveInputs();
        _assertVoided();
    }

    function test_where_trainers_are_drawn_only_who_revealed_must_be_there() public {
        _trainersPerRound = 6;
        _createAndJoin();
        uint256 clean = vm.snapshotState();
        silent[5] = true;
        _set(5, 0, 0, 1);
        _playReveals();
        _compute();
        _signWith(_without(contributions, 5));
        _expectNotFraud();
        this.proveInputs();
        vm.revertToState(clean);
        _playReveals();
        _compute();
        _signWith(_without(contributions, 2));
        this.proveInputs();
        _assertVoided();
    }

    function test_another_input_root_is_fraud() public {
        _playReveals();
        _compute();
        result.inputRoot = keccak256("others");
        _acceptIt();
        this.proveInputs();
        _assertVoided();
    }

    function test_what_more_than_two_thirds_hold_is_available() public {
        _set(2, 0, 0, 3);
        _playReveals();
        _compute();
        _toAvailability();
        uint256 bitmap = 1 << _seat(2);
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(peers[i]);
            attendance.voteAvailability(address(project), round, 0, bitmap);
        }
        _acceptIt();
        _expectNotFraud();
        judge.proveAvailability(_case(), 2, _voters(0, 4));
        // Peer 5 did not say so.
        address[] memory others = new address[](5);
        for (uint256 i = 0; i < 5; ++i) {
            others[i] = peers[i + 1];
        }
        _expectNotFraud();
        judge.proveAvailability(_case(), 2, others);
        _expectNotFraud();
        judge.proveAvailability(_case(), 1, _voters(0, 5));
        vm.expectRevert(abi.encodeWithSelector(IDisputes.Disputes_NoSuchContribution.selector, 6, 6));
        judge.proveAvailability(_case(), 6, _voters(0, 5));
        others[1] = others[0];
        vm.expectRevert(
            abi.encodeWithSelector(IDisputes.Disputes_AccountsNotAscending.selector, others[0], others[0])
        );
        judge.proveAvailability(_case(), 2, others);
        judge.proveAvailability(_case(), 2, _voters(0, 5));
        _assertVoided();
    }

    function _voters(uint256 first, uint256 last) private view returns (address[] memory voters) {
        voters = new address[](last - first);
        for (uint256 i = first; i < last; ++i) {
            voters[i - first] = peers[i];
        }
    }

    function _set(uint256 i, int32 weight_, uint128 score_, uint8 code) private {
        (weight[i], score[i], reason[i]) = (weight_, score_, code);
    }

    /// @dev With a state that no proof looks at: weights here are beyond any bound.
    function _computeShares() private {
        uint256 total = 0;
        for (uint256 i = 0; i < PEERS; ++i) {
            total += score[i];
        }
        uint256 cap = uint256(POOL) * CAP_Q16 >> 16;
        for (uint256 i = 0; i < PEERS; ++i) {
            uint256 share = uint256(POOL) * score[i] / total;
            reward[i] = uint128(share < cap ? share : cap);
        }
        _describe();
    }

    function _createAndJoin() private {
        _create(_terms());
        for (uint256 i = 0; i < PEERS; ++i) {
            _stake(peers[i], 1);
        }
        _fund(FUNDS);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
    }
}
