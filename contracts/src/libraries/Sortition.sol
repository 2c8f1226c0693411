// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Who is drawn for a round
/// @dev Every seat has a number that follows from seed and role; drawn are those with a small one. As long as too few
/// have come, the bound doubles at each quarter of the window: silent seats are replaced by the next in rank. Whoever
/// was drawn may come at any time, so rushing gains nothing over those who need theirs.
library Sortition {
    bytes32 internal constant TRAINER = keccak256("SwarmProof trainer");
    bytes32 internal constant ATTESTER = keccak256("SwarmProof attester");

    /// @notice Who has come so far. `doublings`: of the bound, at the beginning of `quarter`.
    struct Turnout {
        uint32 joined;
        uint8 quarter;
        uint8 doublings;
    }

    /// @notice In which quarter of the window [start, end) `time` is.
    function quarterOf(uint256 start, uint256 end, uint256 time) internal pure returns (uint256) {
        return 4 * (time - start) / (end - start);
    }

    /// @notice How often the bound has doubled by `quarter`, if nobody came since the last who did.
    function doublingsAt(Turnout memory self, uint256 quarter, uint256 want) internal pure returns (uint256) {
        return self.joined < want ? self.doublings + quarter - self.quarter : self.doublings;
    }

    /// @notice Whether a seat is drawn.
    /// @param seats Of the whole epoch
    /// @param want How many should come; zero: all
    function isDrawn(
        bytes32 seed, bytes32 role, uint32 seat, uint256 seats, uint256 want, uint256 doublings
    ) internal pure returns (bool) {
        uint256 drawn = want << doublings;
        if (want == 0 || drawn >= seats) return true;
        return uint256(keccak256(abi.encode(seed, role, seat))) < type(uint256).max / seats * drawn;
    }
}
