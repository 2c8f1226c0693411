// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "./IProjectTypes.sol";

/// @title One model trained by strangers: its rounds, its checkpoints and its money
/// @notice A round runs through half-open windows: commit, reveal, availability, attest-commit, attest. Each begins
/// where the one before ends; one of no length is left out. A result accepted in the last one is challenged until
/// challengeEnd and finalized from then on. Commit and reveal end early once everybody who may act has acted. Whatever
/// state a round is in, after the end of its window anybody can move it on: to finalized, or to skipped.
/// @dev A project is a clone whose configuration is part of its code, so it cannot change. No role can move money.
/// Weights count seats, each of one fixed stake.
interface ITrainingProject is IProjectTypes {
    /// @notice Adds to the budget; the caller approved `amount` before.
    function fund(uint128 amount) external;

    /// @notice Opens the next round, if the last one is accepted, finalized, skipped or voided.
    function openRound() external returns (uint64 round);

    /// @notice Commits the caller's seat to commitmentHash(...) of its update.
    function commit(uint64 round, uint32 seat, bytes32 commitment) external;

    /// @notice Commits many seats at once: keccak256 of `count` entries, packed, each keccak256 of a commitment and its
    /// owner's signature of it, r and vs. For owners of a seat.
    /// @dev Binds nobody who has not signed Commitment(...), and keeps nobody from commit().
    function postCommits(uint64 round, bytes32 batchHash, uint16 count) external returns (uint8 batch);

    /// @notice Reveals the update the caller committed to with this seat.
    function reveal(uint64 round, uint32 seat, bytes32 digest, bytes32 dataRoot, bytes32 salt) external;

    /// @notice Reveals updates out of a batch. Anybody can.
    /// @dev That each account owns its seat and signed is for everybody who computes the round to check.
    /// @param openings Packed, 186 bytes each: index of the commitment in the batch (2), seat (4), account (20),
    /// digest, data root, salt, and the account's signature of Commitment(...), r and vs (32 each)
    /// @param entries The batch's entries in order, zero where they are opened
    function revealBatch(
        uint64 round, uint8 batch, bytes calldata openings, bytes32[] calldata entries
    ) external;

    /// @notice Pins another block for the next seed, when the chain has forgotten the one that was pinned as the last
    /// round was accepted or skipped.
    function pinSeed() external;

    /// @notice Accepts a result signed by more than two thirds, signers in ascending order.
    /// @param contributions Leaves of the weight root, 41 bytes each: seat, weight, score, reason, reward
    /// @param openings What opens the signers' commitments, in the order of signers; none where nobody commits
    function acceptSigned(
        uint64 round,
        Result calldata result,
        bytes calldata contributions,
        Signature[] calldata signatures,
        Custody[] calldata openings
    ) external;

    /// @notice Makes an accepted result final after its challenge window, in the order of rounds.
    function finalize(uint64 round, Result calldata result) external;

    /// @notice Gives up a lapsed round; its pool is available again.
    function skipRound(uint64 round) external;

    /// @notice Voids an accepted result and everything built on it. For the disputes contract.
    function voidRound(uint64 round, Result calldata result) external;

    /// @notice Takes the whole stake of seats; half of it is the reporter's. For the disputes contract.
    function slashProven(uint32[] calldata seatIds, address reporter) external;

    /// @notice Takes part of a seat's stake for having been absent. For the attendance contract.
    /// @return taken What was taken
    function slashAbsent(uint32 seatId, uint256 amount) external returns (uint256 taken);

    /// @notice Pays `account` the difference between what it ever earned and what it has received.
    function claim(address account, uint256 cumulative, bytes32[] calldata proof) external;

    /// @notice Stops rounds that are not open yet. For the owner.
    function requestClose() external;

    /// @notice Refunds what was never allocated, once complete or closable. Claims stay possible. Of an incomplete
    /// project the forfeited pools go to the insurance: who blocks a quorum must not be paid for it.
    function close() external;

    /// @notice Everything fixed at creation.
    function configuration() external view returns (Configuration memory);

    /// @notice Who can void rounds and slash for a proof.
    function disputes() external view returns (address);

    /// @notice Where attesters say what they hold, and who was absent loses a little.
    function attendance() external view returns (address);

    /// @notice Where pools go that nobody could be paid from.
    function insurance() external view returns (address);

    /// @notice The project as a whole.
    function status() external view returns (ProjectStatus memory);

    /// @notice Seed of the round opened last.
    function seed() external view returns (bytes32);

    /// @notice One round.
    function round(uint64 number) external view returns (RoundView memory);

    /// @notice The first 27 bytes of what the seat committed to in this round, directly; zero otherwise.
    function commitmentOf(uint64 round, uint32 seat) external view returns (bytes27);

    /// @notice Whether the seat revealed in this round, directly.
    function hasRevealed(uint64 round, uint32 seat) external view returns (bool);

    /// @notice Hash, cut to 26 bytes, and number of the commitments in a batch; zero for one that is not there.
    function batchOf(uint64 round, uint8 batch) external view returns (bytes26 batchHash, uint16 count);

    /// @notice What `account` has received.
    function claimed(address account) external view returns (uint256);

    /// @notice The hash that commits `account`'s seat to an update.
    function commitmentHash(
        uint64 round, uint32 seat, address account, bytes32 digest, bytes32 dataRoot, bytes32 salt
    ) external view returns (bytes32);

    /// @notice The EIP-712 digest that attesters of this project sign; also the result's hash on record.
    function resultHash(uint64 round, Result calldata result) external view returns (bytes32);

    /// @notice The EIP-712 digest of Commitment(uint64 round,uint32 seat,bytes32 commitment), for a batch.
    function signedCommitmentHash(uint64 round, uint32 seat, bytes32 commitment) external view returns (bytes32);
}
