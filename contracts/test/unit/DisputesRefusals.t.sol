// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {DisputesTest} from "../support/DisputesTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev A project whose rule combines values, so that no parameter can be proven.
contract DisputesRefusalsTest is DisputesTest {
    function _arithmetic() internal pure override returns (IDisputes.Arithmetic memory arithmetic) {
        arithmetic = super._arithmetic();
        arithmetic.layoutRoot = 0;
    }

    function test_RevertWhen_the_aggregate_is_no_weighted_sum() public {
        _playReveals();
        _compute();
        next[CARRIED] += 1;
        _describe();
        _acceptIt();
        vm.expectRevert(IDisputes.Disputes_NotProvable.selector);
        this.proveAggregate(CARRIED);
    }

    function test_its_rewards_can_be_proven_false_all_the_same() public {
        _playReveals();
        _compute();
        reward[0] -= 1;
        _describe();
        _acceptIt();
        this.proveRewards();
        _assertVoided();
    }
}
