// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @title Deploys the committed artifacts
/// @dev With SWARMPROOF_SOURCES=true in the environment, and a profile that compiles `src`, what the sources say now:
/// for coverage and mutations.
library Deployed {
    /// @notice Deploys a contract by its name with ABI-encoded arguments, and fails as its constructor fails.
    function create(string memory name, bytes memory arguments) internal returns (address deployed) {
        bytes memory code = bytes.concat(creationCode(name), arguments);
        assembly {
            deployed := create(0, add(code, 32), mload(code))
            if iszero(deployed) {
                let answer := mload(0x40)
                returndatacopy(answer, 0, returndatasize())
                revert(answer, returndatasize())
            }
        }
    }

    /// @notice What is deployed under a name.
    function creationCode(string memory name) internal view returns (bytes memory) {
        if (vm.envOr("SWARMPROOF_SOURCES", false)) return vm.getCode(string.concat(name, ".sol:", name));
        return vm.parseJsonBytes(vm.readFile(string.concat("artifacts/", name, ".json")), ".bytecode");
    }
}
