// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {IProjectTypes} from "../interfaces/IProjectTypes.sol";
import {Attestation} from "./Attestation.sol";

/// @title Many commitments under one hash
/// @notice An opening is 166 bytes: index of the commitment in the batch (2), seat (4), digest, data root, salt, and the
/// signature of the seat's owner, r and vs (32 each).
/// @dev Paid for each seat in each round: offsets are checked once, by the length.
library Batches {
    /// @notice A batch as stored, one word, reused from round to round. The hash is cut to 26 bytes.
    struct Batch {
        bytes26 hash;
        uint32 round;
        uint16 count;
    }

    /// @notice One opening.
    struct Opening {
        uint16 index;
        uint32 seat;
        bytes32 digest;
        bytes32 dataRoot;
        bytes32 salt;
        bytes32 r;
        bytes32 vs;
    }

    uint256 internal constant MAXIMUM_BATCHES = 8;
    uint256 internal constant MAXIMUM_COMMITMENTS = 256;
    uint256 private constant OPENING_BYTES = 166;

    /// @notice Reverts unless these commitments, in this order, are the batch.
    function check(Batch memory self, uint64 round, uint8 batch, bytes32[] memory commitments) internal pure {
        bytes26 have = bytes26(EfficientHashLib.hash(commitments));
        if (self.round != round || self.count != commitments.length || self.hash != have) {
            revert IProjectTypes.Project_BatchMismatch(round, batch, have, self.hash);
        }
    }

    /// @notice Seats of packed openings, in their order.
    function seatsOf(bytes calldata packed) internal pure returns (uint32[] memory seats) {
        uint256 count = packed.length / OPENING_BYTES;
        if (count * OPENING_BYTES != packed.length) revert IProjectTypes.Project_BadOpenings(packed.length);
        seats = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) {
            seats[i] = uint32(uint256(LibBytes.loadCalldata(packed, i * OPENING_BYTES)) >> 208);
        }
    }

    /// @notice One of packed openings.
    function get(bytes calldata packed, uint256 i) internal pure returns (Opening memory opening) {
        unchecked {
            uint256 offset = i * OPENING_BYTES;
            uint256 head = uint256(LibBytes.loadCalldata(packed, offset));
            opening.index = uint16(head >> 240);
            opening.seat = uint32(head >> 208);
            opening.digest = LibBytes.loadCalldata(packed, offset + 6);
            opening.dataRoot = LibBytes.loadCalldata(packed, offset + 38);
            opening.salt = LibBytes.loadCalldata(packed, offset + 70);
            opening.r = LibBytes.loadCalldata(packed, offset + 102);
            opening.vs = LibBytes.loadCalldata(packed, offset + 134);
        }
    }

    /// @notice The commitment that an opening opens. Reverts unless the seat's owner signed it.
    /// @param domain Domain separator of the project
    /// @param scope Attestation.scope() of the round
    function commitmentOf(
        Opening memory opening, bytes32 domain, bytes32 scope, uint64 round, address owner
    ) internal view returns (bytes32 commitment) {
        commitment = Attestation.commitment(
            scope, opening.seat, owner, opening.digest, opening.dataRoot, opening.salt
        );
        bytes32 signed = Attestation.signedCommitmentHash(domain, round, opening.seat, commitment);
        address signer = ECDSA.recover(signed, opening.r, opening.vs);
        if (signer != owner) revert IProjectTypes.Project_NotSeatOwner(round, opening.seat, signer);
    }
}
