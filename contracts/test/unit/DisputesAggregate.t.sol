// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {DisputesTest} from "../support/DisputesTest.sol";
import {vm} from "../support/Vm.sol";

/// @dev The branches of proveAggregate in spec/Disputes.tree.
contract DisputesAggregateTest is DisputesTest {
    bytes private _other;
    uint256 private _otherChunk;
    int256 private _otherValue;

    /// @dev A test can have peer 0 reveal another record of the sparse chunk, or of the dense one.
    function _record(uint256 i, uint256 chunk) internal view override returns (bytes memory) {
        return i == 0 && _other.length != 0 && chunk == _otherChunk ? _other : super._record(i, chunk);
    }

    /// @dev And say something else with it at the chunk's parameter that is asked for.
    function _said(uint256 i, uint256 coordinate) internal view override returns (int256) {
        bool other = i == 0 && _other.length != 0 && coordinate == (_otherChunk == 0 ? CARRIED : SPARSE);
        return other ? _otherValue : super._said(i, coordinate);
    }

    function test_an_honest_round_is_not_fraud_at_any_parameter() public {
        weight[2] = -300;
        (score[2], reason[2]) = (0, 7);
        _playHonest();
        for (uint64 j = 0; j < PARAMETERS; ++j) {
            _expectNotFraud();
            this.proveAggregate(j);
        }
        _expectNotFraud();
        this.proveAggregate(uint64(PARAMETERS));
    }

    function test_the_second_round_starts_from_the_result_before() public {
        _playHonest();
        _moveOn();
        _playReveals();
        _compute();
        _acceptIt();
        _expectNotFraud();
        this.proveAggregate(CARRIED);
    }

    function test_a_round_without_weights_must_keep_its_state() public {
        for (uint256 i = 0; i < PEERS; ++i) {
            (weight[i], score[i], reason[i]) = (0, 0, 7);
        }
        _playHonest();
        _expectNotFraud();
        this.proveAggregate(CARRIED);
    }

    function testFuzz_one_altered_parameter_is_fraud(uint256 place, int32 other) public {
        place %= PARAMETERS;
        _playReveals();
        _compute();
        vm.assume(other != next[place]);
        next[place] = other;
        _describe();
        _acceptIt();
        _expectFraud(IDisputes.Fraud.Aggregate);
        this.proveAggregate(uint64(place));
        _assertVoided();
    }

    function test_a_number_after_the_last_parameter_is_fraud() public {
        _playReveals();
        _compute();
        nextLeaves[2][1] |= bytes32(uint256(1) << 32 * 5); // parameter 138
        result.dataRoot = keccak256(""); // replaced below
        bytes[] memory leaves = _packed(nextLeaves);
        result.dataRoot = _rootOf(leaves);
        _acceptIt();
        _expectNotFraud();
        this.proveAggregate(139);
        this.proveAggregate(138);
        _assertVoided();
    }

    function test_a_sparse_record_that_is_none_is_fraud_once_it_counts() public {
        bytes memory good = super._record(0, 0);
        int256 said = super._said(0, CARRIED);
        // Its head: tensor, chunk, start, length, count, bits, shift, and nothing after the mantissas.
        _assertNone(_with(good, 3, 9), 0, said);
        _assertNone(_with(good, 7, 1), 0, said);
        _assertNone(_with(good, 15, 1), 0, said);
        _assertNone(_with(good, 19, 127), 0, said);
        _assertNone(_with(good, 23, 3), 0, said);
        _assertNone(_with(good, 24, 1), 0, said);
        _assertNone(_with(good, 25, 33), 0, said << 5);
        _assertNone(_with(good, 28, 1), 0, said);
        _assertNone(_with(good, 31, 1), 0, said);
        // A low mantissa above the high one.
        _assertNone(_with(good, 27, 99), 0, said);
        // Entries: beyond the chunk, unused bits, not rising.
        _assertNone(_with(good, 35, 128), 0, said);
        _assertNone(_with(good, 34, 0xd0), 0, said);
        _assertNone(_with(good, 34, 0xe0), 0, said);
        _assertNone(_with(_with(good, 33, 70), 35, 3), 0, -int256(200) << SHIFT);
        _assertNone(_with(good, 33, 70), 0, 0);
        // Two levels of which one is in use; one level and a bit that says otherwise.
        _assertNone(_with(good, 32, 0x40), 0, int256(200) << SHIFT);
        _assertNone(_with(good, 34, 0x80), 0, said);
        _assertNone(_with(good, 27, 100), 0, said);
        // Minus zero, and what fills the last word up.
        _assertNone(_with(_with(good, 26, 0), 32, 0x80), 0, 0);
        _assertNone(_with(good, 36, 1), 0, said);
        _assertNone(_with(good, 63, 1), 0, said);
        _assertNone(bytes.concat(good, bytes32(0)), 0, said);
    }

    function test_a_dense_record_that_is_none_is_fraud_once_it_counts() public {
        bytes memory good = super._record(0, 1);
        int256 said = super._said(0, SPARSE);
        _assertNone(_with(good, 26, 1), 1, said);
        _assertNone(_with(good, 27, 1), 1, said);
        _assertNone(_with(_with(good, 32, 0), 33, 128), 1, int256(128) << SHIFT);
        _assertNone(_with(_with(good, 32, 0xff), 33, 0x80), 1, -int256(128) << SHIFT);
        _assertNone(_with(good, 52, 1), 1, said);
        _assertNone(_with(good, 63, 1), 1, said);
    }

    function test_records_at_the_ends_of_their_ranges_are_records() public {
        bytes memory good = super._record(0, 0);
        bytes memory dense = super._record(0, 1);
        _assertRecord(_with(good, 25, 32), 0, int256(100) << 32);
        _assertRecord(_with(good, 25, 0), 0, 100);
        _assertRecord(_with(good, 26, 0), 0, 0);
        _assertRecord(_with(good, 35, 127), 0, int256(100) << SHIFT);
        _assertRecord(_with(good, 33, 0), 0, 0);
        _assertRecord(_with(good, 32, 0x80), 0, -int256(100) << SHIFT);
        _assertRecord(_with(_with(good, 26, 200), 34, 0x80), 0, int256(200) << SHIFT);
        _assertRecord(_with(_with(_with(good, 26, 255), 27, 255), 34, 0x80), 0, int256(255) << SHIFT);
        _assertRecord(_with(_with(dense, 32, 0), 33, 127), 1, int256(127) << SHIFT);
        _assertRecord(_with(_with(dense, 32, 0xff), 33, 0x81), 1, -int256(127) << SHIFT);
    }

    function test_RevertWhen_the_round_is_not_accepted() public {
        _playReveals();
        _compute();
        vm.expectRevert(
            abi.encodeWithSelector(
                IDisputes.Disputes_NotAccepted.selector, round, IProjectTypes.Status.Open
            )
        );
        this.proveAggregate(CARRIED);
        _acceptIt();
        _finalize();
        vm.expectRevert(
            abi.encodeWithSelector(
                IDisputes.Disputes_NotAccepted.selector, round, IProjectTypes.Status.Finalized
            )
        );
        this.proveAggregate(CARRIED);
    }

    function test_RevertWhen_the_case_is_not_what_was_accepted() public {
        _playHonest();
        IDisputes.Case memory case_ = _case();
        case_.result.cid = bytes32(uint256(1));
        _expectRefused(IDisputes.Disputes_WrongResult.selector, case_);
        case_ = _case();
        case_.base.cid = bytes32(uint256(1));
        _expectRefused(IDisputes.Disputes_WrongBase.selector, case_);
        case_ = _case();
        case_.contributions[7] ^= 0x01;
        _expectRefused(IDisputes.Disputes_WrongContributions.selector, case_);
        case_.contributions = bytes.concat(contributions, hex"00");
        _expectRefused(bytes4(keccak256("Contributions_BadLength(uint256)")), case_);
        case_ = _case();
        (case_.revelations[0], case_.revelations[1]) = (case_.revelations[1], case_.revelations[0]);
        _expectRefused(IDisputes.Disputes_WrongRevelations.selector, case_);
        _moveOn();
        _playReveals();
        _compute();
        _acceptIt();
        case_ = _case();
        case_.base.cumulativeTotal += 1;
        _expectRefused(IDisputes.Disputes_WrongBase.selector, case_);
    }

    function test_RevertWhen_the_arithmetic_is_another() public {
        _playHonest();
        IDisputes.Arithmetic memory arithmetic = _arithmetic();
        ++arithmetic.alphaQ16;
        vm.expectPartialRevert(IDisputes.Disputes_WrongArithmetic.selector);
        judge.proveAggregate(_case(), arithmetic, _place(CARRIED), _opened(CARRIED));
    }

    function test_RevertWhen_a_leaf_is_not_in_its_tree() public {
        _playHonest();
        IDisputes.Place memory place = _place(CARRIED);
        place.nextLeaf[0] ^= bytes32(uint256(1));
        _expectPlaceRefused(IDisputes.Disputes_BadProof.selector, place);
        place = _place(CARRIED);
        place.baseLeaf[0] ^= bytes32(uint256(1));
        _expectPlaceRefused(IDisputes.Disputes_BadProof.selector, place);
        place = _place(CARRIED);
        place.tensor.gridBits -= 1;
        _expectPlaceRefused(IDisputes.Disputes_BadProof.selector, place);
        place = _place(CARRIED);
        place.tensorIndex = 2;
        _expectPlaceRefused(IDisputes.Disputes_BadProof.selector, place);
        place = _place(CARRIED);
        place.nextProof = new bytes32[](1);
        _expectPlaceRefused(IDisputes.Disputes_BadProof.selector, place);
        place.nextProof = new bytes32[](3);
        _expectPlaceRefused(IDisputes.Disputes_BadProof.selector, place);
        IDisputes.Record[] memory records = _opened(CARRIED);
        records[5].proof[0] ^= bytes32(uint256(1));
        _expectRecordsRefused(IDisputes.Disputes_BadProof.selector, records);
    }

    function test_RevertWhen_the_parameter_is_somewhere_else() public {
        _playHonest();
        IDisputes.Place memory place = _place(CARRIED);
        place.coordinate = 192;
        _expectPlaceRefused(IDisputes.Disputes_NoSuchCoordinate.selector, place);
        place = _place(130);
        IDisputes.Place memory other = _place(CARRIED);
        (place.tensorIndex, place.tensor, place.tensorProof) = (0, other.tensor, other.tensorProof);
        _expectPlaceRefused(IDisputes.Disputes_WrongTensor.selector, place);
        other = _place(130);
        place = _place(CARRIED);
        (place.tensorIndex, place.tensor, place.tensorProof) = (1, other.tensor, other.tensorProof);
        _expectPlaceRefused(IDisputes.Disputes_WrongTensor.selector, place);
    }

    function test_RevertWhen_records_are_not_one_for_each_weight() public {
        weight[1] = 0;
        (score[1], reason[1]) = (0, 7);
        _playHonest();
        IDisputes.Record[] memory records = _opened(CARRIED);
        IDisputes.Record[] memory fewer = new IDisputes.Record[](4);
        IDisputes.Record[] memory more = new IDisputes.Record[](6);
        for (uint256 i = 0; i < 4; ++i) {
            fewer[i] = more[i] = records[i];
        }
        (more[4], more[5]) = (records[4], records[4]);
        _expectRecordsRefused(IDisputes.Disputes_WrongRecordCount.selector, fewer);
        _expectRecordsRefused(IDisputes.Disputes_WrongRecordCount.selector, more);
        (records[0], records[1]) = (records[1], records[0]);
        _expectRecordsRefused(IDisputes.Disputes_BadProof.selector, records);
    }

    function test_RevertWhen_who_has_weight_revealed_nothing() public {
        silent[2] = true;
        _playHonest();
        IDisputes.Record[] memory records = _opened(CARRIED);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.Disputes_NotRevealed.selector, _seat(2)));
        judge.proveAggregate(_case(), _arithmetic(), _place(CARRIED), records);
    }

    /// @dev Were it a record, it would say `value`.
    function _assertNone(bytes memory record, uint256 chunk, int256 value) private {
        uint256 clean = vm.snapshotState();
        uint64 coordinate = _playWith(record, chunk, value);
        this.proveAggregate(coordinate);
        _assertVoided();
        vm.revertToState(clean);
    }

    function _assertRecord(bytes memory record, uint256 chunk, int256 value) private {
        uint256 clean = vm.snapshotState();
        uint64 coordinate = _playWith(record, chunk, value);
        _expectNotFraud();
        this.proveAggregate(coordinate);
        vm.revertToState(clean);
    }

    function _playWith(bytes memory record, uint256 chunk, int256 value) private returns (uint64) {
        (_other, _otherChunk, _otherValue) = (record, chunk, value);
        _playReveals();
        _compute();
        _acceptIt();
        return chunk == 0 ? CARRIED : uint64(SPARSE);
    }

    function _with(bytes memory record, uint256 index, uint8 value) private pure returns (bytes memory changed) {
        changed = bytes.concat(record);
        changed[index] = bytes1(value);
    }

    function _rootOf(bytes[] memory leaves) private pure returns (bytes32) {
        bytes32[] memory level = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            level[i] = keccak256(bytes.concat(hex"00", leaves[i]));
        }
        bytes32 left = keccak256(bytes.concat(hex"01", level[0], level[1]));
        return keccak256(bytes.concat(hex"02", bytes32(uint256(3)), keccak256(bytes.concat(hex"01", left, level[2]))));
    }

    function _expectFraud(IDisputes.Fraud fraud) private {
        bytes32 hash = project.resultHash(round, result);
        vm.expectEmit(address(judge));
        emit IDisputes.FraudProven(address(project), round, hash, fraud, address(this));
    }

    function _expectRefused(bytes4 selector, IDisputes.Case memory case_) private {
        vm.expectPartialRevert(selector);
        judge.proveAggregate(case_, _arithmetic(), _place(CARRIED), _opened(CARRIED));
    }

    function _expectPlaceRefused(bytes4 selector, IDisputes.Place memory place) private {
        IDisputes.Record[] memory records = _opened(CARRIED);
        IDisputes.Case memory case_ = _case();
        vm.expectPartialRevert(selector);
        judge.proveAggregate(case_, _arithmetic(), place, records);
    }

    function _expectRecordsRefused(bytes4 selector, IDisputes.Record[] memory records) private {
        IDisputes.Place memory place = _place(CARRIED);
        IDisputes.Case memory case_ = _case();
        vm.expectPartialRevert(selector);
        judge.proveAggregate(case_, _arithmetic(), place, records);
    }
}
