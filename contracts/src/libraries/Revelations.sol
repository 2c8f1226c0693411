// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {ITrainingProject} from "../interfaces/ITrainingProject.sol";
import {Attestation} from "./Attestation.sol";
import {Batches} from "./Batches.sol";

/// @title Everything revealed in a round, in order, as whoever proves something brings it
/// @notice A revelation of 100 bytes is an update that its owner revealed: seat (4), digest, data root, salt. Any
/// other is the number of a batch (1) and the packed openings that were revealed out of it together.
library Revelations {
    uint256 private constant DIRECT_BYTES = 100;

    /// @notice The chain over them, to compare with the round's.
    function chain(bytes[] calldata revelations) internal pure returns (bytes32 revealsHash) {
        for (uint256 i = 0; i < revelations.length; ++i) {
            bytes calldata item = revelations[i];
            revealsHash = isDirect(item)
                ? Attestation.chained(
                    revealsHash,
                    _directSeat(item),
                    LibBytes.loadCalldata(item, 4),
                    LibBytes.loadCalldata(item, 36),
                    LibBytes.loadCalldata(item, 68)
                )
                : Attestation.chainedBatch(revealsHash, uint8(item[0]), item[1:], Batches.count(item[1:]));
        }
    }

    /// @notice Whether a revelation is one update that its owner revealed.
    function isDirect(bytes calldata item) internal pure returns (bool) {
        return item.length == DIRECT_BYTES;
    }

    /// @notice Whether a seat revealed, on its own or out of whichever batch: others can put what it promised in more.
    function open(
        bytes[] calldata revelations, address project, uint64 round, uint32 seat, bytes32 commitment
    ) internal view returns (bool) {
        for (uint256 i = 0; i < revelations.length; ++i) {
            if (isDirect(revelations[i])) {
                if (_directSeat(revelations[i]) == seat) return true; // nobody else can
                continue;
            }
            bytes calldata openings = revelations[i][1:];
            for (uint256 k = 0; k < Batches.count(openings); ++k) {
                Batches.Opening memory opening = Batches.get(openings, k);
                if (opening.seat != seat) continue;
                bytes32 opened = ITrainingProject(project).commitmentHash(
                    round, seat, opening.account, opening.digest, opening.dataRoot, opening.salt
                );
                if (opened == commitment) return true;
            }
        }
        return false;
    }

    function _directSeat(bytes calldata item) private pure returns (uint32) {
        return uint32(uint256(LibBytes.loadCalldata(item, 0)) >> 224);
    }
}
