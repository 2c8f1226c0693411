// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {IOutputCourt} from "./interfaces/IOutputCourt.sol";
import {IPeerRegistry} from "./interfaces/IPeerRegistry.sol";
import {PeerRegistry} from "./PeerRegistry.sol";
import {Accounts} from "./libraries/Accounts.sol";
import {Classes} from "./libraries/Classes.sol";
import {Dockets} from "./libraries/Dockets.sol";
import {Draw} from "./libraries/Draw.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";
import {Openings} from "./libraries/Openings.sol";
import {Proceedings} from "./libraries/Proceedings.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Verdicts} from "./libraries/Verdicts.sol";

/// @title Was this output made by that model, from this input, with a seed nobody chose?
/// @dev Money: balance of the token = sum of the accounts + what open jobs have locked. What is burned belongs to an
/// account that nobody has the key of: no job's end depends on what a token does.
contract OutputCourt is IOutputCourt, ReentrancyGuardTransient {
    using Dockets for Dockets.State;
    using Accounts for Accounts.Account;
    using Verdicts for Verdict;

    uint256 private constant MAXIMUM_INPUT_BYTES = 1024;
    uint256 private constant BLOCKS_REMEMBERED = 256;
    uint8 private constant LAST_ROUND = 3;
    uint32 private constant WORKER = 1; // the worker's bit in a mask
    address private constant BURNED = 0x000000000000000000000000000000000000dEaD;

    IERC20 private immutable _token;
    IPeerRegistry private immutable _registry;
    address private immutable _curator;
    uint256 private immutable _noShowPenalty;
    uint256 private immutable _strikePenalty;
    uint48 private immutable _epochSeconds;
    uint32 private immutable _classDelaySeconds;

    mapping(address account => Accounts.Account) private _accounts;
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
    ) {
        if (curator_ == address(0)) revert Court_BadParameter("curator");
        // An honest verifier that is absent once must keep its seat.
        if (2 * noShowPenalty_ >= seatStake_) revert Court_BadParameter("noShowPenalty");
        if (2 * strikePenalty_ > seatStake_) revert Court_BadParameter("strikePenalty");
        _token = IERC20(token_);
        _registry = new PeerRegistry(token_, seatStake_, epochSeconds_, thawSeconds_, address(this));
        _curator = curator_;
        _noShowPenalty = noShowPenalty_;
        _strikePenalty = strikePenalty_;
        _epochSeconds = epochSeconds_;
        _classDelaySeconds = classDelaySeconds_;
    }

    /// @inheritdoc IOutputCourt
    function deposit(uint128 amount) external nonReentrant {
        // Check
        if (amount == 0) revert Court_NoAmount();
        // Effect
        _accounts[msg.sender].credit(amount);
        emit Deposited(msg.sender, amount);
        // Interaction
        uint256 received = ExactTransfer.pull(_token, msg.sender, amount);
        if (received != amount) revert Court_InexactTransfer(amount, received);
    }

    /// @inheritdoc IOutputCourt
    function withdraw(uint128 amount) external nonReentrant {
        // Check
        if (amount == 0) revert Court_NoAmount();
        // Effect
        _accounts[msg.sender].debit(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
        // Interaction
        SafeERC20.safeTransfer(_token, msg.sender, amount);
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
        _checkJob(terms, class_, input);
        jobId = jobIdOf(terms);
        Dockets.State storage state = _dockets[jobId].state;
        if (state.stage != Dockets.Stage.None) revert Court_JobExists(jobId);
        // Effect
        uint40 workEnd = uint40(block.timestamp) + class_.workSeconds;
        uint40 pinnedBlock = uint40(block.number) + 1;
        state.stage = Dockets.Stage.Open;
        state.deadline = workEnd;
        state.pinnedBlock = pinnedBlock;
        _accounts[msg.sender].debit(msg.sender, terms.workerFee + _fees(class_, 0));
        emit JobSubmitted(jobId, terms.requester, terms.worker, terms, input, workEnd, pinnedBlock);
    }

    /// @inheritdoc IOutputCourt
    function pinBlock(JobTerms calldata terms) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        bool working = _isIn(terms, state, Phase.Work);
        if (!working) _require(jobId, terms, state, Phase.Commit);
        if (working ? docket.transcript != 0 : docket.committeeHash != 0) revert Court_AlreadyDrawn(jobId);
        if (block.number <= state.pinnedBlock + BLOCKS_REMEMBERED) {
            revert Court_BlockNotForgotten(jobId, state.pinnedBlock);
        }
        // Effect
        state.pinnedBlock = uint40(block.number) + 1;
        if (!working) {
            // Whoever is drawn now has the whole window, and stake that is locked for as long as for any other round.
            state.epoch = _epoch();
            state.deadline = uint40(block.timestamp) + _classes[terms.classId].commitSeconds;
        }
        docket.state = state;
        emit BlockPinned(jobId, state.round, state.pinnedBlock, state.epoch, state.deadline);
    }

    /// @inheritdoc IOutputCourt
    function drawSeed(JobTerms calldata terms) external returns (bytes32 seed) {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        _require(jobId, terms, state, Phase.Work);
        if (docket.transcript != 0) revert Court_AlreadyDrawn(jobId);
        // Effect
        (, seed) = _drawSeed(jobId, docket, state);
    }

    /// @inheritdoc IOutputCourt
    function commitWork(JobTerms calldata terms, bytes32 commitment) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        OutputClass storage class_ = _classes[terms.classId];
        _require(jobId, terms, state, Phase.Work);
        if (msg.sender != terms.worker) revert Court_NotWorker(msg.sender, terms.worker);
        if (commitment == 0) revert Court_EmptyCommitment(jobId);
        // Effect
        bytes32 transcript = docket.transcript;
        if (transcript == 0) (transcript,) = _drawSeed(jobId, docket, state);
        docket.transcript = Proceedings.extend(transcript, 0, commitment);
        state.committed = WORKER;
        _convene(state, class_.commitSeconds);
        docket.state = state;
        _accounts[msg.sender].debit(msg.sender, class_.workerBond);
        emit WorkCommitted(jobId, commitment, state.pinnedBlock, state.epoch, state.deadline);
    }

    /// @inheritdoc IOutputCourt
    function drawCommittee(JobTerms calldata terms) external returns (Member[] memory members) {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        _require(jobId, terms, state, Phase.Commit);
        if (docket.committeeHash != 0) revert Court_AlreadyDrawn(jobId);
        // Effect
        (members,) = _drawCommittee(jobId, terms, docket, state);
    }

    /// @inheritdoc IOutputCourt
    function commit(JobTerms calldata terms, Member[] calldata members, uint8 index, bytes32 commitment) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        _require(jobId, terms, state, Phase.Commit);
        bytes32 committeeHash = docket.committeeHash;
        if (committeeHash == 0) (, committeeHash) = _drawCommittee(jobId, terms, docket, state);
        _checkCommittee(jobId, members, committeeHash);
        if (commitment == 0) revert Court_EmptyCommitment(jobId);
        if (Openings.accountOf(terms.worker, members, index) != msg.sender) revert Court_NotMember(jobId, index, msg.sender);
        uint32 bit = uint32(1 << index);
        if (state.committed & bit != 0) revert Court_AlreadyCommitted(jobId, index);
        // Effect
        docket.transcript = Proceedings.extend(docket.transcript, index, commitment);
        state.committed |= bit;
        emit Committed(jobId, msg.sender, state.round, index, commitment);
        if (LibBit.popCount(state.committed) == members.length + 1) {
            state.stage = Dockets.Stage.Reveal;
            state.deadline = uint40(block.timestamp) + _classes[terms.classId].revealSeconds;
            emit RevealBegun(jobId, state.round, state.deadline);
        }
        docket.state = state;
    }

    /// @inheritdoc IOutputCourt
    function reveal(
        JobTerms calldata terms, Member[] calldata members, Log calldata log, Opening[] calldata openings
    ) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        _require(jobId, terms, state, Phase.Reveal);
        _checkCommittee(jobId, members, docket.committeeHash);
        (, uint32 opened) = _open(jobId, docket, state, terms, members, log, openings);
        // Effect
        docket.state.revealed = state.revealed | opened;
        for (uint256 i = 0; i < openings.length; ++i) {
            emit Revealed(jobId, Openings.accountOf(terms.worker, members, openings[i].index), state.round, openings[i]);
        }
    }

    /// @inheritdoc IOutputCourt
    function decide(
        JobTerms calldata terms, Member[] calldata members, Log calldata log, Opening[] calldata openings
    ) external returns (Verdict verdict) {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        OutputClass storage class_ = _classes[terms.classId];
        uint32 needed = state.revealed;
        if (!_isIn(terms, state, Phase.Due)) {
            _require(jobId, terms, state, Phase.Reveal);
            needed = state.committed;
        }
        _checkCommittee(jobId, members, docket.committeeHash);
        (uint256[] memory digests, uint32 opened) = _open(jobId, docket, state, terms, members, log, openings);
        if (opened & needed != needed) revert Court_OpeningsMissing(jobId, opened, needed);
        // Effect
        uint256 near;
        uint16[] memory distances;
        uint8 threshold = state.round == 0 ? class_.threshold : class_.appealThreshold;
        (verdict, near, distances) = Verdicts.decide(digests, opened, threshold);
        state.stage = Dockets.Stage.Decided;
        state.verdict = verdict;
        state.revealed = opened;
        state.near = uint32(near);
        state.deadline = uint40(block.timestamp) + class_.appealSeconds;
        docket.state = state;
        emit JobDecided(jobId, state.round, verdict, opened, state.near, distances, openings, state.deadline);
    }

    /// @inheritdoc IOutputCourt
    function appeal(JobTerms calldata terms) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        OutputClass storage class_ = _classes[terms.classId];
        _require(jobId, terms, state, Phase.Appeal);
        if (state.round == LAST_ROUND || state.verdict == Verdict.Ringer) {
            revert Court_NoFurtherAppeal(jobId, state.round);
        }
        bool byRequester = msg.sender == terms.requester && !state.verdict.rejects();
        bool byWorker = msg.sender == terms.worker && state.verdict != Verdict.Accept;
        if (!byRequester && !byWorker) revert Court_NotAppellant(jobId, msg.sender, state.verdict);
        // Effect
        docket.records[state.round] = Proceedings.record(docket.committeeHash, state.revealed, state.near);
        docket.committeeHash = 0;
        docket.transcript = 0;
        ++state.round;
        state.verdict = Verdict.None;
        state.committed = 0;
        state.revealed = 0;
        state.near = 0;
        if (byRequester) state.requesterAppeals |= uint8(1 << state.round);
        uint8 size = _convene(state, class_.commitSeconds);
        docket.state = state;
        uint256 bond = 2 * _fees(class_, state.round);
        _accounts[msg.sender].debit(msg.sender, bond);
        emit Appealed(jobId, msg.sender, state.round, size, bond, state.pinnedBlock, state.epoch, state.deadline);
    }

    /// @inheritdoc IOutputCourt
    function exposeRinger(
        JobTerms calldata terms, Log calldata log, Opening calldata worker, uint256 digest, bytes32 salt
    ) external {
        // Check
        bytes32 jobId = jobIdOf(terms);
        Dockets.State memory state = _dockets[jobId].state;
        _require(jobId, terms, state, Phase.Appeal);
        if (msg.sender != terms.requester) revert Court_NotRequester(msg.sender, terms.requester);
        Openings.checkWorker(jobId, _dockets[jobId].transcript, terms.worker, log, worker);
        bool isRinger = state.round == 0 && state.revealed & WORKER != 0
            && terms.ringerHash == Proceedings.ringerHash(digest, salt)
            && worker.digest == Proceedings.ringerDigest(digest, log.seed);
        if (!isRinger) revert Court_NotRinger(jobId);
        // Effect
        state.verdict = Verdict.Ringer;
        state.deadline = uint40(block.timestamp);
        _dockets[jobId].state = state;
        emit RingerExposed(jobId, digest);
    }

    /// @inheritdoc IOutputCourt
    function finalize(JobTerms calldata terms, RoundRecord[] calldata rounds) external {
        // Check
        (bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state) = _load(terms);
        _require(jobId, terms, state, Phase.Settled);
        _checkRecords(jobId, docket, state, rounds);
        // Effect
        docket.state.stage = Dockets.Stage.Closed;
        docket.transcript = 0;
        docket.committeeHash = 0;
        OutputClass storage class_ = _classes[terms.classId];
        Settlement.Shares memory shares = Settlement.divide(
            state.verdict, state.requesterAppeals, terms.workerFee, class_.workerBond, class_.verifierFee, rounds
        );
        if (shares.requester != 0) _accounts[terms.requester].credit(shares.requester);
        if (shares.worker != 0) _accounts[terms.worker].credit(shares.worker);
        if (shares.burned != 0) _accounts[BURNED].credit(shares.burned);
        emit JobFinalized(jobId, state.verdict, shares.requester, shares.worker, shares.burned);
        // Effect, and calls of our own registry, which calls nobody
        for (uint256 i = 0; i < rounds.length; ++i) {
            _judge(jobId, state.verdict, class_.verifierFee + shares.bounty, rounds[i]);
        }
    }

    /// @inheritdoc IOutputCourt
    function expireJob(JobTerms calldata terms) external {
        // Check
        bytes32 jobId = jobIdOf(terms);
        Dockets.Docket storage docket = _dockets[jobId];
        _require(jobId, terms, docket.state, Phase.Expired);
        // Effect
        docket.state.stage = Dockets.Stage.Closed;
        docket.transcript = 0;
        uint256 refund = terms.workerFee + _fees(_classes[terms.classId], 0);
        _accounts[terms.requester].credit(refund);
        emit JobExpired(jobId, refund);
    }

    /// @inheritdoc IOutputCourt
    function token() external view returns (address) {
        return address(_token);
    }

    /// @inheritdoc IOutputCourt
    function registry() external view returns (address) {
        return address(_registry);
    }

    /// @inheritdoc IOutputCourt
    function curator() external view returns (address) {
        return _curator;
    }

    /// @inheritdoc IOutputCourt
    function noShowPenalty() external view returns (uint256) {
        return _noShowPenalty;
    }

    /// @inheritdoc IOutputCourt
    function strikePenalty() external view returns (uint256) {
        return _strikePenalty;
    }

    /// @inheritdoc IOutputCourt
    function classDelaySeconds() external view returns (uint32) {
        return _classDelaySeconds;
    }

    /// @inheritdoc IOutputCourt
    function balanceOf(address account) external view returns (uint256) {
        return _accounts[account].balance;
    }

    /// @inheritdoc IOutputCourt
    function strikesOf(address account) external view returns (uint8) {
        return _accounts[account].strikes;
    }

    /// @inheritdoc IOutputCourt
    function outputClass(bytes32 classId) external view returns (OutputClass memory) {
        return _classes[classId];
    }

    /// @inheritdoc IOutputCourt
    function job(JobTerms calldata terms) external view returns (JobView memory) {
        Dockets.Docket storage docket = _dockets[jobIdOf(terms)];
        Dockets.State memory state = docket.state;
        (Phase phase, uint40 phaseEnd) = state.phaseAt(_classes[terms.classId], block.timestamp);
        return JobView({
            phase: phase,
            verdict: state.verdict,
            round: state.round,
            committeeSize: Verdicts.sizeOf(state.round),
            committed: state.committed,
            revealed: state.revealed,
            near: state.near,
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
        bytes32 jobId = jobIdOf(terms);
        Dockets.State memory state = _dockets[jobId].state;
        _require(jobId, terms, state, Phase.Commit);
        return _committee(jobId, terms, state, _hashOfPinned(jobId, state));
    }

    /// @inheritdoc IOutputCourt
    function commitmentHash(
        bytes32 jobId, uint8 round, address account, uint256 digest, bytes32 outputDigest, bytes32 salt
    ) external pure returns (bytes32) {
        return Proceedings.commitment(jobId, round, account, digest, outputDigest, salt);
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

    function _require(
        bytes32 jobId, JobTerms calldata terms, Dockets.State memory state, Phase want
    ) private view {
        (Phase have,) = state.phaseAt(_classes[terms.classId], block.timestamp);
        if (have != want) revert Court_WrongPhase(jobId, have, want);
    }

    function _isIn(JobTerms calldata terms, Dockets.State memory state, Phase want) private view returns (bool) {
        (Phase have,) = state.phaseAt(_classes[terms.classId], block.timestamp);
        return have == want;
    }

    function _checkJob(JobTerms calldata terms, OutputClass storage class_, bytes calldata input) private view {
        uint40 usableFrom = class_.usableFrom;
        if (usableFrom == 0) revert Court_UnknownClass(terms.classId);
        if (block.timestamp < usableFrom) revert Court_ClassNotYetUsable(terms.classId, usableFrom);
        if (msg.sender != terms.requester) revert Court_NotRequester(msg.sender, terms.requester);
        if (terms.worker == address(0) || terms.worker == terms.requester) revert Court_BadWorker(terms.worker);
        if (terms.workerFee < class_.minimumWorkerFee) {
            revert Court_FeeTooSmall(terms.workerFee, class_.minimumWorkerFee);
        }
        if (input.length > MAXIMUM_INPUT_BYTES) revert Court_InputTooLong(input.length, MAXIMUM_INPUT_BYTES);
        bytes32 digest = keccak256(input);
        if (digest != terms.inputDigest) revert Court_InputMismatch(digest, terms.inputDigest);
    }

    function _checkCommittee(bytes32 jobId, Member[] calldata members, bytes32 want) private pure {
        bytes32 have = Proceedings.committeeHash(members);
        if (have != want) revert Court_CommitteeMismatch(jobId, have, want);
    }

    function _checkRecords(
        bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state, RoundRecord[] calldata rounds
    ) private view {
        if (rounds.length != uint256(state.round) + 1) revert Court_RecordMismatch(jobId, rounds.length);
        for (uint8 i = 0; i <= state.round; ++i) {
            bytes32 have = Proceedings.record(
                Proceedings.committeeHash(rounds[i].members), rounds[i].revealed, rounds[i].near
            );
            bytes32 want = i < state.round
                ? docket.records[i]
                : Proceedings.record(docket.committeeHash, state.revealed, state.near);
            if (have != want) revert Court_RecordMismatch(jobId, i);
        }
    }

    /// @dev Begins the commit phase of a round, whose committee the next block draws from the seats of this epoch.
    function _convene(Dockets.State memory state, uint32 commitSeconds) private view returns (uint8 size) {
        uint48 epoch = _epoch();
        size = Verdicts.sizeOf(state.round);
        uint256 seats = _registry.totalSeatsAt(epoch);
        if (seats < size) revert Court_PoolTooSmall(seats, size);
        state.stage = Dockets.Stage.Commit;
        state.pinnedBlock = uint40(block.number) + 1;
        state.epoch = epoch;
        state.deadline = uint40(block.timestamp) + commitSeconds;
    }

    /// @return transcript The one to which the first commitment is added
    function _drawSeed(
        bytes32 jobId, Dockets.Docket storage docket, Dockets.State memory state
    ) private returns (bytes32 transcript, bytes32 seed) {
        seed = Proceedings.seed(jobId, _hashOfPinned(jobId, state));
        transcript = Proceedings.transcript(jobId, 0, seed);
        docket.transcript = transcript;
        emit SeedDrawn(jobId, seed);
    }

    function _drawCommittee(
        bytes32 jobId, JobTerms calldata terms, Dockets.Docket storage docket, Dockets.State memory state
    ) private returns (Member[] memory members, bytes32 committeeHash) {
        bytes32 blockHash = _hashOfPinned(jobId, state);
        members = _committee(jobId, terms, state, blockHash);
        committeeHash = Proceedings.committeeHash(members);
        docket.committeeHash = committeeHash;
        bytes32 key = 0;
        if (state.round != 0) {
            key = Proceedings.key(jobId, state.round, blockHash);
            docket.transcript = Proceedings.transcript(jobId, state.round, key);
        }
        emit CommitteeDrawn(jobId, state.round, key, members);
    }

    function _committee(
        bytes32 jobId, JobTerms calldata terms, Dockets.State memory state, bytes32 blockHash
    ) private view returns (Member[] memory) {
        bytes32 entropy = Proceedings.entropy(jobId, state.round, blockHash);
        uint8 size = Verdicts.sizeOf(state.round);
        return Draw.committee(_registry, state.epoch, entropy, size, terms.requester, terms.worker);
    }

    function _open(
        bytes32 jobId,
        Dockets.Docket storage docket,
        Dockets.State memory state,
        JobTerms calldata terms,
        Member[] calldata members,
        Log calldata log,
        Opening[] calldata openings
    ) private view returns (uint256[] memory digests, uint32 opened) {
        uint8 size = Verdicts.sizeOf(state.round);
        return
            Openings.check(jobId, state.round, size, docket.transcript, terms.worker, members, log, openings);
    }

    /// @dev Pays, strikes and slashes the members of one round.
    function _judge(bytes32 jobId, Verdict verdict, uint256 fee, RoundRecord calldata round) private {
        uint32 right = Settlement.rightOf(verdict, round.revealed, round.near);
        for (uint256 i = 0; i < round.members.length; ++i) {
            Member calldata member = round.members[i];
            if (member.account == address(0)) continue;
            uint32 bit = uint32(1 << (i + 1));
            if (right & bit != 0) {
                _accounts[member.account].reward(fee);
                emit VerifierPaid(jobId, member.account, fee);
            } else if (round.revealed & bit == 0) {
                _registry.slash(member.seat, _noShowPenalty);
                _strike(jobId, member, true);
            } else if (verdict == Verdict.Ringer) {
                _registry.slash(member.seat, _strikePenalty);
            } else if (verdict != Verdict.Inconclusive) {
                _strike(jobId, member, false);
            }
        }
    }

    function _strike(bytes32 jobId, Member calldata member, bool absent) private {
        uint8 strikes = _accounts[member.account].strike();
        emit VerifierStruck(jobId, member.account, strikes, absent);
        if (strikes == Accounts.STRIKE_LIMIT) _registry.slash(member.seat, _strikePenalty);
    }

    function _fees(OutputClass storage class_, uint8 round) private view returns (uint256) {
        return Verdicts.sizeOf(round) * uint256(class_.verifierFee);
    }

    function _epoch() private view returns (uint48) {
        return uint48(block.timestamp / _epochSeconds);
    }

    function _hashOfPinned(bytes32 jobId, Dockets.State memory state) private view returns (bytes32 blockHash) {
        uint256 pinned = state.pinnedBlock;
        if (block.number <= pinned) revert Court_BlockPending(jobId, pinned);
        blockHash = blockhash(pinned);
        if (blockHash == 0) revert Court_BlockForgotten(jobId, pinned);
    }
}
