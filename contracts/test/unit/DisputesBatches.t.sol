// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {DisputesTest} from "../support/DisputesTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev Which update of a seat counts where updates come out of batches: spec/Disputes.tree, "what was revealed".
contract DisputesBatchesTest is DisputesTest {
    uint256 private constant FORGER = 77;

    // Openings of the batch, and their commitments.
    bytes private _packedOpenings;
    bytes32[] private _posted;

    function test_a_batch_of_everybody_is_as_good_as_direct_reveals() public {
        _open();
        for (uint256 i = 0; i < PEERS; ++i) {
            _add(i, peers[i], keys[i], false);
        }
        _playBatch();
        _assertHonest();
    }

    function test_openings_that_count_for_nothing_change_nothing() public {
        _open();
        _add(0, peers[0], FORGER, true); // signed by somebody else
        _add(1, vm.addr(FORGER), FORGER, true); // of an account without the seat
        for (uint256 i = 0; i < PEERS; ++i) {
            _add(i, peers[i], keys[i], false);
        }
        _add(2, peers[2], keys[2], true); // too late
        _playBatch();
        _assertHonest();
    }

    function test_whose_only_opening_is_forged_has_not_revealed() public {
        (silent[4], weight[4], score[4], reason[4]) = (true, 0, 0, 1);
        _open();
        _add(4, peers[4], FORGER, true);
        for (uint256 i = 0; i < PEERS; ++i) {
            if (i != 4) _add(i, peers[i], keys[i], false);
        }
        _playBatch();
        _assertHonest();
    }

    function test_a_forged_opening_that_counts_is_fraud() public {
        _open();
        _add(0, peers[0], FORGER, false);
        for (uint256 i = 1; i < PEERS; ++i) {
            _add(i, peers[i], keys[i], false);
        }
        _playBatch();
        IDisputes.Record[] memory records = _opened(CARRIED);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.Disputes_NotRevealed.selector, _seat(0)));
        judge.proveAggregate(_case(), _arithmetic(), _place(CARRIED), records);
        this.proveInputs();
        _assertVoided();
    }

    function test_what_is_revealed_directly_after_the_batch_does_not_count() public {
        _open();
        bytes32 commitment = project.commitmentHash(round, _seat(3), peers[3], 0, 0, 0);
        vm.prank(peers[3]);
        project.commit(round, _seat(3), commitment);
        for (uint256 i = 0; i < PEERS; ++i) {
            _add(i, peers[i], keys[i], false);
        }
        _post();
        _toReveal();
        _revealPosted();
        vm.prank(peers[3]);
        project.reveal(round, _seat(3), 0, 0, 0);
        revelations.push(abi.encodePacked(_seat(3), bytes32(0), bytes32(0), bytes32(0)));
        _accepted();
        _assertHonest();
    }

    function test_an_opening_that_counts_and_is_passed_over_is_fraud() public {
        _open();
        for (uint256 i = 0; i < PEERS; ++i) {
            _add(i, peers[i], keys[i], false);
        }
        (weight[4], score[4], reason[4]) = (0, 0, 1);
        _playBatch();
        this.proveInputs();
        _assertVoided();
    }

    function _playBatch() private {
        _post();
        _toReveal();
        _revealPosted();
        _accepted();
    }

    function _accepted() private {
        _compute();
        _acceptIt();
    }

    function _assertHonest() private {
        _expectNotFraud();
        this.proveAggregate(CARRIED);
        _expectNotFraud();
        this.proveAggregate(uint64(SPARSE));
        _expectNotFraud();
        this.proveInputs();
        _expectNotFraud();
        this.proveRewards();
    }

    /// @dev `other`: it says something else than the peer's update.
    function _add(uint256 i, address account, uint256 key, bool other) private {
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _shown(i);
        if (other) dataRoot = keccak256("something else");
        bytes32 commitment = project.commitmentHash(round, _seat(i), account, digest, dataRoot, salt);
        IProjectTypes.Signature memory signature =
            _sign(key, project.signedCommitmentHash(round, _seat(i), commitment));
        _packedOpenings = bytes.concat(
            _packedOpenings,
            abi.encodePacked(uint16(_posted.length), _seat(i), account, digest, dataRoot, salt, signature.r, signature.vs)
        );
        _posted.push(keccak256(abi.encode(commitment, signature.r, signature.vs)));
    }

    function _post() private {
        bytes32 hash = keccak256(abi.encodePacked(_posted));
        vm.prank(peers[0]);
        project.postCommits(round, hash, uint16(_posted.length));
    }

    function _revealPosted() private {
        project.revealBatch(round, 0, _packedOpenings, new bytes32[](_posted.length));
        revelations.push(bytes.concat(hex"00", _packedOpenings));
    }
}
