// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IPeerRegistry} from "./interfaces/IPeerRegistry.sol";
import {EpochCounts} from "./libraries/EpochCounts.sol";
import {ExactTransfer} from "./libraries/ExactTransfer.sol";

/// @title Seats, their stake and where their owners can be reached
/// @dev Counts are checkpointed under the epoch they take effect in. Changes are only ever written for the next epoch,
/// so keys never decrease and nothing about the current epoch can change.
contract PeerRegistry is IPeerRegistry, ReentrancyGuardTransient {
    using Checkpoints for Checkpoints.Trace208;
    using EpochCounts for EpochCounts.Counts;

    uint256 private constant MAXIMUM_URL_BYTES = 256;
    uint48 private constant MAXIMUM_PAUSE_SECONDS = 7 days;

    IERC20 private immutable _token;
    uint256 private immutable _seatStake;
    uint48 private immutable _epochSeconds;
    uint48 private immutable _thawSeconds;
    address private immutable _slasher;
    address private immutable _guardian;

    uint32 private _seatCount;
    uint48 private _pausedUntil;
    mapping(uint32 seatId => Seat) private _seats;
    mapping(address account => EpochCounts.Counts) private _accountSeats;
    EpochCounts.Counts private _totalSeats;
    mapping(uint256 position => Checkpoints.Trace208) private _pool;
    /// @dev Of the pool as it will be in the next epoch; meaningless for seats that left.
    mapping(uint32 seatId => uint256) private _positions;
    mapping(address reporter => uint256) private _rewards;

    /// @param slasher_ Who can slash, a contract that proves why; zero: nobody
    /// @param guardian_ Who can pause new stakes and rounds; zero: nobody
    constructor(
        address token_,
        uint256 seatStake_,
        uint48 epochSeconds_,
        uint48 thawSeconds_,
        address slasher_,
        address guardian_
    ) {
        if (token_ == address(0)) revert Registry_BadParameter("token");
        // The product of any number of seats with the stake of one must fit the amounts of rounds.
        if (seatStake_ == 0 || seatStake_ > type(uint96).max) revert Registry_BadParameter("seatStake");
        if (epochSeconds_ == 0) revert Registry_BadParameter("epochSeconds");
        if (thawSeconds_ == 0) revert Registry_BadParameter("thawSeconds");
        _token = IERC20(token_);
        _seatStake = seatStake_;
        _epochSeconds = epochSeconds_;
        _thawSeconds = thawSeconds_;
        _slasher = slasher_;
        _guardian = guardian_;
    }

    /// @inheritdoc IPeerRegistry
    function stake(uint32 count) external nonReentrant returns (uint32 firstSeat) {
        // Check
        if (count == 0) revert Registry_NoSeatsNamed();
        _requireNotPaused();
        // Effect
        uint48 activeEpoch = currentEpoch() + 1;
        firstSeat = _seatCount + 1;
        _seatCount += count;
        uint32 total = _totalSeats.latest;
        for (uint32 i = 0; i < count; ++i) {
            uint32 seatId = firstSeat + i;
            _seats[seatId] = Seat({
                owner: msg.sender, activeEpoch: activeEpoch, inactiveEpoch: 0, slashed: 0, withdrawn: false
            });
            _place(seatId, msg.sender, total + i, activeEpoch);
        }
        _accountSeats[msg.sender].set(activeEpoch, _accountSeats[msg.sender].latest + count);
        _totalSeats.set(activeEpoch, total + count);
        emit SeatsStaked(msg.sender, firstSeat, count, activeEpoch);
        // Interaction
        uint256 amount = count * _seatStake;
        uint256 received = ExactTransfer.pull(_token, msg.sender, amount);
        if (received != amount) revert Registry_InexactTransfer(amount, received);
    }

    /// @inheritdoc IPeerRegistry
    function beginUnstake(uint32[] calldata seatIds) external {
        // Check and effect, seat by seat: a seat named twice fails at its second mention.
        if (seatIds.length == 0) revert Registry_NoSeatsNamed();
        uint48 inactiveEpoch = currentEpoch() + 1;
        for (uint256 i = 0; i < seatIds.length; ++i) {
            Seat storage leaving = _ownSeat(seatIds[i]);
            if (leaving.inactiveEpoch != 0) revert Registry_AlreadyLeaving(seatIds[i], leaving.inactiveEpoch);
            _leave(seatIds[i], leaving, inactiveEpoch);
        }
        emit UnstakeBegun(msg.sender, seatIds, inactiveEpoch, _thawEnd(inactiveEpoch));
    }

    /// @inheritdoc IPeerRegistry
    function unstake(uint32[] calldata seatIds) external nonReentrant {
        // Check and effect, seat by seat: a seat named twice fails at its second mention.
        if (seatIds.length == 0) revert Registry_NoSeatsNamed();
        uint256 amount = seatIds.length * _seatStake;
        for (uint256 i = 0; i < seatIds.length; ++i) {
            Seat storage leaving = _ownSeat(seatIds[i]);
            if (leaving.inactiveEpoch == 0) revert Registry_NotLeaving(seatIds[i]);
            uint256 end = _thawEnd(leaving.inactiveEpoch);
            if (block.timestamp < end) revert Registry_StillThawing(seatIds[i], end);
            leaving.withdrawn = true; // whose it was stays on record, for proofs about rounds that counted it
            amount -= leaving.slashed;
        }
        emit SeatsUnstaked(msg.sender, seatIds, amount);
        // Interaction
        SafeERC20.safeTransfer(_token, msg.sender, amount);
    }

    /// @inheritdoc IPeerRegistry
    function slash(uint32 seatId, uint256 amount) external returns (uint256 taken) {
        return _slash(seatId, amount);
    }

    /// @inheritdoc IPeerRegistry
    function slashFor(uint32 seatId, uint256 amount, address reporter) external returns (uint256 taken) {
        taken = _slash(seatId, amount);
        uint256 reward = taken / 2;
        _rewards[reporter] += reward;
        emit ReporterRewarded(reporter, reward);
    }

    /// @inheritdoc IPeerRegistry
    function withdrawReward() external nonReentrant {
        // Check
        uint256 reward = _rewards[msg.sender];
        if (reward == 0) revert Registry_NoReward(msg.sender);
        // Effect
        _rewards[msg.sender] = 0;
        emit RewardWithdrawn(msg.sender, reward);
        // Interaction
        SafeERC20.safeTransfer(_token, msg.sender, reward);
    }

    /// @inheritdoc IPeerRegistry
    function pause(uint48 duration) external {
        if (msg.sender != _guardian) revert Registry_NotGuardian(msg.sender, _guardian);
        if (duration > MAXIMUM_PAUSE_SECONDS) revert Registry_PauseTooLong(duration, MAXIMUM_PAUSE_SECONDS);
        _setPausedUntil(uint48(block.timestamp) + duration);
    }

    /// @inheritdoc IPeerRegistry
    function unpause() external {
        if (msg.sender != _guardian) revert Registry_NotGuardian(msg.sender, _guardian);
        _setPausedUntil(uint48(block.timestamp));
    }

    /// @inheritdoc IPeerRegistry
    function setEndpoint(string calldata url, bytes32 peerKey) external {
        uint256 length = bytes(url).length;
        if (length > MAXIMUM_URL_BYTES) revert Registry_UrlTooLong(length, MAXIMUM_URL_BYTES);
        emit EndpointChanged(msg.sender, url, peerKey);
    }

    /// @inheritdoc IPeerRegistry
    function token() external view returns (address) {
        return address(_token);
    }

    /// @inheritdoc IPeerRegistry
    function slasher() external view returns (address) {
        return _slasher;
    }

    /// @inheritdoc IPeerRegistry
    function guardian() external view returns (address) {
        return _guardian;
    }

    /// @inheritdoc IPeerRegistry
    function pausedUntil() external view returns (uint48) {
        return _pausedUntil;
    }

    /// @inheritdoc IPeerRegistry
    function rewardOf(address reporter) external view returns (uint256) {
        return _rewards[reporter];
    }

    /// @inheritdoc IPeerRegistry
    function seatStake() external view returns (uint256) {
        return _seatStake;
    }

    /// @inheritdoc IPeerRegistry
    function epochSeconds() external view returns (uint48) {
        return _epochSeconds;
    }

    /// @inheritdoc IPeerRegistry
    function thawSeconds() external view returns (uint48) {
        return _thawSeconds;
    }

    /// @inheritdoc IPeerRegistry
    function seatCount() external view returns (uint32) {
        return _seatCount;
    }

    /// @inheritdoc IPeerRegistry
    function seat(uint32 seatId) external view returns (Seat memory) {
        return _seats[seatId];
    }

    /// @inheritdoc IPeerRegistry
    function seatOwnersAt(uint32[] calldata seatIds, uint48 epoch) external view returns (address[] memory owners) {
        owners = new address[](seatIds.length);
        for (uint256 i = 0; i < seatIds.length; ++i) {
            owners[i] = seatOwnerAt(seatIds[i], epoch);
        }
    }

    /// @inheritdoc IPeerRegistry
    function seatAt(uint256 position, uint48 epoch) external view returns (uint32 seatId, address owner) {
        uint256 seats = totalSeatsAt(epoch);
        if (position >= seats) revert Registry_NoSuchPosition(position, seats);
        return _unpacked(_pool[position].upperLookupRecent(epoch));
    }

    /// @inheritdoc IPeerRegistry
    function seatsOf(address[] calldata accounts, uint48 epoch) external view returns (uint256[] memory seats) {
        seats = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            seats[i] = _accountSeats[accounts[i]].countIn(epoch);
        }
    }

    /// @inheritdoc IPeerRegistry
    function thawEnd(uint32 seatId) external view returns (uint256) {
        uint48 inactiveEpoch = _seats[seatId].inactiveEpoch;
        return inactiveEpoch == 0 ? 0 : _thawEnd(inactiveEpoch);
    }

    /// @inheritdoc IPeerRegistry
    function stakeAt(address account, uint48 epoch) external view returns (uint256) {
        return seatsAt(account, epoch) * _seatStake;
    }

    /// @inheritdoc IPeerRegistry
    function totalStakeAt(uint48 epoch) external view returns (uint256) {
        return totalSeatsAt(epoch) * _seatStake;
    }

    /// @inheritdoc IPeerRegistry
    function currentPool() external view returns (uint48 epoch, uint256 seats, uint256 stake_) {
        _requireNotPaused();
        epoch = currentEpoch();
        seats = totalSeatsAt(epoch);
        stake_ = seats * _seatStake;
    }

    /// @inheritdoc IPeerRegistry
    function seatOwnerAt(uint32 seatId, uint48 epoch) public view returns (address) {
        Seat storage found = _seats[seatId]; // its second word is not read
        bool left = found.inactiveEpoch != 0 && epoch >= found.inactiveEpoch;
        return epoch < found.activeEpoch || left ? address(0) : found.owner;
    }

    /// @inheritdoc IPeerRegistry
    function currentEpoch() public view returns (uint48) {
        // Time in seconds fits 48 bits for nine million years.
        return uint48(block.timestamp / _epochSeconds);
    }

    /// @inheritdoc IPeerRegistry
    function seatsAt(address account, uint48 epoch) public view returns (uint256) {
        return _accountSeats[account].countIn(epoch);
    }

    /// @inheritdoc IPeerRegistry
    function totalSeatsAt(uint48 epoch) public view returns (uint256) {
        return _totalSeats.countIn(epoch);
    }

    function _slash(uint32 seatId, uint256 amount) private returns (uint256 taken) {
        // Check
        if (msg.sender != _slasher) revert Registry_NotSlasher(msg.sender, _slasher);
        Seat storage found = _seats[seatId];
        address owner = found.owner;
        if (owner == address(0) || found.withdrawn) return 0;
        // Effect
        uint256 left = _seatStake - found.slashed;
        taken = amount < left ? amount : left;
        uint256 slashed = found.slashed + taken;
        found.slashed = uint96(slashed); // at most the stake, which has 96 bits
        emit SeatSlashed(seatId, owner, taken, slashed);
        if (2 * slashed >= _seatStake && found.inactiveEpoch == 0) {
            uint48 inactiveEpoch = currentEpoch() + 1;
            _leave(seatId, found, inactiveEpoch);
            uint32[] memory seatIds = new uint32[](1);
            seatIds[0] = seatId;
            emit UnstakeBegun(owner, seatIds, inactiveEpoch, _thawEnd(inactiveEpoch));
        }
    }

    /// @dev The last seat of the pool takes the place of the one that leaves.
    function _leave(uint32 seatId, Seat storage leaving, uint48 inactiveEpoch) private {
        leaving.inactiveEpoch = inactiveEpoch;
        uint32 last = _totalSeats.latest - 1;
        (uint32 moved, address mover) = _unpacked(_pool[last].latest());
        _place(moved, mover, _positions[seatId], inactiveEpoch);
        _totalSeats.set(inactiveEpoch, last);
        address owner = leaving.owner;
        _accountSeats[owner].set(inactiveEpoch, _accountSeats[owner].latest - 1);
    }

    function _setPausedUntil(uint48 end) private {
        _pausedUntil = end;
        emit Paused(end);
    }

    function _requireNotPaused() private view {
        if (block.timestamp < _pausedUntil) revert Registry_Paused(_pausedUntil);
    }

    /// @dev The owner, who never changes, is kept with the seat: whoever draws reads one word less.
    function _place(uint32 seatId, address owner, uint256 position, uint48 epoch) private {
        _positions[seatId] = position;
        _pool[position].push(epoch, uint208(uint256(seatId) << 160 | uint160(owner)));
    }

    function _unpacked(uint208 place) private pure returns (uint32 seatId, address owner) {
        return (uint32(place >> 160), address(uint160(place)));
    }

    function _ownSeat(uint32 seatId) private view returns (Seat storage own) {
        own = _seats[seatId];
        if (own.owner != msg.sender) revert Registry_NotSeatOwner(seatId, msg.sender, own.owner);
        if (own.withdrawn) revert Registry_AlreadyWithdrawn(seatId);
    }

    /// @dev Thawing starts when the seat stops counting, so it covers every round that counted it.
    function _thawEnd(uint48 inactiveEpoch) private view returns (uint256) {
        return uint256(inactiveEpoch) * _epochSeconds + _thawSeconds;
    }
}
