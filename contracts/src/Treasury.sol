// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IPeerRegistry} from "./interfaces/IPeerRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";
import {PeerRegistry} from "./PeerRegistry.sol";

/// @title What accounts have in a court, and what verifiers can lose there
abstract contract Treasury is ITreasury, ReentrancyGuardTransient {
    /// @dev One word, so that paying a verifier touches one. No sum of 128-bit deposits reaches 208 bits.
    struct Account {
        uint208 balance;
        uint8 strikes;
        uint40 feesSinceStrike;
    }

    uint8 private constant STRIKE_LIMIT = 3;
    /// @dev An honest output lies outside the threshold once in thousands; who cheats once in a hundred is slashed.
    uint40 private constant FEES_PER_FORGIVEN_STRIKE = 100;

    IERC20 private immutable _token;
    IPeerRegistry internal immutable _registry;
    uint256 private immutable _noShowPenalty;
    uint256 private immutable _strikePenalty;

    mapping(address account => Account) private _accounts;

    constructor(
        address token_,
        uint256 seatStake_,
        uint48 epochSeconds_,
        uint48 thawSeconds_,
        uint256 noShowPenalty_,
        uint256 strikePenalty_
    ) {
        // A verifier that was absent once must not lose its seat.
        if (noShowPenalty_ > seatStake_ / 4) revert Court_BadParameter("noShowPenalty");
        if (strikePenalty_ > seatStake_ / 2) revert Court_BadParameter("strikePenalty");
        _token = IERC20(token_);
        _registry = new PeerRegistry(token_, seatStake_, epochSeconds_, thawSeconds_, address(this), address(0));
        _noShowPenalty = noShowPenalty_;
        _strikePenalty = strikePenalty_;
    }

    /// @inheritdoc ITreasury
    function deposit(uint128 amount) external nonReentrant {
        // Check
        if (amount == 0) revert Court_NoAmount();
        // Effect
        _credit(msg.sender, amount);
        emit Deposited(msg.sender, amount);
        // Interaction
        uint256 received = ExactTransfer.pull(_token, msg.sender, amount);
        if (received != amount) revert Court_InexactTransfer(amount, received);
    }

    /// @inheritdoc ITreasury
    function withdraw(uint128 amount) external nonReentrant {
        // Check
        if (amount == 0) revert Court_NoAmount();
        // Effect
        _debit(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
        // Interaction
        SafeERC20.safeTransfer(_token, msg.sender, amount);
    }

    /// @inheritdoc ITreasury
    function token() external view returns (address) {
        return address(_token);
    }

    /// @inheritdoc ITreasury
    function registry() external view returns (address) {
        return address(_registry);
    }

    /// @inheritdoc ITreasury
    function noShowPenalty() external view returns (uint256) {
        return _noShowPenalty;
    }

    /// @inheritdoc ITreasury
    function strikePenalty() external view returns (uint256) {
        return _strikePenalty;
    }

    /// @inheritdoc ITreasury
    function balanceOf(address account) external view returns (uint256) {
        return _accounts[account].balance;
    }

    /// @inheritdoc ITreasury
    function strikesOf(address account) external view returns (uint8) {
        return _accounts[account].strikes;
    }

    function _credit(address account, uint256 amount) internal {
        if (amount != 0) _accounts[account].balance += uint208(amount);
    }

    function _debit(address account, uint256 amount) internal {
        uint256 balance = _accounts[account].balance;
        if (balance < amount) revert Court_BalanceTooSmall(account, balance, amount);
        _accounts[account].balance = uint208(balance - amount);
    }

    /// @dev Pays a verifier that was right.
    function _reward(address account, uint256 amount) internal {
        Account memory rewarded = _accounts[account];
        rewarded.balance += uint208(amount);
        if (rewarded.strikes != 0 && ++rewarded.feesSinceStrike == FEES_PER_FORGIVEN_STRIKE) {
            --rewarded.strikes;
            rewarded.feesSinceStrike = 0;
        }
        _accounts[account] = rewarded;
    }

    /// @dev A verifier was wrong, which can be bad luck: only the third time costs stake.
    /// @return strikes Which one it is; after the third the count starts again
    function _strike(address account, uint32 seat) internal returns (uint8 strikes) {
        Account memory struck = _accounts[account];
        strikes = struck.strikes + 1;
        struck.strikes = strikes == STRIKE_LIMIT ? 0 : strikes;
        struck.feesSinceStrike = 0;
        _accounts[account] = struck;
        if (strikes == STRIKE_LIMIT) _slashForStrikes(seat);
    }

    /// @dev Our own registry calls nobody, and never fails.
    function _slashForStrikes(uint32 seat) internal {
        _registry.slash(seat, _strikePenalty);
    }

    function _slashForAbsence(uint32 seat) internal {
        _registry.slash(seat, _noShowPenalty);
    }
}
