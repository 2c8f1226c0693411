// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../src/interfaces/IOutputCourt.sol";
import {CourtTest} from "./support/CourtTest.sol";
import {vm} from "./support/Vm.sol";

contract FinalizeTest is CourtTest {
    function test_acceptance_pays_the_worker_and_the_committee() public {
        _playFirst(TRUTH, TRUTH, TRUTH, TRUTH);
        _finalize();
        vm.assertEq(court.balanceOf(requester), FUNDS - WORKER_FEE - 3 * VERIFIER_FEE);
        vm.assertEq(court.balanceOf(worker), FUNDS + WORKER_FEE);
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(court.balanceOf(members[i].account), VERIFIER_FEE);
        }
    }
}
