// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {DisputesTest} from "../support/DisputesTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev The branches of slashSigners, proveEquivocation and multicall in spec/Disputes.tree.
contract DisputesSlashingTest is DisputesTest {
    uint32[] private _ids;

    function test_one_watcher_voids_and_slashes_in_one_transaction() public {
        _playFalse();
        address watcher = stranger;
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(
            IDisputes.proveAggregate, (_case(), _arithmetic(), _place(CARRIED), _opened(CARRIED))
        );
        calls[1] = abi.encodeCall(
            IDisputes.slashSigners, (address(project), round, result, _signatures(QUORUM), _idsOf(QUORUM))
        );
        vm.prank(watcher);
        Multicall(address(judge)).multicall(calls);
        _assertPhase(IProjectTypes.Phase.Voided);
        for (uint256 i = 0; i < PEERS; ++i) {
            vm.assertEq(_slashed(i), i < QUORUM ? SEAT_STAKE : 0);
        }
        vm.assertEq(registry.rewardOf(watcher), QUORUM * SEAT_STAKE / 2);
        vm.prank(watcher);
        registry.withdrawReward();
        vm.assertEq(token.balanceOf(watcher), QUORUM * SEAT_STAKE / 2);
    }

    function test_the_reward_is_the_provers_whoever_slashes() public {
        _playFalse();
        this.proveAggregate(CARRIED);
        vm.prank(stranger);
        judge.slashSigners(address(project), round, result, _signatures(QUORUM), _idsOf(QUORUM));
        vm.assertEq(registry.rewardOf(address(this)), QUORUM * SEAT_STAKE / 2);
        vm.assertEq(registry.rewardOf(stranger), 0);
        // There is nothing left to take.
        judge.slashSigners(address(project), round, result, _signatures(QUORUM), _idsOf(QUORUM));
        vm.assertEq(registry.rewardOf(address(this)), QUORUM * SEAT_STAKE / 2);
    }

    function test_who_signed_and_was_not_needed_pays_too() public {
        _playFalse();
        this.proveAggregate(CARRIED);
        judge.slashSigners(address(project), round, result, _signatures(PEERS), _idsOf(PEERS));
        vm.assertEq(_slashed(PEERS - 1), SEAT_STAKE);
    }

    function test_RevertWhen_nobody_proved_the_result_false() public {
        _playHonest();
        bytes32 hash = project.resultHash(round, result);
        IProjectTypes.Signature[] memory signatures = _signatures(1);
        _idsOf(1);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputes.Disputes_NotProven.selector, address(project), hash)
        );
        judge.slashSigners(address(project), round, result, signatures, _ids);
    }

    function test_RevertWhen_an_owner_has_not_signed_the_false_result() public {
        _playFalse();
        this.proveAggregate(CARRIED);
        IProjectTypes.Signature[] memory signatures = _signatures(2);
        _idsOf(3);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputes.Disputes_NotSigner.selector, _seat(2), peers[2])
        );
        judge.slashSigners(address(project), round, result, signatures, _ids);
        // A seat that does not exist is nobody's.
        _ids = [uint32(99)];
        vm.expectRevert(abi.encodeWithSelector(IDisputes.Disputes_NotSigner.selector, 99, address(0)));
        judge.slashSigners(address(project), round, result, signatures, _ids);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputes.Disputes_AccountsNotAscending.selector, peers[1], peers[0])
        );
        judge.slashSigners(address(project), round, result, signatures, _ids);
    }

    function test_who_signs_two_results_for_one_round_loses_its_seats() public {
        _playHonest();
        _finalize();
        (IProjectTypes.Result memory other, IProjectTypes.Signature memory second) = _equivocate(0);
        IProjectTypes.Signature memory first = _signatures(1)[0];
        _idsOf(1);
        vm.expectEmit(address(judge));
        emit IDisputes.EquivocationProven(address(project), round, peers[0], stranger);
        vm.prank(stranger);
        judge.proveEquivocation(address(project), round, result, first, other, second, _ids);
        vm.assertEq(_slashed(0), SEAT_STAKE);
        vm.assertEq(registry.rewardOf(stranger), SEAT_STAKE / 2);
        _assertPhase(IProjectTypes.Phase.Finalized);
    }

    function test_RevertWhen_the_signatures_are_no_equivocation() public {
        _playHonest();
        (IProjectTypes.Result memory other, IProjectTypes.Signature memory second) = _equivocate(0);
        IProjectTypes.Signature[] memory signatures = _signatures(2);
        _idsOf(1);
        bytes32 hash = project.resultHash(round, result);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.Disputes_SameResult.selector, hash));
        judge.proveEquivocation(address(project), round, result, signatures[0], result, signatures[0], _ids);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputes.Disputes_DifferentSigners.selector, peers[1], peers[0])
        );
        judge.proveEquivocation(address(project), round, result, signatures[1], other, second, _ids);
        _ids[0] = _seat(1);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputes.Disputes_NotSigner.selector, _seat(1), peers[1])
        );
        judge.proveEquivocation(address(project), round, result, signatures[0], other, second, _ids);
        // The same signature for another round recovers somebody else.
        vm.expectPartialRevert(IDisputes.Disputes_DifferentSigners.selector);
        judge.proveEquivocation(address(project), round + 1, result, signatures[0], other, second, _ids);
    }

    function test_everything_built_on_a_false_result_falls_with_it() public {
        _playFalse();
        uint64 first = round;
        IDisputes.Case memory case_ = _case();
        IDisputes.Place memory place = _place(CARRIED);
        IDisputes.Record[] memory records = _opened(CARRIED);
        _moveOn();
        _playHonest();
        _open();
        judge.proveAggregate(case_, _arithmetic(), place, records);
        for (uint64 number = first; number <= round; ++number) {
            vm.assertEq(uint256(project.round(number).phase), uint256(IProjectTypes.Phase.Voided), "phase");
        }
        vm.assertEq(project.status().headDigest, GENESIS);
        vm.assertEq(project.status().acceptedTotal, 0);
        round = 2;
        vm.expectPartialRevert(IDisputes.Disputes_NotAccepted.selector);
        this.proveAggregate(CARRIED);
    }

    function _playFalse() private {
        _playReveals();
        _compute();
        next[CARRIED] += 1;
        _describe();
        _acceptIt();
    }

    function _equivocate(uint256 i)
        private
        view
        returns (IProjectTypes.Result memory other, IProjectTypes.Signature memory signature)
    {
        other = result;
        other.cid = keccak256("another checkpoint");
        signature = _sign(keys[i], project.resultHash(round, other));
    }

    function _idsOf(uint256 count) private returns (uint32[] memory) {
        delete _ids;
        for (uint256 i = 0; i < count; ++i) {
            _ids.push(_seat(i));
        }
        return _ids;
    }
}
