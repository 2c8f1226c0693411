// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {ActorLedger} from "./ActorLedger.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @title Everybody who has to do with a project, doing at each call whatever can be done then
/// @dev No call may fail: each asks first what the rules allow, and tries now and then what they do not. When a project
/// ends, the next one begins.
contract SwarmActor is ActorLedger {
    constructor(bool commits) {
        _commits = commits;
    }

    function start() external {
        setUp();
        funded = FUNDS;
        deposited = PEERS * SEAT_STAKE;
        _forgetRounds();
    }

    /// @dev One step of the round that goes on, or the next round.
    function step(uint256 choice) external {
        IProjectTypes.RoundView memory found = project.round(round);
        if (found.status != IProjectTypes.Status.Open) _openOrPrepare(choice);
        else if (found.phase == IProjectTypes.Phase.Commit) _commitOne(choice, found);
        else if (found.phase == IProjectTypes.Phase.Reveal) _revealOne(choice, found);
        else if (found.phase == IProjectTypes.Phase.Availability) _voteOrWait(choice, found);
        else if (found.phase == IProjectTypes.Phase.AttestCommit) _promiseOrWait(choice, found);
        else if (found.phase == IProjectTypes.Phase.Attest) _attestOrAccept(choice, found);
        else _skip(found);
    }

    function finalizeNext(uint256 choice) external {
        _finalizeNext(choice % 2 == 0);
    }

    function claimOne(uint256 choice) external {
        uint256 i = choice % PEERS;
        if (finalEarned[i] == project.claimed(peers[i])) return;
        (, bytes32[] memory proof) = Trees.rewardRoot(peers, finalEarned, i);
        uint256 before = token.balanceOf(peers[i]);
        project.claim(peers[i], finalEarned[i], proof);
        uint256 paid = token.balanceOf(peers[i]) - before;
        received[i] += paid;
        claimedSum += paid;
        ++claims;
        vm.assertEq(project.claimed(peers[i]), finalEarned[i], "paid up");
        vm.assertFalse(_tries(abi.encodeCall(project.claim, (peers[i], finalEarned[i], proof))), "paid twice");
    }

    function fundMore(uint128 amount) external {
        if (project.status().closed) return;
        amount = 1 + amount % 200 ether;
        _fund(amount);
        funded += amount;
    }

    function stakeMore(uint256 choice) external {
        if (registry.seatCount() >= 18 || registry.pausedUntil() > vm.getBlockTimestamp()) return;
        _stake(peers[choice % PEERS], 1);
        deposited += SEAT_STAKE;
        ++stakes;
        _checkSeats();
    }

    function beginExit(uint256 choice) external {
        if (choice % 3 != 0) return;
        uint32 seatId = uint32(1 + (choice >> 8) % registry.seatCount());
        IPeerRegistry.Seat memory found = registry.seat(seatId);
        if (found.withdrawn || found.inactiveEpoch != 0) return;
        vm.prank(found.owner);
        registry.beginUnstake(_one(seatId));
        ++exits;
        _checkSeats();
    }

    function unstake(uint256 choice) external {
        uint32 seatId = uint32(1 + (choice >> 8) % registry.seatCount());
        IPeerRegistry.Seat memory found = registry.seat(seatId);
        if (found.withdrawn || found.inactiveEpoch == 0) return;
        uint256 end = registry.thawEnd(seatId);
        if (end > vm.getBlockTimestamp()) {
            vm.prank(found.owner);
            vm.assertFalse(_triesOn(address(registry), abi.encodeCall(registry.unstake, (_one(seatId)))), "thawing");
            if (choice % 5 != 0) return;
            vm.warp(end);
        }
        _payBack(seatId, found);
    }

    function punishOne(uint256 choice) external {
        uint256 i = choice % PEERS;
        IProjectTypes.RoundView memory found = project.round(round);
        bool cut = found.phase == IProjectTypes.Phase.Voided && found.resultHash == 0;
        if (found.phase < IProjectTypes.Phase.Availability || cut) return;
        bool silent = project.commitmentOf(round, _seat(i)) != 0 && !project.hasRevealed(round, _seat(i));
        bytes memory call = abi.encodeCall(attendance.punishSilence, (address(project), round, _seats(i)));
        bool first = !_punished[address(project)][round][_seat(i)];
        uint256 before = _slashed(i);
        bool done = _triesOn(address(attendance), call);
        vm.assertEq(done, silent && first);
        if (!done) return;
        _punished[address(project)][round][_seat(i)] = true;
        ++punished;
        slashed += _slashed(i) - before;
        vm.assertLe(_slashed(i) - before, SEAT_STAKE / 100, "the bond");
    }

    function leakOne(uint256 choice) external {
        if (lastSkipped == 0) return;
        uint256 i = choice % PEERS;
        address account = registry.seatOwnerAt(_seat(i), project.round(lastSkipped).epoch);
        bool absent = account != address(0) && !attendance.wasThere(address(project), lastSkipped, account);
        bytes memory call = abi.encodeCall(attendance.leak, (address(project), lastSkipped, _seats(i)));
        bool first = !_leaked[address(project)][lastSkipped][_seat(i)];
        uint256 before = _slashed(i);
        bool done = _triesOn(address(attendance), call);
        vm.assertEq(done, project.round(lastSkipped).reveals != 0 && absent && first);
        if (!done) return;
        _leaked[address(project)][lastSkipped][_seat(i)] = true;
        ++leaks;
        slashed += _slashed(i) - before;
        vm.assertLe(_slashed(i) - before, SEAT_STAKE / 1_000, "the leak");
    }

    /// @dev As after a proof: one of the results that are not final, and the stake of one that signed it.
    function voidOne(uint256 choice) external {
        if (choice % 4 != 0 || kept.length == finals) return;
        uint256 index = finals + (choice >> 8) % (kept.length - finals);
        vm.prank(disputes);
        project.voidRound(kept[index].number, kept[index].result);
        vm.assertEq(project.status().headDigest, kept[index].result.prevCid);
        while (kept.length > index) {
            vm.assertEq(
                uint256(project.round(kept[kept.length - 1].number).phase),
                uint256(IProjectTypes.Phase.Voided),
                "what was built on it"
            );
            kept.pop();
        }
        ++voids;
        if (choice % 3 == 0) _slashForProof((choice >> 16) % PEERS);
    }

    function withdrawReward() external {
        uint256 reward = registry.rewardOf(stranger);
        if (reward == 0) return;
        vm.prank(stranger);
        registry.withdrawReward();
        rewarded += reward;
        ++withdrawals;
    }

    function pause(uint256 choice) external {
        vm.startPrank(guardian);
        if (choice % 3 == 0) registry.pause(uint48(choice >> 8) % 1 days);
        else registry.unpause();
        vm.stopPrank();
        ++pauses;
    }

    function close(uint256 choice) external {
        if (choice % 24 == 0) _endAndStartAgain();
    }

    function move(uint256 choice) external {
        vm.roll(vm.getBlockNumber() + choice % 300);
        vm.warp(vm.getBlockTimestamp() + (choice >> 16) % (choice % 5 == 0 ? 1 days : 300));
    }

    /// @dev Everybody gets out everything, whatever state the project is in.
    function finish() external {
        _exit();
    }

    // The round.

    function _openOrPrepare(uint256 choice) private {
        IProjectTypes.ProjectStatus memory status = project.status();
        if (status.complete || status.closableAt != 0) return _endAndStartAgain();
        if (registry.pausedUntil() > vm.getBlockTimestamp()) {
            vm.assertFalse(_tries(abi.encodeCall(project.openRound, ())), "opened while paused");
            return vm.warp(registry.pausedUntil());
        }
        uint256 stake = registry.totalStakeAt(registry.currentEpoch());
        bool capped = status.reserved + POOL > stake / 3;
        if (status.acceptedRounds == 3 || capped) {
            vm.assertFalse(_tries(abi.encodeCall(project.openRound, ())), "opened beyond a cap");
            if (status.unfinalizedRounds != 0) return _finalizeNext(true);
            return _endAndStartAgain();
        }
        if (status.available < POOL) {
            vm.assertFalse(_tries(abi.encodeCall(project.openRound, ())), "opened without a budget");
            _fund(POOL);
            funded += POOL;
        }
        if (registry.totalSeatsAt(registry.currentEpoch()) < 2) return _endAndStartAgain();
        if (status.pinnedBlock != 0) {
            if (vm.getBlockNumber() > status.pinnedBlock + 256) project.pinSeed();
            if (choice % 2 == 0) return vm.roll(project.status().pinnedBlock + 1);
        }
        _open();
        ++opened;
        batchOpen = false;
        found_ = false;
        vm.assertLe((uint256(status.unfinalizedRounds) + 1) * POOL * 3, stake, "pools above a third of the stake");
    }

    function _commitOne(uint256 choice, IProjectTypes.RoundView memory found) private {
        bool fits = PEERS <= 2 * found.seats;
        if (choice % 11 == 0 && fits && !batchOpen && registry.seatsAt(peers[0], found.epoch) != 0) {
            _post(0, PEERS - 1);
            batchOpen = true;
            return;
        }
        for (uint256 k = 0; k < PEERS; ++k) {
            uint256 i = (choice % PEERS + k) % PEERS;
            if (registry.seatOwnerAt(_seat(i), found.epoch) == address(0)) continue;
            if (project.commitmentOf(round, _seat(i)) != 0) {
                if (choice % 4 != 0) continue;
                vm.prank(peers[i]);
                bytes memory again = abi.encodeCall(project.commit, (round, _seat(i), keccak256("again")));
                vm.assertFalse(_tries(again), "committed twice");
                return;
            }
            ++commits;
            return _commit(i);
        }
        _toReveal();
    }

    function _revealOne(uint256 choice, IProjectTypes.RoundView memory) private {
        if (batchOpen && choice % 3 != 0) {
            batchOpen = false;
            ++batches;
            return _revealBatch(0, 0, PEERS - 1);
        }
        if (choice % 13 != 0) {
            for (uint256 k = 0; k < PEERS; ++k) {
                uint256 i = (choice % PEERS + k) % PEERS;
                bool committed = project.commitmentOf(round, _seat(i)) != 0;
                if (!committed || project.hasRevealed(round, _seat(i))) continue;
                ++reveals;
                return _reveal(i);
            }
        }
        _toAvailability();
    }

    function _voteOrWait(uint256 choice, IProjectTypes.RoundView memory found) private {
        uint256 i = choice % PEERS;
        if (choice % 3 == 0 || registry.seatsAt(peers[i], found.epoch) == 0) return _toAttestCommit();
        vm.prank(peers[i]);
        attendance.voteAvailability(address(project), round, uint32(choice % 3), choice);
        ++votes;
    }

    function _promiseOrWait(uint256 choice, IProjectTypes.RoundView memory found) private {
        _findOnce(choice);
        for (uint256 k = 0; k < PEERS && choice % 9 != 0; ++k) {
            uint256 i = (choice % PEERS + k) % PEERS;
            if (registry.seatsAt(peers[i], found.epoch) == 0) continue;
            if (attendance.wasThere(address(project), round, peers[i])) continue;
            ++promises;
            return _commitAttestation(i);
        }
        _toAttest();
    }

    function _attestOrAccept(uint256 choice, IProjectTypes.RoundView memory found) private {
        _findOnce(choice);
        uint256 i = choice % PEERS;
        if (choice % 4 == 0) {
            bool seated = registry.seatsAt(peers[i], found.epoch) != 0;
            if (!seated || attendance.wasThere(address(project), round, peers[i])) return _toLapse();
            vm.prank(peers[i]);
            attendance.attest(address(project), round, keccak256(abi.encode(choice)));
            ++attests;
            return;
        }
        _acceptOf(choice % 3 == 0 ? uint8(choice >> 8) : type(uint8).max, found);
    }

    function _skip(IProjectTypes.RoundView memory found) private {
        project.skipRound(round);
        lastSkipped = round;
        ++skips;
        if (found.reveals != 0) forfeited += POOL;
    }
}
