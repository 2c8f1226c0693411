// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";

/// @title What an update says about one chunk of the parameters
/// @notice A record is a head of 32 bytes and entries of 16 bits, filled up with zeros to whole words. Whatever cannot
/// come out of an update's message is no record.
/// @dev Python mirrors: node/codec/records.py makes them, node/fraud/records.py reads them as this does.
library Records {
    uint256 internal constant CHUNK_LENGTH = 4096;
    uint256 private constant WORD_BYTES = 32;
    uint256 private constant ENTRIES_PER_WORD = 16;
    uint256 private constant SHIFT_MAXIMUM = 32;
    int256 private constant DENSE_MAXIMUM = 127;
    uint256 private constant SIGN = 1 << 15;
    uint256 private constant LEVEL = 1 << 14;
    uint256 private constant UNUSED = 3 << 12;
    uint256 private constant INDEX = (1 << 12) - 1;

    /// @notice What a chunk's record must look like, and which element of it is asked for.
    /// @param head First 25 bytes of the record
    /// @param index Of the chunk's record among all `chunks` of an update
    struct Chunk {
        uint256 head;
        uint256 index;
        uint256 chunks;
        uint256 length;
        uint256 count;
        uint256 element;
        bool dense;
        bool twoLevels;
    }

    /// @notice The chunk of a tensor that `coordinate`, which must be in it, is in.
    function chunkAt(
        IDisputes.Tensor calldata tensor, uint256 tensorIndex, uint256 coordinate, uint256 chunks
    ) internal pure returns (Chunk memory chunk) {
        uint256 within = (coordinate - tensor.start) / CHUNK_LENGTH;
        uint256 start = tensor.start + within * CHUNK_LENGTH;
        uint256 left = tensor.start + tensor.size - start;
        chunk.length = left < CHUNK_LENGTH ? left : CHUNK_LENGTH;
        chunk.count = _entryCount(tensor.entriesPerChunk, chunk.length);
        chunk.index = tensor.firstChunk + within;
        chunk.chunks = chunks;
        chunk.element = coordinate - start;
        chunk.dense = tensor.entriesPerChunk == 0;
        chunk.twoLevels = tensor.bits == 2;
        chunk.head = tensorIndex << 168 | within << 136 | start << 72 | chunk.length << 40 | chunk.count << 8;
        chunk.head |= tensor.bits;
    }

    /// @notice What a record says about the element, in 2^-40; 0 where it does not carry it.
    function valueAt(
        bytes calldata record, Chunk memory chunk
    ) internal pure returns (bool wellFormed, int256 value) {
        uint256 words = (chunk.count + ENTRIES_PER_WORD - 1) / ENTRIES_PER_WORD;
        if (record.length != WORD_BYTES * (1 + words)) return (false, 0);
        uint256 head = uint256(LibBytes.loadCalldata(record, 0));
        uint256 shift = uint8(head >> 48);
        if (head >> 56 != chunk.head || shift > SHIFT_MAXIMUM || uint32(head) != 0) return (false, 0);
        if (!_isPadded(record, words, chunk.count)) return (false, 0);
        (wellFormed, value) = chunk.dense
            ? _dense(record, uint8(head >> 40), uint8(head >> 32), chunk)
            : _sparse(record, uint8(head >> 40), uint8(head >> 32), chunk);
        value <<= shift;
    }

    /// @dev A short last chunk carries the same part of its elements as a full one.
    function _entryCount(uint256 entriesPerChunk, uint256 length) private pure returns (uint256) {
        if (entriesPerChunk == 0) return length;
        uint256 share = (entriesPerChunk * length + CHUNK_LENGTH - 1) / CHUNK_LENGTH;
        return share == 0 ? 1 : share;
    }

    function _isPadded(bytes calldata record, uint256 words, uint256 count) private pure returns (bool) {
        uint256 unused = words * ENTRIES_PER_WORD - count;
        uint256 mask = (1 << 16 * unused) - 1;
        return uint256(LibBytes.loadCalldata(record, WORD_BYTES * words)) & mask == 0;
    }

    function _dense(
        bytes calldata record, uint256 low, uint256 high, Chunk memory chunk
    ) private pure returns (bool, int256) {
        if (low != 0 || high != 0) return (false, 0);
        int256 mantissa = int16(uint16(_entry(record, chunk.element)));
        return (-DENSE_MAXIMUM <= mantissa && mantissa <= DENSE_MAXIMUM, mantissa);
    }

    /// @dev Indices rise; two levels are both in use; nothing is minus zero.
    function _sparse(
        bytes calldata record, uint256 low, uint256 high, Chunk memory chunk
    ) private pure returns (bool, int256 value) {
        if (low > high || (low != high && !chunk.twoLevels)) return (false, 0);
        uint256 least = 0;
        uint256 highs = 0;
        (uint256 count, uint256 length, uint256 element) = (chunk.count, chunk.length, chunk.element);
        // Counts and indices are below 2^16, mantissas below 2^8.
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                uint256 entry = _entry(record, i);
                uint256 index = entry & INDEX;
                if (index < least || index >= length || entry & UNUSED != 0) return (false, 0);
                least = index + 1;
                uint256 mantissa = low;
                if (entry & LEVEL != 0) {
                    mantissa = high;
                    ++highs;
                }
                if (entry & SIGN != 0 && mantissa == 0) return (false, 0);
                if (index == element) value = entry & SIGN == 0 ? int256(mantissa) : -int256(mantissa);
            }
        }
        return (low == high ? highs == 0 : highs != 0 && highs != count, value);
    }

    function _entry(bytes calldata record, uint256 index) private pure returns (uint256) {
        // The last two bytes of a word that ends with the entry; the head comes before all of them.
        unchecked {
            return uint16(uint256(LibBytes.loadCalldata(record, 2 * index + 2)));
        }
    }
}
