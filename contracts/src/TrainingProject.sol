// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IAttendance} from "./interfaces/IAttendance.sol";
import {IPeerRegistry} from "./interfaces/IPeerRegistry.sol";
import {ITrainingProject} from "./interfaces/ITrainingProject.sol";
import {Attestation} from "./libraries/Attestation.sol";
import {Batches} from "./libraries/Batches.sol";
import {Contributions} from "./libraries/Contributions.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {Rounds} from "./libraries/Rounds.sol";
import {SeedBeacon} from "./libraries/SeedBeacon.sol";
import {Terms} from "./libraries/Terms.sol";
import {ProjectState} from "./ProjectState.sol";

/// @title The rounds of a project
contract TrainingProject is ProjectState, Multicall {
    using Rounds for Rounds.Clock;
    using Rounds for Rounds.Round;
    using Batches for Batches.Batch;

    uint256 private constant MAXIMUM_PIPELINE = 16;
    /// @dev So that the number of updates in a round, those out of batches included, fits 24 bits.
    uint256 private constant MAXIMUM_SEATS = 1 << 23;

    address private immutable _disputes;
    IAttendance private immutable _attendance;

    constructor(address disputes_, address attendance_, address insurance_) ProjectState(insurance_) {
        _disputes = disputes_;
        _attendance = IAttendance(attendance_);
    }

    /// @inheritdoc ITrainingProject
    function openRound() external returns (uint64 number) {
        // Check
        Configuration memory terms = configuration();
        Progress memory progress = _progressNow();
        _checkMayOpen(terms, progress);
        (uint48 epoch, uint256 seats, uint256 stake) = _checkStake(terms, progress);
        bytes32 nextSeed = _nextSeed(terms, progress);
        // Effect
        number = uint64(progress.lastRound) + 1;
        progress.lastRound = uint48(number);
        ++progress.unfinalizedRounds;
        progress.pinnedBlock = 0;
        _setProgress(progress);
        _seed = nextSeed;
        // The factory bounds the lengths of windows by 24 bits.
        Rounds.Clock memory clock = Rounds.Clock({
            commitEnd: uint40(block.timestamp) + terms.commitSeconds,
            revealSeconds: uint24(terms.revealSeconds),
            availabilitySeconds: uint24(terms.availabilitySeconds),
            attestCommitSeconds: uint24(terms.attestCommitSeconds),
            attestSeconds: uint24(terms.attestSeconds),
            seats: uint24(seats),
            commits: 0,
            epoch: uint32(epoch),
            batches: 0,
            promised: 0,
            status: Status.Open
        });
        _rounds[number].clock = clock;
        emit RoundOpened(
            number,
            _head(terms, progress),
            nextSeed,
            epoch,
            terms.roundPool,
            stake,
            clock.commitEnd,
            clock.revealEnd(),
            clock.attestStart(),
            clock.attestEnd()
        );
    }

    /// @inheritdoc ITrainingProject
    function commit(uint64 number, uint32 seat, bytes32 commitment) external {
        // Check
        Rounds.Clock memory clock = _inPhase(number, Phase.Commit);
        if (bytes27(commitment) == 0) revert Project_EmptyCommitment(number, seat);
        Pledge memory pledge = _pledges[seat];
        if (pledge.round == number) revert Project_AlreadyCommitted(number, seat);
        (IPeerRegistry registry, uint256 trainersPerRound) = Terms.registryAndTrainers();
        if (registry.seatOwnerAt(seat, clock.epoch) != msg.sender) {
            revert Project_NotSeatOwner(number, seat, msg.sender);
        }
        // Effect
        if (trainersPerRound != 0) _attendance.joinTrainers(number, seat);
        _pledges[seat] = Pledge(bytes27(commitment), uint32(number), false);
        emit UpdateCommitted(number, seat, commitment);
        unchecked {
            ++clock.commits; // one a seat at most
        }
        if (clock.commits == clock.seats && clock.batches == 0) {
            clock.endCommits(uint40(block.timestamp));
            _rounds[number].clock.commitEnd = clock.commitEnd;
            _emitMoved(number, clock);
        }
        _rounds[number].clock.commits = clock.commits;
    }

    /// @inheritdoc ITrainingProject
    function postCommits(uint64 number, bytes32 batchHash, uint16 count) external returns (uint8 batch) {
        // Check
        Rounds.Clock memory clock = _inPhase(number, Phase.Commit);
        batch = clock.batches;
        // More than two a seat, in all batches together, would only make what a proof has to bring longer.
        uint256 promised = uint256(clock.promised) + count;
        bool tooMany = promised > 2 * uint256(clock.seats) || count > Batches.MAXIMUM_COMMITMENTS;
        if (count == 0 || tooMany || batch == Batches.MAXIMUM_BATCHES) {
            revert Project_BadBatch(number, count, batch);
        }
        (IPeerRegistry registry,) = Terms.registryAndTrainers();
        if (registry.seatsAt(msg.sender, clock.epoch) == 0) {
            revert Project_SignerWithoutStake(number, msg.sender);
        }
        // Effect
        _batches[batch].post(number, batchHash, count);
        _rounds[number].clock.batches = batch + 1;
        _rounds[number].clock.promised = uint16(promised); // at most eight times 255
        emit CommitsPosted(number, batch, msg.sender, batchHash, count);
    }

    /// @inheritdoc ITrainingProject
    function reveal(uint64 number, uint32 seat, bytes32 digest, bytes32 dataRoot, bytes32 salt) external {
        // Check
        Rounds.Clock memory clock = _inPhase(number, Phase.Reveal);
        Pledge memory pledge = _pledges[seat];
        bytes32 commitment = Attestation.commitment(
            Attestation.scope(number), seat, msg.sender, digest, dataRoot, salt
        );
        if (pledge.round != number || pledge.commitment != bytes27(commitment)) {
            revert Project_CommitMismatch(number, seat);
        }
        if (pledge.revealed) revert Project_AlreadyRevealed(number, seat);
        // Effect
        _pledges[seat].revealed = true;
        bytes32 revealsHash =
            Attestation.chained(_rounds[number].revealsHash, seat, digest, dataRoot, salt);
        _rounds[number].revealsHash = revealsHash;
        emit UpdateRevealed(number, seat, digest, dataRoot, salt);
        if (Attestation.countRevealed(revealsHash) == clock.commits && clock.batches == 0) {
            clock.endReveals(uint40(block.timestamp));
            _rounds[number].clock.revealSeconds = clock.revealSeconds;
            _emitMoved(number, clock);
        }
    }

    /// @inheritdoc ITrainingProject
    function revealBatch(
        uint64 number, uint8 batch, bytes calldata openings, bytes32[] calldata entries
    ) external {
        // Check
        _inPhase(number, Phase.Reveal);
        // Check and effect: what is written is undone if the openings are not of the batch
        uint256 count = _batches[batch].open(number, batch, openings, entries);
        _rounds[number].revealsHash =
            Attestation.chainedBatch(_rounds[number].revealsHash, batch, openings, count);
        emit UpdatesRevealed(number, batch, openings);
    }

    /// @inheritdoc ITrainingProject
    function pinSeed() external {
        // Check
        uint48 pinnedBlock = _progress.pinnedBlock;
        if (pinnedBlock == 0) revert Project_SeedNotPinned();
        if (!SeedBeacon.isForgotten(pinnedBlock)) revert Project_SeedAlreadyPinned(pinnedBlock);
        // Effect
        _progress.pinnedBlock = _pinned(_progress.lastRound);
    }

    /// @inheritdoc ITrainingProject
    function acceptSigned(
        uint64 number,
        Result calldata result,
        bytes calldata contributions,
        Signature[] calldata signatures,
        Custody[] calldata openings
    ) external {
        // Check
        Configuration memory terms = configuration();
        Progress memory progress = _progressNow();
        Rounds.Clock memory clock = _inPhase(number, Phase.Attest);
        _checkResult(terms, progress, number, result, contributions);
        bytes32 hash = resultHash(number, result);
        uint256 weight = _checkQuorum(terms, number, clock, hash, signatures, openings);
        // Effect
        uint40 challengeEnd = uint40(block.timestamp) + terms.challengeSeconds;
        Rounds.Round storage accepted = _rounds[number];
        accepted.clock.status = Status.Accepted;
        accepted.outcome = Rounds.Outcome(challengeEnd, progress.lastAccepted, result.cumulativeTotal);
        accepted.resultHash = hash;
        progress.lastAccepted = uint48(number);
        ++progress.acceptedRounds;
        progress.pinnedBlock = _pinned(number);
        _setProgress(progress);
        _headDigest = result.cid;
        emit ResultAccepted(number, hash, result, challengeEnd, weight, contributions);
    }

    /// @inheritdoc ITrainingProject
    function finalize(uint64 number, Result calldata result) external {
        // Check
        _inPhase(number, Phase.Settled);
        Rounds.Round storage settled = _rounds[number];
        bytes32 hash = resultHash(number, result);
        if (hash != settled.resultHash) revert Project_ResultMismatch(number, hash, settled.resultHash);
        uint64 previous = settled.outcome.previousAccepted;
        Progress memory progress = _progressNow();
        if (previous != progress.lastFinalized) {
            revert Project_FinalizeOutOfOrder(number, previous, progress.lastFinalized);
        }
        // Effect
        settled.clock.status = Status.Finalized;
        progress.lastFinalized = uint48(number);
        --progress.unfinalizedRounds;
        _setProgress(progress);
        _ledger.finalized = result.cumulativeTotal;
        _rewardRoot = result.rewardRoot;
        emit RoundFinalized(number, result.rewardRoot, result.cumulativeTotal);
    }

    /// @inheritdoc ITrainingProject
    function skipRound(uint64 number) external {
        // Check
        _inPhase(number, Phase.Lapsed);
        Progress memory progress = _progressNow();
        // Effect
        _rounds[number].clock.status = Status.Skipped;
        --progress.unfinalizedRounds;
        emit RoundSkipped(number);
        if (_rounds[number].revealsHash != 0) {
            _ledger.forfeited += configuration().roundPool;
            progress.pinnedBlock = _pinned(number);
        }
        _setProgress(progress);
    }

    /// @inheritdoc ITrainingProject
    function voidRound(uint64 number, Result calldata result) external {
        // Check
        _requireDisputes();
        bytes32 hash = resultHash(number, result);
        Rounds.Round storage target = _rounds[number];
        if (target.clock.status != Status.Accepted) {
            revert Project_WrongPhase(number, _phaseOf(number), Phase.Challenge);
        }
        if (hash != target.resultHash) revert Project_ResultMismatch(number, hash, target.resultHash);
        // Effect
        Progress memory progress = _progressNow();
        if (_rounds[progress.lastRound].clock.status == Status.Open) {
            _void(progress.lastRound, progress, result.prevCid);
        }
        // Accepted and not final: at most MAXIMUM_PIPELINE rounds, of which this is one.
        for (uint64 fallen = 0; fallen != number;) {
            fallen = progress.lastAccepted;
            progress.lastAccepted = uint48(_rounds[fallen].outcome.previousAccepted);
            --progress.acceptedRounds;
            _void(fallen, progress, result.prevCid);
        }
        // A round that was open could not pin a block for the next seed.
        if (progress.pinnedBlock == 0) progress.pinnedBlock = _pinned(progress.lastRound);
        _setProgress(progress);
        _headDigest = result.prevCid;
    }

    /// @inheritdoc ITrainingProject
    function slashProven(uint32[] calldata seatIds, address reporter) external {
        _requireDisputes();
        IPeerRegistry registry = IPeerRegistry(configuration().registry);
        for (uint256 i = 0; i < seatIds.length; ++i) {
            registry.slashFor(seatIds[i], type(uint256).max, reporter);
        }
    }

    /// @inheritdoc ITrainingProject
    function slashAbsent(uint32 seatId, uint256 amount) external returns (uint256 taken) {
        if (msg.sender != address(_attendance)) revert Project_NotAttendance(msg.sender, address(_attendance));
        taken = IPeerRegistry(configuration().registry).slash(seatId, amount);
    }

    /// @inheritdoc ITrainingProject
    function disputes() external view returns (address) {
        return _disputes;
    }

    /// @inheritdoc ITrainingProject
    function attendance() external view returns (address) {
        return address(_attendance);
    }

    function _setProgress(Progress memory progress) private {
        _progress = progress;
    }

    function _pinned(uint64 number) private returns (uint48 pinnedBlock) {
        pinnedBlock = SeedBeacon.nextPin();
        emit SeedPinned(number, pinnedBlock);
    }

    function _void(uint64 number, Progress memory progress, bytes32 headDigest) private {
        _rounds[number].clock.status = Status.Voided;
        --progress.unfinalizedRounds;
        emit RoundVoided(number, headDigest);
    }

    function _emitMoved(uint64 number, Rounds.Clock memory clock) private {
        emit RoundWindowsMoved(
            number, clock.commitEnd, clock.revealEnd(), clock.attestStart(), clock.attestEnd()
        );
    }

    function _inPhase(uint64 number, Phase want) private view returns (Rounds.Clock memory clock) {
        clock = _clockOf(number);
        Phase have = _rounds[number].phaseAt(clock, block.timestamp);
        if (have != want) revert Project_WrongPhase(number, have, want);
    }

    function _requireDisputes() private view {
        if (msg.sender != _disputes) revert Project_NotDisputes(msg.sender, _disputes);
    }

    function _checkMayOpen(Configuration memory terms, Progress memory progress) private view {
        if (progress.acceptedRounds >= terms.rounds) revert Project_Complete(terms.rounds);
        Ledger memory ledger = _ledger;
        if (ledger.closableAt != 0) revert Project_Closing(ledger.closableAt);
        if (_rounds[progress.lastRound].clock.status == Status.Open) {
            revert Project_PreviousUnsettled(progress.lastRound, _phaseOf(progress.lastRound));
        }
        if (progress.unfinalizedRounds >= MAXIMUM_PIPELINE) {
            revert Project_PipelineFull(progress.unfinalizedRounds);
        }
        uint256 available = _available(terms, progress, ledger);
        if (available < terms.roundPool) revert Project_BudgetTooSmall(available, terms.roundPool);
    }

    /// @dev Whoever steals a pool needs two thirds of what attests, which is three times as large, and loses it.
    function _checkStake(
        Configuration memory terms, Progress memory progress
    ) private view returns (uint48 epoch, uint256 seats, uint256 stake) {
        IPeerRegistry registry = IPeerRegistry(terms.registry);
        (epoch, seats, stake) = registry.currentPool();
        if (seats < terms.minimumSeats) revert Project_TooFewSeats(seats, terms.minimumSeats);
        if (seats > MAXIMUM_SEATS) revert Project_TooManySeats(seats, MAXIMUM_SEATS);
        uint256 pools = _reserved(terms, uint256(progress.unfinalizedRounds) + 1);
        uint256 attesters = terms.attestersPerRound;
        uint256 atStake = attesters == 0 || attesters > seats ? stake : stake * attesters / seats;
        if (pools > atStake / 3) revert Project_PoolsAboveStakeCap(pools, atStake / 3);
    }

    function _nextSeed(Configuration memory terms, Progress memory progress) private view returns (bytes32) {
        if (progress.lastRound == 0) return SeedBeacon.first(terms.genesisDigest);
        bytes32 revealsHash = _rounds[progress.lastRound].revealsHash;
        return SeedBeacon.following(_seed, revealsHash, progress.pinnedBlock, uint256(progress.lastRound) + 1);
    }

    function _checkResult(
        Configuration memory terms,
        Progress memory progress,
        uint64 number,
        Result calldata result,
        bytes calldata contributions
    ) private view {
        bytes32 head = _head(terms, progress);
        if (result.prevCid != head) revert Project_WrongBase(number, result.prevCid, head);
        uint256 least = _acceptedTotal(progress);
        uint256 most = least + terms.roundPool;
        if (result.cumulativeTotal < least || result.cumulativeTotal > most) {
            revert Project_TotalOutOfRange(number, result.cumulativeTotal, least, most);
        }
        (bytes32 root, uint256 sum,) = Contributions.rootAndSum(contributions);
        if (root != result.weightRoot) revert Project_WrongContributions(number, root, result.weightRoot);
        if (sum != result.cumulativeTotal - least) {
            revert Project_WrongSum(number, sum, result.cumulativeTotal - least);
        }
    }

    function _checkQuorum(
        Configuration memory terms,
        uint64 number,
        Rounds.Clock memory clock,
        bytes32 hash,
        Signature[] calldata signatures,
        Custody[] calldata openings
    ) private view returns (uint256 weight) {
        address[] memory signers = Quorum.signers(hash, signatures);
        uint256 seats = clock.seats;
        uint256 want = terms.attestCommitSeconds == 0 ? 0 : signatures.length;
        if (openings.length != want) revert Project_OpeningsMissing(signatures.length, openings.length, want);
        if (terms.attestCommitSeconds != 0) {
            (weight, seats) = _attendance.weigh(address(this), number, hash, signers, openings);
        } else {
            uint256[] memory held = IPeerRegistry(terms.registry).seatsOf(signers, clock.epoch);
            for (uint256 i = 0; i < held.length; ++i) {
                if (held[i] == 0) revert Project_SignerWithoutStake(number, signers[i]);
                weight += held[i];
            }
        }
        Quorum.check(number, weight, seats);
    }
}
