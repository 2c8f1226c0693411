// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {IProjectFactory} from "../../src/interfaces/IProjectFactory.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {ITrainingProject} from "../../src/interfaces/ITrainingProject.sol";
import {Deployed} from "../support/Deployed.sol";
import {SwarmTest} from "../support/SwarmTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev Branches: spec/ProjectFactory.tree.
contract ProjectFactoryTest is SwarmTest {
    IProjectFactory.SeatTerms private _seat_ = IProjectFactory.SeatTerms(SEAT_STAKE, EPOCH_SECONDS, THAW_SECONDS);

    function test_disputes_attendance_and_insurance_are_named() public {
        _refuseMaking("disputes", address(0), address(attendance), insurance);
        _refuseMaking("attendance", disputes, address(0), insurance);
        _refuseMaking("insurance", disputes, address(attendance), address(0));
    }

    function test_no_part_of_the_configuration_is_zero() public {
        string[12] memory names = [
            "owner",
            "genesisDigest",
            "genesisDataRoot",
            "ruleHash",
            "roundPool",
            "rounds",
            "minimumSeats",
            "commitSeconds",
            "revealSeconds",
            "attestSeconds",
            "challengeSeconds",
            "attestCommitSeconds"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            _refuse(
                abi.encodeWithSelector(IProjectFactory.Factory_ZeroParameter.selector, names[i]), _without(i), MANIFEST
            );
        }
    }

    function test_the_registry_is_not_given() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.registry = address(registry);
        _refuse(
            abi.encodeWithSelector(IProjectFactory.Factory_RegistryGiven.selector, registry), terms, MANIFEST
        );
    }

    function test_the_registrys_own_terms_hold() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.token = address(0);
        _refuse(abi.encodeWithSelector(IPeerRegistry.Registry_BadParameter.selector, "token"), terms, MANIFEST);
    }

    function test_a_bond_is_at_most_a_tenth() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.silenceBondBps = 1_001;
        _refuse(abi.encodeWithSelector(IProjectFactory.Factory_BondTooLarge.selector, 1_001, 1_000), terms, MANIFEST);
        terms.silenceBondBps = 1_000;
        this.create(terms, MANIFEST);
    }

    function test_the_windows_of_a_round_fit_their_words() public {
        IProjectTypes.Configuration memory terms = _terms();
        uint256 most = type(uint24).max;
        terms.commitSeconds = uint32(most - 900 + 1);
        terms.closeThawSeconds = type(uint32).max;
        _seat_.thawSeconds = type(uint32).max;
        _refuse(
            abi.encodeWithSelector(IProjectFactory.Factory_RoundTooLong.selector, most + 1, most), terms, MANIFEST
        );
        terms.commitSeconds -= 1;
        this.create(terms, MANIFEST);
    }

    function test_every_window_counts() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.attestCommitSeconds = 1;
        terms.closeThawSeconds = 1;
        _refuse(
            abi.encodeWithSelector(IProjectFactory.Factory_CloseThawTooShort.selector, 1, 2_701), terms, MANIFEST
        );
    }

    function test_stake_stays_locked_longer_than_a_round() public {
        IProjectTypes.Configuration memory terms = _terms();
        _seat_.thawSeconds = 2_699;
        _refuse(
            abi.encodeWithSelector(IProjectFactory.Factory_RoundOutlastsThaw.selector, 2_700, 2_699), terms, MANIFEST
        );
        _seat_.thawSeconds = 2_700;
        this.create(terms, MANIFEST);
    }

    function test_the_budget_stays_locked_as_long_as_a_round() public {
        IProjectTypes.Configuration memory terms = _terms();
        terms.closeThawSeconds = 2_699;
        _refuse(
            abi.encodeWithSelector(IProjectFactory.Factory_CloseThawTooShort.selector, 2_699, 2_700), terms, MANIFEST
        );
        terms.closeThawSeconds = 2_700;
        this.create(terms, MANIFEST);
    }

    function test_the_manifest_is_the_one_of_the_digest() public {
        _refuse(
            abi.encodeWithSelector(
                IProjectFactory.Factory_ManifestMismatch.selector, sha256("another"), sha256(MANIFEST)
            ),
            _terms(),
            "another"
        );
    }

    function test_a_project_and_its_registry_know_each_other() public {
        for (uint256 i = 0; i < 3; ++i) {
            vm.recordLogs();
            address made = this.create(_terms(), MANIFEST);
            address seats = ITrainingProject(made).configuration().registry;
            vm.assertEq(IPeerRegistry(seats).slasher(), made);
            vm.assertEq(IPeerRegistry(seats).guardian(), guardian);
            vm.assertEq(IPeerRegistry(seats).seatStake(), SEAT_STAKE);
            vm.assertEq(IPeerRegistry(seats).epochSeconds(), EPOCH_SECONDS);
            vm.assertEq(IPeerRegistry(seats).thawSeconds(), THAW_SECONDS);
            vm.assertTrue(factory.isProject(made));
            vm.assertFalse(factory.isProject(seats));
        }
    }

    function test_a_creation_is_told() public {
        uint256 state = vm.snapshotState();
        address made = this.create(_terms(), MANIFEST);
        address seats = ITrainingProject(made).configuration().registry;
        vm.revertToState(state);
        vm.expectEmit(address(factory));
        emit IProjectFactory.ProjectCreated(made, owner, seats, MANIFEST);
        this.create(_terms(), MANIFEST);
    }

    function test_projects_run_one_code() public view {
        vm.assertTrue(factory.implementation().code.length > 10_000);
        vm.assertTrue(address(project).code.length < 1_000);
    }

    function create(IProjectTypes.Configuration memory terms, bytes calldata manifest) external returns (address) {
        return factory.createProject(terms, _seat_, manifest);
    }

    function make(address disputes_, address attendance_, address insurance_) external {
        Deployed.create("ProjectFactory", abi.encode(disputes_, attendance_, insurance_));
    }

    function _refuse(bytes memory why, IProjectTypes.Configuration memory terms, bytes memory manifest) private {
        vm.expectRevert(why);
        this.create(terms, manifest);
    }

    function _refuseMaking(string memory name, address disputes_, address attendance_, address insurance_) private {
        vm.expectRevert(abi.encodeWithSelector(IProjectFactory.Factory_ZeroParameter.selector, name));
        this.make(disputes_, attendance_, insurance_);
    }

    function _without(uint256 index) private view returns (IProjectTypes.Configuration memory terms) {
        terms = _terms();
        if (index == 0) terms.owner = address(0);
        if (index == 1) terms.genesisDigest = 0;
        if (index == 2) terms.genesisDataRoot = 0;
        if (index == 3) terms.ruleHash = 0;
        if (index == 4) terms.roundPool = 0;
        if (index == 5) terms.rounds = 0;
        if (index == 6) terms.minimumSeats = 0;
        if (index == 7) terms.commitSeconds = 0;
        if (index == 8) terms.revealSeconds = 0;
        if (index == 9) terms.attestSeconds = 0;
        if (index == 10) terms.challengeSeconds = 0;
        if (index == 11) terms.attestersPerRound = 3;
    }
}
