// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";

/// @title In how many bits two digests differ
library Hamming {
    /// @notice 0 for equal digests, 256 for opposite ones.
    function distance(uint256 left, uint256 right) internal pure returns (uint256) {
        return LibBit.popCount(left ^ right);
    }
}
