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
        bytes32[] memory commitments = commitmentsOf(jobId, round, transcript, log);
        digests = new uint256[](commitments.length);
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

    /// @notice Checks a log against the transcript of its round.
    /// @return commitments By index; zero for who made none
    function commitmentsOf(
        bytes32 jobId, uint8 round, bytes32 transcript, IOutputCourt.Log calldata log
    ) internal pure returns (bytes32[] memory commitments) {
        commitments = new bytes32[](uint256(Verdicts.sizeOf(round)) + 1);
        bytes32 hash = log.seed == 0 ? bytes32(0) : Proceedings.transcript(jobId, round, log.seed);
        IOutputCourt.Entry[] calldata entries = log.entries;
        for (uint256 i = 0; i < entries.length; ++i) {
            uint8 index = entries[i].index;
            bytes32 commitment = entries[i].commitment;
            hash = Proceedings.extend(hash, index, commitment);
            // A log that is not the round's may name places that are none: it fails below.
            if (index < commitments.length) commitments[index] = commitment;
        }
        if (hash != transcript) revert IOutputCourt.Court_LogMismatch(jobId, hash, transcript);
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
}
