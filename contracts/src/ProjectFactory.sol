// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {LibRLP} from "solady/src/utils/LibRLP.sol";
import {IProjectFactory} from "./interfaces/IProjectFactory.sol";
import {IProjectTypes} from "./interfaces/IProjectTypes.sol";
import {PeerRegistry} from "./PeerRegistry.sol";
import {TrainingProject} from "./TrainingProject.sol";

/// @title Creates projects, each with a registry of its own
/// @dev A project is an EIP-1167 clone with its configuration appended to its code: there is no initializer that
/// somebody could call first, and nothing that could change later.
contract ProjectFactory is IProjectFactory {
    uint16 private constant MAXIMUM_SILENCE_BOND_BPS = 1000;

    address private immutable _implementation;

    uint256 private _created;
    mapping(address project => bool) private _projects;

    /// @param disputes_ May void rounds of all projects, and slash, for a proof
    /// @param attendance_ Where attesters of all projects say what they hold
    /// @param insurance_ Where pools go that nobody could be paid from
    constructor(address disputes_, address attendance_, address insurance_) {
        if (disputes_ == address(0)) revert Factory_ZeroParameter("disputes");
        if (attendance_ == address(0)) revert Factory_ZeroParameter("attendance");
        if (insurance_ == address(0)) revert Factory_ZeroParameter("insurance");
        _implementation = address(new TrainingProject(disputes_, attendance_, insurance_));
    }

    /// @inheritdoc IProjectFactory
    function createProject(
        IProjectTypes.Configuration memory configuration,
        SeatTerms calldata seatTerms,
        bytes calldata manifest
    ) external returns (address project) {
        // Check
        _checkNumbers(configuration);
        _checkTimes(configuration, seatTerms);
        bytes32 digest = sha256(manifest);
        if (digest != configuration.manifestDigest) {
            revert Factory_ManifestMismatch(digest, configuration.manifestDigest);
        }
        // Effect
        // The registry is made first and has to know the project, whose code has the registry in it. Contracts a
        // contract makes are numbered: the code of projects was the first, two follow for each project.
        project = LibRLP.computeAddress(address(this), 3 + 2 * _created++);
        _projects[project] = true;
        configuration.registry = address(
            new PeerRegistry(
                configuration.token,
                seatTerms.seatStake,
                seatTerms.epochSeconds,
                seatTerms.thawSeconds,
                project,
                configuration.guardian
            )
        );
        address made = Clones.cloneWithImmutableArgs(_implementation, abi.encode(configuration));
        assert(made == project);
        emit ProjectCreated(project, configuration.owner, configuration.registry, manifest);
    }

    /// @inheritdoc IProjectFactory
    function implementation() external view returns (address) {
        return _implementation;
    }

    /// @inheritdoc IProjectFactory
    function isProject(address project) external view returns (bool) {
        return _projects[project];
    }

    function _checkNumbers(IProjectTypes.Configuration memory configuration) private pure {
        if (configuration.owner == address(0)) revert Factory_ZeroParameter("owner");
        if (configuration.registry != address(0)) revert Factory_RegistryGiven(configuration.registry);
        if (configuration.genesisDigest == 0) revert Factory_ZeroParameter("genesisDigest");
        if (configuration.genesisDataRoot == 0) revert Factory_ZeroParameter("genesisDataRoot");
        if (configuration.ruleHash == 0) revert Factory_ZeroParameter("ruleHash");
        if (configuration.roundPool == 0) revert Factory_ZeroParameter("roundPool");
        if (configuration.rounds == 0) revert Factory_ZeroParameter("rounds");
        if (configuration.minimumSeats == 0) revert Factory_ZeroParameter("minimumSeats");
        if (configuration.commitSeconds == 0) revert Factory_ZeroParameter("commitSeconds");
        if (configuration.revealSeconds == 0) revert Factory_ZeroParameter("revealSeconds");
        if (configuration.attestSeconds == 0) revert Factory_ZeroParameter("attestSeconds");
        if (configuration.challengeSeconds == 0) revert Factory_ZeroParameter("challengeSeconds");
        // Who is replaced must have had the chance to say that it is there.
        if (configuration.attestersPerRound != 0 && configuration.attestCommitSeconds == 0) {
            revert Factory_ZeroParameter("attestCommitSeconds");
        }
        if (configuration.silenceBondBps > MAXIMUM_SILENCE_BOND_BPS) {
            revert Factory_BondTooLarge(configuration.silenceBondBps, MAXIMUM_SILENCE_BOND_BPS);
        }
    }

    /// @dev A seat that signs and leaves at once must stay locked until nobody can challenge what it signed.
    function _checkTimes(
        IProjectTypes.Configuration memory configuration, SeatTerms calldata seatTerms
    ) private pure {
        uint256 windows = uint256(configuration.commitSeconds) + configuration.revealSeconds
            + configuration.availabilitySeconds + configuration.attestCommitSeconds + configuration.attestSeconds;
        if (windows > type(uint24).max) revert Factory_RoundTooLong(windows, type(uint24).max);
        uint256 roundSeconds = windows + configuration.challengeSeconds;
        if (roundSeconds > seatTerms.thawSeconds) {
            revert Factory_RoundOutlastsThaw(roundSeconds, seatTerms.thawSeconds);
        }
        if (configuration.closeThawSeconds < roundSeconds) {
            revert Factory_CloseThawTooShort(configuration.closeThawSeconds, roundSeconds);
        }
    }
}
