// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Seats, their stake and where their owners can be reached
/// @notice A seat is one fixed stake. Weight in a quorum, updates a round and data shards all count seats, so splitting
/// one identity into many gains nothing. Every change of stake acts from the next epoch: whoever reads the weights of
/// the current epoch, or of an earlier one, reads values that nobody can change any more.
interface IPeerRegistry {
    /// @notice One seat. A seat counts in epochs [activeEpoch, inactiveEpoch).
    /// @param owner Account that staked it; zero once the stake was paid back
    /// @param activeEpoch First epoch in which it counts
    /// @param inactiveEpoch First epoch in which it no longer counts; zero while no exit was begun
    /// @param slashed How much of its stake is lost
    struct Seat {
        address owner;
        uint48 activeEpoch;
        uint48 inactiveEpoch;
        uint96 slashed;
        bool withdrawn;
    }

    /// @notice `count` seats with consecutive ids from `firstSeat` were staked and count from `activeEpoch` on.
    event SeatsStaked(address indexed owner, uint32 firstSeat, uint32 count, uint48 activeEpoch);

    /// @notice The seats stop counting at `inactiveEpoch` and their stake is locked until `thawEnd` (seconds).
    event UnstakeBegun(address indexed owner, uint32[] seatIds, uint48 inactiveEpoch, uint256 thawEnd);

    /// @notice The stake of the seats, `amount` together, was paid back.
    event SeatsUnstaked(address indexed owner, uint32[] seatIds, uint256 amount);

    /// @notice The seat lost `amount` of its stake, `slashed` altogether. But for a reporter's half, if there is one,
    /// nobody gets it: it stays here for ever.
    event SeatSlashed(uint32 indexed seat, address indexed owner, uint256 amount, uint256 slashed);

    /// @notice `reporter` proved why a seat was slashed and can withdraw `reward`.
    event ReporterRewarded(address indexed reporter, uint256 reward);

    /// @notice `reward` was paid out to a reporter.
    event RewardWithdrawn(address indexed reporter, uint256 reward);

    /// @notice No stake and no round begins before `pausedUntil` (seconds).
    event Paused(uint48 pausedUntil);

    /// @notice `account` serves its blocks at `url` and proves itself there with `peerKey`.
    event EndpointChanged(address indexed account, string url, bytes32 peerKey);

    /// @notice A registry needs a token, a stake and an epoch that are not zero.
    error Registry_BadParameter(string name);
    /// @notice Zero seats cannot be staked, left or paid back.
    error Registry_NoSeatsNamed();
    /// @notice The token moved `received` where `expected` was asked for: tokens that take a fee are not supported.
    error Registry_InexactTransfer(uint256 expected, uint256 received);
    /// @notice `account` is not the owner of `seat`.
    error Registry_NotSeatOwner(uint32 seat, address account, address owner);
    /// @notice The exit of `seat` was begun before.
    error Registry_AlreadyLeaving(uint32 seat, uint48 inactiveEpoch);
    /// @notice The exit of `seat` was not begun.
    error Registry_NotLeaving(uint32 seat);
    /// @notice The stake of `seat` was paid back before.
    error Registry_AlreadyWithdrawn(uint32 seat);
    /// @notice The stake of `seat` stays locked until `thawEnd` (seconds).
    error Registry_StillThawing(uint32 seat, uint256 thawEnd);
    /// @notice The guardian paused new stakes and rounds until `pausedUntil` (seconds).
    error Registry_Paused(uint48 pausedUntil);
    /// @notice Only `guardian` can pause.
    error Registry_NotGuardian(address account, address guardian);
    /// @notice A pause lasts at most `most` seconds, not `have`.
    error Registry_PauseTooLong(uint48 have, uint48 most);
    /// @notice Nothing to withdraw for `reporter`.
    error Registry_NoReward(address reporter);
    /// @notice Only `slasher` can slash; zero: nobody can.
    error Registry_NotSlasher(address account, address slasher);
    /// @notice In that epoch the pool has only `seats` seats.
    error Registry_NoSuchPosition(uint256 position, uint256 seats);
    /// @notice The endpoint has `length` bytes, more than `maximum`.
    error Registry_UrlTooLong(uint256 length, uint256 maximum);

    /// @notice Stakes `count` new seats for the caller, who approved count * seatStake() before.
    /// @return firstSeat Id of the first; the others follow it
    function stake(uint32 count) external returns (uint32 firstSeat);

    /// @notice Begins the exit of the caller's seats: they count until the end of this epoch, then thaw.
    function beginUnstake(uint32[] calldata seatIds) external;

    /// @notice Pays what is left of the stake of thawed seats back to the caller, their owner.
    function unstake(uint32[] calldata seatIds) external;

    /// @notice Takes `amount` of a seat's stake, or what is left of it. For the slasher; never fails, also for a seat
    /// that is gone. A seat that has lost half of its stake stops counting at the end of the epoch.
    /// @return taken What was taken
    function slash(uint32 seatId, uint256 amount) external returns (uint256 taken);

    /// @notice slash(), with half of what is taken for the reporter, rounded down. The rest is nobody's.
    function slashFor(uint32 seatId, uint256 amount, address reporter) external returns (uint256 taken);

    /// @notice Pays the caller what it was rewarded for reports.
    function withdrawReward() external;

    /// @notice Stops new stakes and rounds for so many seconds from now, at most seven days. For the guardian. Exits,
    /// claims, proofs and rounds under way go on.
    function pause(uint48 duration) external;

    /// @notice Ends a pause. For the guardian.
    function unpause() external;

    /// @notice Announces where the caller serves its blocks; an event only, the last one counts.
    function setEndpoint(string calldata url, bytes32 peerKey) external;

    /// @notice The token that is staked.
    function token() external view returns (address);

    /// @notice Who can slash; zero: nobody.
    function slasher() external view returns (address);

    /// @notice Who can pause new stakes and rounds; zero: nobody.
    function guardian() external view returns (address);

    /// @notice End of the pause (seconds); in the past or zero: nothing is paused.
    function pausedUntil() external view returns (uint48);

    /// @notice What a reporter can withdraw.
    function rewardOf(address reporter) external view returns (uint256);

    /// @notice Stake of one seat, in the token's smallest unit.
    function seatStake() external view returns (uint256);

    /// @notice Length of an epoch in seconds.
    function epochSeconds() external view returns (uint48);

    /// @notice How long stake stays locked after its seat stopped counting, in seconds.
    function thawSeconds() external view returns (uint48);

    /// @notice Number of the current epoch: time divided by the length of an epoch.
    function currentEpoch() external view returns (uint48);

    /// @notice Number of seats ever staked; ids run from 1 to this.
    function seatCount() external view returns (uint32);

    /// @notice A seat by its id.
    function seat(uint32 seatId) external view returns (Seat memory);

    /// @notice Owner of the seat if it counts in that epoch, else zero.
    function seatOwnerAt(uint32 seatId, uint48 epoch) external view returns (address);

    /// @notice seatOwnerAt() of many seats.
    function seatOwnersAt(uint32[] calldata seatIds, uint48 epoch) external view returns (address[] memory owners);

    /// @notice The seat at a position of the epoch's pool, which holds every seat that counts in it, at positions
    /// [0, totalSeatsAt(epoch)) in no order. Final for every epoch up to the current one.
    function seatAt(uint256 position, uint48 epoch) external view returns (uint32 seatId, address owner);

    /// @notice When the stake of a leaving seat can be paid back (seconds); zero while no exit was begun.
    function thawEnd(uint32 seatId) external view returns (uint256);

    /// @notice Seats of the account that count in that epoch. Final for every epoch up to the current one.
    function seatsAt(address account, uint48 epoch) external view returns (uint256);

    /// @notice seatsAt() of many accounts.
    function seatsOf(address[] calldata accounts, uint48 epoch) external view returns (uint256[] memory seats);

    /// @notice Seats that count in that epoch. Final for every epoch up to the current one.
    function totalSeatsAt(uint48 epoch) external view returns (uint256);

    /// @notice The current epoch, the seats that count in it and their stake. Reverts while new rounds are paused.
    function currentPool() external view returns (uint48 epoch, uint256 seats, uint256 stake);

    /// @notice seatsAt() in stake.
    function stakeAt(address account, uint48 epoch) external view returns (uint256);

    /// @notice totalSeatsAt() in stake.
    function totalStakeAt(uint48 epoch) external view returns (uint256);
}
