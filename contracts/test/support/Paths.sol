// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Trees} from "./Trees.sol";

/// @title Paths in trees as their definitions say, slowly
library Paths {
    function root(bytes[] memory leaves) internal pure returns (bytes32) {
        return Trees.positionRoot(leaves);
    }

    /// @notice Siblings of a leaf of a position tree, from the bottom up.
    function proof(bytes[] memory leaves, uint256 index) internal pure returns (bytes32[] memory siblings) {
        bytes32[] memory level = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            level[i] = keccak256(bytes.concat(hex"00", leaves[i]));
        }
        bytes32[] memory found = new bytes32[](32);
        uint256 used = 0;
        for (; level.length > 1; index /= 2) {
            if (index ^ 1 < level.length) found[used++] = level[index ^ 1];
            bytes32[] memory above = new bytes32[]((level.length + 1) / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i] = 2 * i + 1 == level.length
                    ? level[2 * i]
                    : keccak256(bytes.concat(hex"01", level[2 * i], level[2 * i + 1]));
            }
            level = above;
        }
        siblings = new bytes32[](used);
        for (uint256 i = 0; i < used; ++i) {
            siblings[i] = found[i];
        }
    }

    /// @notice Root of a position tree of which only a leaf and its siblings are known.
    function rootAbove(bytes memory leaf, uint256 index, uint256 count, bytes32[] memory siblings)
        internal
        pure
        returns (bytes32)
    {
        bytes32 node = keccak256(bytes.concat(hex"00", leaf));
        uint256 used = 0;
        for (uint256 width = count; width > 1; width = (width + 1) / 2) {
            if (index ^ 1 < width) {
                bytes32 sibling = siblings[used++];
                node = keccak256(index % 2 == 0 ? bytes.concat(hex"01", node, sibling) : bytes.concat(hex"01", sibling, node));
            }
            index /= 2;
        }
        require(used == siblings.length);
        return keccak256(bytes.concat(hex"02", bytes32(count), node));
    }

    /// @notice Siblings of nothing in particular.
    function some(uint256 length, uint256 salt) internal pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            siblings[i] = keccak256(abi.encode(salt, i));
        }
    }

    /// @notice Root of the standard tree over what accounts earned; who earned nothing is not in it.
    function rewardRoot(address[] memory accounts, uint256[6] memory amounts) internal pure returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](accounts.length);
        uint256 count = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (amounts[i] == 0) continue;
            bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(accounts[i], amounts[i]))));
            uint256 rank = count++;
            for (; rank > 0 && leaves[rank - 1] > leaf; --rank) {
                leaves[rank] = leaves[rank - 1];
            }
            leaves[rank] = leaf;
        }
        if (count == 0) return 0;
        bytes32[] memory heap = new bytes32[](2 * count - 1);
        for (uint256 i = 0; i < count; ++i) {
            heap[2 * count - 2 - i] = leaves[i];
        }
        for (uint256 i = count - 1; i > 0; --i) {
            (bytes32 a, bytes32 b) = (heap[2 * i - 1], heap[2 * i]);
            heap[i - 1] = a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
        }
        return heap[0];
    }
}
