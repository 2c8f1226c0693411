// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IPeerRegistry} from "./interfaces/IPeerRegistry.sol";
import {IProjectFactory} from "./interfaces/IProjectFactory.sol";
import {ITrainingProject} from "./interfaces/ITrainingProject.sol";
import {TrainingProject} from "./TrainingProject.sol";

/// @title Creates projects that share one registry
/// @dev A project is an EIP-1167 clone with its configuration appended to its code: there is no initializer that
/// somebody could call first, and nothing that could change later.
contract ProjectFactory is IProjectFactory {
    address private immutable _registry;
    address private immutable _implementation;

    mapping(address project => bool) private _projects;

    constructor(address registry_) {
        if (registry_ == address(0)) revert Factory_ZeroParameter("registry");
        _registry = registry_;
        _implementation = address(new TrainingProject(registry_));
    }

    /// @inheritdoc IProjectFactory
    function createProject(
        ITrainingProject.Configuration calldata configuration,
        bytes calldata manifest
    ) external returns (address project) {
        // Check
        _checkParties(configuration);
        _checkNumbers(configuration);
        _checkTimes(configuration);
        bytes32 digest = sha256(manifest);
        if (digest != configuration.manifestDigest) {
            revert Factory_ManifestMismatch(digest, configuration.manifestDigest);
        }
        // Effect
        project = Clones.cloneWithImmutableArgs(_implementation, abi.encode(configuration));
        _projects[project] = true;
        emit ProjectCreated(project, configuration.owner, manifest);
    }

    /// @inheritdoc IProjectFactory
    function registry() external view returns (address) {
        return _registry;
    }

    /// @inheritdoc IProjectFactory
    function implementation() external view returns (address) {
        return _implementation;
    }

    /// @inheritdoc IProjectFactory
    function isProject(address project) external view returns (bool) {
        return _projects[project];
    }

    function _checkParties(ITrainingProject.Configuration calldata configuration) private view {
        if (configuration.registry != _registry) revert Factory_WrongRegistry(configuration.registry, _registry);
        address token = IPeerRegistry(_registry).token();
        if (configuration.token != token) revert Factory_WrongToken(configuration.token, token);
        if (configuration.owner == address(0)) revert Factory_ZeroParameter("owner");
    }

    function _checkNumbers(ITrainingProject.Configuration calldata configuration) private pure {
        if (configuration.genesisDigest == 0) revert Factory_ZeroParameter("genesisDigest");
        if (configuration.ruleHash == 0) revert Factory_ZeroParameter("ruleHash");
        if (configuration.roundPool == 0) revert Factory_ZeroParameter("roundPool");
        if (configuration.rounds == 0) revert Factory_ZeroParameter("rounds");
        if (configuration.minimumSeats == 0) revert Factory_ZeroParameter("minimumSeats");
        if (configuration.commitSeconds == 0) revert Factory_ZeroParameter("commitSeconds");
        if (configuration.revealSeconds == 0) revert Factory_ZeroParameter("revealSeconds");
        if (configuration.attestSeconds == 0) revert Factory_ZeroParameter("attestSeconds");
        if (configuration.challengeSeconds == 0) revert Factory_ZeroParameter("challengeSeconds");
    }

    /// @dev A seat that signs and leaves at once must stay locked until nobody can challenge what it signed.
    function _checkTimes(ITrainingProject.Configuration calldata configuration) private view {
        uint256 roundSeconds = uint256(configuration.commitSeconds) + configuration.revealSeconds
            + configuration.attestSeconds + configuration.challengeSeconds;
        uint256 thawSeconds = IPeerRegistry(_registry).thawSeconds();
        if (roundSeconds > thawSeconds) revert Factory_RoundOutlastsThaw(roundSeconds, thawSeconds);
        if (configuration.closeThawSeconds < roundSeconds) {
            revert Factory_CloseThawTooShort(configuration.closeThawSeconds, roundSeconds);
        }
    }
}
