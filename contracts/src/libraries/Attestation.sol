// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {IProjectTypes} from "../interfaces/IProjectTypes.sol";

/// @title What is hashed about a round
/// @dev Python mirror: contracts/attestation.py. A change here is a change there.
library Attestation {
    bytes32 internal constant RESULT_TYPEHASH = keccak256(
        "Result(uint64 round,bytes32 prevCid,bytes32 inputRoot,bytes32 cid,bytes32 dataRoot,bytes32 weightRoot,"
        "bytes32 rewardRoot,uint128 cumulativeTotal)"
    );
    bytes32 internal constant COMMITMENT_TYPEHASH =
        keccak256("Commitment(uint64 round,uint32 seat,bytes32 commitment)");

    bytes32 internal constant COMMIT_DOMAIN = keccak256("SwarmProof update commitment, version 1");

    /// @notice EIP-712 struct hash of a round's result.
    function structHash(uint64 round, IProjectTypes.Result calldata result) internal pure returns (bytes32) {
        return keccak256(abi.encode(RESULT_TYPEHASH, round, result));
    }

    /// @notice What all commitments of a round have in common.
    function scope(uint64 round) internal view returns (bytes32) {
        return EfficientHashLib.hash(
            COMMIT_DOMAIN,
            bytes32(block.chainid),
            bytes32(uint256(uint160(address(this)))),
            bytes32(uint256(round))
        );
    }

    /// @notice Commitment of `account`'s seat to an update.
    /// @param scope_ scope() of the round
    /// @dev Chain, project, round, seat and account are inside, so a copied commitment opens for nobody else.
    function commitment(
        bytes32 scope_, uint32 seat, address account, bytes32 digest, bytes32 dataRoot, bytes32 salt
    ) internal pure returns (bytes32) {
        return EfficientHashLib.hash(
            scope_, bytes32(uint256(seat)), bytes32(uint256(uint160(account))), digest, dataRoot, salt
        );
    }

    /// @notice EIP-712 digest of a commitment, which its seat's owner signs for a batch.
    /// @param domain Domain separator of the project
    function signedCommitmentHash(
        bytes32 domain, uint64 round, uint32 seat, bytes32 commitment_
    ) internal pure returns (bytes32) {
        bytes32 struct_ = EfficientHashLib.hash(
            COMMITMENT_TYPEHASH, bytes32(uint256(round)), bytes32(uint256(seat)), commitment_
        );
        return MessageHashUtils.toTypedDataHash(domain, struct_);
    }

    /// @notice Adds an update that its seat's owner revealed to the chain over everything revealed in a round.
    /// @dev 29 bytes of a hash, and in the last three how many were revealed: one word to write, not two.
    function chained(
        bytes32 revealsHash, uint32 seat, bytes32 digest, bytes32 dataRoot, bytes32 salt
    ) internal pure returns (bytes32) {
        bytes32 hash = EfficientHashLib.hash(revealsHash, bytes32(uint256(seat)), digest, dataRoot, salt);
        return _link(hash, countRevealed(revealsHash) + 1);
    }

    /// @notice Adds openings of a batch, `count` of them, to the chain over everything revealed in a round.
    function chainedBatch(
        bytes32 revealsHash, uint8 batch, bytes calldata openings, uint256 count
    ) internal pure returns (bytes32) {
        bytes32 hash = EfficientHashLib.hash(
            revealsHash, bytes32(uint256(batch)), EfficientHashLib.hashCalldata(openings)
        );
        return _link(hash, countRevealed(revealsHash) + count);
    }

    /// @notice How many updates the chain is over.
    function countRevealed(bytes32 revealsHash) internal pure returns (uint256) {
        return uint24(uint256(revealsHash));
    }

    /// @notice Leaf of the reward tree, as OpenZeppelin's StandardMerkleTree makes it.
    function rewardLeaf(address account, uint256 cumulative) internal pure returns (bytes32) {
        return EfficientHashLib.hash(
            EfficientHashLib.hash(bytes32(uint256(uint160(account))), bytes32(cumulative))
        );
    }

    /// @dev A project has no more seats than what a round can reveal fits three bytes.
    function _link(bytes32 hash, uint256 count) private pure returns (bytes32) {
        return bytes32(bytes29(hash)) | bytes32(count);
    }
}
