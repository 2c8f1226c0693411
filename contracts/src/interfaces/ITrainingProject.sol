// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title One model trained by strangers: its rounds, its checkpoints and its money
/// @notice A round runs through the half-open windows commit [opened, commitEnd), reveal [commitEnd, revealEnd) and
/// attest [revealEnd, attestEnd). A result accepted in the last one is challenged until challengeEnd and finalized
/// from then on. A window ends early once everybody who may act in it has acted. Whatever state a round is in, after
/// the end of its window anybody can move it on: to the next phase, to finalized, or to skipped.
/// @dev A project is a clone whose configuration is part of its code, so it cannot change. No role can move money.
interface ITrainingProject {
    /// @notice What a round is, as stored. Open covers commit, reveal, attest and lapsed.
    enum Status {
        None,
        Open,
        Accepted,
        Finalized,
        Skipped
    }

    /// @notice What a round is at this time. Lapsed: open, but no result can come any more. Settled: accepted and
    /// no longer challengeable.
    enum Phase {
        None,
        Commit,
        Reveal,
        Attest,
        Lapsed,
        Challenge,
        Settled,
        Finalized,
        Skipped
    }

    /// @notice Everything fixed at creation. All times in seconds, amounts in the token's smallest unit.
    /// @param token Token of budget and rewards; the registry's, since pools are bounded by stake
    /// @param registry Seats and stake
    /// @param owner May stop future rounds; receives what was never allocated
    /// @param manifestDigest sha2-256 of the manifest
    /// @param genesisDigest sha2-256 root digest of the checkpoint before round 1
    /// @param ruleHash Hash of the robust rule's canonical name
    /// @param roundPool What a round can pay at most
    /// @param rounds Number of accepted rounds that complete the project
    /// @param minimumSeats A round opens only with this many active seats
    /// @param commitSeconds Length of the commit window
    /// @param revealSeconds Length of the reveal window
    /// @param attestSeconds Length of the attest window
    /// @param challengeSeconds Time between acceptance and finalization
    /// @param closeThawSeconds Time between the owner's request to close and closing
    struct Configuration {
        address token;
        address registry;
        address owner;
        bytes32 manifestDigest;
        bytes32 genesisDigest;
        bytes32 ruleHash;
        uint128 roundPool;
        uint32 rounds;
        uint32 minimumSeats;
        uint32 commitSeconds;
        uint32 revealSeconds;
        uint32 attestSeconds;
        uint32 challengeSeconds;
        uint32 closeThawSeconds;
    }

    /// @notice What a round computed: a deterministic function of its inputs. Hashed and signed, never stored.
    /// @param prevCid Digest of the checkpoint it started from
    /// @param inputRoot Root over the updates that went in
    /// @param cid Digest of the checkpoint it produced
    /// @param dataRoot Root over the words of that checkpoint
    /// @param weightRoot Root over weights, scores and reasons, seat by seat
    /// @param rewardRoot Root over (account, everything it ever earned here)
    /// @param cumulativeTotal Sum of the leaves of rewardRoot
    struct Result {
        bytes32 prevCid;
        bytes32 inputRoot;
        bytes32 cid;
        bytes32 dataRoot;
        bytes32 weightRoot;
        bytes32 rewardRoot;
        uint128 cumulativeTotal;
    }

    /// @notice An ECDSA signature in the 64-byte form of ERC-2098.
    struct Signature {
        bytes32 r;
        bytes32 vs;
    }

    /// @notice A round as seen from outside. `phase` is that of this block's time. Unknown rounds are all zero.
    struct RoundView {
        Status status;
        Phase phase;
        uint48 epoch;
        uint32 seats;
        uint32 commits;
        uint32 reveals;
        uint64 previousAccepted;
        uint40 commitEnd;
        uint40 revealEnd;
        uint40 attestEnd;
        uint40 challengeEnd;
        bytes32 resultHash;
    }

    /// @notice The project as a whole.
    /// @param headDigest Checkpoint that the next round starts from
    /// @param rewardRoot Root that claims are checked against
    /// @param lastRound Number of the round opened last, 0 before the first
    /// @param lastAccepted Number of the round accepted last
    /// @param lastFinalized Number of the round finalized last
    /// @param acceptedRounds How many rounds were accepted
    /// @param unfinalizedRounds How many rounds are open or accepted, not yet finalized or skipped
    /// @param funded Everything ever paid in through fund()
    /// @param refunded Everything paid back to the owner
    /// @param claimedTotal Everything paid out as rewards
    /// @param acceptedTotal Cumulative total of the result accepted last
    /// @param finalizedTotal Cumulative total of the result finalized last: what can be claimed altogether
    /// @param reserved Pools of unfinalized rounds
    /// @param available What future rounds can still be paid from
    /// @param closableAt Time from which a requested close is possible; zero without request
    /// @param complete Every round was accepted and finalized
    /// @param closed The rest was refunded
    struct ProjectStatus {
        bytes32 headDigest;
        bytes32 rewardRoot;
        uint64 lastRound;
        uint64 lastAccepted;
        uint64 lastFinalized;
        uint32 acceptedRounds;
        uint32 unfinalizedRounds;
        uint128 funded;
        uint128 refunded;
        uint128 claimedTotal;
        uint128 acceptedTotal;
        uint128 finalizedTotal;
        uint256 reserved;
        uint256 available;
        uint40 closableAt;
        bool complete;
        bool closed;
    }

    /// @notice `amount` was added to the budget.
    event ProjectFunded(address indexed from, uint256 amount);

    /// @notice A round was opened on the checkpoint `baseDigest` with the weights of `epoch`.
    event RoundOpened(
        uint64 indexed round,
        bytes32 baseDigest,
        bytes32 seed,
        uint48 epoch,
        uint256 pool,
        uint256 stakeSnapshot,
        uint40 commitEnd,
        uint40 revealEnd,
        uint40 attestEnd
    );

    /// @notice A window ended early because everybody had acted.
    event RoundWindowsMoved(uint64 indexed round, uint40 commitEnd, uint40 revealEnd, uint40 attestEnd);

    /// @notice A seat committed to its update.
    event UpdateCommitted(uint64 indexed round, uint32 indexed seat, bytes32 commitment);

    /// @notice A seat revealed its update: root digest of its identifier and root over its records.
    event UpdateRevealed(uint64 indexed round, uint32 indexed seat, bytes32 digest, bytes32 dataRoot);

    /// @notice Signatures of `weight` stake accepted a result, challengeable until `challengeEnd`.
    event ResultAccepted(
        uint64 indexed round, bytes32 indexed resultHash, Result result, uint40 challengeEnd, uint256 weight
    );

    /// @notice A result became final; everything up to `cumulativeTotal` can be claimed.
    event RoundFinalized(uint64 indexed round, bytes32 rewardRoot, uint128 cumulativeTotal);

    /// @notice A round ended without a result; its pool is available again.
    event RoundSkipped(uint64 indexed round);

    /// @notice `amount` was paid to `account`, which has now received `cumulative` altogether.
    event RewardClaimed(address indexed account, uint256 amount, uint256 cumulative);

    /// @notice The owner stopped future rounds; the rest can be refunded from `closableAt` on.
    event CloseRequested(uint40 requestedAt, uint40 closableAt);

    /// @notice The project was closed and `refund` paid back to its owner.
    event ProjectClosed(uint256 refund);

    /// @notice The round is in phase `have`, the call needs `want`.
    error Project_WrongPhase(uint64 round, Phase have, Phase want);
    /// @notice The round before is still in `phase`: it must be accepted or skipped first.
    error Project_PreviousUnsettled(uint64 round, Phase phase);
    /// @notice All `rounds` were accepted.
    error Project_Complete(uint32 rounds);
    /// @notice A close was requested; it is possible from `closableAt` on.
    error Project_Closing(uint40 closableAt);
    /// @notice The project was closed.
    error Project_Closed();
    /// @notice `have` seats are active in this epoch, `want` are needed.
    error Project_TooFewSeats(uint256 have, uint256 want);
    /// @notice `have` is available, a round reserves `want`.
    error Project_BudgetTooSmall(uint256 have, uint256 want);
    /// @notice Pools of unfinalized rounds would be `pools`, more than `cap`, a third of the stake.
    error Project_PoolsAboveStakeCap(uint256 pools, uint256 cap);
    /// @notice `account` does not own `seat`, or the seat does not count in this round.
    error Project_NotSeatOwner(uint64 round, uint32 seat, address account);
    /// @notice The seat committed before.
    error Project_AlreadyCommitted(uint64 round, uint32 seat);
    /// @notice A commitment cannot be zero.
    error Project_EmptyCommitment(uint64 round, uint32 seat);
    /// @notice What was revealed is not what the caller committed to with this seat, or was revealed before.
    error Project_CommitMismatch(uint64 round, uint32 seat);
    /// @notice The result starts from `have`, the head is `want`.
    error Project_WrongBase(uint64 round, bytes32 have, bytes32 want);
    /// @notice A result must allocate between what was allocated before and that plus one pool.
    error Project_TotalOutOfRange(uint64 round, uint256 have, uint256 least, uint256 most);
    /// @notice Signers must come in ascending order, each once: `signer` does not follow `previous`.
    error Project_SignersNotAscending(address previous, address signer);
    /// @notice `signer` has no stake in the snapshot of this round.
    error Project_SignerWithoutStake(uint64 round, address signer);
    /// @notice The signatures carry `weight`; more than two thirds of `stakeSnapshot` are needed.
    error Project_QuorumNotMet(uint64 round, uint256 weight, uint256 stakeSnapshot);
    /// @notice The result hashes to `have`, accepted was `want`.
    error Project_ResultMismatch(uint64 round, bytes32 have, bytes32 want);
    /// @notice The accepted round before this one is `previousAccepted`, finalized is only `lastFinalized`.
    error Project_FinalizeOutOfOrder(uint64 round, uint64 previousAccepted, uint64 lastFinalized);
    /// @notice The proof does not lead from (account, cumulative) to the reward root.
    error Project_BadProof(address account, uint256 cumulative);
    /// @notice `account` has already received `claimed`, which is all that `cumulative` proves.
    error Project_NothingToClaim(address account, uint256 cumulative, uint256 claimed);
    /// @notice Claims would come to `want`, allocated is only `have`: the reward root was wrong.
    error Project_Insolvent(uint256 want, uint256 have);
    /// @notice Funding must be more than nothing.
    error Project_NothingToFund();
    /// @notice The token moved `received` where `expected` was asked for: tokens that take a fee are not supported.
    error Project_InexactTransfer(uint256 expected, uint256 received);
    /// @notice Only `owner` can do this.
    error Project_NotOwner(address account, address owner);
    /// @notice Not complete, and no request to close has thawed: possible from `closableAt` on, zero without request.
    error Project_NotClosable(uint40 closableAt);
    /// @notice `count` rounds must be finalized or skipped first; anybody can do that.
    error Project_RoundsPending(uint32 count);

    /// @notice Adds to the budget; the caller approved `amount` before.
    function fund(uint128 amount) external;

    /// @notice Opens the next round, if the last one is accepted, finalized or skipped.
    function openRound() external returns (uint64 round);

    /// @notice Commits the caller's seat to commitmentHash(...) of its update.
    function commit(uint64 round, uint32 seat, bytes32 commitment) external;

    /// @notice Reveals the update the caller committed to with this seat.
    function reveal(uint64 round, uint32 seat, bytes32 digest, bytes32 dataRoot, bytes32 salt) external;

    /// @notice Accepts a result signed by more than two thirds of the round's stake, signers in ascending order.
    function acceptSigned(uint64 round, Result calldata result, Signature[] calldata signatures) external;

    /// @notice Makes an accepted result final after its challenge window, in the order of rounds.
    function finalize(uint64 round, Result calldata result) external;

    /// @notice Gives up a lapsed round; its pool is available again.
    function skipRound(uint64 round) external;

    /// @notice Pays `account` the difference between what it ever earned and what it has received.
    function claim(address account, uint256 cumulative, bytes32[] calldata proof) external;

    /// @notice Stops rounds that are not open yet. For the owner.
    function requestClose() external;

    /// @notice Refunds what was never allocated to the owner, once complete or closable. Claims stay possible.
    function close() external;

    /// @notice Everything fixed at creation.
    function configuration() external view returns (Configuration memory);

    /// @notice The project as a whole.
    function status() external view returns (ProjectStatus memory);

    /// @notice One round.
    function round(uint64 number) external view returns (RoundView memory);

    /// @notice What is stored for a seat: its commitment, after the reveal keccak256(abi.encode(digest, dataRoot)).
    function commitmentOf(uint64 round, uint32 seat) external view returns (bytes32);

    /// @notice What `account` has received.
    function claimed(address account) external view returns (uint256);

    /// @notice The hash that commits `account`'s seat to an update.
    function commitmentHash(
        uint64 round, uint32 seat, address account, bytes32 digest, bytes32 dataRoot, bytes32 salt
    ) external view returns (bytes32);

    /// @notice The EIP-712 digest that attesters of this project sign; also the result's hash on record.
    function resultHash(uint64 round, Result calldata result) external view returns (bytes32);
}
