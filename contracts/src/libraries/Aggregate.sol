// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../interfaces/IDisputes.sol";
import {Cases} from "./Cases.sol";
import {Contributions} from "./Contributions.sol";
import {PositionTree} from "./PositionTree.sol";
import {Records} from "./Records.sol";
import {Revealed} from "./Revealed.sol";

/// @title One parameter of a round, computed again
/// @dev Python mirrors: node/aggregation/aggregate.py for all parameters, node/fraud/step.py for one.
library Aggregate {
    using Cases for Cases.Facts;

    uint256 private constant PARAMETERS_PER_LEAF = 64;
    uint256 private constant PARAMETERS_PER_WORD = 8;
    uint256 private constant SUM_BITS = 56;
    uint256 private constant GUARD_BITS = 8;
    uint256 private constant RATE_BITS = 16;

    /// @notice Whether the parameter is another than follows from what was accepted.
    function isWrong(
        IDisputes.Case calldata case_,
        Cases.Facts memory facts,
        IDisputes.Arithmetic calldata arithmetic,
        IDisputes.Place calldata place,
        IDisputes.Record[] calldata records
    ) internal view returns (bool) {
        facts.checkArithmetic(arithmetic);
        if (arithmetic.layoutRoot == 0) revert IDisputes.Disputes_NotProvable();
        uint256 leaves = (uint256(arithmetic.parameterCount) + PARAMETERS_PER_LEAF - 1) / PARAMETERS_PER_LEAF;
        uint256 leaf = place.coordinate / PARAMETERS_PER_LEAF;
        if (leaf >= leaves) {
            revert IDisputes.Disputes_NoSuchCoordinate(place.coordinate, arithmetic.parameterCount);
        }
        _require(case_.result.dataRoot, leaf, leaves, abi.encodePacked(place.nextLeaf), place.nextProof);
        int256 next = _parameter(place.nextLeaf, place.coordinate);
        // The last leaf is filled up with zeros.
        if (place.coordinate >= arithmetic.parameterCount) return next != 0;
        bytes32 dataRoot =
            facts.round.previousAccepted == 0 ? facts.terms.genesisDataRoot : case_.base.dataRoot;
        _require(dataRoot, leaf, leaves, abi.encodePacked(place.baseLeaf), place.baseProof);
        _checkTensor(arithmetic, place);
        Records.Chunk memory chunk =
            Records.chunkAt(place.tensor, place.tensorIndex, place.coordinate, arithmetic.chunkCount);
        (bool wellFormed, int256 sum) = _sum(case_, facts, chunk, records);
        if (!wellFormed) return true;
        int256 before = _parameter(place.baseLeaf, place.coordinate);
        return next != step(before, sum, place.tensor.gridBits, arithmetic.alphaQ16);
    }

    /// @notice A parameter after the round: halves are rounded upward, and what leaves the range stays at its end.
    /// @param sum Of weights times values, in 2^-56
    function step(
        int256 before, int256 sum, uint256 gridBits, uint256 alphaQ16
    ) internal pure returns (int256) {
        int256 mean = _rounded(sum, SUM_BITS - GUARD_BITS - gridBits);
        int256 next = before - _rounded(mean * int256(alphaQ16), GUARD_BITS + RATE_BITS);
        if (next > type(int32).max) return type(int32).max;
        return next < type(int32).min ? int256(type(int32).min) : next;
    }

    /// @dev The weighted sum over all updates with weight; and whether all their records are records.
    function _sum(
        IDisputes.Case calldata case_,
        Cases.Facts memory facts,
        Records.Chunk memory chunk,
        IDisputes.Record[] calldata records
    ) private view returns (bool wellFormed, int256 sum) {
        (bytes32[] memory dataRoots, int256[] memory weights) = _weighted(case_, facts);
        if (records.length != weights.length) {
            revert IDisputes.Disputes_WrongRecordCount(records.length, weights.length);
        }
        wellFormed = true;
        for (uint256 i = 0; i < weights.length; ++i) {
            IDisputes.Record calldata record = records[i];
            _require(dataRoots[i], chunk.index, chunk.chunks, record.data, record.proof);
            (bool fine, int256 value) = Records.valueAt(record.data, chunk);
            wellFormed = wellFormed && fine;
            sum += weights[i] * value;
        }
    }

    /// @dev Every update with weight: what was revealed of it, and the weight.
    function _weighted(
        IDisputes.Case calldata case_, Cases.Facts memory facts
    ) private view returns (bytes32[] memory dataRoots, int256[] memory weights) {
        uint256 count = 0;
        for (uint256 i = 0; i < facts.contributions; ++i) {
            (, int256 weight) = Contributions.seatAndWeight(case_.contributions, i);
            if (weight != 0) ++count;
        }
        uint32[] memory seats = new uint32[](count);
        dataRoots = new bytes32[](count);
        weights = new int256[](count);
        for (uint256 i = facts.contributions; i > 0; --i) {
            (uint32 seat, int256 weight) = Contributions.seatAndWeight(case_.contributions, i - 1);
            if (weight != 0) (seats[--count], weights[count]) = (seat, weight);
        }
        address[] memory owners = facts.ownersOf(seats);
        Revealed.Book memory book = Revealed.read(case_);
        for (uint256 i = 0; i < seats.length; ++i) {
            Revealed.Update memory update = Revealed.find(book, case_.revelations, seats[i], owners[i]);
            if (!update.found) revert IDisputes.Disputes_NotRevealed(seats[i]);
            dataRoots[i] = update.dataRoot;
        }
    }

    function _checkTensor(
        IDisputes.Arithmetic calldata arithmetic, IDisputes.Place calldata place
    ) private pure {
        IDisputes.Tensor calldata tensor = place.tensor;
        bytes memory leaf = abi.encode(tensor);
        _require(arithmetic.layoutRoot, place.tensorIndex, arithmetic.tensorCount, leaf, place.tensorProof);
        if (place.coordinate < tensor.start || place.coordinate - tensor.start >= tensor.size) {
            revert IDisputes.Disputes_WrongTensor(place.coordinate, tensor.start, tensor.size);
        }
    }

    function _require(
        bytes32 root, uint256 index, uint256 count, bytes memory leaf, bytes32[] calldata proof
    ) private pure {
        if (!PositionTree.verify(root, index, count, PositionTree.leafHash(leaf), proof)) {
            revert IDisputes.Disputes_BadProof(root, index, count);
        }
    }

    function _parameter(bytes32[8] calldata leaf, uint256 coordinate) private pure returns (int256) {
        uint256 word = uint256(leaf[coordinate % PARAMETERS_PER_LEAF / PARAMETERS_PER_WORD]);
        uint32 number = uint32(word >> 32 * (PARAMETERS_PER_WORD - 1 - coordinate % PARAMETERS_PER_WORD));
        // Its bytes in reverse.
        number = number >> 16 | number << 16;
        number = number >> 8 & 0x00ff00ff | (number & 0x00ff00ff) << 8;
        return int32(number);
    }

    /// @dev value / 2^bits to the nearest integer, halves upward. A shift to the right rounds down, also below zero.
    function _rounded(int256 value, uint256 bits) private pure returns (int256) {
        return (value + int256(1 << bits - 1)) >> bits;
    }
}
