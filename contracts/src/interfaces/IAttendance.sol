// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "./IProjectTypes.sol";

/// @title Who is drawn, who was there: what attesters hold, what they found, and what absence costs
/// @notice In a quiet round nobody needs this: attesters agree off-chain and more than two thirds sign. Here those go
/// whom others leave out. Nobody is ever slashed for what is said here, only for having promised an update and not
/// shown it, and for having said nothing in a round that got no result.
/// @dev One for all projects. It holds no money, and can take from a seat no more than the project's terms say.
interface IAttendance {
    /// @notice What an attester holds of the seats 256 * word to 256 * word + 255, for somebody else to bring.
    struct SignedAvailability {
        uint32 word;
        uint256 bitmap;
        IProjectTypes.Signature signature;
    }

    /// @notice An attester's commitment to a result, for somebody else to bring.
    struct SignedAttestation {
        bytes32 commitment;
        uint32[] seatIds;
        IProjectTypes.Signature signature;
    }

    /// @notice A commitment of a batch that its owner signed and did not open.
    /// @param entries All of the batch
    /// @param index Of the commitment's entry among them
    /// @param signature Of the commitment by the seat's owner
    /// @param revelations Everything revealed in the round, in order, as Revelations unpacks it
    struct BatchSilence {
        uint8 batch;
        uint16 index;
        uint32 seat;
        bytes32 commitment;
        bytes32[] entries;
        IProjectTypes.Signature signature;
        bytes[] revelations;
    }

    /// @notice An attester holds these updates.
    event AvailabilityVoted(
        address indexed project, uint64 indexed round, address indexed account, uint32 word, uint256 bitmap
    );

    /// @notice An attester committed to a result with the weight of `seats`.
    event AttestationCommitted(
        address indexed project, uint64 indexed round, address indexed account, bytes32 commitment, uint32 seats
    );

    /// @notice An attester that sees no quorum says what it found.
    event Attested(address indexed project, uint64 indexed round, address indexed account, bytes32 resultHash);

    /// @notice A seat that committed and did not reveal lost its bond; the registry's event tells how much was left.
    event SilencePunished(address indexed project, uint64 indexed round, uint32 indexed seat);

    /// @notice A seat whose owner was absent from a round without a result lost a little; the registry tells how much.
    event InactivityLeaked(address indexed project, uint64 indexed round, uint32 indexed seat);

    /// @notice The round is in phase `have`, the call needs `want`.
    error Attendance_WrongPhase(address project, uint64 round, IProjectTypes.Phase have, IProjectTypes.Phase want);
    /// @notice The account has no seat that counts in this round.
    error Attendance_NotAttester(address project, uint64 round, address account);
    /// @notice The account does not own `seat`, or the seat does not count in this round.
    error Attendance_NotSeatOwner(address project, uint64 round, uint32 seat, address account);
    /// @notice The seat is not drawn, or not yet: silent ones are replaced as the window goes on, the number of those
    /// who are drawn has doubled `doublings` times.
    error Attendance_NotDrawn(address project, uint64 round, uint32 seat, uint256 doublings);
    /// @notice Seats must be named in ascending order, where attesters are drawn and only there.
    error Attendance_BadSeats(address project, uint64 round);
    /// @notice The account committed or attested before.
    error Attendance_AlreadyThere(address project, uint64 round, address account);
    /// @notice A commitment, and what is attested, cannot be zero.
    error Attendance_Empty(address project, uint64 round);
    /// @notice The account did not commit to this result, or opens something else.
    error Attendance_Mismatch(address project, uint64 round, address account);

    /// @notice The seat did what it is accused of not having done, does not count, or was punished before.
    error Attendance_NotPunishable(address project, uint64 round, uint32 seat);
    /// @notice What was said to be revealed chains to `have`, the round has `want`.
    error Attendance_RevelationsMismatch(address project, uint64 round, bytes32 have, bytes32 want);
    /// @notice Commitment and signature make the entry `have`, in the batch stands `want`.
    error Attendance_EntryMismatch(address project, uint64 round, bytes32 have, bytes32 want);
    /// @notice The entries hash to `have`, posted was `want`.
    error Attendance_BatchMismatch(address project, uint64 round, uint8 batch, bytes32 have, bytes32 want);

    /// @notice Counts a seat among the trainers of the caller's round. For projects that draw trainers; reverts unless
    /// the seat is drawn.
    function joinTrainers(uint64 round, uint32 seat) external;

    /// @notice Says which of the seats 256 * word to 256 * word + 255 have an update that the caller holds.
    function voteAvailability(address project, uint64 round, uint32 word, uint256 bitmap) external;

    /// @notice Brings what attesters have signed as Availability(...).
    function postAvailability(address project, uint64 round, SignedAvailability[] calldata votes) external;

    /// @notice Commits the caller to a result before anybody shows it: attestationHash(...).
    /// @param seatIds The caller's seats that are drawn to attest, ascending; none where all attest
    function commitAttestation(
        address project, uint64 round, bytes32 commitment, uint32[] calldata seatIds
    ) external;

    /// @notice Brings what attesters have signed as Attestation(...).
    function commitAttestations(
        address project, uint64 round, SignedAttestation[] calldata attestations
    ) external;

    /// @notice Records that the caller has found a result, whichever: whoever does so in a round without a quorum loses
    /// nothing.
    function attest(address project, uint64 round, bytes32 resultHash) external;

    /// @notice Takes the bond of seats that committed in this round and did not reveal, from the end of the reveals on,
    /// until they commit in a later round.
    function punishSilence(address project, uint64 round, uint32[] calldata seatIds) external;

    /// @notice The same for a seat whose owner signed a commitment of a batch that nobody opened.
    /// @param silence Which commitment, and everything that shows it
    function punishBatchSilence(address project, uint64 round, BatchSilence calldata silence) external;

    /// @notice Takes a thousandth of the stake of seats whose owner neither committed to a result nor attested in a
    /// skipped round that had updates. Where attesters are drawn, silent ones are replaced, and nothing leaks.
    function leak(address project, uint64 round, uint32[] calldata seatIds) external;

    /// @notice Seats behind the signers of a result, who must have committed to it, and how many a quorum is counted
    /// of.
    function weigh(
        address project,
        uint64 round,
        bytes32 resultHash,
        address[] calldata signers,
        IProjectTypes.Custody[] calldata openings
    ) external view returns (uint256 weight, uint256 seats);

    /// @notice Whether the seat was drawn to train when the commit window of the round opened last ended.
    function wasDrawn(address project, uint64 round, uint32 seat) external view returns (bool);

    /// @notice Whether the seat may commit an update now: it counts, and is drawn.
    function mayTrain(address project, uint64 round, uint32 seat) external view returns (bool);

    /// @notice Whether the account committed or attested in this round.
    function wasThere(address project, uint64 round, address account) external view returns (bool);

    /// @notice Whether the seat may commit to a result now: it counts, and is drawn.
    function mayAttest(address project, uint64 round, uint32 seat) external view returns (bool);

    /// @notice What an attester said that it holds.
    function availabilityOf(
        address project, uint64 round, address account, uint32 word
    ) external view returns (uint256 bitmap);

    /// @notice What an attester committed to, or attested, cut to 28 bytes, and the seats that count for it: none for
    /// what is attested.
    function attestationOf(
        address project, uint64 round, address account
    ) external view returns (bytes28 commitment, uint32 seats);

    /// @notice Seats that committed to a result.
    function attestingSeats(address project, uint64 round) external view returns (uint32);

    /// @notice The hash that commits an attester to a result.
    function attestationHash(
        address project, uint64 round, address account, bytes32 resultHash, IProjectTypes.Custody calldata opening
    ) external view returns (bytes32);

    /// @notice The EIP-712 digest of Availability(address project,uint64 round,uint32 word,uint256 bitmap).
    function signedAvailabilityHash(
        address project, uint64 round, uint32 word, uint256 bitmap
    ) external view returns (bytes32);

    /// @notice The EIP-712 digest of Attestation(address project,uint64 round,bytes32 commitment,uint32[] seatIds).
    function signedAttestationHash(
        address project, uint64 round, bytes32 commitment, uint32[] calldata seatIds
    ) external view returns (bytes32);
}
