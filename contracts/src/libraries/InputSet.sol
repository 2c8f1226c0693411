// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibSort} from "solady/src/utils/LibSort.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {ITrainingProject} from "../interfaces/ITrainingProject.sol";
import {Cases} from "./Cases.sol";
import {Contributions} from "./Contributions.sol";
import {PositionTree} from "./PositionTree.sol";
import {Revealed} from "./Revealed.sol";

/// @title Who took part in a round, compared with who revealed
/// @dev Python mirrors: node/aggregation/reasons.py, node/rounds/outcome.py.
library InputSet {
    using Cases for Cases.Facts;

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

    /// @notice Whether contributions, what was revealed and the input root contradict one another.
    function isWrong(IDisputes.Case calldata case_, Cases.Facts memory facts) internal view returns (bool) {
        bool allTrain = facts.terms.trainersPerRound == 0;
        if (allTrain && facts.contributions != facts.round.seats) return true;
        (bool wrong, address[] memory owners) = _owners(case_.contributions, facts);
        if (wrong) return true;
        Revealed.Book memory book = Revealed.read(case_);
        Gathered memory found = _empty(facts.contributions);
        for (uint256 i = 0; i < facts.contributions; ++i) {
            Contributions.Contribution memory item = Contributions.get(case_.contributions, i);
            Revealed.Update memory update = Revealed.find(book, case_.revelations, item.seat, owners[i]);
            if (!_isConsistent(item) || _isSilenceWrong(case_, item, update, allTrain)) return true;
            if (item.reason != NO_COMMIT && item.reason != NO_REVEAL) _gather(found, item, update);
        }
        if (!allTrain && _isDirectMissing(case_, book)) return true;
        if (_areCopiesWrong(found)) return true;
        return PositionTree.root(_cut(found.leaves, found.leafCount)) != case_.result.inputRoot;
    }

    /// @dev Seats must rise and all count.
    function _owners(
        bytes calldata contributions, Cases.Facts memory facts
    ) private view returns (bool wrong, address[] memory owners) {
        uint32[] memory seats = new uint32[](facts.contributions);
        for (uint256 i = 0; i < seats.length; ++i) {
            (seats[i],) = Contributions.seatAndWeight(contributions, i);
            if (i > 0 && seats[i] <= seats[i - 1]) return (true, owners);
        }
        owners = facts.ownersOf(seats);
        for (uint256 i = 0; i < owners.length; ++i) {
            if (owners[i] == address(0)) wrong = true;
        }
    }

    /// @dev Who revealed is not silent, and the other way round; who committed directly has committed. Whether a seat
    /// was drawn is not on record: where trainers are drawn, an update out of a batch may be passed over.
    function _isSilenceWrong(
        IDisputes.Case calldata case_,
        Contributions.Contribution memory item,
        Revealed.Update memory update,
        bool allTrain
    ) private view returns (bool) {
        if (item.reason != NO_COMMIT && item.reason != NO_REVEAL) return !update.found;
        if (update.found && (allTrain || update.direct)) return true;
        // Known for as long as the seat has not committed to another round.
        return item.reason == NO_COMMIT
            && ITrainingProject(case_.project).commitmentOf(case_.round, item.seat) != 0;
    }

    /// @dev Whether a seat that its owner revealed for is not there. Seats that are there rise.
    function _isDirectMissing(
        IDisputes.Case calldata case_, Revealed.Book memory book
    ) private pure returns (bool) {
        uint256 next = 0;
        uint256 count = Contributions.count(case_.contributions);
        for (uint256 i = 0; i < book.places.length; ++i) {
            (uint32 seat, bool direct) = Revealed.seatAt(book, case_.revelations, i);
            if (!direct) continue;
            uint32 there = 0;
            while (next < count && there < seat) {
                (there,) = Contributions.seatAndWeight(case_.contributions, next);
                if (there < seat) ++next;
            }
            if (there != seat) return true;
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
        Gathered memory found, Contributions.Contribution memory item, Revealed.Update memory update
    ) private pure {
        uint256 reason = item.reason;
        if (reason == NOT_AVAILABLE || reason == MALFORMED) return;
        found.leaves[found.leafCount++] =
            uint256(PositionTree.leafHash(item.seat, update.digest, update.dataRoot));
        uint256 dataRoot = uint256(update.dataRoot);
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
