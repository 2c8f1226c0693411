// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../interfaces/IOutputCourt.sol";
import {Proceedings} from "./Proceedings.sol";
import {Verdicts} from "./Verdicts.sol";

/// @title Opens what was committed
library Openings {
    /// @notice Checks openings against the log of a round, and the log against its transcript.
    /// @param members The committee; empty if none was drawn
    /// @return digests Of the worker, then of each place; zero where nothing was opened
    /// @return opened Mask of who is among `openings`
    function check(
        bytes32 jobId,
        uint8 round,
        bytes32 transcript,
        address worker,
        IOutputCourt.Member[] calldata members,
        IOutputCourt.Log calldata log,
        IOutputCourt.Opening[] calldata openings
    ) internal pure returns (uint256[] memory digests, uint32 opened) {
        _checkLog(jobId, round, transcript, log);
        uint256 places = uint256(Verdicts.sizeOf(round)) + 1;
        bytes32[] memory commitments = _byIndex(log, places);
        digests = new uint256[](places);
        for (uint256 i = 0; i < openings.length; ++i) {
            IOutputCourt.Opening calldata opening = openings[i];
            uint8 index = opening.index;
            address account = accountOf(worker, members, index);
            uint32 bit = uint32(1 << index);
            bool fits = account != address(0) && opened & bit == 0
                && commitments[index] == commitmentOf(jobId, round, account, opening);
            if (!fits) revert IOutputCourt.Court_OpeningMismatch(jobId, index);
            digests[index] = opening.digest;
            opened |= bit;
        }
    }

    /// @notice Checks the worker's opening alone, of round 0, whose worker was the first to commit.
    function checkWorker(
        bytes32 jobId,
        bytes32 transcript,
        address worker,
        IOutputCourt.Log calldata log,
        IOutputCourt.Opening calldata opening
    ) internal pure {
        _checkLog(jobId, 0, transcript, log);
        if (commitmentOf(jobId, 0, worker, opening) != log.entries[0].commitment) {
            revert IOutputCourt.Court_OpeningMismatch(jobId, opening.index);
        }
    }

    /// @notice Who has this index; zero for nobody.
    function accountOf(
        address worker, IOutputCourt.Member[] calldata members, uint256 index
    ) internal pure returns (address) {
        if (index == 0) return worker;
        return index <= members.length ? members[index - 1].account : address(0);
    }

    /// @notice The commitment that an opening of `account` opens.
    function commitmentOf(
        bytes32 jobId, uint8 round, address account, IOutputCourt.Opening calldata opening
    ) internal pure returns (bytes32) {
        return Proceedings.commitment(jobId, round, account, opening.digest, opening.outputDigest, opening.salt);
    }

    function _checkLog(bytes32 jobId, uint8 round, bytes32 transcript, IOutputCourt.Log calldata log) private pure {
        bytes32 hash = log.seed == 0 ? bytes32(0) : Proceedings.transcript(jobId, round, log.seed);
        for (uint256 i = 0; i < log.entries.length; ++i) {
            hash = Proceedings.extend(hash, log.entries[i].index, log.entries[i].commitment);
        }
        if (hash != transcript) revert IOutputCourt.Court_LogMismatch(jobId, hash, transcript);
    }

    /// @dev By index; zero for who made none. Indices were checked when they were committed.
    function _byIndex(
        IOutputCourt.Log calldata log, uint256 places
    ) private pure returns (bytes32[] memory commitments) {
        commitments = new bytes32[](places);
        for (uint256 i = 0; i < log.entries.length; ++i) {
            commitments[log.entries[i].index] = log.entries[i].commitment;
        }
    }
}
