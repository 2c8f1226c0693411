// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {Attestation} from "../../src/libraries/Attestation.sol";
import {ProjectState} from "../../src/ProjectState.sol";
import {vm} from "../support/Vm.sol";
import {PlentyToken} from "./PlentyToken.sol";

/// @dev A project's money without its rounds: what they would write is given.
contract ProjectMoney is ProjectState(address(0x5AFE)) {
    function set(Ledger memory ledger, bytes32 rewardRoot) external {
        _ledger = ledger;
        _rewardRoot = rewardRoot;
    }

    function ledgerNow() external view returns (Ledger memory) {
        return _ledger;
    }

    function openRound() external returns (uint64) {}
    function commit(uint64, uint32, bytes32) external {}
    function postCommits(uint64, bytes32, uint16) external returns (uint8) {}
    function reveal(uint64, uint32, bytes32, bytes32, bytes32) external {}
    function revealBatch(uint64, uint8, bytes calldata, bytes32[] calldata) external {}
    function pinSeed() external {}
    function acceptSigned(uint64, Result calldata, bytes calldata, Signature[] calldata, Custody[] calldata) external {}
    function finalize(uint64, Result calldata) external {}
    function skipRound(uint64) external {}
    function voidRound(uint64, Result calldata) external {}
    function slashProven(uint32[] calldata, address) external {}
    function slashAbsent(uint32, uint256) external returns (uint256) {}
    function disputes() external view returns (address) {}
    function attendance() external view returns (address) {}
}

/// @dev Two claims of any amounts against any ledger; and the end of it.
contract PoolSymbolic {
    address private constant OWNER = address(0xA11CE);

    PlentyToken private _token;
    ProjectMoney private _project;

    function setUp() public {
        vm.warp(1_000_000);
        _token = new PlentyToken();
        IProjectTypes.Configuration memory terms;
        (terms.token, terms.owner, terms.rounds) = (address(_token), OWNER, 1);
        address made = Clones.cloneWithImmutableArgs(address(new ProjectMoney()), abi.encode(terms));
        _project = ProjectMoney(made);
    }

    function check_claims_never_exceed_what_was_allocated(
        uint128 finalized, uint128 claimed, address first, uint256 one, address second, uint256 other
    ) public {
        vm.assume(claimed <= finalized);
        _claim(finalized, claimed, first, one);
        uint256 before = _project.ledgerNow().claimed;
        assert(before == uint256(claimed) + one && before <= finalized);
        bool same = first == second;
        _claim(finalized, uint128(before), second, other);
        uint256 total = _project.ledgerNow().claimed;
        // Cumulative: the second claim of an account pays what it adds.
        assert(total == before + other - (same ? one : 0));
        assert(total <= finalized);
        assert(_project.claimed(second) == other);
    }

    /// @dev Before the last round was accepted, after the owner's notice; no round is open.
    function check_closing_pays_out_what_nobody_earned(uint128 funded, uint128 finalized, uint128 forfeited) public {
        vm.assume(finalized <= funded);
        ProjectState.Ledger memory ledger;
        (ledger.funded, ledger.finalized, ledger.forfeited, ledger.closableAt) = (funded, finalized, forfeited, 1);
        _project.set(ledger, 0);
        _project.close();
        assert(_project.ledgerNow().refunded == funded - finalized);
        uint256 insured = _token.balanceOf(_project.insurance());
        assert(_token.balanceOf(OWNER) + insured == funded - finalized);
        assert(insured == forfeited || (insured < forfeited && insured == funded - finalized));
    }

    function _claim(uint128 finalized, uint128 claimed, address account, uint256 cumulative) private {
        ProjectState.Ledger memory ledger;
        (ledger.finalized, ledger.claimed) = (finalized, claimed);
        _project.set(ledger, Attestation.rewardLeaf(account, cumulative));
        _project.claim(account, cumulative, new bytes32[](0));
    }
}
