// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {Deployed} from "./Deployed.sol";
import {Paths} from "./Paths.sol";
import {SwarmTest} from "./SwarmTest.sol";
import {vm} from "./Vm.sol";

/// @title A small model that six peers train, with the real contract to judge proofs
/// @dev 138 parameters: tensor 0 is 128 long and sparse, 2 entries a chunk; tensor 1 is 10 long and dense. `theta` is what
/// the last accepted round ended with, `next` what the current one does. `score`, `reason`, `weight` by peer.
abstract contract DisputesTest is SwarmTest {
    uint256 internal constant PARAMETERS = 138;
    uint256 internal constant SPARSE = 128;
    uint256 internal constant LEAVES = 3;
    uint256 internal constant CHUNKS = 2;
    uint256 internal constant ALPHA_Q16 = 3 << 15;
    uint256 internal constant CAP_Q16 = 1 << 14;
    uint256 internal constant GRID_BITS = 26;
    uint256 internal constant SHIFT = 28;
    uint64 internal constant CARRIED = 3;

    IDisputes internal judge;
    IProjectTypes.Result internal base;
    bytes[] internal revelations;
    int32[138] internal theta;
    int32[138] internal next;
    bytes32[8][3] internal baseLeaves;
    bytes32[8][3] internal nextLeaves;
    uint32[6] internal order = [uint32(4), 0, 1, 5, 2, 3];
    int32[6] internal weight;
    uint128[6] internal score;
    uint8[6] internal reason;
    uint128[6] internal reward;
    bool[6] internal silent;
    // What was earned before the round that is proven false.
    uint256[6] internal before;

    function setUp() public virtual override {
        for (uint256 i = 0; i < PARAMETERS; ++i) {
            theta[i] = int32(int256(i * 1_000_003 % 1_000_000)) - 500_000;
        }
        theta[5] = type(int32).max;
        theta[70] = type(int32).min;
        super.setUp();
        judge = IDisputes(disputes);
        _reset();
    }

    function _deployDisputes() internal override returns (address) {
        return Deployed.create("Disputes", "");
    }

    function _terms() internal view virtual override returns (IProjectTypes.Configuration memory terms) {
        terms = super._terms();
        terms.genesisDataRoot = Paths.root(_leavesOf(theta));
        terms.arithmeticHash = keccak256(abi.encode(_arithmetic()));
    }

    function _arithmetic() internal pure virtual returns (IDisputes.Arithmetic memory) {
        bytes[] memory leaves = new bytes[](2);
        (leaves[0], leaves[1]) = (abi.encode(_tensor(0)), abi.encode(_tensor(1)));
        return IDisputes.Arithmetic(
            uint32(ALPHA_Q16), uint32(CAP_Q16), uint64(PARAMETERS), uint32(CHUNKS), 2, Paths.root(leaves)
        );
    }

    function _tensor(uint256 i) internal pure returns (IDisputes.Tensor memory) {
        return i == 0
            ? IDisputes.Tensor(0, uint64(SPARSE), 0, 64, uint8(GRID_BITS), 2)
            : IDisputes.Tensor(uint64(SPARSE), uint64(PARAMETERS - SPARSE), 1, 0, uint8(GRID_BITS), 8);
    }

    // Updates.

    /// @dev Peer i says +low at 3, -high at 70 + i, and i - 3 at all of the dense ones.
    function _record(uint256 i, uint256 chunk) internal view virtual returns (bytes memory record) {
        if (chunk == 0) {
            bytes memory head = abi.encodePacked(
                uint32(0), uint32(0), uint64(0), uint32(128), uint32(2), uint8(2), uint8(SHIFT), uint8(100 + i)
            );
            return bytes.concat(
                head, abi.encodePacked(uint8(200), uint32(0), uint16(3), uint16(70 + i) | 3 << 14, bytes28(0))
            );
        }
        record = abi.encodePacked(
            uint32(1), uint32(0), uint64(128), uint32(10), uint32(10), uint8(8), uint8(SHIFT), uint16(0), uint32(0)
        );
        for (uint256 j = 0; j < 10; ++j) {
            record = bytes.concat(record, bytes2(uint16(int16(int256(i)) - 3)));
        }
        record = bytes.concat(record, bytes12(0));
    }

    function _records(uint256 i) internal view returns (bytes[] memory leaves) {
        leaves = new bytes[](CHUNKS);
        (leaves[0], leaves[1]) = (_record(i, 0), _record(i, 1));
    }

    function _said(uint256 i, uint256 coordinate) internal view virtual returns (int256) {
        if (coordinate >= SPARSE) return (int256(i) - 3) << SHIFT;
        if (coordinate == 3) return int256(100 + i) << SHIFT;
        return coordinate == 70 + i ? -(int256(200) << SHIFT) : int256(0);
    }

    function _shown(uint256 i) internal view returns (bytes32 digest, bytes32 dataRoot, bytes32 salt) {
        (digest, dataRoot, salt) = (keccak256(abi.encode(round, i)), Paths.root(_records(i)), bytes32(i));
    }

    function _commitShown(uint256 i) internal {
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _shown(i);
        bytes32 commitment = project.commitmentHash(round, _seat(i), peers[i], digest, dataRoot, salt);
        vm.prank(peers[i]);
        project.commit(round, _seat(i), commitment);
    }

    function _revealShown(uint256 i) internal {
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _shown(i);
        vm.prank(peers[i]);
        project.reveal(round, _seat(i), digest, dataRoot, salt);
        revelations.push(abi.encodePacked(_seat(i), digest, dataRoot, salt));
    }

    // A round.

    /// @dev All agree, equally.
    function _reset() internal {
        for (uint256 i = 0; i < PEERS; ++i) {
            (weight[i], score[i], reason[i], silent[i]) = (10_922, uint128(1_000 + i), 0, false);
        }
    }

    /// @dev Opens a round and reveals what _record() says; silent peers do nothing.
    function _playReveals() internal virtual {
        _open();
        delete revelations;
        for (uint256 i = 0; i < PEERS; ++i) {
            if (!silent[i]) _commitShown(i);
        }
        _toReveal();
        for (uint256 k = 0; k < PEERS; ++k) {
            if (!silent[order[k]]) _revealShown(order[k]);
        }
    }

    /// @dev What follows from weights, scores and reasons.
    function _compute() internal {
        uint256 total = 0;
        for (uint256 i = 0; i < PEERS; ++i) {
            total += score[i];
        }
        uint256 cap = uint256(POOL) * CAP_Q16 >> 16;
        for (uint256 i = 0; i < PEERS; ++i) {
            uint256 share = total == 0 ? 0 : uint256(POOL) * score[i] / total;
            reward[i] = uint128(share < cap ? share : cap);
        }
        for (uint256 j = 0; j < PARAMETERS; ++j) {
            next[j] = _following(j);
        }
        _describe();
    }

    /// @dev Puts what there is into `result` and `contributions`.
    function _describe() internal {
        baseLeaves = _words(theta);
        nextLeaves = _words(next);
        delete contributions;
        bytes[] memory leaves = new bytes[](PEERS);
        result.cumulativeTotal = base.cumulativeTotal;
        uint256[6] memory totals = before;
        for (uint256 i = 0; i < PEERS; ++i) {
            contributions = bytes.concat(
                contributions, abi.encodePacked(_seat(i), weight[i], score[i], reason[i], reward[i])
            );
            leaves[i] = abi.encode(_seat(i), weight[i], score[i], reason[i], reward[i]);
            result.cumulativeTotal += reward[i];
            totals[i] += reward[i];
        }
        result.prevCid = project.status().headDigest;
        result.inputRoot = Paths.root(_inputs());
        result.cid = keccak256(abi.encode("checkpoint", round));
        result.dataRoot = Paths.root(_leavesOf(next));
        result.weightRoot = Paths.root(leaves);
        result.rewardRoot = Paths.rewardRoot(peers, totals);
    }

    function _acceptIt() internal {
        _toAttest();
        _accept(QUORUM);
    }

    /// @dev Other contributions accepted than those of the peers in order; the total is made to fit.
    function _signWith(bytes memory packed) internal {
        bytes[] memory leaves = new bytes[](packed.length / RECORD_BYTES);
        result.cumulativeTotal = base.cumulativeTotal;
        for (uint256 i = 0; i < leaves.length; ++i) {
            bytes memory one = _slice(packed, i);
            (uint32 seat, int32 weight_) = (uint32(bytes4(one)), int32(uint32(bytes4(_from(one, 4)))));
            (uint128 score_, uint128 reward_) = (uint128(bytes16(_from(one, 8))), uint128(bytes16(_from(one, 25))));
            leaves[i] = abi.encode(seat, weight_, score_, uint8(one[24]), reward_);
            result.cumulativeTotal += reward_;
        }
        result.weightRoot = Paths.root(leaves);
        contributions = packed;
        _acceptIt();
    }

    function _slice(bytes memory packed, uint256 i) internal pure returns (bytes memory one) {
        one = new bytes(RECORD_BYTES);
        for (uint256 j = 0; j < RECORD_BYTES; ++j) {
            one[j] = packed[i * RECORD_BYTES + j];
        }
    }

    function _without(bytes memory packed, uint256 gone) internal pure returns (bytes memory others) {
        for (uint256 i = 0; i < packed.length / RECORD_BYTES; ++i) {
            if (i != gone) others = bytes.concat(others, _slice(packed, i));
        }
    }

    function _from(bytes memory one, uint256 start) private pure returns (bytes32 word) {
        for (uint256 j = 0; j < 32 && start + j < one.length; ++j) {
            word |= bytes32(one[start + j]) >> 8 * j;
        }
    }

    /// @dev After an honest round, for the next one.
    function _moveOn() internal {
        base = result;
        theta = next;
        for (uint256 i = 0; i < PEERS; ++i) {
            before[i] += reward[i];
        }
        _reset();
    }

    function _playHonest() internal {
        _playReveals();
        _compute();
        _acceptIt();
    }

    function _inputs() internal view returns (bytes[] memory leaves) {
        uint256 count = 0;
        for (uint256 i = 0; i < PEERS; ++i) {
            if (_isInput(reason[i])) ++count;
        }
        leaves = new bytes[](count);
        for (uint256 i = PEERS; i > 0; --i) {
            (bytes32 digest, bytes32 dataRoot,) = _shown(i - 1);
            if (_isInput(reason[i - 1])) leaves[--count] = abi.encode(_seat(i - 1), digest, dataRoot);
        }
    }

    function _isInput(uint8 code) internal pure returns (bool) {
        return code == 0 || code > 4;
    }

    /// @dev The formula as the design has it, in numbers without a bound.
    function _following(uint256 j) internal view returns (int32) {
        int256 sum = 0;
        for (uint256 i = 0; i < PEERS; ++i) {
            sum += int256(weight[i]) * _said(i, j);
        }
        uint256 bits = 56 - GRID_BITS - 8;
        int256 mean = (sum + int256(uint256(1) << (bits - 1))) >> bits;
        int256 following = theta[j] - ((mean * int256(ALPHA_Q16) + (1 << 23)) >> 24);
        if (following > type(int32).max) return type(int32).max;
        return following < type(int32).min ? type(int32).min : int32(following);
    }

    // Proofs.

    function _case() internal view returns (IDisputes.Case memory) {
        return IDisputes.Case(address(project), round, result, base, contributions, revelations);
    }

    function _place(uint64 coordinate) internal view returns (IDisputes.Place memory place) {
        uint256 leaf = coordinate / 64;
        place.coordinate = coordinate;
        place.tensorIndex = coordinate < SPARSE ? 0 : 1;
        place.tensor = _tensor(place.tensorIndex);
        bytes[] memory tensors = new bytes[](2);
        (tensors[0], tensors[1]) = (abi.encode(_tensor(0)), abi.encode(_tensor(1)));
        place.tensorProof = Paths.proof(tensors, place.tensorIndex);
        place.baseLeaf = baseLeaves[leaf];
        place.baseProof = Paths.proof(_packed(baseLeaves), leaf);
        place.nextLeaf = nextLeaves[leaf];
        place.nextProof = Paths.proof(_packed(nextLeaves), leaf);
    }

    function _opened(uint64 coordinate) internal view returns (IDisputes.Record[] memory records) {
        uint256 count = 0;
        for (uint256 i = 0; i < PEERS; ++i) {
            if (weight[i] != 0) ++count;
        }
        records = new IDisputes.Record[](count);
        uint256 chunk = coordinate < SPARSE ? 0 : 1;
        for (uint256 i = PEERS; i > 0; --i) {
            if (weight[i - 1] == 0) continue;
            records[--count] = IDisputes.Record(_record(i - 1, chunk), Paths.proof(_records(i - 1), chunk));
        }
    }

    function _earned() internal view returns (IDisputes.Earned[] memory earnings) {
        uint256 count = 0;
        for (uint256 i = 0; i < PEERS; ++i) {
            if (before[i] != 0) ++count;
        }
        earnings = new IDisputes.Earned[](count);
        for (uint256 i = PEERS; i > 0; --i) {
            if (before[i - 1] != 0) earnings[--count] = IDisputes.Earned(peers[i - 1], uint128(before[i - 1]));
        }
    }

    function proveAggregate(uint64 coordinate) public {
        judge.proveAggregate(_case(), _arithmetic(), _place(coordinate), _opened(coordinate));
    }

    function proveRewards() public {
        judge.proveRewards(_case(), _arithmetic(), _earned());
    }

    function proveInputs() public {
        judge.proveInputs(_case());
    }

    function _expectNotFraud() internal {
        vm.expectRevert(IDisputes.Disputes_NotFraud.selector);
    }

    function _assertVoided() internal view {
        _assertPhase(IProjectTypes.Phase.Voided);
        vm.assertEq(project.status().headDigest, result.prevCid);
        vm.assertEq(judge.proverOf(address(project), project.resultHash(round, result)), address(this));
    }

    function _leavesOf(int32[138] memory numbers) internal pure returns (bytes[] memory) {
        return _packed(_words(numbers));
    }

    function _packed(bytes32[8][3] memory words) internal pure returns (bytes[] memory leaves) {
        leaves = new bytes[](LEAVES);
        for (uint256 i = 0; i < LEAVES; ++i) {
            leaves[i] = abi.encode(words[i]);
        }
    }

    function _words(int32[138] memory numbers) internal pure returns (bytes32[8][3] memory words) {
        for (uint256 j = 0; j < PARAMETERS; ++j) {
            uint32 number = uint32(numbers[j]);
            uint256 swapped = number >> 24 | (number >> 8 & 0xff00) | (number << 8 & 0xff0000) | (number & 0xff) << 24;
            words[j / 64][j % 64 / 8] |= bytes32(swapped << 32 * (7 - j % 8));
        }
    }
}
