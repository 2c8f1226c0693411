// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The token of test networks
/// @notice A plain ERC-20 with permit and a fixed supply. In production any ERC-20 without transfer fee takes its
/// place.
contract SwarmToken is ERC20, ERC20Permit {
    /// @param holder Receives everything
    /// @param supply In the smallest unit, 10^-18
    constructor(address holder, uint256 supply) ERC20("Swarm", "SWARM") ERC20Permit("Swarm") {
        _mint(holder, supply);
    }
}
