// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SwarmTest} from "./SwarmTest.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @title What an actor counts beside the contracts, and what has to agree with it
abstract contract ActorLedger is SwarmTest {
    /// @dev A result that was accepted and not voided, with what everybody had earned then.
    struct Kept {
        uint64 number;
        IProjectTypes.Result result;
        uint256[] earned;
    }

    // Of this project.
    uint256 public funded;
    uint256 public claimedSum;
    uint256 public refunded;
    uint256 public deposited;
    uint256 public paidBack;
    uint256 public slashed;
    uint256 public granted;
    uint256 public rewarded;
    uint256 public forfeited;
    uint64 internal lastSkipped;
    bool internal batchOpen;
    bool internal found_;
    Kept[] internal kept;
    uint256 internal finals;
    bytes32 internal finalHead;
    uint256[] internal finalEarned;
    uint256[PEERS] internal received;
    mapping(address => mapping(uint64 => mapping(uint32 => bool))) internal _punished;
    mapping(address => mapping(uint64 => mapping(uint32 => bool))) internal _leaked;

    // Of the whole run.
    uint256 public opened;
    uint256 public commits;
    uint256 public reveals;
    uint256 public batches;
    uint256 public votes;
    uint256 public promises;
    uint256 public attests;
    uint256 public accepted;
    uint256 public refused;
    uint256 public finalized;
    uint256 public skips;
    uint256 public claims;
    uint256 public punished;
    uint256 public leaks;
    uint256 public voids;
    uint256 public stakes;
    uint256 public exits;
    uint256 public unstakes;
    uint256 public withdrawals;
    uint256 public pauses;
    uint256 public closes;

    bool internal _commits;

    function _terms() internal view override returns (IProjectTypes.Configuration memory terms) {
        terms = super._terms();
        if (_commits) terms.attestCommitSeconds = 300;
    }

    /// @dev What has to be true after every call.
    function check() external view {
        IProjectTypes.ProjectStatus memory status = project.status();
        vm.assertEq(token.balanceOf(address(project)), funded - claimedSum - refunded, "balance of the project");
        vm.assertEq(status.funded, funded, "funded");
        vm.assertEq(status.refunded, refunded, "refunded");
        vm.assertEq(status.claimedTotal, claimedSum, "claimed");
        vm.assertEq(status.forfeited, forfeited, "forfeited");
        vm.assertLe(status.claimedTotal, status.finalizedTotal, "claimed above finalized");
        vm.assertLe(status.finalizedTotal, status.acceptedTotal, "finalized above accepted");
        vm.assertLe(status.acceptedTotal, funded, "accepted above funded");
        vm.assertEq(
            status.available + status.reserved + status.finalizedTotal + status.refunded, funded, "budget"
        );
        uint256 claimable = 0;
        for (uint256 i = 0; i < PEERS; ++i) {
            vm.assertEq(project.claimed(peers[i]), received[i], "received");
            vm.assertLe(received[i], finalEarned[i], "more than earned");
            claimable += finalEarned[i] - received[i];
        }
        vm.assertEq(claimable, uint256(status.finalizedTotal) - claimedSum, "claimable");
        vm.assertEq(
            token.balanceOf(address(registry)), deposited - paidBack - rewarded, "balance of the registry"
        );
        vm.assertEq(registry.rewardOf(stranger), granted - rewarded, "rewards");
        vm.assertLe(2 * granted, slashed, "a reporter's half");
        bool open = project.round(status.lastRound).status == IProjectTypes.Status.Open;
        vm.assertEq(status.unfinalizedRounds, kept.length - finals + (open ? 1 : 0), "unfinalized");
        vm.assertEq(status.acceptedRounds, kept.length, "accepted rounds");
        vm.assertEq(status.headDigest, kept.length == 0 ? GENESIS : kept[kept.length - 1].result.cid, "head");
        vm.assertEq(status.lastFinalized, finals == 0 ? 0 : kept[finals - 1].number, "final");
    }

    function _forgetRounds() internal {
        delete kept;
        delete received;
        (finals, round, lastSkipped, finalHead) = (0, 0, 0, GENESIS);
        finalEarned = new uint256[](PEERS);
        (batchOpen, found_) = (false, false);
    }

    /// @dev What is found in this round, once.
    function _findOnce(uint256 choice) internal {
        if (found_) return;
        found_ = true;
        earned = kept.length == 0 ? new uint256[](PEERS) : kept[kept.length - 1].earned;
        uint256[] memory rewards = new uint256[](PEERS);
        for (uint256 i = 0; i < PEERS; ++i) {
            rewards[i] = uint256(keccak256(abi.encode(choice, i))) % (POOL / PEERS + 1);
        }
        _find(rewards, bytes32(choice));
    }

    /// @dev With the signatures of whoever is in the mask, has a seat and promised it, enough or not.
    function _acceptOf(uint8 mask, IProjectTypes.RoundView memory found) internal {
        uint256 weight = 0;
        uint256 count = 0;
        bytes32 hash = project.resultHash(round, result);
        IProjectTypes.Signature[] memory signatures = new IProjectTypes.Signature[](PEERS);
        IProjectTypes.Custody[] memory openings = new IProjectTypes.Custody[](PEERS);
        for (uint256 i = 0; i < PEERS; ++i) {
            uint256 seats = registry.seatsAt(peers[i], found.epoch);
            if (_commits) (, seats) = _promised(i);
            if (seats == 0 || mask >> i & 1 == 0) continue;
            signatures[count] = _sign(keys[i], hash);
            openings[count++] = _custody(i);
            weight += seats;
        }
        signatures = abi.decode(_shortened(abi.encode(signatures), count), (IProjectTypes.Signature[]));
        openings = abi.decode(_shortened(abi.encode(openings), _commits ? count : 0), (IProjectTypes.Custody[]));
        bytes memory call =
            abi.encodeCall(project.acceptSigned, (round, result, contributions, signatures, openings));
        bool done = _tries(call);
        vm.assertEq(done, weight * 3 > uint256(found.seats) * 2);
        vm.assertLe(weight, found.seats, "weight above the seats");
        if (!done) {
            ++refused;
            return;
        }
        kept.push(Kept(round, result, earned));
        ++accepted;
    }

    function _finalizeNext(bool wait) internal {
        if (kept.length == finals) return;
        Kept storage next = kept[finals];
        uint256 end = project.round(next.number).challengeEnd;
        if (end > vm.getBlockTimestamp()) {
            vm.assertFalse(_tries(abi.encodeCall(project.finalize, (next.number, next.result))), "challenged");
            if (!wait) return;
            vm.warp(end);
        }
        project.finalize(next.number, next.result);
        vm.assertEq(next.result.prevCid, finalHead, "descends from the last final one");
        finalHead = next.result.cid;
        finalEarned = next.earned;
        ++finals;
        ++finalized;
    }

    function _payBack(uint32 seatId, IPeerRegistry.Seat memory found) internal {
        uint256 before = token.balanceOf(found.owner);
        vm.prank(found.owner);
        registry.unstake(_one(seatId));
        uint256 paid = token.balanceOf(found.owner) - before;
        vm.assertEq(paid, SEAT_STAKE - found.slashed, "what is left of the stake");
        paidBack += paid;
        ++unstakes;
    }

    function _slashForProof(uint256 i) internal {
        uint256 before = _slashed(i);
        vm.prank(disputes);
        project.slashProven(_seats(i), stranger);
        uint256 taken = _slashed(i) - before;
        slashed += taken;
        granted += taken / 2;
        _checkSeats();
    }

    /// @dev Stakes that are here, and nothing else but what was burned, is what the registry holds.
    function _checkSeats() internal view {
        uint256 staked = 0;
        uint256 lost = 0;
        uint256 counted = 0;
        uint48 next = registry.currentEpoch() + 1;
        for (uint32 seatId = 1; seatId <= registry.seatCount(); ++seatId) {
            IPeerRegistry.Seat memory found = registry.seat(seatId);
            vm.assertLe(found.slashed, SEAT_STAKE, "slashed above the stake");
            lost += found.slashed;
            if (!found.withdrawn) staked += SEAT_STAKE - found.slashed;
            if (registry.seatOwnerAt(seatId, next) != address(0)) ++counted;
        }
        vm.assertEq(lost, slashed, "slashed");
        vm.assertEq(token.balanceOf(address(registry)), staked + slashed - rewarded, "stake");
        vm.assertEq(registry.totalSeatsAt(next), counted, "seats");
    }

    /// @dev Everybody gets out: rounds end, the project closes, rewards and stakes are paid, whatever the state.
    function _exit() internal {
        if (project.round(round).status == IProjectTypes.Status.Open) {
            _toLapse();
            uint256 before = project.status().forfeited;
            project.skipRound(round);
            forfeited += project.status().forfeited - before;
        }
        while (finals < kept.length) _finalizeNext(true);
        uint256[] memory before_ = finalEarned;
        _closeNow();
        for (uint256 i = 0; i < PEERS; ++i) {
            if (before_[i] == received[i]) continue;
            (, bytes32[] memory proof) = Trees.rewardRoot(peers, before_, i);
            project.claim(peers[i], before_[i], proof);
            claimedSum += before_[i] - received[i];
            received[i] = before_[i];
        }
        vm.assertEq(token.balanceOf(address(project)), 0, "left in the project");
        _leaveAll();
    }

    function _endAndStartAgain() internal {
        _exit();
        _create(_terms());
        for (uint256 i = 0; i < PEERS; ++i) {
            _stake(peers[i], 1);
        }
        _fund(FUNDS);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        (funded, claimedSum, refunded, forfeited) = (FUNDS, 0, 0, 0);
        (deposited, paidBack, slashed, granted, rewarded) = (PEERS * SEAT_STAKE, 0, 0, 0, 0);
        _forgetRounds();
    }

    function _closeNow() private {
        IProjectTypes.ProjectStatus memory status = project.status();
        if (status.closed) return;
        if (!status.complete) {
            if (status.closableAt == 0) {
                vm.prank(owner);
                project.requestClose();
            }
            _warpTo(project.status().closableAt);
        }
        uint256 mine = token.balanceOf(owner);
        uint256 insured = token.balanceOf(insurance);
        project.close();
        (mine, insured) = (token.balanceOf(owner) - mine, token.balanceOf(insurance) - insured);
        vm.assertEq(mine + insured, status.available, "refund");
        uint256 most = status.complete ? 0 : forfeited;
        vm.assertEq(insured, most < status.available ? most : status.available, "insured");
        refunded += mine + insured;
        ++closes;
    }

    function _leaveAll() private {
        uint32 count = registry.seatCount();
        for (uint32 seatId = 1; seatId <= count; ++seatId) {
            IPeerRegistry.Seat memory found = registry.seat(seatId);
            if (found.withdrawn || found.inactiveEpoch != 0) continue;
            vm.prank(found.owner);
            registry.beginUnstake(_one(seatId));
        }
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS + THAW_SECONDS);
        for (uint32 seatId = 1; seatId <= count; ++seatId) {
            IPeerRegistry.Seat memory found = registry.seat(seatId);
            if (!found.withdrawn) _payBack(seatId, found);
        }
        vm.assertEq(token.balanceOf(address(registry)), slashed - rewarded, "left in the registry");
    }

    function _tries(bytes memory call) internal returns (bool done) {
        (done,) = address(project).call(call);
    }

    function _triesOn(address target, bytes memory call) internal returns (bool done) {
        (done,) = target.call(call);
    }

    function _promised(uint256 i) private view returns (bytes28 commitment, uint32 seats) {
        return attendance.attestationOf(address(project), round, peers[i]);
    }

    function _one(uint32 seatId) internal pure returns (uint32[] memory seatIds) {
        seatIds = new uint32[](1);
        seatIds[0] = seatId;
    }

    /// @dev An encoded array of static structs with only its first `count` elements.
    function _shortened(bytes memory encoded, uint256 count) private pure returns (bytes memory) {
        encoded[63] = bytes1(uint8(count));
        return encoded;
    }
}
