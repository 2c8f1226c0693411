// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {Trees} from "../support/Trees.sol";
import {vm} from "../support/Vm.sol";

/// @dev What calls cost, without the cost of a transaction, in a project of six seats: snapshots/Project.json.
contract GasTest is SwarmCalls {
    string private constant GROUP = "Project";

    function _terms() internal view override returns (IProjectTypes.Configuration memory terms) {
        terms = super._terms();
        terms.attestCommitSeconds = 300;
    }

    function test_calls_cost_what_they_did() public {
        factory.createProject(_terms(), _seatTerms(), MANIFEST);
        _keep("createProject");
        token.transfer(peers[0], SEAT_STAKE);
        vm.prank(peers[0]);
        token.approve(address(registry), SEAT_STAKE);
        vm.prank(peers[0]);
        registry.stake(1);
        _keep("stake, one seat more");
        _open();
        _keep("openRound, first");
        _round(true);
        _openNext("openRound, later");
        _round(false);
        _skipped();
        _left();
    }

    function _round(bool first) private {
        for (uint256 i = 0; i < 3; ++i) {
            _commit(i);
        }
        _keep(first ? "commit, first" : "commit, later");
        bytes32 hash = keccak256(abi.encodePacked(_batchOf(3, 5)));
        vm.prank(peers[3]);
        project.postCommits(round, hash, 3);
        _keep(first ? "postCommits, first" : "postCommits, later");
        _toReveal();
        for (uint256 i = 0; i < 3; ++i) {
            _reveal(i);
        }
        _keep("reveal");
        _revealBatch(0, 3, 5);
        _keep(first ? "revealBatch of 3, first" : "revealBatch of 3, later");
        _toAvailability();
        vm.prank(peers[0]);
        attendance.voteAvailability(address(project), round, 0, 126);
        _keep("voteAvailability");
        _findEqual();
        _toAttestCommit();
        for (uint256 i = 0; i < QUORUM; ++i) {
            _commitAttestation(i);
        }
        _keep("commitAttestation");
        _toAttest();
        _accept(QUORUM);
        _keep("acceptSigned by 5 who committed");
        _finalize();
        _keep("finalize");
        (, bytes32[] memory proof) = Trees.rewardRoot(peers, earned, 0);
        project.claim(peers[0], earned[0], proof);
        _keep(first ? "claim, first" : "claim, later");
    }

    function _skipped() private {
        _openNext("openRound, later");
        _commit(0);
        _commit(1);
        _toReveal();
        _reveal(0);
        _toLapse();
        project.skipRound(round);
        _keep("skipRound");
        attendance.punishSilence(address(project), round, _seats(1));
        _keep("punishSilence");
        attendance.leak(address(project), round, _seats(2));
        _keep("leak");
    }

    function _left() private {
        vm.prank(peers[0]);
        registry.beginUnstake(_seats(0));
        _keep("beginUnstake");
        _warpTo(registry.thawEnd(_seat(0)));
        vm.prank(peers[0]);
        registry.unstake(_seats(0));
        _keep("unstake");
    }

    function _openNext(string memory name) private {
        vm.roll(project.status().pinnedBlock + 1);
        round = project.openRound();
        _keep(name);
    }

    function _keep(string memory name) private {
        vm.snapshotGasLastCall(GROUP, name);
    }
}
