// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITrainingProject} from "./ITrainingProject.sol";

/// @title Creates projects that share one registry
/// @notice Every project is its own contract with its own money. The manifest is published with it, so the chain and a
/// content store are all that a newcomer needs.
interface IProjectFactory {
    /// @notice A project was created; sha2-256 of `manifest` is in its configuration.
    event ProjectCreated(address indexed project, address indexed owner, bytes manifest);

    /// @notice The configuration names `have`, this factory creates projects for `want`.
    error Factory_WrongRegistry(address have, address want);
    /// @notice The configuration names the token `have`, stake is in `want`.
    error Factory_WrongToken(address have, address want);
    /// @notice The manifest hashes to `have`, the configuration says `want`.
    error Factory_ManifestMismatch(bytes32 have, bytes32 want);
    /// @notice This part of the configuration must not be zero.
    error Factory_ZeroParameter(string name);
    /// @notice A round and its challenge take `roundSeconds`, a leaving seat is locked for `thawSeconds` only.
    error Factory_RoundOutlastsThaw(uint256 roundSeconds, uint256 thawSeconds);
    /// @notice Closing thaws for `have` seconds, a round and its challenge take `want`.
    error Factory_CloseThawTooShort(uint256 have, uint256 want);

    /// @notice Creates a project; anybody can, for any owner.
    function createProject(
        ITrainingProject.Configuration calldata configuration,
        bytes calldata manifest
    ) external returns (address project);

    /// @notice The registry of all its projects.
    function registry() external view returns (address);

    /// @notice The code that all its projects run.
    function implementation() external view returns (address);

    /// @notice Whether this factory created `project`.
    function isProject(address project) external view returns (bool);
}
