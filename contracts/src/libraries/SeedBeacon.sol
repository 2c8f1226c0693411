// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "../interfaces/IProjectTypes.sol";

/// @title Seeds that nobody chooses
/// @dev When a round is accepted or skipped, a block that is not there yet is pinned; its hash and everything revealed
/// make the next seed. Who reveals last does not know the block, who proposes the block has to give it up to try again.
/// It is never the block of the call that asks.
library SeedBeacon {
    uint256 private constant BLOCKS_AHEAD = 2;
    /// @dev The chain knows the hashes of so many blocks.
    uint256 private constant BLOCKS_REMEMBERED = 256;

    /// @notice The block to pin now.
    function nextPin() internal view returns (uint48) {
        return uint48(block.number + BLOCKS_AHEAD);
    }

    /// @notice Whether a pinned block can no longer be asked for, or none is pinned.
    function isForgotten(uint256 pinnedBlock) internal view returns (bool) {
        return pinnedBlock == 0 || block.number > pinnedBlock + BLOCKS_REMEMBERED;
    }

    /// @notice Seed of the first round.
    function first(bytes32 genesisDigest) internal pure returns (bytes32) {
        return keccak256(abi.encode(genesisDigest, uint256(1)));
    }

    /// @notice Seed of round `next`, from the round before it.
    /// @param seed Of the round before
    /// @param revealsHash Chain over what was revealed in it; zero: nobody had a hand in anything, so no block is
    /// needed
    function following(
        bytes32 seed, bytes32 revealsHash, uint256 pinnedBlock, uint256 next
    ) internal view returns (bytes32) {
        if (revealsHash == 0) return keccak256(abi.encode(seed, next));
        if (isForgotten(pinnedBlock)) revert IProjectTypes.Project_SeedNotPinned();
        if (block.number <= pinnedBlock) revert IProjectTypes.Project_SeedPending(uint64(pinnedBlock));
        return keccak256(abi.encode(blockhash(pinnedBlock), revealsHash, next));
    }
}
