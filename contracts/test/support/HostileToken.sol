// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that misbehaves on demand: it keeps a fee, or calls somebody before it moves anything
contract HostileToken is ERC20 {
    uint256 private _fee;
    address private _target;
    bytes private _call;

    constructor(uint256 supply) ERC20("Hostile", "HOSTILE") {
        _mint(msg.sender, supply);
    }

    /// @notice Keeps `fee` of every transfer from now on.
    function setFee(uint256 fee) external {
        _fee = fee;
    }

    /// @notice Calls `target` inside the next transfer, and fails as it fails.
    function setCallback(address target, bytes calldata data) external {
        _target = target;
        _call = data;
    }

    function _update(address from, address to, uint256 value) internal override {
        address target = _target;
        if (target != address(0)) {
            _target = address(0);
            (bool success, bytes memory answer) = target.call(_call);
            if (!success) {
                assembly {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
        super._update(from, to, value - _fee);
        if (_fee != 0) super._update(from, address(this), _fee);
    }
}
