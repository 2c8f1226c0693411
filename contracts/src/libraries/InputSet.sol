// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibSort} from "solady/src/utils/LibSort.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IPeerRegistry} from "../interfaces/IPeerRegistry.sol";
import {ITrainingProject} from "../interfaces/ITrainingProject.sol";
import {Cases} from "./Cases.sol";
import {Contributions} from "./Contributions.sol";
import {PositionTree} from "./PositionTree.sol";

/// @title Who took part in a round, compared with who revealed
/// @dev Python mirrors: node/aggregation/reasons.py, node/rounds/outcome.py.
library InputSet {
    uint256 private constant NONE = 0;
    uint256 private constant NO_COMMIT = 1;
    uint256 private constant NO_REVEAL = 2;
    uint256 internal constant NOT_AVAILABLE = 3;
    uint256 private constant MALFORMED = 4;
    uint256 private constant DUPLICATE = 5;
    uint256 private constant ZERO_UPDATE = 6;
    uint256 private constant FILTERED = 7;
    uint256 private constant NO_NEW_DIRECTION = 8;
    uint256 private constant FAILED_CHECK = 9;

    /// @dev What is gathered on the way: leaves of the input tree, and data roots by what became of them.
    struct Gathered {
        uint256[] leaves;
        uint256[] judged;
        uint256[] copies;
        uint256[] zeros;
        uint256 leafCount;
        uint256 judgedCount;
        uint256 copyCount;
        uint256 zeroCount;
    }

    /// @notice Whether contributions, reveals and the input root contradict one another.
    function isWrong(IDisputes.Case calldata case_, Cases.Facts memory facts) internal view returns (bool) {
        if (_areSeatsWrong(case_.contributions, facts)) return true;
        uint256[] memory order = _bySeat(case_.reveals);
        Gathered memory found = _empty(order.length);
        uint256 next = 0;
        for (uint256 i = 0; i < facts.contributions; ++i) {
            Contributions.Contribution memory item = Contributions.get(case_.contributions, i);
            bool revealed = next < order.length && order[next] >> 32 == item.seat;
            bool silent = item.reason == NO_COMMIT || item.reason == NO_REVEAL;
            if (silent == revealed || !_isConsistent(item)) return true;
            if (revealed) _gather(found, item, case_.reveals[uint32(order[next++])]);
            if (item.reason == NO_COMMIT && _hasCommitted(case_, item.seat)) return true;
        }
        if (next != order.length || _areCopiesWrong(found)) return true;
        return PositionTree.root(_cut(found.leaves, found.leafCount)) != case_.result.inputRoot;
    }

    /// @dev Seats must rise and all count; where all train, all must be there.
    function _areSeatsWrong(
        bytes calldata contributions, Cases.Facts memory facts
    ) private view returns (bool) {
        if (facts.terms.trainersPerRound == 0 && facts.contributions != facts.round.seats) return true;
        uint32[] memory seats = new uint32[](facts.contributions);
        for (uint256 i = 0; i < seats.length; ++i) {
            (seats[i],) = Contributions.seatAndWeight(contributions, i);
            if (i > 0 && seats[i] <= seats[i - 1]) return true;
        }
        address[] memory owners = IPeerRegistry(facts.terms.registry).seatOwnersAt(seats, facts.round.epoch);
        for (uint256 i = 0; i < owners.length; ++i) {
            if (owners[i] == address(0)) return true;
        }
        return false;
    }

    /// @dev Whether weight, score and reward are those that the reason allows.
    function _isConsistent(Contributions.Contribution memory item) private pure returns (bool) {
        if (item.reason == NONE) return item.weight > 0 && item.score != 0;
        if (item.score != 0 || item.reward != 0) return false;
        if (item.reason == NO_NEW_DIRECTION) return item.weight > 0;
        if (item.reason == FILTERED) return item.weight <= 0;
        return item.reason <= FAILED_CHECK && item.weight == 0;
    }

    function _gather(
        Gathered memory found, Contributions.Contribution memory item, IDisputes.Reveal calldata reveal
    ) private pure {
        uint256 reason = item.reason;
        if (reason == NOT_AVAILABLE || reason == MALFORMED) return;
        found.leaves[found.leafCount++] =
            uint256(PositionTree.leafHash(item.seat, reveal.digest, reveal.dataRoot));
        uint256 dataRoot = uint256(reveal.dataRoot);
        if (reason == DUPLICATE) found.copies[found.copyCount++] = dataRoot;
        else if (reason == ZERO_UPDATE) found.zeros[found.zeroCount++] = dataRoot;
        else if (reason != FAILED_CHECK) found.judged[found.judgedCount++] = dataRoot;
    }

    /// @dev Of updates with the same content exactly one is judged, the others are copies; unless it is zero.
    function _areCopiesWrong(Gathered memory found) private pure returns (bool) {
        uint256[] memory judged = _cut(found.judged, found.judgedCount);
        LibSort.sort(judged);
        for (uint256 i = 1; i < judged.length; ++i) {
            if (judged[i] == judged[i - 1]) return true;
        }
        for (uint256 i = 0; i < found.copyCount; ++i) {
            if (!LibSort.inSorted(judged, found.copies[i])) return true;
        }
        for (uint256 i = 0; i < found.zeroCount; ++i) {
            if (LibSort.inSorted(judged, found.zeros[i])) return true;
        }
        return false;
    }

    /// @dev Known for as long as the seat has not committed to another round.
    function _hasCommitted(IDisputes.Case calldata case_, uint32 seat) private view returns (bool) {
        return ITrainingProject(case_.project).commitmentOf(case_.round, seat) != 0;
    }

    /// @dev Seats that revealed, ascending, each with the place of its reveal.
    function _bySeat(IDisputes.Reveal[] calldata reveals) private pure returns (uint256[] memory order) {
        order = new uint256[](reveals.length);
        for (uint256 i = 0; i < order.length; ++i) {
            order[i] = uint256(reveals[i].seat) << 32 | i;
        }
        LibSort.sort(order);
    }

    function _empty(uint256 length) private pure returns (Gathered memory) {
        return Gathered({
            leaves: new uint256[](length),
            judged: new uint256[](length),
            copies: new uint256[](length),
            zeros: new uint256[](length),
            leafCount: 0,
            judgedCount: 0,
            copyCount: 0,
            zeroCount: 0
        });
    }

    function _cut(uint256[] memory values, uint256 count) private pure returns (uint256[] memory first) {
        first = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            first[i] = values[i];
        }
    }
}
