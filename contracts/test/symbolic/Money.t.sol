// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {PeerRegistry} from "../../src/PeerRegistry.sol";
import {Settlement} from "../../src/libraries/Settlement.sol";
import {vm} from "../support/Vm.sol";
import {PlentyToken} from "./PlentyToken.sol";

/// @dev One seat of any stake, slashed twice by any amounts.
contract SlashingSymbolic {
    address private constant REPORTER = address(0xBEEF);

    PlentyToken private _token;

    function setUp() public {
        vm.warp(1_000_000);
        _token = new PlentyToken();
    }

    function check_no_more_than_the_stake_is_taken(uint96 stake, uint256 first, uint256 second) public {
        PeerRegistry registry = _staked(stake);
        uint256 taken = registry.slash(1, first);
        assert(taken <= stake && taken <= first);
        uint256 more = registry.slashFor(1, second, REPORTER);
        assert(more <= second && taken + more <= stake);
        assert(registry.seat(1).slashed == taken + more);
        // Whatever is asked for is taken as long as there is any.
        assert(taken == first || taken == stake);
        assert(more == second || taken + more == stake);
    }

    function check_a_reporter_gets_half_rounded_down(uint96 stake, uint256 first, uint256 second) public {
        PeerRegistry registry = _staked(stake);
        uint256 taken = registry.slashFor(1, first, REPORTER) + registry.slashFor(1, second, REPORTER);
        uint256 reward = registry.rewardOf(REPORTER);
        assert(2 * reward <= taken);
        // At most one unit of each slash is burned beyond the half.
        assert(taken - 2 * reward <= 2);
    }

    function check_who_lost_half_leaves(uint96 stake, uint256 amount) public {
        PeerRegistry registry = _staked(stake);
        uint256 taken = registry.slash(1, amount);
        bool left = registry.seat(1).inactiveEpoch != 0;
        assert(left == (taken >= uint256(stake) - taken));
    }

    function check_stake_and_reward_are_covered(uint96 stake, uint256 amount) public {
        PeerRegistry registry = _staked(stake);
        uint256 taken = registry.slashFor(1, amount, REPORTER);
        assert(stake - taken + registry.rewardOf(REPORTER) <= _token.balanceOf(address(registry)));
    }

    function _staked(uint96 stake) private returns (PeerRegistry registry) {
        vm.assume(stake != 0);
        registry = new PeerRegistry(address(_token), stake, 100, 1000, address(this), address(0));
        registry.stake(1);
    }
}

/// @dev A job of any fees and bond. Of its members only the numbers on either side count, so masks are filled from below.
contract SettlementSymbolic {
    struct Fees {
        uint128 worker;
        uint128 bond;
        uint128 verifier;
    }

    function check_a_job_pays_what_it_locked(Fees memory fees) public view {
        IOutputCourt.RoundRecord[] memory rounds = new IOutputCourt.RoundRecord[](1);
        for (uint256 near = 0; near <= 3; ++near) {
            for (uint256 far = 0; near + far <= 3; ++far) {
                rounds[0] = _round(near, far);
                for (uint8 kind = 1; kind <= uint8(type(IOutputCourt.Verdict).max); ++kind) {
                    _check(fees, IOutputCourt.Verdict(kind), 0, rounds, 3 * uint256(fees.verifier));
                }
            }
        }
    }

    /// @dev One appeal; everybody opened.
    function check_an_appealed_job_pays_what_it_locked(Fees memory fees) public view {
        IOutputCourt.RoundRecord[] memory rounds = new IOutputCourt.RoundRecord[](2);
        for (uint256 near = 0; near <= 3; ++near) {
            rounds[0] = _round(near, 3 - near);
            for (uint256 later = 0; later <= 7; later = 2 * later + 1) {
                rounds[1] = _round(later, 7 - later);
                for (uint8 kind = 1; kind < uint8(IOutputCourt.Verdict.Ringer); ++kind) {
                    for (uint8 appeals = 0; appeals <= 2; appeals += 2) {
                        _check(fees, IOutputCourt.Verdict(kind), appeals, rounds, 17 * uint256(fees.verifier));
                    }
                }
            }
        }
    }

    function divide(
        IOutputCourt.Verdict verdict, uint8 appeals, Fees memory fees, IOutputCourt.RoundRecord[] calldata rounds
    ) external pure returns (Settlement.Shares memory shares, uint256 right) {
        shares = Settlement.divide(verdict, appeals, fees.worker, fees.bond, fees.verifier, rounds);
        for (uint256 i = 0; i < rounds.length; ++i) {
            right += LibBit.popCount(Settlement.rightOf(verdict, rounds[i]));
        }
    }

    function _check(
        Fees memory fees,
        IOutputCourt.Verdict verdict,
        uint8 appeals,
        IOutputCourt.RoundRecord[] memory rounds,
        uint256 locked
    ) private view {
        (Settlement.Shares memory shares, uint256 right) = this.divide(verdict, appeals, fees, rounds);
        uint256 paid = shares.requester + shares.worker + shares.burned + right * (fees.verifier + shares.bounty);
        assert(paid == locked + fees.worker + fees.bond);
        assert(shares.burned == 0 || shares.burned == fees.bond - fees.bond / 2);
    }

    function _round(uint256 near, uint256 far) private pure returns (IOutputCourt.RoundRecord memory round) {
        round.near = uint32(((1 << near) - 1) << 1);
        round.far = uint32(((1 << far) - 1) << near + 1);
        round.revealed = round.near | round.far | 1;
    }
}
