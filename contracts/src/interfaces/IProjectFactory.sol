// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "./IProjectTypes.sol";

/// @title Creates projects, each with a registry of its own
/// @notice Seats, stake and slashing of one project concern nobody else: whoever stakes chooses whose rounds it answers
/// for, and no quorum can put more pools at risk than its own stake covers three times.
interface IProjectFactory {
    /// @notice What a seat is.
    /// @param seatStake Stake of one seat, in the token's smallest unit
    /// @param epochSeconds Length of an epoch: stake that comes or goes acts from the next one
    /// @param thawSeconds How long stake stays locked after its seat stopped counting
    struct SeatTerms {
        uint256 seatStake;
        uint48 epochSeconds;
        uint48 thawSeconds;
    }

    /// @notice A project was created; `manifest` is everything its peers must agree on.
    event ProjectCreated(address indexed project, address indexed owner, address registry, bytes manifest);

    /// @notice The manifest's sha2-256 digest is `have`, the configuration says `want`.
    error Factory_ManifestMismatch(bytes32 have, bytes32 want);
    /// @notice A part of the configuration that must not be zero is.
    error Factory_ZeroParameter(string name);
    /// @notice The registry is made here and cannot be given.
    error Factory_RegistryGiven(address registry);
    /// @notice The bond for not revealing is at most `most` of 10,000.
    error Factory_BondTooLarge(uint16 have, uint16 most);
    /// @notice The windows of a round take `have` seconds, at most `most`.
    error Factory_RoundTooLong(uint256 have, uint256 most);
    /// @notice A round takes `roundSeconds` until it is final, longer than stake stays locked.
    error Factory_RoundOutlastsThaw(uint256 roundSeconds, uint256 thawSeconds);
    /// @notice The budget must stay locked at least as long as a round can take.
    error Factory_CloseThawTooShort(uint256 closeThawSeconds, uint256 roundSeconds);

    /// @notice Creates a project and its registry. Anybody may; the owner is whom the configuration names.
    /// @param configuration With no registry
    function createProject(
        IProjectTypes.Configuration memory configuration, SeatTerms calldata seatTerms, bytes calldata manifest
    ) external returns (address project);

    /// @notice The code that all projects run.
    function implementation() external view returns (address);

    /// @notice Whether this factory created the project.
    function isProject(address project) external view returns (bool);
}
