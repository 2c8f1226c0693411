// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A count that changes at the beginning of epochs
/// @dev The two latest changes share a word with the count before them, so that nearly every question costs one read.
/// Older changes are in a list, for rounds that outlast them.
library EpochCounts {
    /// @notice In epochs before `earlierEpoch` the list knows, from there on `earlier` counts, from `latestEpoch` on
    /// `latest`.
    struct Counts {
        uint48 earlierEpoch;
        uint48 latestEpoch;
        uint32 earlier;
        uint32 latest;
        uint32 older;
        mapping(uint256 index => Change) list;
    }

    /// @notice One change that is no longer among the two latest.
    struct Change {
        uint48 epoch;
        uint32 count;
    }

    /// @notice Sets the count from `epoch` on, which is not before the latest change.
    function set(Counts storage self, uint48 epoch, uint32 count) internal {
        if (epoch != self.latestEpoch) {
            if (self.earlierEpoch != 0) {
                self.list[self.older] = Change({epoch: self.earlierEpoch, count: self.earlier});
                ++self.older;
            }
            self.earlierEpoch = self.latestEpoch;
            self.earlier = self.latest;
            self.latestEpoch = epoch;
        }
        self.latest = count;
    }

    /// @notice The count in an epoch.
    function countIn(Counts storage self, uint48 epoch) internal view returns (uint32) {
        if (epoch >= self.latestEpoch) return self.latest;
        if (epoch >= self.earlierEpoch) return self.earlier;
        return _listedIn(self, epoch);
    }

    /// @dev Binary search for the last change that is not after the epoch.
    function _listedIn(Counts storage self, uint48 epoch) private view returns (uint32) {
        uint256 low = 0;
        uint256 high = self.older;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (self.list[middle].epoch > epoch) high = middle;
            else low = middle + 1;
        }
        return low == 0 ? 0 : self.list[low - 1].count;
    }
}
