// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../interfaces/IOutputCourt.sol";
import {ITreasury} from "../interfaces/ITreasury.sol";

/// @title What classes and jobs have to keep to
library Classes {
    /// @dev Above, a random digest is within the threshold of another with a probability of more than 10^-9.
    uint256 private constant MAXIMUM_THRESHOLD = 80;
    uint256 private constant MAXIMUM_INPUT_BYTES = 1024;
    uint256 private constant MAXIMUM_DESCRIPTION_BYTES = 8192;
    uint256 private constant ROUNDS = 4;
    uint256 private constant APPEAL_PLACES = 7 + 15 + 31;

    /// @notice Reverts unless jobs can be judged by these terms.
    /// @param thawSeconds How long the stake of a verifier that leaves stays locked
    function check(
        IOutputCourt.ClassTerms calldata terms, bytes calldata description, uint256 thawSeconds
    ) internal pure {
        bytes32 digest = sha256(description);
        if (digest != terms.descriptionDigest) {
            revert IOutputCourt.Court_DescriptionMismatch(digest, terms.descriptionDigest);
        }
        // Nobody reads a longer one.
        if (description.length > MAXIMUM_DESCRIPTION_BYTES) revert ITreasury.Court_BadParameter("description");
        _checkThreshold(terms.threshold);
        _checkThreshold(terms.appealThreshold);
        _checkNotZero(terms.verifierFee, "verifierFee");
        _checkNotZero(terms.workSeconds, "workSeconds");
        _checkNotZero(terms.commitSeconds, "commitSeconds");
        _checkNotZero(terms.revealSeconds, "revealSeconds");
        _checkNotZero(terms.appealSeconds, "appealSeconds");
        // Half of the bond pays a requester, who was right, the fees of every committee it had to call.
        uint256 minimum = 2 * APPEAL_PLACES * uint256(terms.verifierFee);
        if (terms.workerBond < minimum) revert IOutputCourt.Court_BondTooSmall(terms.workerBond, minimum);
        uint256 jobSeconds = terms.workSeconds
            + ROUNDS * (uint256(terms.commitSeconds) + terms.revealSeconds + terms.appealSeconds);
        if (jobSeconds >= thawSeconds) revert IOutputCourt.Court_JobOutlastsThaw(jobSeconds, thawSeconds);
    }

    /// @notice The terms as they are stored.
    function stored(
        IOutputCourt.ClassTerms calldata terms, uint40 usableFrom
    ) internal pure returns (IOutputCourt.OutputClass memory) {
        return IOutputCourt.OutputClass({
            threshold: terms.threshold,
            appealThreshold: terms.appealThreshold,
            verifierFee: terms.verifierFee,
            workerBond: terms.workerBond,
            appealSeconds: terms.appealSeconds,
            minimumWorkerFee: terms.minimumWorkerFee,
            workSeconds: terms.workSeconds,
            commitSeconds: terms.commitSeconds,
            revealSeconds: terms.revealSeconds,
            usableFrom: usableFrom
        });
    }

    /// @notice Reverts unless the caller can submit this job.
    function checkJob(
        IOutputCourt.OutputClass storage class_, IOutputCourt.JobTerms calldata terms, bytes calldata input
    ) internal view {
        uint40 usableFrom = class_.usableFrom;
        if (usableFrom == 0) revert IOutputCourt.Court_UnknownClass(terms.classId);
        if (block.timestamp < usableFrom) revert IOutputCourt.Court_ClassNotYetUsable(terms.classId, usableFrom);
        if (msg.sender != terms.requester) revert IOutputCourt.Court_NotRequester(msg.sender, terms.requester);
        bool isParty = terms.worker != address(0) && terms.worker != terms.requester;
        if (!isParty) revert IOutputCourt.Court_BadWorker(terms.worker);
        uint96 minimum = class_.minimumWorkerFee;
        if (terms.workerFee < minimum) revert IOutputCourt.Court_FeeTooSmall(terms.workerFee, minimum);
        if (input.length > MAXIMUM_INPUT_BYTES) {
            revert IOutputCourt.Court_InputTooLong(input.length, MAXIMUM_INPUT_BYTES);
        }
        bytes32 digest = keccak256(input);
        if (digest != terms.inputDigest) revert IOutputCourt.Court_InputMismatch(digest, terms.inputDigest);
    }

    function _checkThreshold(uint8 threshold) private pure {
        if (threshold > MAXIMUM_THRESHOLD) {
            revert IOutputCourt.Court_ThresholdOutOfRange(threshold, MAXIMUM_THRESHOLD);
        }
    }

    function _checkNotZero(uint256 value, string memory name) private pure {
        if (value == 0) revert ITreasury.Court_BadParameter(name);
    }
}
