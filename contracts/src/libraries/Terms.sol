// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {IPeerRegistry} from "../interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "../interfaces/IProjectTypes.sol";

/// @title The configuration, which is part of a project's code
/// @dev Calls that every seat makes in every round read the words they need and no others.
library Terms {
    uint256 private constant TOKEN = 0;
    uint256 private constant REGISTRY = 1;
    uint256 private constant TRAINERS_PER_ROUND = 12;
    /// @dev The configuration follows the 45 bytes of the proxy; SSTORE2 counts from the second byte of a code.
    uint256 private constant PROXY_BYTES = 44;

    /// @notice All of it.
    function all() internal view returns (IProjectTypes.Configuration memory) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (IProjectTypes.Configuration));
    }

    function token() internal view returns (address) {
        return address(uint160(uint256(LibBytes.load(_words(TOKEN, TOKEN), 0))));
    }

    function registryAndTrainers() internal view returns (IPeerRegistry registry, uint256 trainersPerRound) {
        bytes memory words = _words(REGISTRY, TRAINERS_PER_ROUND);
        registry = IPeerRegistry(address(uint160(uint256(LibBytes.load(words, 0)))));
        trainersPerRound = uint256(LibBytes.load(words, 32 * (TRAINERS_PER_ROUND - REGISTRY)));
    }

    function _words(uint256 first, uint256 last) private view returns (bytes memory) {
        return SSTORE2.read(address(this), PROXY_BYTES + 32 * first, PROXY_BYTES + 32 * (last + 1));
    }
}
