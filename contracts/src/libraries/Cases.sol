// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../interfaces/IDisputes.sol";
import {IPeerRegistry} from "../interfaces/IPeerRegistry.sol";
import {IProjectTypes} from "../interfaces/IProjectTypes.sol";
import {ITrainingProject} from "../interfaces/ITrainingProject.sol";
import {Contributions} from "./Contributions.sol";
import {Revelations} from "./Revelations.sol";

/// @title What a proof starts from, compared with the chain
library Cases {
    /// @notice What the project has on record about a case.
    /// @param contributions How many there are
    struct Facts {
        IProjectTypes.Configuration terms;
        IProjectTypes.RoundView round;
        bytes32 resultHash;
        uint256 contributions;
    }

    /// @notice Reverts unless the round is accepted and everything in the case is what the project accepted.
    function check(IDisputes.Case calldata self) internal view returns (Facts memory facts) {
        ITrainingProject project = ITrainingProject(self.project);
        facts.round = project.round(self.round);
        if (facts.round.status != IProjectTypes.Status.Accepted) {
            revert IDisputes.Disputes_NotAccepted(self.round, facts.round.status);
        }
        facts.resultHash = project.resultHash(self.round, self.result);
        if (facts.resultHash != facts.round.resultHash) {
            revert IDisputes.Disputes_WrongResult(facts.resultHash, facts.round.resultHash);
        }
        _checkBase(self, project, facts.round.previousAccepted);
        bytes32 weightRoot;
        (weightRoot,, facts.contributions) = Contributions.rootAndSum(self.contributions);
        if (weightRoot != self.result.weightRoot) {
            revert IDisputes.Disputes_WrongContributions(weightRoot, self.result.weightRoot);
        }
        bytes32 chain = Revelations.chain(self.revelations);
        if (chain != facts.round.revealsHash) {
            revert IDisputes.Disputes_WrongRevelations(chain, facts.round.revealsHash);
        }
        facts.terms = project.configuration();
    }

    /// @notice Reverts unless this is what the project computes with.
    function checkArithmetic(Facts memory self, IDisputes.Arithmetic calldata arithmetic) internal pure {
        bytes32 hash = keccak256(abi.encode(arithmetic));
        if (hash != self.terms.arithmeticHash) {
            revert IDisputes.Disputes_WrongArithmetic(hash, self.terms.arithmeticHash);
        }
    }

    /// @notice Owners of seats in the round's epoch; zero where a seat does not count.
    function ownersOf(Facts memory self, uint32[] memory seats) internal view returns (address[] memory) {
        return IPeerRegistry(self.terms.registry).seatOwnersAt(seats, self.round.epoch);
    }

    function _checkBase(IDisputes.Case calldata self, ITrainingProject project, uint64 previous) private view {
        bytes32 have;
        bytes32 want;
        if (previous == 0) {
            IProjectTypes.Result memory none;
            (have, want) = (keccak256(abi.encode(self.base)), keccak256(abi.encode(none)));
            if (have != want) revert IDisputes.Disputes_WrongBase(have, 0);
        } else {
            (have, want) = (project.resultHash(previous, self.base), project.round(previous).resultHash);
            if (have != want) revert IDisputes.Disputes_WrongBase(have, want);
        }
    }
}
