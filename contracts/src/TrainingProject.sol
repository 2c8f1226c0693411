// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPeerRegistry} from "./interfaces/IPeerRegistry.sol";
import {ITrainingProject} from "./interfaces/ITrainingProject.sol";
import {Attestation} from "./libraries/Attestation.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";
import {Rounds} from "./libraries/Rounds.sol";

/// @title One model trained by strangers: its rounds, its checkpoints and its money
/// @dev Money: funded = refunded + claimed + (allocated, not claimed) + reserved by unfinalized rounds + available.
contract TrainingProject is ITrainingProject, EIP712, ReentrancyGuardTransient {
    using Rounds for Rounds.Round;

    /// @dev One word: where the project is in its rounds.
    struct Progress {
        uint64 lastRound;
        uint64 lastAccepted;
        uint64 lastFinalized;
        uint32 acceptedRounds;
        uint32 unfinalizedRounds;
    }

    /// @dev Three words, of which a claim touches one. `accepted` and `finalized` are the cumulative totals of the last
    /// such result.
    struct Ledger {
        uint128 funded;
        uint128 accepted;
        uint128 finalized;
        uint128 claimed;
        uint128 refunded;
        uint40 closableAt;
        bool closed;
    }

    IPeerRegistry private immutable _registry;
    IERC20 private immutable _token;

    Progress private _progress;
    Ledger private _ledger;
    bytes32 private _headDigest;
    bytes32 private _rewardRoot;
    mapping(uint64 number => Rounds.Round) private _rounds;
    mapping(uint64 number => mapping(uint32 seat => bytes32)) private _commitments;
    mapping(address account => uint256) private _claimed;

    /// @param registry_ Registry of all projects that run this code; their configurations name it too
    constructor(address registry_) EIP712("SwarmProof", "1") {
        _registry = IPeerRegistry(registry_);
        _token = IERC20(IPeerRegistry(registry_).token());
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
        uint256 received = ExactTransfer.pull(_token, msg.sender, amount);
        if (received != amount) revert Project_InexactTransfer(amount, received);
    }

    /// @inheritdoc ITrainingProject
    function openRound() external returns (uint64 number) {
        // Check
        Configuration memory terms = configuration();
        Progress memory progress = _progress;
        _checkMayOpen(terms, progress);
        uint48 epoch = _registry.currentEpoch();
        (uint256 seats, uint256 stake) = _checkStake(terms, progress, epoch);
        // Effect
        number = progress.lastRound + 1;
        _progress.lastRound = number;
        _progress.unfinalizedRounds = progress.unfinalizedRounds + 1;
        uint40 commitEnd = uint40(block.timestamp) + terms.commitSeconds;
        uint40 revealEnd = commitEnd + terms.revealSeconds;
        uint40 attestEnd = revealEnd + terms.attestSeconds;
        Rounds.Round storage opened = _rounds[number];
        opened.commitEnd = commitEnd;
        opened.revealEnd = revealEnd;
        opened.attestEnd = attestEnd;
        opened.status = Status.Open;
        opened.epoch = SafeCast.toUint32(epoch);
        // Seat ids are 32 bits wide, so no more seats than that can count.
        opened.seats = uint32(seats);
        emit RoundOpened(
            number,
            _head(terms, progress),
            Attestation.seed(_seedOrigin(terms, progress), number),
            epoch,
            terms.roundPool,
            stake,
            commitEnd,
            revealEnd,
            attestEnd
        );
    }

    /// @inheritdoc ITrainingProject
    function commit(uint64 number, uint32 seat, bytes32 commitment) external {
        // Check
        Rounds.Round storage current = _inPhase(number, Phase.Commit);
        if (commitment == 0) revert Project_EmptyCommitment(number, seat);
        if (_commitments[number][seat] != 0) revert Project_AlreadyCommitted(number, seat);
        if (_registry.seatOwnerAt(seat, current.epoch) != msg.sender) {
            revert Project_NotSeatOwner(number, seat, msg.sender);
        }
        // Effect
        _commitments[number][seat] = commitment;
        uint32 commits = current.commits + 1;
        current.commits = commits;
        emit UpdateCommitted(number, seat, commitment);
        if (commits == current.seats) {
            current.endCommits(uint40(block.timestamp));
            emit RoundWindowsMoved(number, current.commitEnd, current.revealEnd, current.attestEnd);
        }
    }

    /// @inheritdoc ITrainingProject
    function reveal(uint64 number, uint32 seat, bytes32 digest, bytes32 dataRoot, bytes32 salt) external {
        // Check
        Rounds.Round storage current = _inPhase(number, Phase.Reveal);
        bytes32 commitment = Attestation.commitment(number, seat, msg.sender, digest, dataRoot, salt);
        if (_commitments[number][seat] != commitment) revert Project_CommitMismatch(number, seat);
        // Effect
        _commitments[number][seat] = Attestation.revealed(digest, dataRoot);
        uint32 reveals = current.reveals + 1;
        current.reveals = reveals;
        emit UpdateRevealed(number, seat, digest, dataRoot);
        if (reveals == current.commits) {
            current.endReveals(uint40(block.timestamp));
            emit RoundWindowsMoved(number, current.commitEnd, current.revealEnd, current.attestEnd);
        }
    }

    /// @inheritdoc ITrainingProject
    function acceptSigned(uint64 number, Result calldata result, Signature[] calldata signatures) external {
        // Check
        Configuration memory terms = configuration();
        Rounds.Round storage current = _inPhase(number, Phase.Attest);
        _checkResult(terms, number, result);
        bytes32 hash = resultHash(number, result);
        uint256 weight = _checkQuorum(number, current, hash, signatures);
        // Effect
        uint40 challengeEnd = uint40(block.timestamp) + terms.challengeSeconds;
        current.status = Status.Accepted;
        current.challengeEnd = challengeEnd;
        current.previousAccepted = _progress.lastAccepted;
        current.resultHash = hash;
        _progress.lastAccepted = number;
        ++_progress.acceptedRounds;
        _ledger.accepted = result.cumulativeTotal;
        _headDigest = result.cid;
        emit ResultAccepted(number, hash, result, challengeEnd, weight);
    }

    /// @inheritdoc ITrainingProject
    function finalize(uint64 number, Result calldata result) external {
        // Check
        Rounds.Round storage settled = _inPhase(number, Phase.Settled);
        bytes32 hash = resultHash(number, result);
        if (hash != settled.resultHash) revert Project_ResultMismatch(number, hash, settled.resultHash);
        uint64 previous = settled.previousAccepted;
        uint64 lastFinalized = _progress.lastFinalized;
        if (previous != lastFinalized) revert Project_FinalizeOutOfOrder(number, previous, lastFinalized);
        // Effect
        settled.status = Status.Finalized;
        _progress.lastFinalized = number;
        --_progress.unfinalizedRounds;
        _ledger.finalized = result.cumulativeTotal;
        _rewardRoot = result.rewardRoot;
        emit RoundFinalized(number, result.rewardRoot, result.cumulativeTotal);
    }

    /// @inheritdoc ITrainingProject
    function skipRound(uint64 number) external {
        // Check
        Rounds.Round storage lapsed = _inPhase(number, Phase.Lapsed);
        // Effect
        lapsed.status = Status.Skipped;
        --_progress.unfinalizedRounds;
        emit RoundSkipped(number);
    }

    /// @inheritdoc ITrainingProject
    function claim(address account, uint256 cumulative, bytes32[] calldata proof) external nonReentrant {
        // Check
        bytes32 leaf = Attestation.rewardLeaf(account, cumulative);
        if (!MerkleProof.verifyCalldata(proof, _rewardRoot, leaf)) revert Project_BadProof(account, cumulative);
        uint256 before = _claimed[account];
        if (cumulative <= before) revert Project_NothingToClaim(account, cumulative, before);
        uint256 amount = cumulative - before;
        uint256 total = _ledger.claimed + amount;
        if (total > _ledger.finalized) revert Project_Insolvent(total, _ledger.finalized);
        // Effect
        _claimed[account] = cumulative;
        _ledger.claimed = uint128(total); // at most `finalized`, which has 128 bits
        emit RewardClaimed(account, amount, cumulative);
        // Interaction
        SafeERC20.safeTransfer(_token, account, amount);
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
        Progress memory progress = _progress;
        Ledger memory ledger = _ledger;
        if (ledger.closed) revert Project_Closed();
        if (progress.unfinalizedRounds != 0) revert Project_RoundsPending(progress.unfinalizedRounds);
        bool thawed = ledger.closableAt != 0 && block.timestamp >= ledger.closableAt;
        if (!thawed && !_isComplete(terms, progress)) revert Project_NotClosable(ledger.closableAt);
        // Effect
        uint256 refund = _available(terms, progress, ledger);
        _ledger.closed = true;
        _ledger.refunded = uint128(refund); // at most `funded`, which has 128 bits
        emit ProjectClosed(refund);
        // Interaction
        if (refund != 0) SafeERC20.safeTransfer(_token, terms.owner, refund);
    }

    /// @inheritdoc ITrainingProject
    function status() external view returns (ProjectStatus memory) {
        Configuration memory terms = configuration();
        Progress memory progress = _progress;
        Ledger memory ledger = _ledger;
        return ProjectStatus({
            headDigest: _head(terms, progress),
            rewardRoot: _rewardRoot,
            lastRound: progress.lastRound,
            lastAccepted: progress.lastAccepted,
            lastFinalized: progress.lastFinalized,
            acceptedRounds: progress.acceptedRounds,
            unfinalizedRounds: progress.unfinalizedRounds,
            funded: ledger.funded,
            refunded: ledger.refunded,
            claimedTotal: ledger.claimed,
            acceptedTotal: ledger.accepted,
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
        Rounds.Round storage found = _rounds[number];
        return RoundView({
            status: found.status,
            phase: found.phaseAt(block.timestamp),
            epoch: found.epoch,
            seats: found.seats,
            commits: found.commits,
            reveals: found.reveals,
            previousAccepted: found.previousAccepted,
            commitEnd: found.commitEnd,
            revealEnd: found.revealEnd,
            attestEnd: found.attestEnd,
            challengeEnd: found.challengeEnd,
            resultHash: found.resultHash
        });
    }

    /// @inheritdoc ITrainingProject
    function commitmentOf(uint64 number, uint32 seat) external view returns (bytes32) {
        return _commitments[number][seat];
    }

    /// @inheritdoc ITrainingProject
    function claimed(address account) external view returns (uint256) {
        return _claimed[account];
    }

    /// @inheritdoc ITrainingProject
    function commitmentHash(
        uint64 number, uint32 seat, address account, bytes32 digest, bytes32 dataRoot, bytes32 salt
    ) external view returns (bytes32) {
        return Attestation.commitment(number, seat, account, digest, dataRoot, salt);
    }

    /// @inheritdoc ITrainingProject
    function configuration() public view returns (Configuration memory) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (Configuration));
    }

    /// @inheritdoc ITrainingProject
    function resultHash(uint64 number, Result calldata result) public view returns (bytes32) {
        return _hashTypedDataV4(Attestation.structHash(number, result));
    }

    function _inPhase(uint64 number, Phase want) private view returns (Rounds.Round storage current) {
        current = _rounds[number];
        Phase have = current.phaseAt(block.timestamp);
        if (have != want) revert Project_WrongPhase(number, have, want);
    }

    function _checkMayOpen(Configuration memory terms, Progress memory progress) private view {
        if (progress.acceptedRounds >= terms.rounds) revert Project_Complete(terms.rounds);
        if (_ledger.closableAt != 0) revert Project_Closing(_ledger.closableAt);
        Rounds.Round storage last = _rounds[progress.lastRound];
        if (last.status == Status.Open) {
            revert Project_PreviousUnsettled(progress.lastRound, last.phaseAt(block.timestamp));
        }
        uint256 available = _available(terms, progress, _ledger);
        if (available < terms.roundPool) revert Project_BudgetTooSmall(available, terms.roundPool);
    }

    /// @dev Whoever steals a pool needs two thirds of a stake that is three times as large, and loses it.
    function _checkStake(
        Configuration memory terms, Progress memory progress, uint48 epoch
    ) private view returns (uint256 seats, uint256 stake) {
        seats = _registry.totalSeatsAt(epoch);
        if (seats < terms.minimumSeats) revert Project_TooFewSeats(seats, terms.minimumSeats);
        stake = seats * _registry.seatStake();
        uint256 pools = _reserved(terms, uint256(progress.unfinalizedRounds) + 1);
        if (pools > stake / 3) revert Project_PoolsAboveStakeCap(pools, stake / 3);
    }

    function _checkResult(Configuration memory terms, uint64 number, Result calldata result) private view {
        bytes32 head = _head(terms, _progress);
        if (result.prevCid != head) revert Project_WrongBase(number, result.prevCid, head);
        uint256 least = _ledger.accepted;
        uint256 most = least + terms.roundPool;
        if (result.cumulativeTotal < least || result.cumulativeTotal > most) {
            revert Project_TotalOutOfRange(number, result.cumulativeTotal, least, most);
        }
    }

    /// @dev More than two thirds of the snapshot, not of those who signed: silence never helps a minority.
    function _checkQuorum(
        uint64 number, Rounds.Round storage current, bytes32 hash, Signature[] calldata signatures
    ) private view returns (uint256 weight) {
        uint48 epoch = current.epoch;
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = ECDSA.recover(hash, signatures[i].r, signatures[i].vs);
            if (signer <= previous) revert Project_SignersNotAscending(previous, signer);
            uint256 stake = _registry.stakeAt(signer, epoch);
            if (stake == 0) revert Project_SignerWithoutStake(number, signer);
            weight += stake;
            previous = signer;
        }
        uint256 snapshot = current.seats * _registry.seatStake();
        if (weight * 3 <= snapshot * 2) revert Project_QuorumNotMet(number, weight, snapshot);
    }

    function _head(Configuration memory terms, Progress memory progress) private view returns (bytes32) {
        return progress.lastAccepted == 0 ? terms.genesisDigest : _headDigest;
    }

    function _seedOrigin(Configuration memory terms, Progress memory progress) private view returns (bytes32) {
        return progress.lastAccepted == 0 ? terms.genesisDigest : _rounds[progress.lastAccepted].resultHash;
    }

    function _isComplete(Configuration memory terms, Progress memory progress) private pure returns (bool) {
        return progress.acceptedRounds >= terms.rounds && progress.unfinalizedRounds == 0;
    }

    function _reserved(Configuration memory terms, uint256 unfinalizedRounds) private pure returns (uint256) {
        return terms.roundPool * unfinalizedRounds;
    }

    /// @dev Never underflows: a round reserves its whole pool until what it allocated is part of `finalized`.
    function _available(
        Configuration memory terms, Progress memory progress, Ledger memory ledger
    ) private pure returns (uint256) {
        return uint256(ledger.funded) - ledger.refunded - ledger.finalized
            - _reserved(terms, progress.unfinalizedRounds);
    }
}
