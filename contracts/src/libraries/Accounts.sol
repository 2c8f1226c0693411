// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../interfaces/IOutputCourt.sol";

/// @title What an account has in the court, and how often it was wrong
library Accounts {
    /// @notice One word. No sum of 128-bit deposits reaches 208 bits.
    struct Account {
        uint208 balance;
        uint8 strikes;
        uint40 feesSinceStrike;
    }

    uint8 internal constant STRIKE_LIMIT = 3;
    /// @dev Honest outputs lie outside the threshold less often than this, wrong ones of no use more often.
    uint40 internal constant FEES_PER_FORGIVEN_STRIKE = 100;

    /// @notice Adds to the balance.
    function credit(Account storage self, uint256 amount) internal {
        self.balance += uint208(amount);
    }

    /// @notice Takes from the balance of `account`, which is `self`.
    function debit(Account storage self, address account, uint256 amount) internal {
        uint256 balance = self.balance;
        if (balance < amount) revert IOutputCourt.Court_BalanceTooSmall(account, balance, amount);
        self.balance = uint208(balance - amount);
    }

    /// @notice Pays a verifier that was right.
    function reward(Account storage self, uint256 amount) internal {
        Account memory account = self;
        account.balance += uint208(amount);
        if (account.strikes != 0 && ++account.feesSinceStrike == FEES_PER_FORGIVEN_STRIKE) {
            --account.strikes;
            account.feesSinceStrike = 0;
        }
        self.balance = account.balance;
        self.strikes = account.strikes;
        self.feesSinceStrike = account.feesSinceStrike;
    }

    /// @notice Counts a strike.
    /// @return strikes Which one it is; after the third the count starts again
    function strike(Account storage self) internal returns (uint8 strikes) {
        strikes = self.strikes + 1;
        self.strikes = strikes == STRIKE_LIMIT ? 0 : strikes;
        self.feesSinceStrike = 0;
    }
}
