// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {SeedBeacon} from "../../src/libraries/SeedBeacon.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/SeedBeacon.tree.
contract SeedBeaconTest {
    function following(bytes32 seed, bytes32 revealsHash, uint256 pinnedBlock, uint256 next)
        external
        view
        returns (bytes32)
    {
        return SeedBeacon.following(seed, revealsHash, pinnedBlock, next);
    }

    function test_a_block_that_is_not_there_yet_is_pinned() public {
        vm.roll(700);
        vm.assertEq(SeedBeacon.nextPin(), 702);
    }

    function test_a_block_is_forgotten_after_256_more() public {
        vm.roll(1_000);
        vm.assertTrue(SeedBeacon.isForgotten(0));
        vm.assertFalse(SeedBeacon.isForgotten(744));
        vm.assertTrue(SeedBeacon.isForgotten(743));
    }

    function test_the_first_seed_is_of_the_genesis() public pure {
        vm.assertEq(SeedBeacon.first("genesis"), keccak256(abi.encode(bytes32("genesis"), 1)));
    }

    function test_without_reveals_no_block_is_needed() public view {
        vm.assertEq(this.following("seed", 0, 0, 8), keccak256(abi.encode(bytes32("seed"), 8)));
    }

    function test_without_a_block_there_is_no_seed() public {
        vm.expectRevert(IProjectTypes.Project_SeedNotPinned.selector);
        this.following("seed", "reveals", 0, 8);
    }

    function test_a_seed_waits_for_its_block() public {
        vm.roll(10);
        vm.expectRevert(abi.encodeWithSelector(IProjectTypes.Project_SeedPending.selector, 10));
        this.following("seed", "reveals", 10, 8);
    }

    function test_a_seed_is_of_the_block_and_of_what_was_revealed() public {
        vm.roll(300);
        vm.setBlockhash(290, "hash");
        bytes32 want = keccak256(abi.encode(bytes32("hash"), bytes32("reveals"), 8));
        vm.assertEq(this.following("seed", "reveals", 290, 8), want);
        vm.assertEq(this.following("another seed", "reveals", 290, 8), want);
    }
}
