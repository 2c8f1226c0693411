// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProofLib} from "solady/src/utils/MerkleProofLib.sol";
import {ITrainingProject} from "./interfaces/ITrainingProject.sol";
import {Attestation} from "./libraries/Attestation.sol";
import {Batches} from "./libraries/Batches.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";
import {Rounds} from "./libraries/Rounds.sol";
import {Terms} from "./libraries/Terms.sol";

/// @title What a project is: its rounds as stored, its money, and how to read both
/// @dev Money: funded = refunded + claimed + (allocated, not claimed) + reserved by unfinalized rounds + available.
/// Only here is the token called, and only after everything else is written.
abstract contract ProjectState is ITrainingProject, EIP712, ReentrancyGuardTransient {
    using Rounds for Rounds.Clock;
    using Rounds for Rounds.Round;

    /// @dev What a seat committed to directly: one word, reused from round to round. The hash is cut to 27 bytes.
    struct Pledge {
        bytes27 commitment;
        uint32 round;
        bool revealed;
    }

    /// @dev One word: where the project is in its rounds.
    struct Progress {
        uint48 lastRound;
        uint48 lastAccepted;
        uint48 lastFinalized;
        uint32 acceptedRounds;
        uint32 unfinalizedRounds;
        uint48 pinnedBlock;
    }

    /// @dev Three words, of which a claim touches one. `finalized` is the cumulative total of the last such result.
    struct Ledger {
        uint128 funded;
        uint128 refunded;
        uint128 finalized;
        uint128 claimed;
        uint128 forfeited;
        uint40 closableAt;
        bool closed;
    }

    address private immutable _insurance;

    Progress internal _progress;
    Ledger internal _ledger;
    bytes32 internal _rewardRoot;
    mapping(address account => uint256) private _claimed;

    bytes32 internal _headDigest;
    bytes32 internal _seed;
    mapping(uint64 number => Rounds.Round) internal _rounds;
    mapping(uint32 seat => Pledge) internal _pledges;
    mapping(uint8 batch => Batches.Batch) internal _batches;

    constructor(address insurance_) EIP712("SwarmProof", "1") {
        _insurance = insurance_;
        // This is the state of the code behind the clones, which is no project: it must not take money.
        _ledger.closed = true;
    }

    /// @inheritdoc ITrainingProject
    function fund(uint128 amount) external nonReentrant {
        // Check
        if (amount == 0) revert Project_NothingToFund();
        if (_ledger.closed) revert Project_Closed();
        // Effect
        _ledger.funded += amount;
        emit ProjectFunded(msg.sender, amount);
        // Interaction
        uint256 received = ExactTransfer.pull(IERC20(Terms.token()), msg.sender, amount);
        if (received != amount) revert Project_InexactTransfer(amount, received);
    }

    /// @inheritdoc ITrainingProject
    /// @dev Never while `fund` or `close` is at work. Within a claim, a claim finds all of the first one written.
    function claim(address account, uint256 cumulative, bytes32[] calldata proof) external nonReentrantView {
        // Check
        bytes32 leaf = Attestation.rewardLeaf(account, cumulative);
        if (!MerkleProofLib.verifyCalldata(proof, _rewardRoot, leaf)) revert Project_BadProof(account, cumulative);
        uint256 before = _claimed[account];
        if (cumulative <= before) revert Project_NothingToClaim(account, cumulative, before);
        uint256 amount;
        unchecked {
            amount = cumulative - before; // more than it, as was just checked
        }
        uint256 finalized = _ledger.finalized;
        uint256 total = _ledger.claimed + amount;
        if (total > finalized) revert Project_Insolvent(total, finalized);
        // Effect
        _ledger.claimed = uint128(total); // at most `finalized`, which has 128 bits
        _claimed[account] = cumulative;
        emit RewardClaimed(account, amount);
        // Interaction
        SafeERC20.safeTransfer(IERC20(Terms.token()), account, amount);
    }

    /// @inheritdoc ITrainingProject
    function requestClose() external {
        // Check
        Configuration memory terms = configuration();
        if (msg.sender != terms.owner) revert Project_NotOwner(msg.sender, terms.owner);
        if (_ledger.closed) revert Project_Closed();
        if (_ledger.closableAt != 0) revert Project_Closing(_ledger.closableAt);
        // Effect
        uint40 closableAt = uint40(block.timestamp) + terms.closeThawSeconds;
        _ledger.closableAt = closableAt;
        emit CloseRequested(uint40(block.timestamp), closableAt);
    }

    /// @inheritdoc ITrainingProject
    function close() external nonReentrant {
        // Check
        Configuration memory terms = configuration();
        Progress memory progress = _progressNow();
        Ledger memory ledger = _ledger;
        if (ledger.closed) revert Project_Closed();
        if (progress.unfinalizedRounds != 0) revert Project_RoundsPending(progress.unfinalizedRounds);
        bool complete = _isComplete(terms, progress);
        bool thawed = ledger.closableAt != 0 && block.timestamp >= ledger.closableAt;
        if (!thawed && !complete) revert Project_NotClosable(ledger.closableAt);
        // Effect
        uint256 rest = _available(terms, progress, ledger);
        uint256 insured = complete ? 0 : ledger.forfeited < rest ? ledger.forfeited : rest;
        _ledger.closed = true;
        _ledger.refunded = uint128(rest); // at most `funded`, which has 128 bits
        emit ProjectClosed(rest - insured, insured);
        // Interaction
        IERC20 token = IERC20(terms.token);
        if (rest != insured) SafeERC20.safeTransfer(token, terms.owner, rest - insured);
        if (insured != 0) SafeERC20.safeTransfer(token, _insurance, insured);
    }

    /// @inheritdoc ITrainingProject
    function insurance() external view returns (address) {
        return _insurance;
    }

    /// @inheritdoc ITrainingProject
    function claimed(address account) external view returns (uint256) {
        return _claimed[account];
    }

    /// @inheritdoc ITrainingProject
    function seed() external view returns (bytes32) {
        return _seed;
    }

    /// @inheritdoc ITrainingProject
    function status() external view returns (ProjectStatus memory) {
        Configuration memory terms = configuration();
        Progress memory progress = _progressNow();
        Ledger memory ledger = _ledger;
        return ProjectStatus({
            headDigest: _head(terms, progress),
            rewardRoot: _rewardRoot,
            seed: _seed,
            lastRound: progress.lastRound,
            lastAccepted: progress.lastAccepted,
            lastFinalized: progress.lastFinalized,
            pinnedBlock: progress.pinnedBlock,
            acceptedRounds: progress.acceptedRounds,
            unfinalizedRounds: progress.unfinalizedRounds,
            funded: ledger.funded,
            refunded: ledger.refunded,
            forfeited: ledger.forfeited,
            claimedTotal: ledger.claimed,
            acceptedTotal: _acceptedTotal(progress),
            finalizedTotal: ledger.finalized,
            reserved: _reserved(terms, progress.unfinalizedRounds),
            available: _available(terms, progress, ledger),
            closableAt: ledger.closableAt,
            complete: _isComplete(terms, progress),
            closed: ledger.closed
        });
    }

    /// @inheritdoc ITrainingProject
    function round(uint64 number) external view returns (RoundView memory) {
        Rounds.Clock memory clock = _clockOf(number);
        Rounds.Outcome memory outcome = _rounds[number].outcome;
        bytes32 revealsHash = _rounds[number].revealsHash;
        return RoundView({
            status: clock.status,
            phase: _rounds[number].phaseAt(clock, block.timestamp),
            epoch: clock.epoch,
            seats: clock.seats,
            commits: clock.commits,
            reveals: uint32(Attestation.countRevealed(revealsHash)),
            batches: clock.batches,
            previousAccepted: outcome.previousAccepted,
            commitEnd: clock.commitEnd,
            revealEnd: clock.revealEnd(),
            availabilityEnd: clock.availabilityEnd(),
            attestStart: clock.attestStart(),
            attestEnd: clock.attestEnd(),
            challengeEnd: outcome.challengeEnd,
            cumulativeTotal: outcome.cumulativeTotal,
            resultHash: _rounds[number].resultHash,
            revealsHash: revealsHash
        });
    }

    /// @inheritdoc ITrainingProject
    function commitmentOf(uint64 number, uint32 seat) external view returns (bytes27) {
        Pledge memory pledge = _pledges[seat];
        return pledge.round == number ? pledge.commitment : bytes27(0);
    }

    /// @inheritdoc ITrainingProject
    function hasRevealed(uint64 number, uint32 seat) external view returns (bool) {
        return _pledges[seat].round == number && _pledges[seat].revealed;
    }

    /// @inheritdoc ITrainingProject
    function batchOf(uint64 number, uint8 batch) external view returns (bytes26 batchHash, uint16 count) {
        Batches.Batch memory found = _batches[batch];
        return found.round == number ? (found.hash, found.count) : (bytes26(0), uint16(0));
    }

    /// @inheritdoc ITrainingProject
    function commitmentHash(
        uint64 number, uint32 seat, address account, bytes32 digest, bytes32 dataRoot, bytes32 salt
    ) external view returns (bytes32) {
        return Attestation.commitment(Attestation.scope(number), seat, account, digest, dataRoot, salt);
    }

    /// @inheritdoc ITrainingProject
    function resultHash(uint64 number, Result calldata result) public view returns (bytes32) {
        return _hashTypedDataV4(Attestation.structHash(number, result));
    }

    /// @inheritdoc ITrainingProject
    function signedCommitmentHash(uint64 number, uint32 seat, bytes32 commitment) public view returns (bytes32) {
        return Attestation.signedCommitmentHash(_domainSeparatorV4(), number, seat, commitment);
    }

    /// @inheritdoc ITrainingProject
    function configuration() public view returns (Configuration memory) {
        return Terms.all();
    }

    function _progressNow() internal view returns (Progress memory) {
        return _progress;
    }

    function _isComplete(Configuration memory terms, Progress memory progress) internal pure returns (bool) {
        return progress.acceptedRounds >= terms.rounds && progress.unfinalizedRounds == 0;
    }

    function _reserved(Configuration memory terms, uint256 unfinalizedRounds) internal pure returns (uint256) {
        return terms.roundPool * unfinalizedRounds;
    }

    /// @dev Never underflows: a round reserves its whole pool until what it allocated is part of `finalized`.
    function _available(
        Configuration memory terms, Progress memory progress, Ledger memory ledger
    ) internal pure returns (uint256) {
        return uint256(ledger.funded) - ledger.refunded - ledger.finalized
            - _reserved(terms, progress.unfinalizedRounds);
    }

    function _clockOf(uint64 number) internal view returns (Rounds.Clock memory) {
        return _rounds[number].clock;
    }

    function _phaseOf(uint64 number) internal view returns (Phase) {
        return _rounds[number].phaseAt(_clockOf(number), block.timestamp);
    }

    function _head(Configuration memory terms, Progress memory progress) internal view returns (bytes32) {
        return progress.lastAccepted == 0 ? terms.genesisDigest : _headDigest;
    }

    function _acceptedTotal(Progress memory progress) internal view returns (uint128) {
        return _rounds[progress.lastAccepted].outcome.cumulativeTotal;
    }
}
