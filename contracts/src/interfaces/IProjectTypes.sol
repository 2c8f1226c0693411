// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a project keeps, tells and refuses
interface IProjectTypes {
    /// @notice What a round is, as stored. Open covers everything up to lapsed.
    enum Status {
        None,
        Open,
        Accepted,
        Finalized,
        Skipped,
        Voided
    }

    /// @notice What a round is at this time. Lapsed: open, but no result can come any more. Settled: accepted and
    /// no longer challengeable. Voided: its result, or one it was built on, was proven false.
    enum Phase {
        None,
        Commit,
        Reveal,
        Availability,
        AttestCommit,
        Attest,
        Lapsed,
        Challenge,
        Settled,
        Finalized,
        Skipped,
        Voided
    }

    /// @notice Everything fixed at creation. All times in seconds, amounts in the token's smallest unit.
    /// @param token Token of budget, rewards and stake
    /// @param registry Seats and stake of this project alone; the factory fills it in
    /// @param owner May stop future rounds; receives what was never allocated
    /// @param guardian May pause new stakes and rounds for a while; zero: nobody
    /// @param manifestDigest sha2-256 of the manifest
    /// @param genesisDigest sha2-256 root digest of the checkpoint before round 1
    /// @param genesisDataRoot Root over the words of that checkpoint
    /// @param arithmeticHash Hash of the terms that fraud proofs compute with; zero: aggregates and rewards have none
    /// @param ruleHash Hash of the robust rule's canonical name
    /// @param roundPool What a round can pay at most
    /// @param rounds Number of accepted rounds that complete the project
    /// @param minimumSeats A round opens only with this many active seats
    /// @param trainersPerRound How many seats are drawn to train; zero: all
    /// @param attestersPerRound How many seats are drawn to attest; zero: all
    /// @param commitSeconds Length of the commit window
    /// @param revealSeconds Length of the reveal window
    /// @param availabilitySeconds Length of the window in which attesters can say on the chain what they hold
    /// @param attestCommitSeconds Length of the window in which attesters commit to a result unseen; zero: none
    /// @param attestSeconds Length of the attest window
    /// @param challengeSeconds Time between acceptance and finalization
    /// @param closeThawSeconds Time between the owner's request to close and closing
    /// @param silenceBondBps What a seat that commits and does not reveal loses, in 1/10,000 of its stake
    struct Configuration {
        address token;
        address registry;
        address owner;
        address guardian;
        bytes32 manifestDigest;
        bytes32 genesisDigest;
        bytes32 genesisDataRoot;
        bytes32 arithmeticHash;
        bytes32 ruleHash;
        uint128 roundPool;
        uint32 rounds;
        uint32 minimumSeats;
        uint32 trainersPerRound;
        uint32 attestersPerRound;
        uint32 commitSeconds;
        uint32 revealSeconds;
        uint32 availabilitySeconds;
        uint32 attestCommitSeconds;
        uint32 attestSeconds;
        uint32 challengeSeconds;
        uint32 closeThawSeconds;
        uint16 silenceBondBps;
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

    /// @notice What opens an attester's commitment to a result.
    /// @param custody keccak256 of account, seed and the checkpoint's bytes: nobody makes it without them
    struct Custody {
        bytes32 custody;
        bytes32 salt;
    }

    /// @notice A round as seen from outside. `phase` is that of this block's time. Unknown rounds are all zero.
    /// @param attestStart When results can be accepted: the end of the windows before
    /// @param revealsHash Chain over everything revealed, in order; its last three bytes tell how many updates
    struct RoundView {
        Status status;
        Phase phase;
        uint48 epoch;
        uint32 seats;
        uint32 commits;
        uint32 reveals;
        uint32 batches;
        uint64 previousAccepted;
        uint40 commitEnd;
        uint40 revealEnd;
        uint40 availabilityEnd;
        uint40 attestStart;
        uint40 attestEnd;
        uint40 challengeEnd;
        uint128 cumulativeTotal;
        bytes32 resultHash;
        bytes32 revealsHash;
    }

    /// @notice The project as a whole.
    /// @param headDigest Checkpoint that the next round starts from
    /// @param rewardRoot Root that claims are checked against
    /// @param seed Seed of the round opened last
    /// @param lastRound Number of the round opened last, 0 before the first
    /// @param lastAccepted Number of the round accepted last
    /// @param lastFinalized Number of the round finalized last
    /// @param pinnedBlock Block whose hash goes into the next seed, 0 while none is pinned
    /// @param acceptedRounds How many rounds were accepted and not voided
    /// @param unfinalizedRounds How many rounds are open or accepted, not yet finalized, skipped or voided
    /// @param funded Everything ever paid in through fund()
    /// @param refunded Everything that left at the close, to owner and insurance
    /// @param forfeited Pools of rounds without a result although somebody revealed
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
        bytes32 seed;
        uint64 lastRound;
        uint64 lastAccepted;
        uint64 lastFinalized;
        uint64 pinnedBlock;
        uint32 acceptedRounds;
        uint32 unfinalizedRounds;
        uint128 funded;
        uint128 refunded;
        uint128 forfeited;
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
        uint40 attestStart,
        uint40 attestEnd
    );

    /// @notice A window ended early because everybody had acted.
    event RoundWindowsMoved(
        uint64 indexed round, uint40 commitEnd, uint40 revealEnd, uint40 attestStart, uint40 attestEnd
    );

    /// @notice A seat committed to its update.
    event UpdateCommitted(uint64 indexed round, uint32 indexed seat, bytes32 commitment);

    /// @notice `poster` brought the hash of `count` commitments.
    event CommitsPosted(
        uint64 indexed round, uint8 indexed batch, address indexed poster, bytes32 batchHash, uint16 count
    );

    /// @notice A seat revealed its update: root digest of its identifier and root over its records.
    event UpdateRevealed(uint64 indexed round, uint32 indexed seat, bytes32 digest, bytes32 dataRoot, bytes32 salt);

    /// @notice Updates were revealed out of a batch, in this order; `openings` are packed as in revealBatch(). An
    /// update counts if its account owns the seat and signed it, and is the first of the seat that does.
    event UpdatesRevealed(uint64 indexed round, uint8 indexed batch, bytes openings);

    /// @notice The next seed takes in the hash of `pinnedBlock`.
    event SeedPinned(uint64 indexed round, uint64 pinnedBlock);

    /// @notice Signatures of `weight` seats' stake accepted a result, challengeable until `challengeEnd`.
    event ResultAccepted(
        uint64 indexed round,
        bytes32 indexed resultHash,
        Result result,
        uint40 challengeEnd,
        uint256 weight,
        bytes contributions
    );

    /// @notice A result became final; everything up to `cumulativeTotal` can be claimed.
    event RoundFinalized(uint64 indexed round, bytes32 rewardRoot, uint128 cumulativeTotal);

    /// @notice A round ended without a result; its pool is available again.
    event RoundSkipped(uint64 indexed round);

    /// @notice A round's result, or one it was built on, was proven false; the head is `headDigest` again.
    event RoundVoided(uint64 indexed round, bytes32 headDigest);

    /// @notice `amount` was paid to `account`.
    event RewardClaimed(address indexed account, uint256 amount);

    /// @notice The owner stopped future rounds; the rest can be refunded from `closableAt` on.
    event CloseRequested(uint40 requestedAt, uint40 closableAt);

    /// @notice The project was closed, `refund` paid back to its owner and `insured` to the insurance.
    event ProjectClosed(uint256 refund, uint256 insured);

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
    /// @notice `have` seats are active, a round counts at most `most`.
    error Project_TooManySeats(uint256 have, uint256 most);
    /// @notice `count` rounds are not final yet, the most there may be.
    error Project_PipelineFull(uint32 count);
    /// @notice `have` is available, a round reserves `want`.
    error Project_BudgetTooSmall(uint256 have, uint256 want);
    /// @notice Pools of unfinalized rounds would be `pools`, more than `cap`, a third of the stake that attests.
    error Project_PoolsAboveStakeCap(uint256 pools, uint256 cap);
    /// @notice The seed needs block `pinnedBlock`, which is not there yet.
    error Project_SeedPending(uint64 pinnedBlock);
    /// @notice No block is pinned for the next seed, or it is forgotten: pinSeed() first.
    error Project_SeedNotPinned();
    /// @notice The pinned block can still be used.
    error Project_SeedAlreadyPinned(uint64 pinnedBlock);
    /// @notice `account` does not own `seat`, or the seat does not count in this round.
    error Project_NotSeatOwner(uint64 round, uint32 seat, address account);
    /// @notice The seat committed before.
    error Project_AlreadyCommitted(uint64 round, uint32 seat);
    /// @notice A commitment cannot be zero.
    error Project_EmptyCommitment(uint64 round, uint32 seat);
    /// @notice What was revealed is not what the caller committed to with this seat.
    error Project_CommitMismatch(uint64 round, uint32 seat);
    /// @notice The seat revealed before, or two openings open the same commitment.
    error Project_AlreadyRevealed(uint64 round, uint32 seat);
    /// @notice A batch holds 1 to 255 commitments, at most two a seat, not `count`; a round has at most 8 batches and
    /// has `batches`.
    error Project_BadBatch(uint64 round, uint256 count, uint256 batches);
    /// @notice The commitments hash to `have`, posted was `want`.
    error Project_BatchMismatch(uint64 round, uint8 batch, bytes32 have, bytes32 want);
    /// @notice Openings of `length` bytes are none, or no whole number.
    error Project_BadOpenings(uint256 length);
    /// @notice The account has no seat that counts in this round.
    error Project_NotAttester(uint64 round, address account);
    /// @notice There are `signatures` signatures and `openings` openings of commitments, `want` are needed.
    error Project_OpeningsMissing(uint256 signatures, uint256 openings, uint256 want);
    /// @notice The contributions make the root `have`, signed was `want`.
    error Project_WrongContributions(uint64 round, bytes32 have, bytes32 want);
    /// @notice The contributions pay `have` together, the result allocates `want`.
    error Project_WrongSum(uint64 round, uint256 have, uint256 want);
    /// @notice The result starts from `have`, the head is `want`.
    error Project_WrongBase(uint64 round, bytes32 have, bytes32 want);
    /// @notice A result must allocate between what was allocated before and that plus one pool.
    error Project_TotalOutOfRange(uint64 round, uint256 have, uint256 least, uint256 most);
    /// @notice Signers must come in ascending order, each once: `signer` does not follow `previous`.
    error Project_SignersNotAscending(address previous, address signer);
    /// @notice `signer` has no stake in the snapshot of this round.
    error Project_SignerWithoutStake(uint64 round, address signer);
    /// @notice The signatures carry `weight` seats; more than two thirds of `seats` are needed.
    error Project_QuorumNotMet(uint64 round, uint256 weight, uint256 seats);
    /// @notice The result hashes to `have`, accepted was `want`.
    error Project_ResultMismatch(uint64 round, bytes32 have, bytes32 want);
    /// @notice The accepted round before this one is `previousAccepted`, finalized is only `lastFinalized`.
    error Project_FinalizeOutOfOrder(uint64 round, uint64 previousAccepted, uint64 lastFinalized);
    /// @notice Only `disputes` can do this, after a proof.
    error Project_NotDisputes(address account, address disputes);
    /// @notice Only `attendance` can do this.
    error Project_NotAttendance(address account, address attendance);
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
}
