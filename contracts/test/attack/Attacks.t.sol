// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {ITrainingProject} from "../../src/interfaces/ITrainingProject.sol";
import {HostileToken} from "../support/HostileToken.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {Trees} from "../support/Trees.sol";
import {vm} from "../support/Vm.sol";

/// @dev One test a row of the table of attacks in docs/contracts.md, named after the row. What fraud proofs answer (a
/// colluding quorum, parameters put into proofs, proofs that outgrow a block) is in unit/Disputes*.t.sol in detail.
contract AttacksTest is SwarmCalls {
    HostileToken private hostile;

    function _deployToken() internal override returns (address) {
        hostile = new HostileToken(1e9 ether);
        return address(hostile);
    }

    function test_copied_commitment_or_reveal() public {
        _open();
        _commit(0);
        bytes32 copied = _commitment(0);
        vm.prank(peers[1]);
        project.commit(round, _seat(1), copied);
        _toReveal();
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _update(0);
        vm.prank(peers[1]);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_CommitMismatch.selector, round, _seat(1))
        );
        project.reveal(round, _seat(1), digest, dataRoot, salt);
        _reveal(0);
    }

    function test_last_revealer_or_non_reveal_griefing() public {
        _open();
        for (uint256 i = 0; i < PEERS; ++i) {
            _commit(i);
        }
        _toReveal();
        for (uint256 i = 0; i + 1 < PEERS; ++i) {
            _reveal(i);
        }
        _toAvailability();
        _findAndAccept(); // the round goes on without the last
        attendance.punishSilence(address(project), round, _seats(PEERS - 1));
        vm.assertEq(_slashed(PEERS - 1), SEAT_STAKE / 100);
    }

    function test_adaptive_poisoning() public {
        _open();
        _commit(0);
        _commit(1);
        _toReveal();
        _reveal(0);
        // Peer 1 has seen what peer 0 revealed and wants another update than the one it committed to.
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _update(0);
        vm.prank(peers[1]);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_CommitMismatch.selector, round, _seat(1))
        );
        project.reveal(round, _seat(1), digest, dataRoot, salt);
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Reveal, IProjectTypes.Phase.Commit));
        this.commit(2);
    }

    function test_data_withheld_after_reveal() public {
        _open();
        _commitAndReveal(PEERS);
        // Everybody but the withholder says what it holds: all but seat 6. Nobody loses stake for that.
        for (uint256 i = 0; i + 1 < PEERS; ++i) {
            vm.prank(peers[i]);
            attendance.voteAvailability(address(project), round, 0, 62);
        }
        uint256[] memory rewards = new uint256[](PEERS);
        for (uint256 i = 0; i + 1 < PEERS; ++i) {
            rewards[i] = POOL / PEERS;
        }
        _find(rewards, 0);
        _toAttest();
        _accept(QUORUM);
        _finalize();
        vm.assertEq(earned[PEERS - 1], 0);
        vm.assertEq(_slashed(PEERS - 1), 0);
    }

    function test_colluding_quorum() public {
        _playDirect();
        vm.startPrank(disputes); // after a proof
        project.voidRound(round, result);
        uint32[] memory signers = new uint32[](QUORUM);
        for (uint256 i = 0; i < QUORUM; ++i) {
            signers[i] = _seat(i);
        }
        project.slashProven(signers, stranger);
        vm.stopPrank();
        vm.assertEq(project.status().headDigest, GENESIS);
        vm.assertEq(project.status().acceptedTotal, 0);
        // What they lost is more than twice of what they could have taken.
        vm.assertTrue(QUORUM * SEAT_STAKE > 2 * POOL);
        vm.assertEq(registry.rewardOf(stranger), QUORUM * SEAT_STAKE / 2);
    }

    function test_late_stake_or_exit_before_slash() public {
        _open();
        vm.prank(peers[0]);
        registry.beginUnstake(_seats(0));
        _stake(stranger, 20); // more than everybody else together, too late for this round
        _commitAndReveal(PEERS);
        vm.warp(vm.getBlockTimestamp() + 1);
        _findEqual();
        _toAttest();
        (uint256 key, uint256 mine) = (STRANGER, 0);
        IProjectTypes.Signature[] memory late = new IProjectTypes.Signature[](1);
        late[mine] = _sign(key, project.resultHash(round, result));
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_SignerWithoutStake.selector, round, stranger)
        );
        project.acceptSigned(round, result, contributions, late, new IProjectTypes.Custody[](0));
        _accept(QUORUM);
        vm.warp(project.round(round).challengeEnd - 1); // the last moment of the challenge
        vm.prank(peers[0]);
        vm.expectPartialRevert(IPeerRegistry.Registry_StillThawing.selector);
        registry.unstake(_seats(0));
        vm.prank(disputes);
        project.slashProven(_seats(0), stranger);
        vm.assertEq(_slashed(0), SEAT_STAKE);
    }

    function test_parameter_substitution_in_proofs() public {
        _playDirect();
        IProjectTypes.Result memory substituted = result;
        substituted.dataRoot = keccak256("words that prove what I want");
        bytes32 have = project.resultHash(round, substituted);
        bytes32 want = project.resultHash(round, result);
        result = substituted;
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_ResultMismatch.selector, round, have, want)
        );
        this.voidAs(disputes);
    }

    function test_sybil_seats() public {
        // One account with two seats and two accounts with one have the same weight and cost the same.
        _stake(stranger, 2);
        _stake(peers[0], 1);
        _stake(peers[1], 1);
        uint48 epoch = registry.currentEpoch() + 1;
        vm.assertEq(registry.seatsAt(stranger, epoch), registry.seatsAt(peers[0], epoch));
        vm.assertEq(registry.stakeAt(stranger, epoch), 2 * SEAT_STAKE);
        _open();
        vm.prank(peers[0]); // a seat commits one update
        project.commit(round, _seat(0), keccak256("one"));
        vm.prank(peers[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_AlreadyCommitted.selector, round, _seat(0))
        );
        project.commit(round, _seat(0), keccak256("another"));
    }

    function test_score_inflation() public {
        _open();
        _commitAndReveal(PEERS);
        _findEqual();
        _toAttest();
        bytes memory honest = contributions;
        contributions[4 + 4] = 0xff; // the score of the first record
        vm.expectPartialRevert(IProjectTypes.Project_WrongContributions.selector);
        this.accept(QUORUM);
        contributions = honest;
        _accept(QUORUM);
    }

    function test_bad_reward_root() public {
        _open();
        _commitAndReveal(PEERS);
        _findEqual();
        earned[0] = FUNDS;
        (result.rewardRoot,) = Trees.rewardRoot(peers, earned, 0);
        _toAttest();
        _accept(QUORUM);
        _finalize();
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_Insolvent.selector, FUNDS, POOL));
        this.claim(0);
    }

    function test_self_challenge_laundering() public {
        _playDirect();
        vm.prank(disputes); // the thief proves its own fraud
        project.slashProven(_seats(0), peers[0]);
        vm.prank(peers[0]);
        registry.withdrawReward();
        vm.assertEq(token.balanceOf(peers[0]), SEAT_STAKE / 2); // half is lost all the same
        vm.warp(registry.thawEnd(_seat(0)));
        vm.prank(peers[0]);
        registry.unstake(_seats(0));
        vm.assertEq(token.balanceOf(peers[0]), SEAT_STAKE / 2);
    }

    function test_challenge_spam() public {
        _playDirect();
        bytes32 before = keccak256(abi.encode(project.status(), project.round(round)));
        for (uint256 i = 0; i < 5; ++i) {
            vm.expectPartialRevert(IProjectTypes.Project_NotDisputes.selector);
            this.voidAs(vm.addr(900 + i)); // nobody stops a result without a proof
        }
        vm.assertEq(keccak256(abi.encode(project.status(), project.round(round))), before);
        _finalize();
    }

    function test_seed_grinding() public {
        _playDirect();
        uint256 pinned = project.status().pinnedBlock;
        vm.assertGt(pinned, vm.getBlockNumber(), "nobody knows its hash yet");
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_SeedAlreadyPinned.selector, pinned));
        project.pinSeed(); // nor chooses another
        vm.roll(pinned + 1);
        uint256 state = vm.snapshotState();
        project.openRound();
        bytes32 seed = project.seed();
        vm.revertToState(state);
        vm.roll(pinned + 200); // the block of the call does not matter
        vm.prank(stranger);
        project.openRound();
        vm.assertEq(project.seed(), seed);
    }

    function test_reentrancy_or_odd_tokens() public {
        _playDirect();
        _finalize();
        (, bytes32[] memory proof) = Trees.rewardRoot(peers, earned, 1);
        bytes memory again = abi.encodeCall(ITrainingProject.claim, (peers[1], earned[1], proof));
        hostile.setCallback(address(project), again);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_NothingToClaim.selector, peers[1], earned[1], earned[1])
        );
        this.claim(1);
        token.approve(address(project), 10);
        vm.expectRevert(bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        project.fund(1);
        hostile.setCallback(address(0), "");
        hostile.setFee(1);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_InexactTransfer.selector, 10, 9));
        project.fund(10);
    }

    function test_stuck_funds() public {
        _playDirect();
        _finalize();
        _open(); // and everybody goes away
        _toLapse();
        vm.startPrank(stranger);
        project.skipRound(round);
        vm.stopPrank();
        vm.prank(owner);
        project.requestClose();
        _warpTo(project.status().closableAt);
        vm.prank(stranger);
        project.close();
        for (uint256 i = 0; i < PEERS; ++i) {
            _claim(i);
            vm.prank(peers[i]);
            registry.beginUnstake(_seats(i));
        }
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS + THAW_SECONDS);
        for (uint256 i = 0; i < PEERS; ++i) {
            vm.prank(peers[i]);
            registry.unstake(_seats(i));
        }
        vm.assertEq(token.balanceOf(address(project)), 0);
        vm.assertEq(token.balanceOf(address(registry)), 0);
    }

    function test_blocked_quorum() public {
        _open();
        _commitAndReveal(PEERS);
        _findEqual();
        _toAttest();
        vm.expectPartialRevert(IProjectTypes.Project_QuorumNotMet.selector);
        this.accept(4); // a third does not sign
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(peers[i]);
            attendance.attest(address(project), round, keccak256("r"));
        }
        _toLapse();
        project.skipRound(round);
        attendance.leak(address(project), round, _seats(4));
        attendance.leak(address(project), round, _seats(5));
        vm.assertEq(_slashed(4), SEAT_STAKE / 1_000);
        vm.prank(owner);
        project.requestClose();
        _warpTo(project.status().closableAt);
        project.close();
        vm.assertEq(token.balanceOf(insurance), POOL); // the owner gains nothing by it
        vm.assertEq(token.balanceOf(owner), FUNDS - POOL);
    }

    function test_cross_project_replay() public {
        _open();
        _commitAndReveal(PEERS);
        _findEqual();
        _toAttest();
        IProjectTypes.Signature[] memory signatures = _signatures(QUORUM);
        _accept(QUORUM);
        IProjectTypes.Result memory signed = result;
        bytes memory told = contributions;
        _start(_terms());
        _open();
        _commitAndReveal(PEERS);
        _toAttest();
        vm.expectRevert(); // whoever these signatures recover to, it is nobody with a seat
        project.acceptSigned(round, signed, told, signatures, new IProjectTypes.Custody[](0));
    }

    function test_proof_exceeds_the_gas_limit_of_a_transaction() public {
        // What grows with the number of seats is bounded, or cut in parts by its caller.
        _open();
        vm.prank(peers[0]);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_BadBatch.selector, round, 256, 0));
        project.postCommits(round, keccak256("too many"), 256);
        _commitAndReveal(PEERS);
        for (uint256 i = 0; i < PEERS; ++i) {
            uint256 before = gasleft();
            vm.prank(peers[i]);
            attendance.voteAvailability(address(project), round, uint32(i), type(uint256).max);
            vm.assertTrue(before - gasleft() < 200_000);
        }
    }
}
