// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What accounts have in a court, and what verifiers can lose there
/// @notice Fees, bonds and stakes are taken from balances and returned to them. Only deposit and withdraw call the
/// token, so that nothing it does can keep a job from ending.
interface ITreasury {
    /// @notice `amount` was added to the account's balance.
    event Deposited(address indexed account, uint256 amount);

    /// @notice `amount` of the account's balance was paid out.
    event Withdrawn(address indexed account, uint256 amount);

    /// @notice The court was deployed with a parameter that cannot be, or a class has one.
    error Court_BadParameter(string name);
    /// @notice Nothing cannot be deposited or withdrawn.
    error Court_NoAmount();
    /// @notice The token moved `received` where `expected` was asked for: tokens that take a fee are not supported.
    error Court_InexactTransfer(uint256 expected, uint256 received);
    /// @notice The account has `have` in this court and needs `want`.
    error Court_BalanceTooSmall(address account, uint256 have, uint256 want);

    /// @notice Adds to the caller's balance; the caller approved `amount` before.
    function deposit(uint128 amount) external;

    /// @notice Pays out of the caller's balance.
    function withdraw(uint128 amount) external;

    /// @notice The token of all balances, fees and stakes.
    function token() external view returns (address);

    /// @notice The verifiers' seats; this court is their slasher.
    function registry() external view returns (address);

    /// @notice What a seat loses for not opening in time.
    function noShowPenalty() external view returns (uint256);

    /// @notice What a seat loses for three strikes, or for confirming a ringer.
    function strikePenalty() external view returns (uint256);

    /// @notice What the account has in this court and can withdraw.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Strikes against a verifier since the last slash for them; every 100 fees earned forgive one.
    function strikesOf(address account) external view returns (uint8);
}
