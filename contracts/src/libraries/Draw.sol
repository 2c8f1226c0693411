// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../interfaces/IOutputCourt.sol";
import {IPeerRegistry} from "../interfaces/IPeerRegistry.sol";

/// @title What nobody chooses
library Draw {
    /// @dev The chain knows the hashes of so many blocks.
    uint256 private constant BLOCKS_REMEMBERED = 256;
    uint256 private constant TRIES_PER_PLACE = 8;

    /// @notice The hash of a block that was pinned before it was there.
    function hashOf(bytes32 jobId, uint256 pinnedBlock) internal view returns (bytes32) {
        if (block.number <= pinnedBlock) revert IOutputCourt.Court_BlockPending(jobId, pinnedBlock);
        if (isForgotten(pinnedBlock)) revert IOutputCourt.Court_BlockForgotten(jobId, pinnedBlock);
        return blockhash(pinnedBlock);
    }

    /// @notice Whether it is too late to ask for the block's hash.
    function isForgotten(uint256 pinnedBlock) internal view returns (bool) {
        return block.number > pinnedBlock + BLOCKS_REMEMBERED;
    }

    /// @notice Draws `size` accounts without replacement, each with the chance of its seats among those left.
    /// @param entropy Unknown to everybody when the pool of `epoch` was fixed
    /// @param requester Is never drawn
    /// @param worker Is never drawn
    /// @return members In the order of the draw. Where the tries run out, because too few accounts hold nearly all the
    /// seats, the last places are empty: nobody answers for them, and nobody is punished.
    function committee(
        IPeerRegistry registry, uint48 epoch, bytes32 entropy, uint256 size, address requester, address worker
    ) internal view returns (IOutputCourt.Member[] memory members) {
        members = new IOutputCourt.Member[](size);
        uint256 seats = registry.totalSeatsAt(epoch);
        uint256 found = 0;
        for (uint256 i = 0; i < TRIES_PER_PLACE * size && found < size; ++i) {
            uint256 position = uint256(keccak256(abi.encode(entropy, i))) % seats;
            (uint32 seat, address account) = registry.seatAt(position, epoch);
            if (account == requester || account == worker || _isIn(members, found, account)) continue;
            members[found++] = IOutputCourt.Member({seat: seat, account: account});
        }
    }

    function _isIn(
        IOutputCourt.Member[] memory members, uint256 count, address account
    ) private pure returns (bool) {
        for (uint256 i = 0; i < count; ++i) {
            if (members[i].account == account) return true;
        }
        return false;
    }
}
