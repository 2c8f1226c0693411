// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Pulls tokens and measures what arrived
/// @dev A token that takes a fee or rebases would make the ledger promise more than the contract holds.
library ExactTransfer {
    /// @notice Moves `amount` from `from` to this contract.
    /// @return received By how much this contract's balance grew
    function pull(IERC20 token, address from, uint256 amount) internal returns (uint256 received) {
        uint256 before = token.balanceOf(address(this));
        SafeERC20.safeTransferFrom(token, from, address(this), amount);
        return token.balanceOf(address(this)) - before;
    }
}
