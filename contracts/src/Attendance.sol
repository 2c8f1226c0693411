// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {IAttendance} from "./interfaces/IAttendance.sol";
import {IPeerRegistry} from "./interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "./interfaces/IProjectTypes.sol";
import {ITrainingProject} from "./interfaces/ITrainingProject.sol";
import {Batches} from "./libraries/Batches.sol";
import {Revelations} from "./libraries/Revelations.sol";
import {Sortition} from "./libraries/Sortition.sol";

/// @title Who is drawn, who was there, and what absence costs
/// @dev What a project is, its phases and its seats, it is asked itself.
contract Attendance is IAttendance, EIP712 {
    using Sortition for Sortition.Turnout;

    /// @dev What an attester committed to, or attested, cut to 28 bytes, and the seats that count for it: none for what
    /// is attested, when results are no secret any more.
    struct Presence {
        bytes28 commitment;
        uint32 seats;
    }

    bytes32 private constant AVAILABILITY_TYPEHASH =
        keccak256("Availability(address project,uint64 round,uint32 word,uint256 bitmap)");
    bytes32 private constant ATTESTATION_TYPEHASH =
        keccak256("Attestation(address project,uint64 round,bytes32 commitment,uint32[] seatIds)");
    bytes32 private constant ATTEST_DOMAIN = keccak256("SwarmProof attestation, version 1");

    uint256 private constant LEAK_DIVISOR = 1000;
    uint256 private constant BPS = 10_000;

    mapping(address project => mapping(uint64 round => mapping(address account => Presence))) private _presences;
    mapping(address project => mapping(uint64 round => Sortition.Turnout)) private _trainers;
    mapping(address project => mapping(uint64 round => Sortition.Turnout)) private _attesters;
    mapping(
        address project => mapping(uint64 round => mapping(address account => mapping(uint32 word => uint256)))
    ) private _votes;

    mapping(address project => mapping(uint64 round => mapping(uint32 seat => bool))) private _silent;
    mapping(address project => mapping(uint64 round => mapping(uint32 seat => bool))) private _leaked;

    constructor() EIP712("SwarmProof attendance", "1") {}

    /// @inheritdoc IAttendance
    function joinTrainers(uint64 round, uint32 seat) external {
        // Check
        IProjectTypes.RoundView memory found = _inPhase(msg.sender, round, IProjectTypes.Phase.Commit);
        uint256 want = ITrainingProject(msg.sender).configuration().trainersPerRound;
        (uint256 quarter, uint256 doublings) = _trainerStretch(msg.sender, round, found, want, block.timestamp);
        _requireDrawn(msg.sender, round, found, Sortition.TRAINER, seat, want, doublings);
        // Effect
        Sortition.Turnout storage turnout = _trainers[msg.sender][round];
        ++turnout.joined;
        turnout.quarter = uint8(quarter);
        turnout.doublings = uint8(doublings);
    }

    /// @inheritdoc IAttendance
    function voteAvailability(address project, uint64 round, uint32 word, uint256 bitmap) external {
        uint48 epoch = _inPhase(project, round, IProjectTypes.Phase.Availability).epoch;
        _recordVote(project, round, epoch, msg.sender, word, bitmap);
    }

    /// @inheritdoc IAttendance
    function postAvailability(address project, uint64 round, SignedAvailability[] calldata votes) external {
        uint48 epoch = _inPhase(project, round, IProjectTypes.Phase.Availability).epoch;
        for (uint256 i = 0; i < votes.length; ++i) {
            SignedAvailability calldata vote = votes[i];
            bytes32 hash = signedAvailabilityHash(project, round, vote.word, vote.bitmap);
            address signer = ECDSA.recover(hash, vote.signature.r, vote.signature.vs);
            _recordVote(project, round, epoch, signer, vote.word, vote.bitmap);
        }
    }

    /// @inheritdoc IAttendance
    function commitAttestation(
        address project, uint64 round, bytes32 commitment, uint32[] calldata seatIds
    ) external {
        IProjectTypes.RoundView memory found = _inPhase(project, round, IProjectTypes.Phase.AttestCommit);
        _commit(project, round, found, msg.sender, commitment, seatIds);
    }

    /// @inheritdoc IAttendance
    function commitAttestations(
        address project, uint64 round, SignedAttestation[] calldata attestations
    ) external {
        IProjectTypes.RoundView memory found = _inPhase(project, round, IProjectTypes.Phase.AttestCommit);
        for (uint256 i = 0; i < attestations.length; ++i) {
            SignedAttestation calldata item = attestations[i];
            bytes32 hash = signedAttestationHash(project, round, item.commitment, item.seatIds);
            address signer = ECDSA.recover(hash, item.signature.r, item.signature.vs);
            _commit(project, round, found, signer, item.commitment, item.seatIds);
        }
    }

    /// @inheritdoc IAttendance
    function attest(address project, uint64 round, bytes32 resultHash) external {
        // Check
        uint48 epoch = _inPhase(project, round, IProjectTypes.Phase.Attest).epoch;
        if (_registryOf(project).seatsAt(msg.sender, epoch) == 0) {
            revert Attendance_NotAttester(project, round, msg.sender);
        }
        // Effect
        _enter(project, round, msg.sender, resultHash, 0);
        emit Attested(project, round, msg.sender, resultHash);
    }

    /// @inheritdoc IAttendance
    function punishSilence(address project, uint64 round, uint32[] calldata seatIds) external {
        IProjectTypes.RoundView memory found = _afterReveals(project, round);
        for (uint256 i = 0; i < seatIds.length; ++i) {
            if (ITrainingProject(project).commitmentOf(round, seatIds[i]) == 0) {
                revert Attendance_NotPunishable(project, round, seatIds[i]);
            }
            _takeBond(project, round, found, seatIds[i]);
        }
    }

    /// @inheritdoc IAttendance
    function punishBatchSilence(address project, uint64 round, BatchSilence calldata silence) external {
        IProjectTypes.RoundView memory found = _afterReveals(project, round);
        (bytes26 posted, uint16 count) = ITrainingProject(project).batchOf(round, silence.batch);
        bytes32 have = keccak256(abi.encodePacked(silence.entries));
        // What was posted with another count nobody could open.
        if (bytes26(have) != posted || silence.entries.length != count) {
            revert Attendance_BatchMismatch(project, round, silence.batch, have, posted);
        }
        bytes32 entry = Batches.entryOf(silence.commitment, silence.signature.r, silence.signature.vs);
        if (silence.entries[silence.index] != entry) {
            revert Attendance_EntryMismatch(project, round, entry, silence.entries[silence.index]);
        }
        bytes32 signed = ITrainingProject(project).signedCommitmentHash(
            round, silence.seat, silence.commitment
        );
        address signer = ECDSA.recover(signed, silence.signature.r, silence.signature.vs);
        if (_registryOf(project).seatOwnerAt(silence.seat, found.epoch) != signer) {
            revert Attendance_NotSeatOwner(project, round, silence.seat, signer);
        }
        bytes32 chain = Revelations.chain(silence.revelations);
        if (chain != found.revealsHash) {
            revert Attendance_RevelationsMismatch(project, round, chain, found.revealsHash);
        }
        if (Revelations.open(silence.revelations, project, round, silence.seat, silence.commitment)) {
            revert Attendance_NotPunishable(project, round, silence.seat);
        }
        _takeBond(project, round, found, silence.seat);
    }

    /// @inheritdoc IAttendance
    function leak(address project, uint64 round, uint32[] calldata seatIds) external {
        IProjectTypes.RoundView memory found = _inPhase(project, round, IProjectTypes.Phase.Skipped);
        IPeerRegistry registry = _registryOf(project);
        uint256 amount = registry.seatStake() / LEAK_DIVISOR;
        // Without updates there was nothing to attest.
        bool leaks = found.reveals != 0 && ITrainingProject(project).configuration().attestersPerRound == 0;
        for (uint256 i = 0; i < seatIds.length; ++i) {
            uint32 seat = seatIds[i];
            // Check
            address owner = registry.seatOwnerAt(seat, found.epoch);
            bool absent = owner != address(0) && _presences[project][round][owner].commitment == 0;
            if (!leaks || !absent || _leaked[project][round][seat]) {
                revert Attendance_NotPunishable(project, round, seat);
            }
            // Effect
            _leaked[project][round][seat] = true;
            emit InactivityLeaked(project, round, seat);
            // Interaction
            ITrainingProject(project).slashAbsent(seat, amount);
        }
    }

    /// @inheritdoc IAttendance
    function wasDrawn(address project, uint64 round, uint32 seat) external view returns (bool) {
        IProjectTypes.RoundView memory found = ITrainingProject(project).round(round);
        uint256 want = ITrainingProject(project).configuration().trainersPerRound;
        (, uint256 doublings) = _trainerStretch(project, round, found, want, found.commitEnd - 1);
        return _isDrawn(project, found, Sortition.TRAINER, seat, want, doublings);
    }

    /// @inheritdoc IAttendance
    function mayTrain(address project, uint64 round, uint32 seat) external view returns (bool) {
        IProjectTypes.RoundView memory found = ITrainingProject(project).round(round);
        if (found.phase != IProjectTypes.Phase.Commit) return false;
        if (_registryOf(project).seatOwnerAt(seat, found.epoch) == address(0)) return false;
        uint256 want = ITrainingProject(project).configuration().trainersPerRound;
        (, uint256 doublings) = _trainerStretch(project, round, found, want, block.timestamp);
        return _isDrawn(project, found, Sortition.TRAINER, seat, want, doublings);
    }

    /// @inheritdoc IAttendance
    function weigh(
        address project,
        uint64 round,
        bytes32 resultHash,
        address[] calldata signers,
        IProjectTypes.Custody[] calldata openings
    ) external view returns (uint256 weight, uint256 seats) {
        for (uint256 i = 0; i < signers.length; ++i) {
            Presence memory presence = _presences[project][round][signers[i]];
            bytes32 opened = attestationHash(project, round, signers[i], resultHash, openings[i]);
            if (presence.seats == 0 || presence.commitment != bytes28(opened)) {
                revert Attendance_Mismatch(project, round, signers[i]);
            }
            weight += presence.seats;
        }
        uint256 drawn = ITrainingProject(project).configuration().attestersPerRound;
        uint256 joined = _attesters[project][round].joined;
        uint256 all = ITrainingProject(project).round(round).seats;
        seats = drawn == 0 || drawn > all ? all : joined > drawn ? joined : drawn;
    }

    /// @inheritdoc IAttendance
    function wasThere(address project, uint64 round, address account) external view returns (bool) {
        return _presences[project][round][account].commitment != 0;
    }

    /// @inheritdoc IAttendance
    function mayAttest(address project, uint64 round, uint32 seat) external view returns (bool) {
        IProjectTypes.RoundView memory found = ITrainingProject(project).round(round);
        if (found.phase != IProjectTypes.Phase.AttestCommit) return false;
        if (_registryOf(project).seatOwnerAt(seat, found.epoch) == address(0)) return false;
        uint256 want = ITrainingProject(project).configuration().attestersPerRound;
        (, uint256 doublings) = _stretch(project, round, found, want);
        return _isDrawn(project, found, Sortition.ATTESTER, seat, want, doublings);
    }

    /// @inheritdoc IAttendance
    function availabilityOf(
        address project, uint64 round, address account, uint32 word
    ) external view returns (uint256 bitmap) {
        return _votes[project][round][account][word];
    }

    /// @inheritdoc IAttendance
    function attestationOf(
        address project, uint64 round, address account
    ) external view returns (bytes28 commitment, uint32 seats) {
        Presence memory presence = _presences[project][round][account];
        return (presence.commitment, presence.seats);
    }

    /// @inheritdoc IAttendance
    function attestingSeats(address project, uint64 round) external view returns (uint32) {
        return _attesters[project][round].joined;
    }

    /// @inheritdoc IAttendance
    function attestationHash(
        address project, uint64 round, address account, bytes32 resultHash, IProjectTypes.Custody calldata opening
    ) public view returns (bytes32) {
        return keccak256(
            abi.encode(
                ATTEST_DOMAIN, block.chainid, project, round, account, resultHash, opening.custody, opening.salt
            )
        );
    }

    /// @inheritdoc IAttendance
    function signedAvailabilityHash(
        address project, uint64 round, uint32 word, uint256 bitmap
    ) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(AVAILABILITY_TYPEHASH, project, round, word, bitmap)));
    }

    /// @inheritdoc IAttendance
    function signedAttestationHash(
        address project, uint64 round, bytes32 commitment, uint32[] calldata seatIds
    ) public view returns (bytes32) {
        bytes32 seatsHash = keccak256(abi.encodePacked(seatIds));
        return _hashTypedDataV4(keccak256(abi.encode(ATTESTATION_TYPEHASH, project, round, commitment, seatsHash)));
    }

    function _recordVote(
        address project, uint64 round, uint48 epoch, address account, uint32 word, uint256 bitmap
    ) private {
        // Check
        if (_registryOf(project).seatsAt(account, epoch) == 0) {
            revert Attendance_NotAttester(project, round, account);
        }
        // Effect: what is held only grows, whatever is brought again.
        bitmap |= _votes[project][round][account][word];
        _votes[project][round][account][word] = bitmap;
        emit AvailabilityVoted(project, round, account, word, bitmap);
    }

    function _commit(
        address project,
        uint64 round,
        IProjectTypes.RoundView memory found,
        address account,
        bytes32 commitment,
        uint32[] calldata seatIds
    ) private {
        // Check
        uint256 want = ITrainingProject(project).configuration().attestersPerRound;
        if ((want == 0) != (seatIds.length == 0)) revert Attendance_BadSeats(project, round);
        (uint256 quarter, uint256 doublings) = _stretch(project, round, found, want);
        uint256 seats = want == 0
            ? _registryOf(project).seatsAt(account, found.epoch)
            : _countDrawn(project, round, found, account, seatIds, doublings);
        if (seats == 0) revert Attendance_NotAttester(project, round, account);
        // Effect
        _enter(project, round, account, commitment, seats);
        Sortition.Turnout storage turnout = _attesters[project][round];
        turnout.joined += uint32(seats);
        turnout.quarter = uint8(quarter);
        turnout.doublings = uint8(doublings);
        emit AttestationCommitted(project, round, account, commitment, uint32(seats));
    }

    function _enter(address project, uint64 round, address account, bytes32 commitment, uint256 seats) private {
        if (bytes28(commitment) == 0) revert Attendance_Empty(project, round);
        if (_presences[project][round][account].commitment != 0) {
            revert Attendance_AlreadyThere(project, round, account);
        }
        _presences[project][round][account] = Presence(bytes28(commitment), uint32(seats));
    }

    function _takeBond(
        address project, uint64 round, IProjectTypes.RoundView memory found, uint32 seat
    ) private {
        // Check
        bool counts = _registryOf(project).seatOwnerAt(seat, found.epoch) != address(0);
        bool silent = !ITrainingProject(project).hasRevealed(round, seat) && !_silent[project][round][seat];
        if (!counts || !silent) revert Attendance_NotPunishable(project, round, seat);
        // Effect
        _silent[project][round][seat] = true;
        uint256 bps = ITrainingProject(project).configuration().silenceBondBps;
        uint256 bond = _registryOf(project).seatStake() * bps / BPS;
        emit SilencePunished(project, round, seat);
        // Interaction
        ITrainingProject(project).slashAbsent(seat, bond);
    }

    function _afterReveals(
        address project, uint64 round
    ) private view returns (IProjectTypes.RoundView memory found) {
        found = ITrainingProject(project).round(round);
        // Whose round was voided before a result may have been kept from revealing.
        bool cut = found.phase == IProjectTypes.Phase.Voided && found.resultHash == 0;
        if (found.phase < IProjectTypes.Phase.Availability || cut) {
            revert Attendance_WrongPhase(project, round, found.phase, IProjectTypes.Phase.Availability);
        }
    }

    function _countDrawn(
        address project,
        uint64 round,
        IProjectTypes.RoundView memory found,
        address account,
        uint32[] calldata seatIds,
        uint256 doublings
    ) private view returns (uint256) {
        uint256 want = ITrainingProject(project).configuration().attestersPerRound;
        address[] memory owners = _registryOf(project).seatOwnersAt(seatIds, found.epoch);
        for (uint256 i = 0; i < seatIds.length; ++i) {
            uint32 seat = seatIds[i];
            if (i != 0 && seat <= seatIds[i - 1]) revert Attendance_BadSeats(project, round);
            if (owners[i] != account) revert Attendance_NotSeatOwner(project, round, seat, account);
            _requireDrawn(project, round, found, Sortition.ATTESTER, seat, want, doublings);
        }
        return seatIds.length;
    }

    function _inPhase(
        address project, uint64 round, IProjectTypes.Phase want
    ) private view returns (IProjectTypes.RoundView memory found) {
        found = ITrainingProject(project).round(round);
        if (found.phase != want) revert Attendance_WrongPhase(project, round, found.phase, want);
    }

    function _requireDrawn(
        address project,
        uint64 round,
        IProjectTypes.RoundView memory found,
        bytes32 role,
        uint32 seat,
        uint256 want,
        uint256 doublings
    ) private view {
        if (!_isDrawn(project, found, role, seat, want, doublings)) {
            revert Attendance_NotDrawn(project, round, seat, doublings);
        }
    }

    /// @dev The commit window of a project that draws does not end early: what has come in tells where it began.
    function _trainerStretch(
        address project, uint64 round, IProjectTypes.RoundView memory found, uint256 want, uint256 time
    ) private view returns (uint256 quarter, uint256 doublings) {
        uint256 start = found.commitEnd - ITrainingProject(project).configuration().commitSeconds;
        quarter = Sortition.quarterOf(start, found.commitEnd, time);
        doublings = _trainers[project][round].doublingsAt(quarter, want);
    }

    function _stretch(
        address project, uint64 round, IProjectTypes.RoundView memory found, uint256 want
    ) private view returns (uint256 quarter, uint256 doublings) {
        quarter = Sortition.quarterOf(found.availabilityEnd, found.attestStart, block.timestamp);
        doublings = _attesters[project][round].doublingsAt(quarter, want);
    }

    function _isDrawn(
        address project,
        IProjectTypes.RoundView memory found,
        bytes32 role,
        uint32 seat,
        uint256 want,
        uint256 doublings
    ) private view returns (bool) {
        return Sortition.isDrawn(ITrainingProject(project).seed(), role, seat, found.seats, want, doublings);
    }

    function _registryOf(address project) private view returns (IPeerRegistry) {
        return IPeerRegistry(ITrainingProject(project).configuration().registry);
    }
}
