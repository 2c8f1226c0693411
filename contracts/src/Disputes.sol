// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {LibSort} from "solady/src/utils/LibSort.sol";
import {IAttendance} from "./interfaces/IAttendance.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {IPeerRegistry} from "./interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "./interfaces/IProjectTypes.sol";
import {ITrainingProject} from "./interfaces/ITrainingProject.sol";
import {Aggregate} from "./libraries/Aggregate.sol";
import {Cases} from "./libraries/Cases.sol";
import {Contributions} from "./libraries/Contributions.sol";
import {InputSet} from "./libraries/InputSet.sol";
import {Shares} from "./libraries/Shares.sol";

/// @title Proofs that an accepted result is false
/// @dev One for all projects. A project is believed about itself, and loses nothing but its own if it lies.
contract Disputes is IDisputes, Multicall {
    mapping(address project => mapping(bytes32 resultHash => address)) private _provers;

    /// @inheritdoc IDisputes
    function proveAggregate(
        Case calldata case_, Arithmetic calldata arithmetic, Place calldata place, Record[] calldata records
    ) external {
        Cases.Facts memory facts = Cases.check(case_);
        bool wrong = Aggregate.isWrong(case_, facts, arithmetic, place, records);
        _conclude(case_, facts, Fraud.Aggregate, wrong);
    }

    /// @inheritdoc IDisputes
    function proveRewards(
        Case calldata case_, Arithmetic calldata arithmetic, Earned[] calldata earned
    ) external {
        Cases.Facts memory facts = Cases.check(case_);
        _conclude(case_, facts, Fraud.Rewards, Shares.isWrong(case_, facts, arithmetic, earned));
    }

    /// @inheritdoc IDisputes
    function proveInputs(Case calldata case_) external {
        Cases.Facts memory facts = Cases.check(case_);
        _conclude(case_, facts, Fraud.Inputs, InputSet.isWrong(case_, facts));
    }

    /// @inheritdoc IDisputes
    function proveAvailability(Case calldata case_, uint256 index, address[] calldata voters) external {
        Cases.Facts memory facts = Cases.check(case_);
        if (index >= facts.contributions) revert Disputes_NoSuchContribution(index, facts.contributions);
        Contributions.Contribution memory item = Contributions.get(case_.contributions, index);
        bool wrong = item.reason == InputSet.NOT_AVAILABLE
            && 3 * _votes(case_, facts, item.seat, voters) > 2 * uint256(facts.round.seats);
        _conclude(case_, facts, Fraud.Availability, wrong);
    }

    /// @inheritdoc IDisputes
    function proveEquivocation(
        address project,
        uint64 round,
        IProjectTypes.Result calldata first,
        IProjectTypes.Signature calldata firstSignature,
        IProjectTypes.Result calldata second,
        IProjectTypes.Signature calldata secondSignature,
        uint32[] calldata seatIds
    ) external {
        // Check
        bytes32 firstHash = ITrainingProject(project).resultHash(round, first);
        bytes32 secondHash = ITrainingProject(project).resultHash(round, second);
        if (firstHash == secondHash) revert Disputes_SameResult(firstHash);
        address[] memory signers = new address[](1);
        signers[0] = ECDSA.recover(firstHash, firstSignature.r, firstSignature.vs);
        address other = ECDSA.recover(secondHash, secondSignature.r, secondSignature.vs);
        if (other != signers[0]) revert Disputes_DifferentSigners(signers[0], other);
        _checkSeats(project, signers, seatIds);
        // Effect
        emit EquivocationProven(project, round, other, msg.sender);
        // Interaction
        ITrainingProject(project).slashProven(seatIds, msg.sender);
    }

    /// @inheritdoc IDisputes
    function slashSigners(
        address project,
        uint64 round,
        IProjectTypes.Result calldata result,
        IProjectTypes.Signature[] calldata signatures,
        uint32[] calldata seatIds
    ) external {
        // Check
        bytes32 hash = ITrainingProject(project).resultHash(round, result);
        address prover = _provers[project][hash];
        if (prover == address(0)) revert Disputes_NotProven(project, hash);
        address[] memory signers = new address[](signatures.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            signers[i] = ECDSA.recover(hash, signatures[i].r, signatures[i].vs);
            if (i > 0) _checkAscending(signers[i - 1], signers[i]);
        }
        _checkSeats(project, signers, seatIds);
        // Interaction
        ITrainingProject(project).slashProven(seatIds, prover);
    }

    /// @inheritdoc IDisputes
    function proverOf(address project, bytes32 resultHash) external view returns (address) {
        return _provers[project][resultHash];
    }

    function _conclude(Case calldata case_, Cases.Facts memory facts, Fraud fraud, bool wrong) private {
        // Check
        if (!wrong) revert Disputes_NotFraud();
        // Effect
        _provers[case_.project][facts.resultHash] = msg.sender;
        emit FraudProven(case_.project, case_.round, facts.resultHash, fraud, msg.sender);
        // Interaction
        ITrainingProject(case_.project).voidRound(case_.round, case_.result);
    }

    /// @dev Seats of those voters who said that they hold the update.
    function _votes(
        Case calldata case_, Cases.Facts memory facts, uint32 seat, address[] calldata voters
    ) private view returns (uint256 seats) {
        IAttendance attendance = IAttendance(ITrainingProject(case_.project).attendance());
        uint256[] memory weights = IPeerRegistry(facts.terms.registry).seatsOf(voters, facts.round.epoch);
        for (uint256 i = 0; i < voters.length; ++i) {
            if (i > 0) _checkAscending(voters[i - 1], voters[i]);
            uint256 held = attendance.availabilityOf(case_.project, case_.round, voters[i], seat / 256);
            if (held >> seat % 256 & 1 != 0) seats += weights[i];
        }
    }

    function _checkSeats(address project, address[] memory signers, uint32[] calldata seatIds) private view {
        IPeerRegistry registry = IPeerRegistry(ITrainingProject(project).configuration().registry);
        for (uint256 i = 0; i < seatIds.length; ++i) {
            address owner = registry.seat(seatIds[i]).owner;
            if (!LibSort.inSorted(signers, owner)) revert Disputes_NotSigner(seatIds[i], owner);
        }
    }

    function _checkAscending(address previous, address account) private pure {
        if (account <= previous) revert Disputes_AccountsNotAscending(previous, account);
    }
}
