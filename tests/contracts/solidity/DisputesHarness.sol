// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IProjectTypes} from "../src/interfaces/IProjectTypes.sol";
import {Attestation} from "../src/libraries/Attestation.sol";

/// @title Says what it is told to about a round, as project, registry and attendance at once
contract DisputesHarness is EIP712 {
    struct State {
        IProjectTypes.Status status;
        uint64 previous;
        bytes32 resultHash;
        bytes32 baseHash;
        bytes32 revealsHash;
        bytes32 genesisDataRoot;
        bytes32 arithmeticHash;
        uint128 roundPool;
        uint32 trainersPerRound;
        uint32 seats;
        uint32[] seatIds;
        address[] owners;
        uint32[] committed;
        address[] voters;
        uint256[] weights;
        uint256[] bitmaps;
    }

    State private _state;
    mapping(uint32 seat => address) private _owners;
    mapping(uint32 seat => bool) private _committed;
    mapping(address account => uint256) private _weights;
    mapping(address account => uint256) private _bitmaps;
    uint256 private _voided;

    constructor() EIP712("SwarmProof", "1") {}

    /// @notice What a call of the contract that judges proofs comes to with this on record.
    function attempt(
        address disputes, State calldata state, bytes calldata call
    ) external returns (bool success, bytes memory answer, uint256 spent, uint256 voided) {
        _state = state;
        for (uint256 i = 0; i < state.seatIds.length; ++i) {
            _owners[state.seatIds[i]] = state.owners[i];
        }
        for (uint256 i = 0; i < state.committed.length; ++i) {
            _committed[state.committed[i]] = true;
        }
        for (uint256 i = 0; i < state.voters.length; ++i) {
            _weights[state.voters[i]] = state.weights[i];
            _bitmaps[state.voters[i]] = state.bitmaps[i];
        }
        uint256 before = gasleft();
        (success, answer) = disputes.call(call);
        spent = before - gasleft();
        voided = _voided;
    }

    function voidRound(uint64 number, IProjectTypes.Result calldata result) external {
        require(resultHash(number, result) == _state.resultHash);
        ++_voided;
    }

    function round(uint64 number) external view returns (IProjectTypes.RoundView memory found) {
        if (number == _state.previous) {
            found.resultHash = _state.baseHash;
        } else {
            found.status = _state.status;
            found.epoch = 1;
            found.seats = _state.seats;
            found.previousAccepted = _state.previous;
            found.resultHash = _state.resultHash;
            found.revealsHash = _state.revealsHash;
        }
    }

    function configuration() external view returns (IProjectTypes.Configuration memory terms) {
        terms.registry = address(this);
        terms.genesisDataRoot = _state.genesisDataRoot;
        terms.arithmeticHash = _state.arithmeticHash;
        terms.roundPool = _state.roundPool;
        terms.trainersPerRound = _state.trainersPerRound;
    }

    function commitmentOf(uint64, uint32 seat) external view returns (bytes27) {
        return _committed[seat] ? bytes27(uint216(1)) : bytes27(0);
    }

    function attendance() external view returns (address) {
        return address(this);
    }

    function seatOwnersAt(uint32[] calldata seatIds, uint48) external view returns (address[] memory owners) {
        owners = new address[](seatIds.length);
        for (uint256 i = 0; i < owners.length; ++i) {
            owners[i] = _owners[seatIds[i]];
        }
    }

    function seatsOf(address[] calldata accounts, uint48) external view returns (uint256[] memory weights) {
        weights = new uint256[](accounts.length);
        for (uint256 i = 0; i < weights.length; ++i) {
            weights[i] = _weights[accounts[i]];
        }
    }

    function availabilityOf(address, uint64, address account, uint32 word) external view returns (uint256) {
        return word == 0 ? _bitmaps[account] : 0;
    }

    function resultHash(uint64 number, IProjectTypes.Result calldata result) public view returns (bytes32) {
        return _hashTypedDataV4(Attestation.structHash(number, result));
    }
}
