// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {CourtActor} from "../support/CourtActor.sol";
import {vm} from "../support/Vm.sol";

/// @dev Calls are CourtActor's; none of them may fail, and what they are there for has to happen.
contract CourtInvariantsTest {
    CourtActor private actor;

    function setUp() public {
        actor = new CourtActor();
        actor.start();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actor);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](9);
        for (uint256 i = 0; i < 8; ++i) {
            selectors[i] = CourtActor.step.selector; // eight in nine calls
        }
        selectors[8] = CourtActor.move.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(actor), selectors);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// forge-config: slow.invariant.runs = 32
    /// forge-config: slow.invariant.depth = 300
    function invariant_the_court_holds_balances_and_what_is_locked() public view {
        vm.assertEq(actor.held(), actor.sumOfBalances() + actor.locked());
    }

    /// forge-config: slow.invariant.runs = 32
    /// forge-config: slow.invariant.depth = 300
    function invariant_only_what_is_proven_is_slashed() public view {
        (uint256 all,,) = actor.slashedSeats();
        vm.assertEq(all, actor.slashed());
    }

    /// forge-config: slow.invariant.runs = 32
    /// forge-config: slow.invariant.depth = 300
    function invariant_who_follows_the_protocol_loses_nothing() public view {
        (, uint256 ofHonest, uint256 strikesOfHonest) = actor.slashedSeats();
        vm.assertEq(ofHonest, 0);
        vm.assertEq(strikesOfHonest, 0);
    }

    /// @dev At the end of every run: the job ends, everybody is free, and the calls were not idle.
    function afterInvariant() public {
        actor.finish();
        vm.assertTrue(actor.isEnded());
        vm.assertEq(actor.submitted(), actor.ended());
        vm.assertGt(actor.ended(), 1, "jobs ended");
        vm.assertEq(actor.emptyAll(), 0);
    }
}

/// @dev The same steps with choices that are fixed: every verdict, an appeal and a ringer come up.
contract CourtInvariantsAreNotIdleTest {
    function test_a_long_run_sees_everything() public {
        CourtActor actor = new CourtActor();
        actor.start();
        for (uint256 i = 0; i < 600; ++i) {
            actor.step(uint256(keccak256(abi.encode(i))));
            vm.assertEq(actor.held(), actor.sumOfBalances() + actor.locked());
        }
        (uint256 all, uint256 ofHonest,) = actor.slashedSeats();
        vm.assertEq(all, actor.slashed());
        vm.assertEq(ofHonest, 0);
        actor.finish();
        vm.assertEq(actor.submitted(), actor.ended());
        vm.assertGt(all, 0, "slashes");
        vm.assertGt(actor.appeals(), 0, "appeals");
        vm.assertGt(actor.ringers(), 0, "ringers");
        vm.assertGt(actor.verdicts(IOutputCourt.Verdict.Accept), 0, "accepted");
        vm.assertGt(actor.verdicts(IOutputCourt.Verdict.RejectDisagreement), 0, "rejected");
        vm.assertGt(actor.verdicts(IOutputCourt.Verdict.Ringer), 0, "ringers ended");
    }
}
