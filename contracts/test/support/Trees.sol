// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Trees as their definitions say, slowly
library Trees {
    /// @notice Root of a position tree, as node/merkle.py defines it.
    function positionRoot(bytes[] memory leaves) internal pure returns (bytes32) {
        bytes32[] memory level = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            level[i] = keccak256(bytes.concat(hex"00", leaves[i]));
        }
        while (level.length > 1) {
            bytes32[] memory above = new bytes32[]((level.length + 1) / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i] = 2 * i + 1 == level.length
                    ? level[2 * i]
                    : keccak256(bytes.concat(hex"01", level[2 * i], level[2 * i + 1]));
            }
            level = above;
        }
        bytes32 top = level.length == 0 ? bytes32(0) : level[0];
        return keccak256(bytes.concat(hex"02", bytes32(leaves.length), top));
    }

    /// @notice Root of a tree of rewards and the proof for one of its leaves; hashes of a pair are in order of size.
    function rewardRoot(address[] memory accounts, uint256[] memory amounts, uint256 index)
        internal
        pure
        returns (bytes32 root, bytes32[] memory proof)
    {
        uint256 count = accounts.length;
        bytes32[] memory tree = new bytes32[](2 * count);
        for (uint256 i = 0; i < count; ++i) {
            tree[count + i] = keccak256(bytes.concat(keccak256(abi.encode(accounts[i], amounts[i]))));
        }
        for (uint256 i = count - 1; i > 0; --i) {
            tree[i] = _pair(tree[2 * i], tree[2 * i + 1]);
        }
        root = tree[1];
        uint256 length = 0;
        for (uint256 node = count + index; node > 1; node /= 2) {
            ++length;
        }
        proof = new bytes32[](length);
        uint256 used = 0;
        for (uint256 node = count + index; node > 1; node /= 2) {
            proof[used++] = tree[node ^ 1];
        }
    }

    function _pair(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return left < right ? keccak256(abi.encode(left, right)) : keccak256(abi.encode(right, left));
    }
}
