// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {IPeerRegistry} from "../interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "../interfaces/IProjectTypes.sol";

/// @title The configuration, which is part of a project's code
/// @dev Calls that every seat makes in every round read the words they need and no others.
library Terms {
    uint256 private constant TOKEN = 0;
    uint256 private constant REGISTRY = 1;
    uint256 private constant TRAINERS_PER_ROUND = 12;

    /// @notice All of it.
    function all() internal view returns (IProjectTypes.Configuration memory) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (IProjectTypes.Configuration));
    }

    function token() internal view returns (address) {
        return address(uint160(_word(TOKEN)));
    }

    function registry() internal view returns (IPeerRegistry) {
        return IPeerRegistry(address(uint160(_word(REGISTRY))));
    }

    function trainersPerRound() internal view returns (uint256) {
        return _word(TRAINERS_PER_ROUND);
    }

    function _word(uint256 index) private view returns (uint256) {
        return uint256(LibBytes.load(Clones.fetchCloneArgs(address(this)), 32 * index));
    }
}
