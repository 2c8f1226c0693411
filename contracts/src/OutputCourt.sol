// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IOutputCourt} from "./interfaces/IOutputCourt.sol";
import {Classes} from "./libraries/Classes.sol";
import {Dockets} from "./libraries/Dockets.sol";
import {Draw} from "./libraries/Draw.sol";
import {Openings} from "./libraries/Openings.sol";
import {Proceedings} from "./libraries/Proceedings.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Verdicts} from "./libraries/Verdicts.sol";
import {Treasury} from "./Treasury.sol";

/// @title Was this output made by that model, from this input, with a seed nobody chose?
/// @dev Money: balance of the token = sum of the accounts + what open jobs have locked. What is burned belongs to an
/// account that nobody has the key of.
contract OutputCourt is IOutputCourt, Treasury, Multicall {
    using Dockets for Dockets.Docket;
    using Dockets for Dockets.State;
    using Verdicts for Verdict;

    uint8 private constant LAST_ROUND = 3;
    uint32 private constant WORKER = 1; // the worker's bit in a mask
    address private constant BURNED = 0x000000000000000000000000000000000000dEaD;

    address private immutable _curator;
    uint32 private immutable _classDelaySeconds;

    mapping(bytes32 classId => OutputClass) private _classes;
    mapping(bytes32 jobId => Dockets.Docket) private _dockets;

    /// @param token_ Token of all balances, fees and stakes
    /// @param curator_ Who registers classes
    /// @param seatStake_ Stake of a verifier's seat
    /// @param epochSeconds_ Length of the verifiers' epochs
    /// @param thawSeconds_ How long the stake of a verifier that leaves stays locked
    /// @param noShowPenalty_ What a seat loses for not opening in time
    /// @param strikePenalty_ What a seat loses for three strikes, or for confirming a ringer
    /// @param classDelaySeconds_ Time between the registration of a class and its first job
    constructor(
        address token_,
        address curator_,
        uint256 seatStake_,
        uint48 epochSeconds_,
        uint48 thawSeconds_,
        uint256 noShowPenalty_,
        uint256 strikePenalty_,
        uint32 classDelaySeconds_
    ) Treasury(token_, seatStake_, epochSeconds_, thawSeconds_, noShowPenalty_, strikePenalty_) {
        if (curator_ == address(0)) revert Court_BadParameter("curator");
        _curator = curator_;
        _classDelaySeconds = classDelaySeconds_;
    }

    /// @inheritdoc IOutputCourt
    function registerClass(ClassTerms calldata terms, bytes calldata description) external returns (bytes32 classId) {
        // Check
        if (msg.sender != _curator) revert Court_NotCurator(msg.sender, _curator);
        Classes.check(terms, description, _registry.thawSeconds());
        classId = classIdOf(terms);
        if (_classes[classId].usableFrom != 0) revert Court_ClassExists(classId);
        // Effect
        uint40 usableFrom = uint40(block.timestamp) + _classDelaySeconds;
        _classes[classId] = Classes.stored(terms, usableFrom);
        emit ClassRegistered(classId, terms, description, usableFrom);
    }

    /// @inheritdoc IOutputCourt
    function submitJob(JobTerms calldata terms, bytes calldata input) external returns (bytes32 jobId) {
        // Check
        OutputClass storage class_ = _classes[terms.classId];
        Classes.checkJob(class_, terms, input);
        Dockets.Docket storage docket;
        Dockets.State memory state;
        (jobId, docket, state) = _load(terms);
        if (state.stage != Dockets.Stage.None) revert Court_JobExists(jobId);
        // Effect
        state.stage = Dockets.Stage.Open;
        state.deadline = uint32(block.timestamp) + class_.workSeconds;
        state.pinnedBlock = uint32(block.number) + 1;
        docket.state = state;
        _debit(msg.sender, terms.workerFee + _fees(class_, 0));
        emit JobSubmitted(jobId, msg.sender, terms.worker, terms, input, state.deadline, state.pinnedBlock);
    }

    /// @inheritdoc IOutputCourt
    function pinBlock(JobTerms calldata terms) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        Phase phase = _phaseOf(terms, state);
        bool working = phase == Phase.Work;
        if (!working && phase != Phase.Commit) revert Court_WrongPhase(jobId, phase, Phase.Commit);
        if (working ? docket.transcript != 0 : docket.committeeHash != 0) revert Court_AlreadyDrawn(jobId);
        if (!Draw.isForgotten(state.pinnedBlock)) revert Court_BlockNotForgotten(jobId, state.pinnedBlock);
        // Effect
        // Whoever is drawn now has the whole window, and stake that is locked for as long as that of anybody else.
        if (working) state.pinnedBlock = uint32(block.number) + 1;
        else state.convene(_registry, _classes[terms.classId].commitSeconds);
        docket.state = state;
        emit BlockPinned(jobId, state.round, state.pinnedBlock, state.epoch, state.deadline);
    }

    /// @inheritdoc IOutputCourt
    function drawSeed(JobTerms calldata terms) external returns (bytes32 seed) {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _enter(terms, Phase.Work);
        if (docket.transcript != 0) revert Court_AlreadyDrawn(jobId);
        // Effect
        (seed, docket.transcript) = state.drawSeed(jobId);
    }

    /// @inheritdoc IOutputCourt
    function commitWork(JobTerms calldata terms, bytes32 commitment) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _enter(terms, Phase.Work);
        if (msg.sender != terms.worker) revert Court_NotWorker(msg.sender, terms.worker);
        if (commitment == 0) revert Court_EmptyCommitment(jobId);
        // Effect
        bytes32 transcript = docket.transcript;
        if (transcript == 0) (, transcript) = state.drawSeed(jobId);
        docket.transcript = Proceedings.extend(transcript, 0, commitment);
        OutputClass storage class_ = _classes[terms.classId];
        state.convene(_registry, class_.commitSeconds);
        state.committed = WORKER;
        docket.state = state;
        _debit(msg.sender, class_.workerBond);
        emit WorkCommitted(jobId, commitment, state.pinnedBlock, state.epoch, state.deadline);
    }

    /// @inheritdoc IOutputCourt
    function drawCommittee(JobTerms calldata terms) external returns (Member[] memory members) {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _enter(terms, Phase.Commit);
        if (docket.committeeHash != 0) revert Court_AlreadyDrawn(jobId);
        // Effect
        (members,) = docket.drawCommittee(state, _registry, jobId, terms);
    }

    /// @inheritdoc IOutputCourt
    function commit(JobTerms calldata terms, Member[] calldata members, uint8 index, bytes32 commitment) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _enter(terms, Phase.Commit);
        docket.checkDrawn(state, _registry, jobId, terms, members);
        if (state.committed & uint32(1 << index) != 0) revert Court_AlreadyCommitted(jobId, index);
        // Effect
        Entry memory entry = Entry(index, commitment);
        docket.transcript = state.append(docket.transcript, jobId, terms, members, entry, msg.sender);
        state.endCommits(_classes[terms.classId], jobId, members.length);
        docket.state = state;
    }

    /// @inheritdoc IOutputCourt
    function commitSigned(JobTerms calldata terms, Member[] calldata members, SignedEntry[] calldata entries) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _enter(terms, Phase.Commit);
        docket.checkDrawn(state, _registry, jobId, terms, members);
        // Check and effect, one by one
        bytes32 transcript = docket.transcript;
        for (uint256 i = 0; i < entries.length; ++i) {
            SignedEntry calldata signed = entries[i];
            if (state.committed & uint32(1 << signed.entry.index) != 0) continue;
            bytes32 digest = Proceedings.signedHash(jobId, state.round, signed.entry.commitment);
            address signer = ECDSA.recover(digest, signed.r, signed.vs);
            transcript = state.append(transcript, jobId, terms, members, signed.entry, signer);
        }
        docket.transcript = transcript;
        state.endCommits(_classes[terms.classId], jobId, members.length);
        docket.state = state;
    }

    /// @inheritdoc IOutputCourt
    function reveal(
        JobTerms calldata terms, Member[] calldata members, Log calldata log, Opening[] calldata openings
    ) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _enter(terms, Phase.Reveal);
        Dockets.checkCommittee(jobId, members, docket.committeeHash);
        (, uint32 opened) =
            Openings.check(jobId, state.round, docket.transcript, terms.worker, members, log, openings);
        // Effect
        docket.state.revealed = state.revealed | opened;
        for (uint256 i = 0; i < openings.length; ++i) {
            address account = Openings.accountOf(terms.worker, members, openings[i].index);
            emit Revealed(jobId, account, state.round, openings[i]);
        }
    }

    /// @inheritdoc IOutputCourt
    function decide(
        JobTerms calldata terms, Member[] calldata members, Log calldata log, Opening[] calldata openings
    ) external returns (Verdict verdict) {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        Phase phase = _phaseOf(terms, state);
        if (phase != Phase.Reveal && phase != Phase.Due) revert Court_WrongPhase(jobId, phase, Phase.Reveal);
        Dockets.checkCommittee(jobId, members, docket.committeeHash);
        (uint256[] memory digests, uint32 opened) =
            Openings.check(jobId, state.round, docket.transcript, terms.worker, members, log, openings);
        uint32 needed = phase == Phase.Due ? state.revealed : state.committed;
        // Neither more nor less: who decides must not choose whose openings count.
        if (opened != needed) revert Court_OpeningsDiffer(jobId, opened, needed);
        // Effect
        OutputClass storage class_ = _classes[terms.classId];
        uint16[] memory distances;
        (verdict, state.near, state.far, distances) =
            Verdicts.decide(digests, opened, state.round == 0 ? class_.threshold : class_.appealThreshold);
        state.stage = Dockets.Stage.Decided;
        state.verdict = verdict;
        state.revealed = opened;
        state.deadline = uint32(block.timestamp) + class_.appealSeconds;
        docket.state = state;
        emit JobDecided(
            jobId, state.round, verdict, opened, state.near, state.far, distances, openings, state.deadline
        );
    }

    /// @inheritdoc IOutputCourt
    function appeal(JobTerms calldata terms) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _enter(terms, Phase.Appeal);
        if (state.round == LAST_ROUND || state.verdict == Verdict.Ringer) {
            revert Court_NoFurtherAppeal(jobId, state.round);
        }
        bool byRequester = msg.sender == terms.requester && !state.verdict.rejects();
        bool byWorker = msg.sender == terms.worker && state.verdict != Verdict.Accept;
        if (!byRequester && !byWorker) revert Court_NotAppellant(jobId, msg.sender, state.verdict);
        // Effect
        OutputClass storage class_ = _classes[terms.classId];
        docket.advance(state);
        if (byRequester) state.requesterAppeals |= uint8(1 << state.round);
        uint8 size = state.convene(_registry, class_.commitSeconds);
        docket.state = state;
        uint256 bond = 2 * _fees(class_, state.round);
        _debit(msg.sender, bond);
        emit Appealed(jobId, msg.sender, state.round, size, bond, state.pinnedBlock, state.epoch, state.deadline);
    }

    /// @inheritdoc IOutputCourt
    function exposeRinger(
        JobTerms calldata terms, Log calldata log, Opening calldata worker, uint256 digest, bytes32 salt
    ) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _enter(terms, Phase.Appeal);
        if (msg.sender != terms.requester) revert Court_NotRequester(msg.sender, terms.requester);
        if (state.round != 0 || state.revealed & WORKER == 0) revert Court_NotRinger(jobId);
        bytes32 commitment = Openings.commitmentsOf(jobId, 0, docket.transcript, log)[0];
        if (commitment != Openings.commitmentOf(jobId, 0, terms.worker, worker)) {
            revert Court_OpeningMismatch(jobId, worker.index);
        }
        if (terms.ringerHash != Proceedings.ringerHash(digest, salt)) revert Court_NotRinger(jobId);
        if (worker.digest != Proceedings.ringerDigest(digest, log.seed)) revert Court_NotRinger(jobId);
        // Effect
        state.verdict = Verdict.Ringer;
        state.deadline = uint32(block.timestamp);
        docket.state = state;
        emit RingerExposed(jobId, digest);
    }

    /// @inheritdoc IOutputCourt
    function finalize(JobTerms calldata terms, RoundRecord[] calldata rounds) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        if (!state.isWaivedBy(msg.sender, terms)) _require(jobId, terms, state, Phase.Settled);
        docket.checkRecords(state, jobId, rounds);
        // Effect
        docket.close();
        OutputClass storage class_ = _classes[terms.classId];
        uint256 fee = class_.verifierFee;
        Settlement.Shares memory shares = Settlement.divide(
            state.verdict, state.requesterAppeals, terms.workerFee, class_.workerBond, fee, rounds
        );
        _credit(terms.requester, shares.requester);
        _credit(terms.worker, shares.worker);
        _credit(BURNED, shares.burned);
        emit JobFinalized(jobId, state.verdict, shares.requester, shares.worker, shares.burned);
        for (uint256 i = 0; i < rounds.length; ++i) {
            _judge(jobId, state.verdict, fee + shares.bounty, rounds[i]);
        }
    }

    /// @inheritdoc IOutputCourt
    function expireJob(JobTerms calldata terms) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket,) = _enter(terms, Phase.Expired);
        // Effect
        docket.close();
        uint256 refund = terms.workerFee + _fees(_classes[terms.classId], 0);
        _credit(terms.requester, refund);
        emit JobExpired(jobId, refund);
    }

    /// @inheritdoc IOutputCourt
    function curator() external view returns (address) {
        return _curator;
    }

    /// @inheritdoc IOutputCourt
    function classDelaySeconds() external view returns (uint32) {
        return _classDelaySeconds;
    }

    /// @inheritdoc IOutputCourt
    function outputClass(bytes32 classId) external view returns (OutputClass memory) {
        return _classes[classId];
    }

    /// @inheritdoc IOutputCourt
    function job(JobTerms calldata terms) external view returns (JobView memory) {
        (, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        (Phase phase, uint40 phaseEnd) = state.phase(_classes[terms.classId]);
        return JobView({
            phase: phase,
            verdict: state.verdict,
            round: state.round,
            committeeSize: Verdicts.sizeOf(state.round),
            committed: state.committed,
            revealed: state.revealed,
            near: state.near,
            far: state.far,
            requesterAppeals: state.requesterAppeals,
            phaseEnd: phaseEnd,
            pinnedBlock: state.pinnedBlock,
            epoch: state.epoch,
            transcript: docket.transcript,
            committeeHash: docket.committeeHash
        });
    }

    /// @inheritdoc IOutputCourt
    function committeeOf(JobTerms calldata terms) external view returns (Member[] memory) {
        (bytes32 jobId,, Dockets.State memory state) = _enter(terms, Phase.Commit);
        return state.committee(_registry, jobId, terms, Draw.hashOf(jobId, state.pinnedBlock));
    }

    /// @inheritdoc IOutputCourt
    function commitmentHash(
        bytes32 jobId, uint8 round, address account, uint256 digest, bytes32 outputDigest, bytes32 salt
    ) external pure returns (bytes32) {
        return Proceedings.commitment(jobId, round, account, digest, outputDigest, salt);
    }

    /// @inheritdoc IOutputCourt
    function signedHashOf(bytes32 jobId, uint8 round, bytes32 commitment) external pure returns (bytes32) {
        return Proceedings.signedHash(jobId, round, commitment);
    }

    /// @inheritdoc IOutputCourt
    function ringerHash(uint256 digest, bytes32 salt) external pure returns (bytes32) {
        return Proceedings.ringerHash(digest, salt);
    }

    /// @inheritdoc IOutputCourt
    function ringerDigest(uint256 digest, bytes32 seed) external pure returns (uint256) {
        return Proceedings.ringerDigest(digest, seed);
    }

    /// @inheritdoc IOutputCourt
    function classIdOf(ClassTerms calldata terms) public pure returns (bytes32) {
        return keccak256(abi.encode(terms));
    }

    /// @inheritdoc IOutputCourt
    function jobIdOf(JobTerms calldata terms) public view returns (bytes32) {
        return Proceedings.jobId(terms);
    }

    function _load(
        JobTerms calldata terms
    ) private view returns (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) {
        jobId = jobIdOf(terms);
        docket = _dockets[jobId];
        state = docket.state;
    }

    /// @dev Loads a job that has to be in a phase.
    function _enter(
        JobTerms calldata terms, Phase want
    ) private view returns (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) {
        (jobId, docket, state) = _load(terms);
        _require(jobId, terms, state, want);
    }

    function _require(bytes32 jobId, JobTerms calldata terms, Dockets.State memory state, Phase want) private view {
        Phase have = _phaseOf(terms, state);
        if (have != want) revert Court_WrongPhase(jobId, have, want);
    }

    function _phaseOf(JobTerms calldata terms, Dockets.State memory state) private view returns (Phase phase) {
        (phase,) = state.phase(_classes[terms.classId]);
    }

    /// @dev Pays, strikes and slashes the members of one round.
    function _judge(bytes32 jobId, Verdict verdict, uint256 fee, RoundRecord calldata round) private {
        uint32 right = Settlement.rightOf(verdict, round);
        Member[] calldata members = round.members;
        for (uint256 i = 0; i < members.length; ++i) {
            Member calldata member = members[i];
            if (member.account == address(0)) continue;
            uint32 bit = uint32(2 << i);
            bool absent = round.revealed & bit == 0;
            if (right & bit != 0) {
                _reward(member.account, fee);
                emit VerifierPaid(jobId, member.account, fee);
            } else if (verdict == Verdict.Ringer && round.near & bit != 0) {
                _slashForStrikes(member.seat);
            } else if (absent || verdict != Verdict.Inconclusive) {
                if (absent) _slashForAbsence(member.seat);
                emit VerifierStruck(jobId, member.account, _strike(member.account, member.seat), absent);
            }
        }
    }

    function _fees(OutputClass storage class_, uint8 round) private view returns (uint256) {
        return Verdicts.sizeOf(round) * uint256(class_.verifierFee);
    }
}
