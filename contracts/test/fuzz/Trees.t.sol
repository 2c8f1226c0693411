// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Contributions} from "../../src/libraries/Contributions.sol";
import {PositionTree} from "../../src/libraries/PositionTree.sol";
import {Trees} from "../support/Trees.sol";
import {vm} from "../support/Vm.sol";

/// @dev Against the definitions, and against what node/merkle.py and node/rounds/outcome.py make of the same lists:
/// test/vectors/trees.json, written by scripts/contract_vectors.py.
contract TreesTest {
    string private constant VECTORS = "test/vectors/trees.json";

    function rootAndSum(bytes calldata packed) external pure returns (bytes32, uint256, uint256) {
        return Contributions.rootAndSum(packed);
    }

    function get(bytes calldata packed, uint256 index) external pure returns (Contributions.Contribution memory) {
        return Contributions.get(packed, index);
    }

    function seatAndWeight(bytes calldata packed, uint256 index) external pure returns (uint32, int256) {
        return Contributions.seatAndWeight(packed, index);
    }

    function verify(bytes32 root, uint256 index, uint256 count, bytes32 hash, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return PositionTree.verify(root, index, count, hash, proof);
    }

    function test_roots_are_the_ones_python_makes() public view {
        string memory json = vm.readFile(VECTORS);
        bytes32[] memory roots = vm.parseJsonBytes32Array(json, ".roots");
        for (uint256 count = 0; count < roots.length; ++count) {
            vm.assertEq(PositionTree.root(_hashes(_leaves(count))), roots[count]);
        }
        vm.assertEq(roots.length, 20);
    }

    function test_contributions_are_read_as_python_packs_them() public view {
        string memory json = vm.readFile(VECTORS);
        bytes memory packed = vm.parseJsonBytes(json, ".contributions");
        (bytes32 root, uint256 sum, uint256 count) = this.rootAndSum(packed);
        vm.assertEq(root, vm.parseJsonBytes32(json, ".weightRoot"));
        vm.assertEq(sum, vm.parseJsonUint(json, ".sum"));
        vm.assertEq(count, 7);
        Contributions.Contribution memory last = this.get(packed, 6);
        vm.assertEq(last.seat, type(uint32).max);
        vm.assertTrue(last.weight == type(int32).min);
        vm.assertEq(last.score, type(uint128).max);
        vm.assertEq(last.reason, 255);
        vm.assertEq(last.reward, type(uint128).max);
    }

    function testFuzz_roots_are_what_the_definition_says(uint8 count) public pure {
        bytes[] memory leaves = _leaves(count);
        vm.assertEq(PositionTree.root(_hashes(leaves)), Trees.positionRoot(leaves));
    }

    function testFuzz_contributions_are_read_as_they_were_packed(
        uint32 seat,
        int32 weight,
        uint128 score,
        uint8 reason,
        uint128 reward
    ) public view {
        bytes memory record = abi.encodePacked(seat, weight, score, reason, reward);
        bytes memory packed = bytes.concat(new bytes(41), record, new bytes(41));
        Contributions.Contribution memory found = this.get(packed, 1);
        vm.assertEq(keccak256(abi.encode(found)), keccak256(abi.encode(seat, weight, score, reason, reward)));
        (uint32 seat_, int256 weight_) = this.seatAndWeight(packed, 1);
        vm.assertTrue(seat_ == seat && weight_ == weight);
        bytes[] memory leaves = new bytes[](3);
        leaves[0] = abi.encode(0, 0, 0, 0, 0);
        leaves[1] = abi.encode(seat, weight, score, reason, reward);
        leaves[2] = leaves[0];
        (bytes32 root, uint256 sum, uint256 count) = this.rootAndSum(packed);
        vm.assertEq(root, Trees.positionRoot(leaves));
        vm.assertEq(sum, reward);
        vm.assertEq(count, 3);
    }

    function testFuzz_parts_of_a_record_are_refused(uint8 length) public {
        if (length % 41 == 0) return;
        vm.expectRevert(abi.encodeWithSelector(Contributions.Contributions_BadLength.selector, length));
        this.rootAndSum(new bytes(length));
    }

    function test_a_proof_binds_position_and_count() public view {
        bytes[] memory leaves = _leaves(2);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = keccak256(bytes.concat(hex"00", leaves[1]));
        bytes32 hash = keccak256(bytes.concat(hex"00", leaves[0]));
        bytes32 root = Trees.positionRoot(leaves);
        vm.assertTrue(this.verify(root, 0, 2, hash, proof));
        vm.assertFalse(this.verify(root, 1, 2, hash, proof));
        vm.assertFalse(this.verify(root, 2, 2, hash, proof));
        vm.assertFalse(this.verify(root, 0, 1, hash, proof));
        vm.assertFalse(this.verify(root, 0, 3, hash, proof));
        vm.assertFalse(this.verify(root, 0, 2, hash, new bytes32[](0)));
        vm.assertFalse(this.verify(root, 0, 2, hash, new bytes32[](2)));
        vm.assertFalse(this.verify(root, 0, 2, root, proof));
    }

    /// @dev Leaf i is i times the byte i.
    function _leaves(uint256 count) private pure returns (bytes[] memory leaves) {
        leaves = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = new bytes(i);
            for (uint256 k = 0; k < i; ++k) {
                leaves[i][k] = bytes1(uint8(i));
            }
        }
    }

    function _hashes(bytes[] memory leaves) private pure returns (uint256[] memory hashes) {
        hashes = new uint256[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            hashes[i] = uint256(PositionTree.leafHash(leaves[i]));
        }
    }
}
