// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SwarmActor} from "../support/SwarmActor.sol";
import {vm} from "../support/Vm.sol";

/// @dev Calls are SwarmActor's; none may fail. What has to be true after each is ActorLedger.check(); what has to be true
/// of single calls (quorums, caps, order, nothing twice) the actor asserts itself; at the end everybody gets out.
abstract contract SwarmInvariants {
    SwarmActor internal actor;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actor);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](28);
        for (uint256 i = 0; i < 14; ++i) {
            selectors[i] = SwarmActor.step.selector; // every other call
        }
        selectors[14] = SwarmActor.finalizeNext.selector;
        selectors[15] = SwarmActor.claimOne.selector;
        selectors[16] = SwarmActor.fundMore.selector;
        selectors[17] = SwarmActor.stakeMore.selector;
        selectors[18] = SwarmActor.beginExit.selector;
        selectors[19] = SwarmActor.unstake.selector;
        selectors[20] = SwarmActor.punishOne.selector;
        selectors[21] = SwarmActor.leakOne.selector;
        selectors[22] = SwarmActor.voidOne.selector;
        selectors[23] = SwarmActor.withdrawReward.selector;
        selectors[24] = SwarmActor.pause.selector;
        selectors[25] = SwarmActor.close.selector;
        selectors[26] = SwarmActor.move.selector;
        selectors[27] = SwarmActor.claimOne.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(actor), selectors);
    }

    function invariant_money_seats_and_rounds_agree_with_the_books() public view {
        actor.check();
    }

    function afterInvariant() public {
        actor.finish();
        vm.assertGt(actor.opened(), 0, "rounds opened");
    }
}

contract OpenVoteInvariantsTest is SwarmInvariants {
    function setUp() public {
        actor = new SwarmActor(false);
        actor.start();
    }
}

contract SecretVoteInvariantsTest is SwarmInvariants {
    function setUp() public {
        actor = new SwarmActor(true);
        actor.start();
    }
}

/// @dev The same calls in a fixed order: everything that can happen does.
contract InvariantsAreNotIdleTest {
    function test_a_long_run_in_which_all_attest_openly_sees_everything() public {
        SwarmActor actor = _play(false);
        vm.assertEq(actor.promises(), 0);
    }

    function test_a_long_run_in_which_attesters_promise_sees_everything() public {
        SwarmActor actor = _play(true);
        vm.assertGt(actor.promises(), 0, "promises");
    }

    function _play(bool commits) private returns (SwarmActor actor) {
        actor = new SwarmActor(commits);
        actor.start();
        for (uint256 i = 0; i < 4_000; ++i) {
            _call(actor, uint256(keccak256(abi.encode(i, commits))));
            actor.check();
        }
        actor.finish();
        vm.assertGt(actor.opened(), 0, "opened");
        vm.assertGt(actor.commits(), 0, "commits");
        vm.assertGt(actor.reveals(), 0, "reveals");
        vm.assertGt(actor.batches(), 0, "batches");
        vm.assertGt(actor.votes(), 0, "votes");
        vm.assertGt(actor.attests(), 0, "attests");
        vm.assertGt(actor.accepted(), 0, "accepted");
        vm.assertGt(actor.refused(), 0, "refused");
        vm.assertGt(actor.finalized(), 0, "finalized");
        vm.assertGt(actor.skips(), 0, "skips");
        vm.assertGt(actor.claims(), 0, "claims");
        vm.assertGt(actor.punished(), 0, "punished");
        vm.assertGt(actor.leaks(), 0, "leaks");
        vm.assertGt(actor.voids(), 0, "voids");
        vm.assertGt(actor.stakes(), 0, "stakes");
        vm.assertGt(actor.exits(), 0, "exits");
        vm.assertGt(actor.unstakes(), 0, "unstakes");
        vm.assertGt(actor.withdrawals(), 0, "withdrawals");
        vm.assertGt(actor.pauses(), 0, "pauses");
        vm.assertGt(actor.closes(), 0, "closes");
    }

    function _call(SwarmActor actor, uint256 choice) private {
        uint256 which = choice % 23;
        choice >>= 8;
        if (which == 0) actor.finalizeNext(choice);
        else if (which == 1) actor.claimOne(choice);
        else if (which == 2) actor.fundMore(uint128(choice));
        else if (which == 3) actor.stakeMore(choice);
        else if (which == 4) actor.beginExit(choice);
        else if (which == 5) actor.unstake(choice);
        else if (which == 6) actor.punishOne(choice);
        else if (which == 7) actor.leakOne(choice);
        else if (which == 8) actor.voidOne(choice);
        else if (which == 9) actor.withdrawReward();
        else if (which == 10) actor.pause(choice);
        else if (which == 11) actor.close(choice);
        else if (which == 12) actor.move(choice);
        else actor.step(choice);
    }
}
