// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmCalls} from "../support/SwarmCalls.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/Rounds.tree.
contract RoundsTest is SwarmCalls {
    function test_a_round_opens_with_the_windows_of_its_terms() public {
        uint40 time = uint40(vm.getBlockTimestamp());
        bytes32 seed = keccak256(abi.encode(GENESIS, uint256(1)));
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundOpened(
            1,
            GENESIS,
            seed,
            1_001,
            POOL,
            PEERS * SEAT_STAKE,
            time + 600,
            time + 900,
            time + 1_100,
            time + 1_500
        );
        vm.assertEq(project.openRound(), 1);
        round = 1;
        IProjectTypes.RoundView memory found = project.round(1);
        vm.assertEq(uint256(found.status), uint256(IProjectTypes.Status.Open));
        vm.assertEq(uint256(found.phase), uint256(IProjectTypes.Phase.Commit));
        vm.assertEq(found.epoch, 1_001);
        vm.assertEq(found.seats, PEERS);
        vm.assertEq(found.commits + found.reveals + found.batches, 0);
        vm.assertEq(found.availabilityEnd, time + 1_100);
        vm.assertEq(found.attestStart, time + 1_100);
        vm.assertEq(project.seed(), seed);
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertEq(status.lastRound, 1);
        vm.assertEq(status.unfinalizedRounds, 1);
        vm.assertEq(status.reserved, POOL);
        vm.assertEq(status.available, FUNDS - POOL);
        vm.assertEq(status.headDigest, GENESIS);
    }

    function test_a_complete_project_opens_no_round() public {
        for (uint256 i = 0; i < 3; ++i) {
            _playDirect();
        }
        _nextBlocks(3);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_Complete.selector, 3));
        project.openRound();
    }

    function test_a_project_that_is_to_be_closed_opens_no_round() public {
        vm.prank(owner);
        project.requestClose();
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_Closing.selector, vm.getBlockTimestamp() + 7 days)
        );
        project.openRound();
    }

    function test_no_round_opens_while_the_last_one_is_open() public {
        _open();
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_PreviousUnsettled.selector, 1, IProjectTypes.Phase.Commit
            )
        );
        project.openRound();
        _toLapse();
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_PreviousUnsettled.selector, 1, IProjectTypes.Phase.Lapsed
            )
        );
        project.openRound();
    }

    function test_at_most_sixteen_rounds_are_not_final() public {
        IProjectTypes.Configuration memory terms = _terms();
        (terms.rounds, terms.roundPool, terms.challengeSeconds) = (20, 6, 1 days);
        terms.closeThawSeconds = 2 days;
        _start(terms);
        for (uint256 i = 0; i < 16; ++i) {
            _open();
            _commitAndReveal(PEERS);
            _find(new uint256[](PEERS), 0);
            _toAttest();
            _accept(QUORUM);
        }
        _nextBlocks(3);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_PipelineFull.selector, 16));
        project.openRound();
    }

    function test_a_round_needs_a_whole_pool() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.roundPool = FUNDS + 1;
        _start(terms);
        vm.expectRevert(
            abi.encodeWithSelector(IProjectTypes.Project_BudgetTooSmall.selector, FUNDS, FUNDS + 1)
        );
        project.openRound();
        _fund(1);
        project.openRound();
    }

    function test_a_round_needs_enough_seats() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.minimumSeats = uint32(PEERS + 1);
        _start(terms);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_TooFewSeats.selector, PEERS, PEERS + 1));
        project.openRound();
        _stake(stranger, 1);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        project.openRound();
    }

    function test_a_round_counts_no_more_seats_than_its_word_holds() public {
        uint256 most = 1 << 23;
        bytes memory pool = abi.encode(uint48(1_001), most + 1, (most + 1) * SEAT_STAKE);
        vm.mockCall(address(registry), abi.encodeCall(IPeerRegistry.currentPool, ()), pool);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_TooManySeats.selector, most + 1, most));
        project.openRound();
        pool = abi.encode(uint48(1_001), most, most * SEAT_STAKE);
        vm.mockCall(address(registry), abi.encodeCall(IPeerRegistry.currentPool, ()), pool);
        project.openRound();
        vm.assertEq(project.round(1).seats, most);
    }

    function test_unfinalized_pools_are_at_most_a_third_of_the_stake() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.roundPool = uint128(PEERS * SEAT_STAKE / 3 / 2);
        _start(terms);
        _fund(10 * terms.roundPool);
        _playDirect();
        _open();
        _commitAndReveal(PEERS);
        _findAndAccept();
        _nextBlocks(3);
        vm.expectRevert(
            abi.encodeWithSelector(
                IProjectTypes.Project_PoolsAboveStakeCap.selector, 3 * terms.roundPool, 2 * terms.roundPool
            )
        );
        project.openRound();
    }

    function test_no_round_opens_while_paused() public {
        vm.prank(guardian);
        registry.pause(10);
        uint256 end = vm.getBlockTimestamp() + 10;
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_Paused.selector, end));
        project.openRound();
        vm.warp(end);
        project.openRound();
    }

    function test_a_round_under_way_goes_on_while_paused() public {
        _open();
        vm.prank(guardian);
        registry.pause(7 days);
        _commitAndReveal(PEERS);
        _findAndAccept();
        _finalize();
        _claim(0);
    }

    function test_the_next_seed_needs_the_pinned_block() public {
        uint256 pinned = vm.getBlockNumber() + 2;
        _playDirect();
        vm.assertEq(project.status().pinnedBlock, pinned);
        bytes memory why = abi.encodeWithSelector(IProjectTypes.Project_SeedPending.selector, pinned);
        vm.expectRevert(why);
        project.openRound();
        vm.roll(pinned);
        vm.expectRevert(why);
        project.openRound();
        vm.roll(pinned + 1);
        bytes32 seed = keccak256(abi.encode(blockhash(pinned), project.round(1).revealsHash, uint256(2)));
        project.openRound();
        vm.assertEq(project.seed(), seed);
        vm.assertEq(project.status().pinnedBlock, 0);
    }

    function test_a_pinned_block_is_good_for_256_blocks() public {
        _playDirect();
        uint256 pinned = project.status().pinnedBlock;
        vm.roll(pinned + 256);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_SeedAlreadyPinned.selector, pinned));
        project.pinSeed();
        uint256 state = vm.snapshotState();
        project.openRound();
        vm.revertToState(state);
        vm.roll(pinned + 257);
        vm.expectRevert(IProjectTypes.Project_SeedNotPinned.selector);
        project.openRound();
    }

    function test_a_forgotten_block_is_pinned_again() public {
        _playDirect();
        vm.roll(project.status().pinnedBlock + 257);
        vm.expectEmit(address(project));
        emit IProjectTypes.SeedPinned(1, uint64(vm.getBlockNumber() + 2));
        project.pinSeed();
        vm.assertEq(project.status().pinnedBlock, vm.getBlockNumber() + 2);
        _open();
    }

    function test_nothing_is_pinned_again_before_anything_was() public {
        vm.expectRevert(IProjectTypes.Project_SeedNotPinned.selector);
        project.pinSeed();
    }

    function test_after_a_round_without_reveals_the_seed_follows_from_the_one_before() public {
        _open();
        bytes32 seed = project.seed();
        _toReveal();
        project.skipRound(1);
        project.openRound();
        vm.assertEq(project.seed(), keccak256(abi.encode(seed, uint256(2))));
    }

    function test_a_round_in_which_nobody_commits_lapses() public {
        _open();
        _toReveal();
        _assertPhase(IProjectTypes.Phase.Lapsed);
    }

    function test_a_round_in_which_nobody_reveals_lapses() public {
        _open();
        _commit(0);
        _toReveal();
        _assertPhase(IProjectTypes.Phase.Reveal);
        _toAvailability();
        _assertPhase(IProjectTypes.Phase.Lapsed);
    }

    function test_phases_follow_one_another() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.attestCommitSeconds = 100;
        _start(terms);
        vm.assertEq(uint256(project.round(1).phase), uint256(IProjectTypes.Phase.None));
        _open();
        _commit(0);
        _commit(1);
        _assertPhase(IProjectTypes.Phase.Commit);
        _toReveal();
        _reveal(0);
        _assertPhase(IProjectTypes.Phase.Reveal);
        _toAvailability();
        _assertPhase(IProjectTypes.Phase.Availability);
        _toAttestCommit();
        _assertPhase(IProjectTypes.Phase.AttestCommit);
        _toAttest();
        _assertPhase(IProjectTypes.Phase.Attest);
        _toLapse();
        _assertPhase(IProjectTypes.Phase.Lapsed);
        project.skipRound(round);
        _assertPhase(IProjectTypes.Phase.Skipped);
    }

    function test_only_a_lapsed_round_is_skipped() public {
        _open();
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.Commit, IProjectTypes.Phase.Lapsed));
        project.skipRound(round);
        round = 2;
        vm.expectRevert(_wrongPhase(IProjectTypes.Phase.None, IProjectTypes.Phase.Lapsed));
        project.skipRound(round);
    }

    function test_the_pool_of_a_skipped_round_is_available_again() public {
        _open();
        _toReveal();
        vm.expectEmit(address(project));
        emit IProjectTypes.RoundSkipped(1);
        project.skipRound(1);
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertEq(status.available, FUNDS);
        vm.assertEq(status.unfinalizedRounds, 0);
        vm.assertEq(status.forfeited, 0);
        vm.assertEq(status.pinnedBlock, 0);
    }

    function test_a_pool_somebody_revealed_for_is_forfeited() public {
        _playSkipped();
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertEq(status.available, FUNDS);
        vm.assertEq(status.forfeited, POOL);
        vm.assertEq(status.pinnedBlock, vm.getBlockNumber() + 2);
        _playSkipped();
        vm.assertEq(project.status().forfeited, 2 * POOL);
    }

    function test_many_calls_are_one() public {
        _open();
        uint8 batch = _post(0, 1);
        _toReveal();
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(
            project.revealBatch, (round, batch, _opening(0, 0), _zeroFor(0, _entry(1)))
        );
        calls[1] = abi.encodeCall(
            project.revealBatch, (round, batch, _opening(1, 1), _zeroFor(1, _entry(0)))
        );
        (bool done,) = address(project).call(abi.encodeWithSignature("multicall(bytes[])", calls));
        vm.assertTrue(done);
        vm.assertEq(project.round(round).reveals, 2);
    }

    function _zeroFor(uint256 index, bytes32 other) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](2);
        leaves[1 - index] = other;
    }
}
