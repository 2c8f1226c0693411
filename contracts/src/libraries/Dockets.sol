// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IOutputCourt} from "../interfaces/IOutputCourt.sol";
import {IPeerRegistry} from "../interfaces/IPeerRegistry.sol";
import {Draw} from "./Draw.sol";
import {Openings} from "./Openings.sol";
import {Proceedings} from "./Proceedings.sol";
import {Verdicts} from "./Verdicts.sol";

/// @title What is stored of a job, and its clock
library Dockets {
    /// @notice What a job is, as stored; time makes a phase of it. Open: waits for the worker.
    enum Stage {
        None,
        Open,
        Commit,
        Reveal,
        Decided,
        Closed
    }

    /// @notice One word: where a job is. Masks: bit 0 the worker, bit i member i.
    /// @dev uint32 holds seconds and epochs until 2106, and four billion blocks, so they are cast without a check.
    /// After that every window is over when it begins, and what is left can still be withdrawn.
    struct State {
        Stage stage;
        uint8 round;
        IOutputCourt.Verdict verdict;
        uint8 requesterAppeals;
        uint32 committed;
        uint32 revealed;
        uint32 near;
        uint32 far;
        uint32 deadline;
        uint32 pinnedBlock;
        uint32 epoch;
    }

    /// @notice A job. Three words for a job without appeal, one more for each round that was appealed.
    struct Docket {
        State state;
        bytes32 transcript;
        bytes32 committeeHash;
        mapping(uint256 round => bytes32) records;
    }

    /// @notice What the job is at this time, and when that ends, or for phases that end with a call: when it began.
    function phase(
        State memory self, IOutputCourt.OutputClass storage class_
    ) internal view returns (IOutputCourt.Phase, uint40 end) {
        end = self.deadline;
        bool early = block.timestamp < end;
        if (self.stage == Stage.None) return (IOutputCourt.Phase.None, end);
        if (self.stage == Stage.Open) return (early ? IOutputCourt.Phase.Work : IOutputCourt.Phase.Expired, end);
        if (self.stage == Stage.Decided) return (early ? IOutputCourt.Phase.Appeal : IOutputCourt.Phase.Settled, end);
        if (self.stage == Stage.Closed) return (IOutputCourt.Phase.Closed, end);
        if (self.stage == Stage.Commit) {
            if (early) return (IOutputCourt.Phase.Commit, end);
            // Not everybody committed: the time to open begins without another call.
            end += class_.revealSeconds;
        }
        return (block.timestamp < end ? IOutputCourt.Phase.Reveal : IOutputCourt.Phase.Due, end);
    }

    /// @notice Begins a round: the next block draws its committee from the seats of the current epoch.
    /// @return size Places of the committee
    function convene(
        State memory self, IPeerRegistry registry, uint32 commitSeconds
    ) internal view returns (uint8 size) {
        (uint48 epoch, uint256 seats,) = registry.currentPool();
        size = Verdicts.sizeOf(self.round);
        if (seats < size) revert IOutputCourt.Court_PoolTooSmall(seats, size);
        self.stage = Stage.Commit;
        self.pinnedBlock = uint32(block.number) + 1;
        self.epoch = uint32(epoch);
        self.deadline = uint32(block.timestamp) + commitSeconds;
    }

    /// @notice The seed of the job, from the hash of the block pinned when it was submitted.
    /// @return seed Unknown to everybody before that block
    /// @return transcript The one that the first commitment extends
    function drawSeed(State memory self, bytes32 jobId) internal returns (bytes32 seed, bytes32 transcript) {
        seed = Proceedings.seed(jobId, Draw.hashOf(jobId, self.pinnedBlock));
        transcript = Proceedings.transcript(jobId, 0, seed);
        emit IOutputCourt.SeedDrawn(jobId, seed);
    }

    /// @notice Draws the committee of a round and, in an appeal, the key of its digests.
    function drawCommittee(
        Docket storage self,
        State memory state,
        IPeerRegistry registry,
        bytes32 jobId,
        IOutputCourt.JobTerms calldata terms
    ) internal returns (IOutputCourt.Member[] memory members, bytes32 committeeHash) {
        bytes32 blockHash = Draw.hashOf(jobId, state.pinnedBlock);
        members = committee(state, registry, jobId, terms, blockHash);
        committeeHash = Proceedings.drawnHash(members);
        self.committeeHash = committeeHash;
        bytes32 key = 0;
        if (state.round != 0) {
            key = Proceedings.key(jobId, state.round, blockHash);
            self.transcript = Proceedings.transcript(jobId, state.round, key);
        }
        emit IOutputCourt.CommitteeDrawn(jobId, state.round, key, members);
    }

    /// @notice Who is drawn by the hash of the pinned block.
    function committee(
        State memory self,
        IPeerRegistry registry,
        bytes32 jobId,
        IOutputCourt.JobTerms calldata terms,
        bytes32 blockHash
    ) internal view returns (IOutputCourt.Member[] memory) {
        bytes32 entropy = Proceedings.entropy(jobId, self.round, blockHash);
        uint8 size = Verdicts.sizeOf(self.round);
        return Draw.committee(registry, self.epoch, entropy, size, terms.requester, terms.worker);
    }

    /// @notice Reverts unless these are the members; draws them if nobody has.
    function checkDrawn(
        Docket storage self,
        State memory state,
        IPeerRegistry registry,
        bytes32 jobId,
        IOutputCourt.JobTerms calldata terms,
        IOutputCourt.Member[] calldata members
    ) internal {
        bytes32 drawn = self.committeeHash;
        if (drawn == 0) (, drawn) = drawCommittee(self, state, registry, jobId, terms);
        checkCommittee(jobId, members, drawn);
    }

    /// @notice Reverts unless the members hash to `want`.
    function checkCommittee(bytes32 jobId, IOutputCourt.Member[] calldata members, bytes32 want) internal pure {
        bytes32 have = Proceedings.committeeHash(members);
        if (have != want) revert IOutputCourt.Court_CommitteeMismatch(jobId, have, want);
    }

    /// @notice Adds one commitment of `account` to the transcript.
    function append(
        State memory self,
        bytes32 transcript,
        bytes32 jobId,
        IOutputCourt.JobTerms calldata terms,
        IOutputCourt.Member[] calldata members,
        IOutputCourt.Entry memory entry,
        address account
    ) internal returns (bytes32) {
        if (entry.commitment == 0) revert IOutputCourt.Court_EmptyCommitment(jobId);
        if (Openings.accountOf(terms.worker, members, entry.index) != account) {
            revert IOutputCourt.Court_NotMember(jobId, entry.index, account);
        }
        self.committed |= uint32(1 << entry.index);
        emit IOutputCourt.Committed(jobId, account, self.round, entry.index, entry.commitment);
        return Proceedings.extend(transcript, entry.index, entry.commitment);
    }

    /// @notice Begins the time to open if everybody has committed.
    function endCommits(
        State memory self, IOutputCourt.OutputClass storage class_, bytes32 jobId, uint256 members
    ) internal {
        if (LibBit.popCount(self.committed) != members + 1) return;
        self.stage = Stage.Reveal;
        self.deadline = uint32(block.timestamp) + class_.revealSeconds;
        emit IOutputCourt.RevealBegun(jobId, self.round, self.deadline);
    }

    /// @notice Whether `account` is the only one who could still appeal, so that it may end the job instead.
    function isWaivedBy(
        State memory self, address account, IOutputCourt.JobTerms calldata terms
    ) internal pure returns (bool) {
        if (self.stage != Stage.Decided) return false;
        if (self.verdict == IOutputCourt.Verdict.Accept) return account == terms.requester;
        return Verdicts.rejects(self.verdict) && account == terms.worker;
    }

    /// @notice Keeps a hash of the decided round, and begins the next one with nothing.
    function advance(Docket storage self, State memory state) internal {
        self.records[state.round] = recordOf(self, state);
        self.committeeHash = 0;
        self.transcript = 0;
        ++state.round;
        state.verdict = IOutputCourt.Verdict.None;
        state.committed = 0;
        state.revealed = 0;
        state.near = 0;
        state.far = 0;
    }

    /// @notice What is kept of the current round once it is decided.
    function recordOf(Docket storage self, State memory state) internal view returns (bytes32) {
        return Proceedings.record(self.committeeHash, state.revealed, state.near, state.far);
    }

    /// @notice Reverts unless these are all rounds of the job.
    function checkRecords(
        Docket storage self, State memory state, bytes32 jobId, IOutputCourt.RoundRecord[] calldata rounds
    ) internal view {
        if (rounds.length != uint256(state.round) + 1) revert IOutputCourt.Court_RecordMismatch(jobId, rounds.length);
        for (uint256 i = 0; i < rounds.length; ++i) {
            IOutputCourt.RoundRecord calldata round = rounds[i];
            bytes32 committeeHash = Proceedings.committeeHash(round.members);
            bytes32 have = Proceedings.record(committeeHash, round.revealed, round.near, round.far);
            bytes32 want = i < state.round ? self.records[i] : recordOf(self, state);
            if (have != want) revert IOutputCourt.Court_RecordMismatch(jobId, i);
        }
    }

    /// @notice Ends the job. What is left of it is that it was.
    function close(Docket storage self) internal {
        self.state.stage = Stage.Closed;
        self.transcript = 0;
        self.committeeHash = 0;
    }
}
