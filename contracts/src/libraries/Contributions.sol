// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {PositionTree} from "./PositionTree.sol";

/// @title What became of each seat in a round, packed
/// @notice A record is 41 bytes: seat (4), weight (4, signed), score (16), reason (1), reward (16). Its leaf in the
/// weight tree is the ABI encoding of the five.
/// @dev Python mirror: node/rounds/outcome.py. A change here is a change there.
library Contributions {
    /// @notice What became of a seat.
    /// @param weight What its update counted in the aggregate, in 1/65536; negative ones count too
    /// @param score What it contributed
    /// @param reason Why it earned nothing; 0: its score counts
    /// @param reward What it earned in this round
    struct Contribution {
        uint32 seat;
        int32 weight;
        uint128 score;
        uint8 reason;
        uint128 reward;
    }

    /// @notice Contributions of `length` bytes are no whole number of records.
    error Contributions_BadLength(uint256 length);

    uint256 internal constant RECORD_BYTES = 41;
    uint256 private constant REWARD_OFFSET = RECORD_BYTES - 32;

    /// @notice Number of records.
    function count(bytes calldata packed) internal pure returns (uint256 records) {
        records = packed.length / RECORD_BYTES;
        if (records * RECORD_BYTES != packed.length) revert Contributions_BadLength(packed.length);
    }

    /// @notice The weight root over all records, and the sum of their rewards.
    function rootAndSum(bytes calldata packed) internal pure returns (bytes32 root, uint256 sum, uint256 records) {
        records = count(packed);
        uint256[] memory leaves = DynamicArrayLib.malloc(records);
        // Offsets are within the length; no number of rewards of 128 bits that fits in calldata overflows a word.
        unchecked {
            uint256 offset = 0;
            for (uint256 i = 0; i < records; ++i) {
                uint256 head = uint256(LibBytes.loadCalldata(packed, offset));
                uint256 reward = uint128(uint256(LibBytes.loadCalldata(packed, offset + REWARD_OFFSET)));
                bytes32 leaf = PositionTree.leafHash(
                    head >> 224, uint256(_weight(head)), uint128(head >> 64), uint8(head >> 56), reward
                );
                DynamicArrayLib.set(leaves, i, uint256(leaf));
                sum += reward;
                offset += RECORD_BYTES;
            }
        }
        root = PositionTree.root(leaves);
    }

    /// @notice Record `index`, which must be below count(packed).
    function get(bytes calldata packed, uint256 index) internal pure returns (Contribution memory) {
        uint256 offset = index * RECORD_BYTES;
        uint256 head = uint256(LibBytes.loadCalldata(packed, offset));
        return Contribution({
            seat: uint32(head >> 224),
            weight: int32(_weight(head)),
            score: uint128(head >> 64),
            reason: uint8(head >> 56),
            reward: uint128(uint256(LibBytes.loadCalldata(packed, offset + REWARD_OFFSET)))
        });
    }

    /// @notice Seat and weight of record `index`, which must be below count(packed).
    function seatAndWeight(bytes calldata packed, uint256 index) internal pure returns (uint32 seat, int256 weight) {
        uint256 head = uint256(LibBytes.loadCalldata(packed, index * RECORD_BYTES));
        return (uint32(head >> 224), _weight(head));
    }

    function _weight(uint256 head) private pure returns (int256) {
        return int32(uint32(head >> 192));
    }
}
