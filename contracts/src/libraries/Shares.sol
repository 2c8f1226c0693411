// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {LibSort} from "solady/src/utils/LibSort.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {Attestation} from "./Attestation.sol";
import {Cases} from "./Cases.sol";
import {Contributions} from "./Contributions.sol";

/// @title What a round pays, computed again
/// @dev Python mirrors: node/aggregation/rewards.py and the StandardTree of node/merkle.py.
library Shares {
    using Cases for Cases.Facts;

    uint256 private constant INDEX_BITS = 96;

    /// @notice Whether a reward or the reward root is another than follows from scores and what was earned before.
    function isWrong(
        IDisputes.Case calldata case_,
        Cases.Facts memory facts,
        IDisputes.Arithmetic calldata arithmetic,
        IDisputes.Earned[] calldata earned
    ) internal view returns (bool) {
        facts.checkArithmetic(arithmetic);
        if (_isRewardWrong(case_.contributions, facts, arithmetic.shareCapQ16)) return true;
        bytes32 before = rootOf(_leavesOf(earned));
        if (before != case_.base.rewardRoot) {
            revert IDisputes.Disputes_WrongRewards(before, case_.base.rewardRoot);
        }
        return rootOf(_following(case_.contributions, facts, earned)) != case_.result.rewardRoot;
    }

    /// @notice Root of OpenZeppelin's StandardMerkleTree over hashes of leaves; zero where there are none.
    function rootOf(uint256[] memory leaves) internal pure returns (bytes32) {
        uint256 count = leaves.length;
        if (count == 0) return 0;
        LibSort.sort(leaves);
        // A heap: children of i are 2 i + 1 and 2 i + 2. Leaves, in order, fill it from the end.
        bytes32[] memory heap = new bytes32[](2 * count - 1);
        for (uint256 i = 0; i < count; ++i) {
            heap[heap.length - 1 - i] = bytes32(leaves[i]);
        }
        for (uint256 i = count - 1; i > 0; --i) {
            heap[i - 1] = Hashes.commutativeKeccak256(heap[2 * i - 1], heap[2 * i]);
        }
        return heap[0];
    }

    function _isRewardWrong(
        bytes calldata contributions, Cases.Facts memory facts, uint256 shareCapQ16
    ) private pure returns (bool) {
        uint256 total = 0;
        for (uint256 i = 0; i < facts.contributions; ++i) {
            total += Contributions.get(contributions, i).score;
        }
        uint256 pool = facts.terms.roundPool;
        uint256 cap = pool * shareCapQ16 >> 16;
        for (uint256 i = 0; i < facts.contributions; ++i) {
            Contributions.Contribution memory item = Contributions.get(contributions, i);
            uint256 share = item.score == 0 ? 0 : pool * item.score / total;
            if (item.reward != (share < cap ? share : cap)) return true;
        }
        return false;
    }

    function _leavesOf(IDisputes.Earned[] calldata earned) private pure returns (uint256[] memory leaves) {
        leaves = new uint256[](earned.length);
        for (uint256 i = 0; i < earned.length; ++i) {
            leaves[i] = uint256(Attestation.rewardLeaf(earned[i].account, earned[i].cumulative));
        }
    }

    /// @dev Leaves after the round: two lists ascending by account, merged.
    function _following(
        bytes calldata contributions, Cases.Facts memory facts, IDisputes.Earned[] calldata earned
    ) private view returns (uint256[] memory leaves) {
        (uint256[] memory paid, uint256[] memory rewards) = _paid(contributions, facts);
        leaves = new uint256[](earned.length + paid.length);
        uint256 used = 0;
        uint256 next = 0;
        address last = address(0);
        for (uint256 i = 0; i < earned.length || next < paid.length;) {
            address account = next < paid.length ? _account(paid[next]) : address(type(uint160).max);
            uint256 cumulative = 0;
            if (i < earned.length && earned[i].account <= account) {
                account = earned[i].account;
                if (i > 0 && account <= last) revert IDisputes.Disputes_AccountsNotAscending(last, account);
                last = account;
                cumulative = earned[i++].cumulative;
            }
            for (; next < paid.length && _account(paid[next]) == account; ++next) {
                cumulative += rewards[uint96(paid[next])];
            }
            // Who has nothing has no leaf.
            if (cumulative != 0) leaves[used++] = uint256(Attestation.rewardLeaf(account, cumulative));
        }
        LibSort.sort(leaves); // unused places, which are zero, come first
        uint256[] memory filled = new uint256[](used);
        for (uint256 i = 0; i < used; ++i) {
            filled[i] = leaves[leaves.length - used + i];
        }
        return filled;
    }

    /// @dev Who is paid in this round: owner and place of the reward, ascending by owner.
    function _paid(
        bytes calldata contributions, Cases.Facts memory facts
    ) private view returns (uint256[] memory paid, uint256[] memory rewards) {
        uint256 count = 0;
        for (uint256 i = 0; i < facts.contributions; ++i) {
            if (Contributions.get(contributions, i).reward != 0) ++count;
        }
        uint32[] memory seats = new uint32[](count);
        rewards = new uint256[](count);
        for (uint256 i = facts.contributions; i > 0; --i) {
            Contributions.Contribution memory item = Contributions.get(contributions, i - 1);
            if (item.reward != 0) (seats[--count], rewards[count]) = (item.seat, item.reward);
        }
        address[] memory owners = facts.ownersOf(seats);
        paid = new uint256[](seats.length);
        for (uint256 i = 0; i < paid.length; ++i) {
            paid[i] = uint256(uint160(owners[i])) << INDEX_BITS | i;
        }
        LibSort.sort(paid);
    }

    function _account(uint256 entry) private pure returns (address) {
        return address(uint160(entry >> INDEX_BITS));
    }
}
