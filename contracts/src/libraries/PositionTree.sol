// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";

/// @title A keccak tree that binds position and count
/// @notice A first byte tells hashes of leaves, of inner nodes and of whole trees apart. The odd node of a level moves
/// up as it is, so that no list can pose as another one.
/// @dev Python mirror: node/merkle.py. A change here is a change there.
library PositionTree {
    uint8 private constant LEAF = 0;
    uint8 private constant NODE = 1;
    uint8 private constant ROOT = 2;

    /// @notice Hash of a leaf of any length.
    function leafHash(bytes memory leaf) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(LEAF, leaf));
    }

    /// @notice Hash of a leaf of three words.
    function leafHash(uint256 first, bytes32 second, bytes32 third) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(LEAF, first, second, third));
    }

    /// @notice Hash of a leaf of five words.
    function leafHash(uint256 first, uint256 second, uint256 third, uint256 fourth, uint256 fifth)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(LEAF, first, second, third, fourth, fifth));
    }

    /// @notice Root over hashes of leaves, which are used up.
    function root(uint256[] memory nodes) internal pure returns (bytes32) {
        uint256 count = nodes.length;
        uint256 width = count;
        // Every index is below `width`, which is at most the length.
        unchecked {
            while (width > 1) {
                uint256 pairs = width >> 1;
                for (uint256 i = 0; i < pairs; ++i) {
                    bytes32 left = DynamicArrayLib.getBytes32(nodes, 2 * i);
                    bytes32 right = DynamicArrayLib.getBytes32(nodes, 2 * i + 1);
                    DynamicArrayLib.set(nodes, i, uint256(keccak256(abi.encodePacked(NODE, left, right))));
                }
                if (width & 1 != 0) nodes[pairs] = nodes[width - 1];
                width -= pairs;
            }
        }
        return _bind(count, count == 0 ? bytes32(0) : bytes32(nodes[0]));
    }

    /// @notice Whether the leaf with this hash stands at `index` among `count` leaves under a root.
    /// @param proof Siblings from the bottom up
    function verify(bytes32 root_, uint256 index, uint256 count, bytes32 hash, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (index >= count) return false;
        uint256 used = 0;
        uint256 width = count;
        bytes32 node = hash;
        while (width > 1) {
            if (index ^ 1 < width) {
                if (used == proof.length) return false;
                bytes32 sibling = proof[used++];
                node = index & 1 == 0 ? _node(node, sibling) : _node(sibling, node);
            }
            index >>= 1;
            width = width - (width >> 1);
        }
        return used == proof.length && _bind(count, node) == root_;
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(NODE, left, right));
    }

    function _bind(uint256 count, bytes32 top) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(ROOT, count, top));
    }
}
