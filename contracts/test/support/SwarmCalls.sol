// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmTest} from "./SwarmTest.sol";
import {vm} from "./Vm.sol";

/// @title Steps as calls, so that a test can expect one to be refused with everything it looks up on its way
abstract contract SwarmCalls is SwarmTest {
    function open() external {
        round = project.openRound();
    }

    function commit(uint256 i) external {
        _commit(i);
    }

    function reveal(uint256 i) external {
        _reveal(i);
    }

    function post(uint256 first, uint256 last) external returns (uint8) {
        return _post(first, last);
    }

    function revealBatch(uint8 batch, uint256 first, uint256 last) external {
        _revealBatch(batch, first, last);
    }

    function commitAttestation(uint256 i) external {
        _commitAttestation(i);
    }

    function accept(uint256 count) external {
        _accept(count);
    }

    function finalize() external {
        project.finalize(round, result);
    }

    function claim(uint256 i) external {
        _claim(i);
    }

    function voidAs(address account) external {
        vm.prank(account);
        project.voidRound(round, result);
    }

    /// @dev A project with these terms in which every peer has a seat that counts.
    function _start(IProjectTypes.Configuration memory terms) internal {
        _create(terms);
        for (uint256 i = 0; i < PEERS; ++i) {
            _stake(peers[i], 1);
        }
        _fund(FUNDS);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
    }

    /// @dev Of this round: `have` where `want` is needed.
    function _wrongPhase(IProjectTypes.Phase have, IProjectTypes.Phase want) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IProjectTypes.Project_WrongPhase.selector, round, have, want);
    }
}
