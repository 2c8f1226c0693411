// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {IProjectTypes} from "../interfaces/IProjectTypes.sol";
import {Attestation} from "./Attestation.sol";

/// @title Many commitments under one hash
library Batches {
    /// @notice A batch as stored, one word, reused from round to round. The hash is cut to 26 bytes.
    struct Batch {
        bytes26 hash;
        uint32 round;
        uint16 count;
    }

    /// @notice What openings tell, column by column.
    struct Openings {
        uint32[] seats;
        bytes32[] digests;
        bytes32[] dataRoots;
        bytes32[] salts;
    }

    uint256 internal constant MAXIMUM_BATCHES = 8;
    uint256 internal constant MAXIMUM_COMMITMENTS = 256;

    /// @notice Reverts unless these commitments, in this order, are the batch.
    function check(Batch memory self, uint64 round, uint8 batch, bytes32[] memory commitments) internal pure {
        bytes26 have = bytes26(keccak256(abi.encodePacked(commitments)));
        if (self.round != round || self.count != commitments.length || self.hash != have) {
            revert IProjectTypes.Project_BatchMismatch(round, batch, have, self.hash);
        }
    }

    /// @notice Openings as columns.
    function unpack(IProjectTypes.Opening[] calldata openings) internal pure returns (Openings memory told) {
        uint256 count = openings.length;
        told = Openings(new uint32[](count), new bytes32[](count), new bytes32[](count), new bytes32[](count));
        for (uint256 i = 0; i < count; ++i) {
            told.seats[i] = openings[i].seat;
            told.digests[i] = openings[i].digest;
            told.dataRoots[i] = openings[i].dataRoot;
            told.salts[i] = openings[i].salt;
        }
    }

    /// @notice The commitment that an opening opens. Reverts unless the seat's owner signed it.
    /// @param domain Domain separator of the project
    function commitmentOf(
        bytes32 domain, uint64 round, IProjectTypes.Opening calldata opening, address owner
    ) internal view returns (bytes32 commitment) {
        uint32 seat = opening.seat;
        commitment = Attestation.commitment(round, seat, owner, opening.digest, opening.dataRoot, opening.salt);
        bytes32 signed =
            MessageHashUtils.toTypedDataHash(domain, Attestation.signedCommitment(round, seat, commitment));
        address signer = ECDSA.recover(signed, opening.signature.r, opening.signature.vs);
        if (signer != owner) revert IProjectTypes.Project_NotSeatOwner(round, seat, signer);
    }
}
