// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProjectTypes} from "./IProjectTypes.sol";

/// @title Proofs that an accepted result is false
/// @notice One honest watcher is enough: whatever is provable here voids the result, however many signed it, and costs
/// its signers their stake. A proof is one transaction without a bond; of a result that is right there is none.
/// @dev Nothing a proof is computed with is the caller's word: it all hashes to what the project has on record.
interface IDisputes {
    /// @notice What was proven false.
    enum Fraud {
        Aggregate,
        Rewards,
        Inputs,
        Availability
    }

    /// @notice An accepted result and all that its round has on the chain.
    /// @param base Result of the round accepted before; all zero where it is the first
    /// @param contributions As they were accepted, 41 bytes each
    /// @param revelations Everything revealed, in order, packed: seat, digest, data root and salt (100 bytes) of an
    /// update that its owner revealed; number of the batch (1 byte) and openings of what came out of a batch together
    struct Case {
        address project;
        uint64 round;
        IProjectTypes.Result result;
        IProjectTypes.Result base;
        bytes contributions;
        bytes[] revelations;
    }

    /// @notice What a project computes with; its hash is in the configuration.
    /// @param alphaQ16 Outer learning rate, in 1/65536
    /// @param shareCapQ16 Largest part of a pool that one seat can earn, in 1/65536
    /// @param parameterCount Length of the flat vector of all parameters
    /// @param chunkCount Records of an update
    /// @param tensorCount Leaves of the layout tree
    /// @param layoutRoot Root over the tensors; zero where the aggregate is no weighted sum and cannot be opened
    struct Arithmetic {
        uint32 alphaQ16;
        uint32 shareCapQ16;
        uint64 parameterCount;
        uint32 chunkCount;
        uint32 tensorCount;
        bytes32 layoutRoot;
    }

    /// @notice A tensor in the flat vector: leaf of the layout tree.
    /// @param entriesPerChunk Of a full chunk of 4096 elements; 0: all of them
    /// @param gridBits A parameter is its integer divided by 2 to this
    /// @param bits Of an entry in a record
    struct Tensor {
        uint64 start;
        uint64 size;
        uint32 firstChunk;
        uint16 entriesPerChunk;
        uint8 gridBits;
        uint8 bits;
    }

    /// @notice A parameter before and after the round. Leaves hold 64 of them, 32 bits each, little-endian.
    struct Place {
        uint64 coordinate;
        uint32 tensorIndex;
        Tensor tensor;
        bytes32[] tensorProof;
        bytes32[8] baseLeaf;
        bytes32[] baseProof;
        bytes32[8] nextLeaf;
        bytes32[] nextProof;
    }

    /// @notice What an update that counted says about the chunk that the parameter is in.
    struct Record {
        bytes data;
        bytes32[] proof;
    }

    /// @notice Leaf of the reward tree: all that an account ever earned.
    struct Earned {
        address account;
        uint128 cumulative;
    }

    /// @notice `prover` proved a result false; it is voided.
    event FraudProven(
        address indexed project, uint64 indexed round, bytes32 indexed resultHash, Fraud fraud, address prover
    );

    /// @notice `prover` proved that `signer` signed two results for one round.
    event EquivocationProven(
        address indexed project, uint64 indexed round, address indexed signer, address prover
    );

    /// @notice Everything agrees with what is on record: nothing is false here.
    error Disputes_NotFraud();
    /// @notice The round is `status`, only an accepted one can be proven false.
    error Disputes_NotAccepted(uint64 round, IProjectTypes.Status status);
    /// @notice The result hashes to `have`, on record is `want`.
    error Disputes_WrongResult(bytes32 have, bytes32 want);
    /// @notice The result before hashes to `have`, on record is `want`; zero: there is none.
    error Disputes_WrongBase(bytes32 have, bytes32 want);
    /// @notice The contributions make the root `have`, accepted was `want`.
    error Disputes_WrongContributions(bytes32 have, bytes32 want);
    /// @notice What was revealed chains to `have`, on record is `want`.
    error Disputes_WrongRevelations(bytes32 have, bytes32 want);
    /// @notice The arithmetic hashes to `have`, configured is `want`.
    error Disputes_WrongArithmetic(bytes32 have, bytes32 want);
    /// @notice The rewards before make the root `have`, on record is `want`.
    error Disputes_WrongRewards(bytes32 have, bytes32 want);
    /// @notice Accounts must come in ascending order, each once: `account` does not follow `previous`.
    error Disputes_AccountsNotAscending(address previous, address account);
    /// @notice The project's aggregate is no weighted sum of updates.
    error Disputes_NotProvable();
    /// @notice There is no parameter `coordinate` among `count`.
    error Disputes_NoSuchCoordinate(uint64 coordinate, uint64 count);
    /// @notice The parameter is not in this tensor.
    error Disputes_WrongTensor(uint64 coordinate, uint64 start, uint64 size);
    /// @notice The proof does not lead from the leaf at `index` of `count` to `root`.
    error Disputes_BadProof(bytes32 root, uint256 index, uint256 count);
    /// @notice There are `have` records; each contribution with weight needs one, `want` in all.
    error Disputes_WrongRecordCount(uint256 have, uint256 want);
    /// @notice No update of `seat` counts, which has weight: its inputs can be proven false.
    error Disputes_NotRevealed(uint32 seat);
    /// @notice There is no contribution `index` among `count`.
    error Disputes_NoSuchContribution(uint256 index, uint256 count);
    /// @notice Both results are the same.
    error Disputes_SameResult(bytes32 resultHash);
    /// @notice One result is signed by `first`, the other by `second`.
    error Disputes_DifferentSigners(address first, address second);
    /// @notice Nobody has proven this result false.
    error Disputes_NotProven(address project, bytes32 resultHash);
    /// @notice The owner of `seat` has not signed.
    error Disputes_NotSigner(uint32 seat, address owner);

    /// @notice Proves that a parameter does not follow from the one before, the weights and the updates. An update that
    /// counted though its record is no record proves it too, and so does a number after the last parameter.
    /// @param records One for each contribution whose weight is not zero, in their order
    function proveAggregate(
        Case calldata case_, Arithmetic calldata arithmetic, Place calldata place, Record[] calldata records
    ) external;

    /// @notice Proves that rewards do not follow from the scores, or the reward root not from the rewards.
    /// @param earned Everything earned before, ascending by account; not read where a reward itself is wrong
    function proveRewards(
        Case calldata case_, Arithmetic calldata arithmetic, Earned[] calldata earned
    ) external;

    /// @notice Proves that seats, reasons, weights, what was revealed and the input root do not go together.
    function proveInputs(Case calldata case_) external;

    /// @notice Proves that an update was left out as not available though attesters with more than two thirds of all
    /// seats said on the chain that they hold it.
    /// @param index Of its contribution
    /// @param voters Some who said so, ascending
    function proveAvailability(Case calldata case_, uint256 index, address[] calldata voters) external;

    /// @notice Proves that somebody signed two results for one round, and takes the stake of the named seats. At any
    /// time.
    function proveEquivocation(
        address project,
        uint64 round,
        IProjectTypes.Result calldata first,
        IProjectTypes.Signature calldata firstSignature,
        IProjectTypes.Result calldata second,
        IProjectTypes.Signature calldata secondSignature,
        uint32[] calldata seatIds
    ) external;

    /// @notice Takes the stake of seats whose owners signed a result that was proven false; half is the prover's.
    /// @param signatures Of the result, ascending by signer; not only those it was accepted with
    function slashSigners(
        address project,
        uint64 round,
        IProjectTypes.Result calldata result,
        IProjectTypes.Signature[] calldata signatures,
        uint32[] calldata seatIds
    ) external;

    /// @notice Who proved this result of a project false; zero: nobody.
    function proverOf(address project, bytes32 resultHash) external view returns (address);
}
