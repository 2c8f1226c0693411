// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {IProjectTypes} from "../interfaces/IProjectTypes.sol";
import {Attestation} from "./Attestation.sol";

/// @title Many commitments under one hash
/// @notice A batch is the hash of its entries, packed; an entry is the hash of a commitment and its owner's signature,
/// r and vs, so that nobody can open it with another.
/// @notice An opening is 186 bytes: index of the commitment in the batch (2), seat (4), account (20), digest, data
/// root, salt, and the account's signature of the commitment, r and vs (32 each).
/// @dev That the account owns the seat and has signed is not checked here, where it would be paid for each seat in each
/// round, but by everybody who computes the round; a result built on anything else is proven false in Disputes.
library Batches {
    /// @notice A batch as stored, in words that are reused from round to round. The hash is cut to 26 bytes. `opened`
    /// has a bit for each commitment; the highest is always set, since a word that is never zero costs less to write.
    struct Batch {
        bytes26 hash;
        uint32 round;
        uint16 count;
        uint256 opened;
    }

    /// @notice One opening.
    struct Opening {
        uint16 index;
        uint32 seat;
        address account;
        bytes32 digest;
        bytes32 dataRoot;
        bytes32 salt;
        bytes32 r;
        bytes32 vs;
    }

    uint256 internal constant MAXIMUM_BATCHES = 8;
    uint256 internal constant MAXIMUM_COMMITMENTS = 255;
    uint256 private constant OPENING_BYTES = 186;
    uint256 private constant NOTHING_OPENED = 1 << 255;

    /// @notice Number of packed openings.
    function count(bytes calldata packed) internal pure returns (uint256 openings) {
        openings = packed.length / OPENING_BYTES;
        if (openings == 0 || openings * OPENING_BYTES != packed.length) {
            revert IProjectTypes.Project_BadOpenings(packed.length);
        }
    }

    /// @notice One of packed openings, of which there are more than `i`.
    function get(bytes calldata packed, uint256 i) internal pure returns (Opening memory opening) {
        unchecked {
            uint256 offset = i * OPENING_BYTES;
            uint256 head = uint256(LibBytes.loadCalldata(packed, offset));
            opening.index = uint16(head >> 240);
            opening.seat = uint32(head >> 208);
            opening.account = address(uint160(head >> 48));
            opening.digest = LibBytes.loadCalldata(packed, offset + 26);
            opening.dataRoot = LibBytes.loadCalldata(packed, offset + 58);
            opening.salt = LibBytes.loadCalldata(packed, offset + 90);
            opening.r = LibBytes.loadCalldata(packed, offset + 122);
            opening.vs = LibBytes.loadCalldata(packed, offset + 154);
        }
    }

    /// @notice Records the hash of `commitments` commitments of a round.
    function post(Batch storage self, uint64 round, bytes32 hash, uint16 commitments) internal {
        self.hash = bytes26(hash);
        self.round = uint32(round);
        self.count = commitments;
        self.opened = NOTHING_OPENED;
    }

    /// @notice What stands in a batch.
    function entryOf(bytes32 commitment, bytes32 r, bytes32 vs) internal pure returns (bytes32) {
        return EfficientHashLib.hash(commitment, r, vs);
    }

    /// @notice Records that commitments are opened. Reverts unless the openings and the other entries are the batch,
    /// and none was opened before: what is revealed must not grow without bound.
    /// @param entries In order; those that are opened may be zero
    /// @return openings How many are opened
    function open(
        Batch storage self, uint64 round, uint8 batch, bytes calldata packed, bytes32[] memory entries
    ) internal returns (uint256 openings) {
        openings = count(packed);
        uint256 opened = self.opened;
        bytes32 scope = Attestation.scope(round);
        for (uint256 i = 0; i < openings; ++i) {
            Opening memory opening = get(packed, i);
            uint256 bit = 1 << opening.index;
            if (opened & bit != 0) revert IProjectTypes.Project_AlreadyRevealed(round, opening.seat);
            opened |= bit;
            bytes32 commitment = Attestation.commitment(
                scope, opening.seat, opening.account, opening.digest, opening.dataRoot, opening.salt
            );
            entries[opening.index] = entryOf(commitment, opening.r, opening.vs);
        }
        bytes26 have = bytes26(EfficientHashLib.hash(entries));
        if (self.round != round || self.count != entries.length || self.hash != have) {
            revert IProjectTypes.Project_BatchMismatch(round, batch, have, self.hash);
        }
        self.opened = opened;
    }
}
