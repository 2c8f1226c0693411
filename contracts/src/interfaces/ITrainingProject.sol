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

    /// @notice Commits many seats at once: keccak256 of `count` commitments, packed. For owners of a seat.
    /// @dev Binds nobody who has not signed Commitment(commitment), and keeps nobody from commit().
    function postCommits(uint64 round, bytes32 batchHash, uint16 count) external returns (uint8 batch);

    /// @notice Reveals the update the caller committed to with this seat.
    function reveal(uint64 round, uint32 seat, bytes32 digest, bytes32 dataRoot, bytes32 salt) external;

    /// @notice Reveals updates out of a batch, each signed by its seat's owner. Anybody can.
    /// @param commitments The batch's commitments in order; those that are opened may be left zero
    function revealBatch(
        uint64 round, uint8 batch, Opening[] calldata openings, bytes32[] calldata commitments
    ) external;

    /// @notice Pins the block whose hash goes into the next seed: after the reveals of the last round, if not everybody
    /// revealed, and again when the chain has forgotten the block.
    function pinSeed() external;

    /// @notice Says which of the seats 256 * word to 256 * word + 255 have an update that the caller holds.
    function voteAvailability(uint64 round, uint32 word, uint256 bitmap) external;

    /// @notice Brings what attesters have signed about what they hold.
    function postAvailability(uint64 round, SignedAvailability[] calldata votes) external;

    /// @notice Commits the caller to a result before anybody shows it: attestationHash(...).
    /// @param seatIds The caller's seats that are drawn to attest; none where all attest
    function commitAttestation(uint64 round, bytes32 commitment, uint32[] calldata seatIds) external;

    /// @notice Brings what attesters have signed as Attestation(commitment, seatIds).
    function commitAttestations(uint64 round, SignedAttestation[] calldata attestations) external;

    /// @notice Records that the caller has found a result, whichever: whoever does so in a round without a quorum loses
    /// nothing.
    function attest(uint64 round, bytes32 resultHash) external;

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

    /// @notice Takes the bond of seats that committed in this round and did not reveal.
    function punishSilence(uint64 round, uint32[] calldata seatIds) external;

    /// @notice The same for a seat whose owner signed the commitment at `index` of a batch.
    function punishBatchSilence(
        uint64 round,
        uint8 batch,
        uint16 index,
        uint32 seat,
        bytes32[] calldata commitments,
        Signature calldata signature
    ) external;

    /// @notice Takes a thousandth of the stake of seats whose owner showed no result in a skipped round with updates.
    function leak(uint64 round, uint32[] calldata seatIds) external;

    /// @notice Voids an accepted result and everything built on it. For the disputes contract.
    function voidRound(uint64 round, Result calldata result) external;

    /// @notice Takes the whole stake of seats; half of it is the reporter's. For the disputes contract.
    function slashProven(uint32[] calldata seatIds, address reporter) external;

    /// @notice Pays `account` the difference between what it ever earned and what it has received.
    function claim(address account, uint256 cumulative, bytes32[] calldata proof) external;

    /// @notice Stops rounds that are not open yet. For the owner.
    function requestClose() external;

    /// @notice Refunds what was never allocated, once complete or closable. Claims stay possible. Of an incomplete
    /// project the forfeited pools go to the insurance: who blocks a quorum must not be paid for it.
    function close() external;

    /// @notice Everything fixed at creation.
    function configuration() external view returns (Configuration memory);

    /// @notice Who can void rounds, and where forfeited pools go.
    function disputes() external view returns (address);

    /// @notice Where pools go that nobody could be paid from.
    function insurance() external view returns (address);

    /// @notice The project as a whole.
    function status() external view returns (ProjectStatus memory);

    /// @notice One round.
    function round(uint64 number) external view returns (RoundView memory);

    /// @notice Whether the seat may commit an update now: it counts, and is drawn.
    function mayTrain(uint64 round, uint32 seat) external view returns (bool);

    /// @notice Whether the seat may commit to a result now: it counts, and is drawn.
    function mayAttest(uint64 round, uint32 seat) external view returns (bool);

    /// @notice The first 27 bytes of what the seat committed to in this round, directly; zero otherwise.
    function commitmentOf(uint64 round, uint32 seat) external view returns (bytes27);

    /// @notice Whether the seat revealed in this round.
    function hasRevealed(uint64 round, uint32 seat) external view returns (bool);

    /// @notice What an attester said on the chain that it holds.
    function availabilityOf(uint64 round, address account, uint32 word) external view returns (uint256 bitmap);

    /// @notice What an attester committed to, or attested, cut to 28 bytes, and the seats that count for it.
    function attestationOf(uint64 round, address account) external view returns (bytes28 commitment, uint32 seats);

    /// @notice What `account` has received.
    function claimed(address account) external view returns (uint256);

    /// @notice The hash that commits `account`'s seat to an update.
    function commitmentHash(
        uint64 round, uint32 seat, address account, bytes32 digest, bytes32 dataRoot, bytes32 salt
    ) external view returns (bytes32);

    /// @notice The hash that commits an attester to a result.
    function attestationHash(
        uint64 round, address account, bytes32 resultHash, bytes32 custody, bytes32 salt
    ) external view returns (bytes32);

    /// @notice The EIP-712 digest that attesters of this project sign; also the result's hash on record.
    function resultHash(uint64 round, Result calldata result) external view returns (bytes32);

    /// @notice The EIP-712 digest of Commitment(bytes32 commitment): what the owner of a seat in a batch signs.
    function signedCommitmentHash(bytes32 commitment) external view returns (bytes32);

    /// @notice The EIP-712 digest of Availability(uint64 round,uint32 word,uint256 bitmap).
    function signedAvailabilityHash(uint64 round, uint32 word, uint256 bitmap) external view returns (bytes32);

    /// @notice The EIP-712 digest of Attestation(bytes32 commitment,uint32[] seatIds).
    function signedAttestationHash(bytes32 commitment, uint32[] calldata seatIds) external view returns (bytes32);
}
