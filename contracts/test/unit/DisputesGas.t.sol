// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {Deployed} from "../support/Deployed.sol";
import {Paths} from "../support/Paths.sol";
import {SwarmTest} from "../support/SwarmTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev What a whole transaction costs that proves one parameter of a million false against 16 updates with 64 of 4096
/// entries a chunk, and one that slashes who signed. Nothing of the trees is known but the leaves that are opened.
contract DisputesGasTest is SwarmTest {
    uint256 private constant GOAL_GAS = 1_200_000;
    uint256 internal constant SEATS = 16;
    uint256 private constant PARAMETERS = 1_000_000;
    uint256 private constant LEAVES = 15_625;
    uint256 private constant LEAF_DEPTH = 14;
    uint256 private constant CHUNKS = 245;
    uint256 private constant CHUNK_DEPTH = 8;
    uint256 private constant TENSORS = 40;
    uint256 private constant TENSOR_DEPTH = 6;
    uint64 private constant COORDINATE = 5_000;

    bytes32[8] private _leaf;
    bytes[] internal _revelations;

    function setUp() public override {
        for (uint256 i = 0; i < 8; ++i) {
            _leaf[i] = keccak256(abi.encode(i));
        }
        super.setUp();
        _stake(peers[0], 4);
        _stake(peers[1], 3);
        _stake(peers[2], 3);
        vm.warp(vm.getBlockTimestamp() + EPOCH_SECONDS);
        _open();
        _playReveals();
        bytes[] memory leaves = new bytes[](SEATS);
        uint128 reward = POOL / uint128(SEATS);
        for (uint32 i = 0; i < SEATS; ++i) {
            contributions = bytes.concat(
                contributions, abi.encodePacked(i + 1, int32(4_096), uint128(1 << 70), uint8(0), reward)
            );
            leaves[i] = abi.encode(i + 1, int32(4_096), uint128(1 << 70), uint8(0), reward);
        }
        result.prevCid = GENESIS;
        result.dataRoot = _dataRoot();
        result.cid = keccak256("false");
        result.inputRoot = keccak256("inputs");
        result.rewardRoot = keccak256("rewards");
        result.weightRoot = Paths.root(leaves);
        result.cumulativeTotal = uint128(SEATS) * reward;
        _toAttest();
        _accept(PEERS);
    }

    function _playReveals() internal virtual {
        for (uint32 seat = 1; seat <= SEATS; ++seat) {
            (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _shown(seat);
            address account = registry.seat(seat).owner;
            bytes32 commitment = project.commitmentHash(round, seat, account, digest, dataRoot, salt);
            vm.prank(account);
            project.commit(round, seat, commitment);
        }
        for (uint32 seat = 1; seat <= SEATS; ++seat) {
            (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _shown(seat);
            vm.prank(registry.seat(seat).owner);
            project.reveal(round, seat, digest, dataRoot, salt);
            _revelations.push(abi.encodePacked(seat, digest, dataRoot, salt));
        }
    }

    function _deployDisputes() internal override returns (address) {
        return Deployed.create("Disputes", "");
    }

    function _terms() internal view override returns (IProjectTypes.Configuration memory terms) {
        terms = super._terms();
        terms.genesisDataRoot = _dataRoot();
        terms.arithmeticHash = keccak256(abi.encode(_arithmetic()));
    }

    function test_a_proof_costs_at_most_what_was_promised() public {
        uint256 spent = _spend(_proof(), _name());
        vm.assertLe(spent, GOAL_GAS, "proof");
        vm.assertEq(uint256(_phase()), uint256(IProjectTypes.Phase.Voided));
    }

    function test_a_proof_with_slashing_costs_at_most_what_was_promised() public {
        bytes[] memory calls = new bytes[](2);
        (calls[0], calls[1]) = (_proof(), _slashing());
        uint256 spent = _spend(abi.encodeWithSignature("multicall(bytes[])", calls), string.concat(_name(), " and slashSigners"));
        vm.assertLe(spent, 2 * GOAL_GAS, "proof and slashing");
        vm.assertEq(_slashed(0), SEAT_STAKE);
    }

    function _name() internal pure virtual returns (string memory) {
        return "proveAggregate";
    }

    /// @dev Of a whole transaction: its base, its data, at least the floor of EIP-7623, and the call.
    function _spend(bytes memory data, string memory name) private returns (uint256 spent) {
        uint256 tokens = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        (bool success,) = disputes.call(data);
        vm.assertTrue(success);
        uint256 executed = vm.snapshotGasLastCall("Disputes", name);
        spent = 21_000 + 4 * tokens + executed;
        vm.assertGt(spent, 21_000 + 10 * tokens, "floor");
    }

    function _proof() private view returns (bytes memory) {
        IDisputes.Record[] memory records = new IDisputes.Record[](SEATS);
        for (uint32 i = 0; i < SEATS; ++i) {
            records[i] = IDisputes.Record(_record(i + 1), Paths.some(CHUNK_DEPTH, i + 1));
        }
        IProjectTypes.Result memory none;
        IDisputes.Place memory place;
        place.coordinate = COORDINATE;
        place.tensor = _tensor();
        place.tensorProof = Paths.some(TENSOR_DEPTH, 98);
        place.baseLeaf = place.nextLeaf = _leaf;
        place.baseProof = place.nextProof = Paths.some(LEAF_DEPTH, 99);
        return abi.encodeCall(
            IDisputes.proveAggregate,
            (IDisputes.Case(address(project), round, result, none, contributions, _revelations), _arithmetic(), place, records)
        );
    }

    function _slashing() private view returns (bytes memory) {
        uint32[] memory seatIds = new uint32[](SEATS);
        for (uint32 i = 0; i < SEATS; ++i) {
            seatIds[i] = i + 1;
        }
        return abi.encodeCall(
            IDisputes.slashSigners, (address(project), round, result, _signatures(PEERS), seatIds)
        );
    }

    function _arithmetic() private pure returns (IDisputes.Arithmetic memory) {
        bytes32 root = Paths.rootAbove(abi.encode(_tensor()), 0, TENSORS, Paths.some(TENSOR_DEPTH, 98));
        return IDisputes.Arithmetic(
            1 << 16, 1 << 16, uint64(PARAMETERS), uint32(CHUNKS), uint32(TENSORS), root
        );
    }

    function _tensor() private pure returns (IDisputes.Tensor memory) {
        return IDisputes.Tensor(0, 900_000, 0, 64, 26, 1);
    }

    function _dataRoot() private view returns (bytes32) {
        return Paths.rootAbove(abi.encode(_leaf), COORDINATE / 64, LEAVES, Paths.some(LEAF_DEPTH, 99));
    }

    function _shown(uint32 seat) internal pure returns (bytes32 digest, bytes32 dataRoot, bytes32 salt) {
        dataRoot = Paths.rootAbove(_record(seat), 1, CHUNKS, Paths.some(CHUNK_DEPTH, seat));
        (digest, salt) = (keccak256(abi.encode("digest", seat)), keccak256(abi.encode(seat)));
    }

    /// @dev 64 entries in the second chunk, of which one is the parameter that is asked for.
    function _record(uint32 seat) private pure returns (bytes memory record) {
        record = abi.encodePacked(
            uint32(0), uint32(1), uint64(4_096), uint32(4_096), uint32(64), uint8(1), uint8(24), uint8(100 + seat)
        );
        record = bytes.concat(record, abi.encodePacked(uint8(100 + seat), uint32(0)));
        for (uint16 i = 0; i < 64; ++i) {
            uint16 index = i == 14 ? uint16(COORDINATE - 4_096) : i * 64 + uint16(seat & 7);
            record = bytes.concat(record, bytes2(index | (i % 2 == 1 ? 1 << 15 : 0)));
        }
    }
}

/// @dev The same where all updates come out of one batch.
contract DisputesBatchedGasTest is DisputesGasTest {
    function _playReveals() internal override {
        bytes memory openings;
        bytes32[] memory entries = new bytes32[](SEATS);
        for (uint32 seat = 1; seat <= SEATS; ++seat) {
            (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _shown(seat);
            address account = registry.seat(seat).owner;
            bytes32 commitment = project.commitmentHash(round, seat, account, digest, dataRoot, salt);
            IProjectTypes.Signature memory signature =
                _sign(_keyOf(account), project.signedCommitmentHash(round, seat, commitment));
            entries[seat - 1] = keccak256(abi.encode(commitment, signature.r, signature.vs));
            openings = bytes.concat(
                openings,
                abi.encodePacked(uint16(seat - 1), seat, account, digest, dataRoot, salt, signature.r, signature.vs)
            );
        }
        vm.prank(peers[0]);
        project.postCommits(round, keccak256(abi.encodePacked(entries)), uint16(SEATS));
        _toReveal();
        project.revealBatch(round, 0, openings, new bytes32[](SEATS));
        _revelations.push(bytes.concat(hex"00", openings));
    }

    function _name() internal pure override returns (string memory) {
        return "proveAggregate, batched";
    }

    function _keyOf(address account) private view returns (uint256) {
        for (uint256 i = 0; i < PEERS; ++i) {
            if (peers[i] == account) return keys[i];
        }
        return 0;
    }
}
