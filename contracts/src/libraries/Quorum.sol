// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {IProjectTypes} from "../interfaces/IProjectTypes.sol";

/// @title Who signed
library Quorum {
    /// @notice The accounts that signed a hash, which must come in ascending order, each once.
    /// @dev Reverts with Solady's InvalidSignature where no account could have made a signature.
    function signers(
        bytes32 hash, IProjectTypes.Signature[] calldata signatures
    ) internal view returns (address[] memory accounts) {
        accounts = new address[](signatures.length);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = ECDSA.recover(hash, signatures[i].r, signatures[i].vs);
            if (signer <= previous) revert IProjectTypes.Project_SignersNotAscending(previous, signer);
            accounts[i] = signer;
            previous = signer;
        }
    }

    /// @notice More than two thirds, of all seats and not of those who signed: silence never helps a minority.
    function check(uint64 round, uint256 weight, uint256 seats) internal pure {
        if (weight * 3 <= seats * 2) revert IProjectTypes.Project_QuorumNotMet(round, weight, seats);
    }
}
