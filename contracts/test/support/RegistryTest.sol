// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {Deployed} from "./Deployed.sol";
import {HostileToken} from "./HostileToken.sol";
import {vm} from "./Vm.sol";

/// @title What tests of a registry share: one of an odd stake, and two who have the tokens for it
abstract contract RegistryTest {
    uint256 internal constant STAKE = 1_001;
    uint48 internal constant EPOCH = 100;
    uint48 internal constant THAW = 1_000;

    HostileToken internal token;
    IPeerRegistry internal registry;
    address internal slasher = vm.addr(1);
    address internal guardian = vm.addr(2);
    address internal alice = vm.addr(3);
    address internal bob = vm.addr(4);

    function setUp() public {
        vm.warp(10 * uint256(EPOCH));
        token = new HostileToken(1e9);
        registry = IPeerRegistry(_deploy(address(token), STAKE, EPOCH, THAW));
    }

    function _deploy(address token_, uint256 stake, uint48 epoch, uint48 thaw) internal returns (address) {
        return Deployed.create("PeerRegistry", abi.encode(token_, stake, epoch, thaw, slasher, guardian));
    }

    function make(address token_, uint256 stake, uint48 epoch, uint48 thaw) external {
        _deploy(token_, stake, epoch, thaw);
    }

    function _refuseMaking(string memory name, address token_, uint256 stake, uint48 epoch, uint48 thaw) internal {
        vm.expectRevert(abi.encodeWithSelector(IPeerRegistry.Registry_BadParameter.selector, name));
        this.make(token_, stake, epoch, thaw);
    }

    function _stake(address account, uint32 count) internal {
        token.transfer(account, count * STAKE);
        vm.startPrank(account);
        IERC20(token).approve(address(registry), count * STAKE);
        registry.stake(count);
        vm.stopPrank();
    }

    function _leave(address account, uint32 seatId) internal {
        vm.prank(account);
        registry.beginUnstake(_one(seatId));
    }

    function _slash(uint32 seatId, uint256 amount) internal returns (uint256) {
        vm.prank(slasher);
        return registry.slash(seatId, amount);
    }

    function _assertSeat(uint32 seatId, address owner, uint48 active, uint48 inactive, uint96 slashed) internal view {
        IPeerRegistry.Seat memory found = registry.seat(seatId);
        vm.assertEq(found.owner, owner);
        vm.assertEq(found.activeEpoch, active);
        vm.assertEq(found.inactiveEpoch, inactive);
        vm.assertEq(found.slashed, slashed);
    }

    function _one(uint32 seatId) internal pure returns (uint32[] memory seatIds) {
        seatIds = new uint32[](1);
        seatIds[0] = seatId;
    }
}
