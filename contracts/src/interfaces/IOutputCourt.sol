// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITreasury} from "./ITreasury.sol";

/// @title Was this output made by that model, from this input, with a seed nobody chose?
/// @notice A requester asks one worker for one output of a determinism class. The worker commits to a digest of it, a
/// committee drawn afterwards regenerates the output blind and commits too, then everybody opens. Digests within the
/// class's Hamming threshold of each other count as the same output. Whoever disagrees appeals to a larger committee.
/// @dev A job is stored as hashes: every call brings the text (terms, log, committee), which is all in the events.
/// Windows are half-open. Whatever state a job is in, after the end of its window anybody can move it on, and at the
/// end everybody's money is free.
interface IOutputCourt is ITreasury {
    /// @notice What a job is at a time.
    /// Work: the worker may commit. Expired: it did not; expireJob() refunds the requester.
    /// Commit: the committee may commit. Reveal: the commitments may be opened, no new ones come.
    /// Due: the time to open them is over; decide() works with those that were.
    /// Appeal: decided, and the loser may appeal. Settled: nobody did; finalize() pays. Closed: all was paid.
    enum Phase {
        None,
        Work,
        Expired,
        Commit,
        Reveal,
        Due,
        Appeal,
        Settled,
        Closed
    }

    /// @notice What a committee found; None while it has not. Two verdicts reject: RejectNoShow, the worker did not
    /// open its commitment, and RejectDisagreement, a majority agrees on another output. Ringer: the job was a test.
    enum Verdict {
        None,
        Accept,
        RejectNoShow,
        RejectDisagreement,
        Inconclusive,
        Ringer
    }

    /// @notice A determinism class: what generations have to share to be compared, and what a job of it costs.
    /// Its id is the hash of this. Times in seconds, amounts in the token's smallest unit.
    /// @param descriptionDigest sha2-256 of the description: model, sampling, hash, calibration
    /// @param threshold Largest Hamming distance of two digests of the same output, at most 80 of 256
    /// @param appealThreshold The same for the keyed digests of appeals
    /// @param verifierFee What a committee member earns
    /// @param workerBond What the worker locks; half of it covers the fees of every committee a requester can call
    /// @param minimumWorkerFee Least fee of a worker
    /// @param workSeconds Time for the worker to commit
    /// @param commitSeconds Time for the committee to commit
    /// @param revealSeconds Time to open the commitments
    /// @param appealSeconds Time between a decision and the end of the job
    struct ClassTerms {
        bytes32 descriptionDigest;
        uint8 threshold;
        uint8 appealThreshold;
        uint96 verifierFee;
        uint96 workerBond;
        uint96 minimumWorkerFee;
        uint32 workSeconds;
        uint32 commitSeconds;
        uint32 revealSeconds;
        uint32 appealSeconds;
    }

    /// @notice A class as stored. An unknown one is all zero.
    /// @param usableFrom First second at which jobs can name it
    struct OutputClass {
        uint8 threshold;
        uint8 appealThreshold;
        uint96 verifierFee;
        uint96 workerBond;
        uint32 appealSeconds;
        uint96 minimumWorkerFee;
        uint32 workSeconds;
        uint32 commitSeconds;
        uint32 revealSeconds;
        uint40 usableFrom;
    }

    /// @notice What a requester asks for. The job's id is the hash of this, of the chain and of the court.
    /// @param classId Class of the output
    /// @param requester Pays, and may appeal an acceptance
    /// @param worker The one account that may commit the output
    /// @param workerFee What the worker earns
    /// @param inputDigest keccak256 of the input
    /// @param ringerHash ringerHash(digest, salt) if the job is a test with a known wrong answer, else 32 random bytes
    /// @param salt Tells jobs that are otherwise equal apart
    struct JobTerms {
        bytes32 classId;
        address requester;
        address worker;
        uint96 workerFee;
        bytes32 inputDigest;
        bytes32 ringerHash;
        bytes32 salt;
    }

    /// @notice A drawn verifier. Both zero: the draw found nobody for this place.
    /// @param seat The seat that was drawn; what is slashed is its stake
    /// @param account Owner of the seat
    struct Member {
        uint32 seat;
        address account;
    }

    /// @notice One commitment, in the order in which they came.
    /// @param index Who made it: 0 the worker, 1 and up the members in the order of the draw
    struct Entry {
        uint8 index;
        bytes32 commitment;
    }

    /// @notice A commitment that its maker signed, for somebody else to send. ECDSA in the 64-byte form of ERC-2098.
    struct SignedEntry {
        Entry entry;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice Everything that was committed in a round.
    /// @param seed The job's seed in round 0, the round's key later; zero if it was never drawn
    /// @param entries The commitments, first to last
    struct Log {
        bytes32 seed;
        Entry[] entries;
    }

    /// @notice What a commitment hides.
    /// @param index Whose: 0 the worker, 1 and up the members in the order of the draw
    /// @param digest Locality-sensitive hash of the output
    /// @param outputDigest sha2-256 root of the content identifier of the output itself
    /// @param salt 32 random bytes
    struct Opening {
        uint8 index;
        uint256 digest;
        bytes32 outputDigest;
        bytes32 salt;
    }

    /// @notice What a decided round leaves behind. Bit 0 of a mask is the worker, bit i member i.
    /// @param members The committee, empty if none was ever drawn
    /// @param revealed Who opened
    /// @param near Which members are within the threshold of the worker
    /// @param far Which members count against it: the majority that agrees, or without one all others who opened
    struct RoundRecord {
        Member[] members;
        uint32 revealed;
        uint32 near;
        uint32 far;
    }

    /// @notice A job as of this block's time; `revealed`, and once decided `near` and `far`, as in a RoundRecord.
    /// @param round 0, and one more for each appeal
    /// @param committeeSize Places of this round's committee
    /// @param committed Mask of who committed in this round
    /// @param requesterAppeals Bit r: round r was called by the requester, else by the worker
    /// @param pinnedBlock The block whose hash the next draw takes
    /// @param epoch Epoch whose seats are drawn from
    /// @param transcript Rolling hash of the round's log; zero before its seed or key was drawn
    /// @param committeeHash Hash of the round's committee; zero before it was drawn
    struct JobView {
        Phase phase;
        Verdict verdict;
        uint8 round;
        uint8 committeeSize;
        uint32 committed;
        uint32 revealed;
        uint32 near;
        uint32 far;
        uint8 requesterAppeals;
        uint40 phaseEnd;
        uint40 pinnedBlock;
        uint48 epoch;
        bytes32 transcript;
        bytes32 committeeHash;
    }

    /// @notice A class was registered; jobs can name it from `usableFrom` on.
    event ClassRegistered(bytes32 indexed classId, ClassTerms terms, bytes description, uint40 usableFrom);

    /// @notice A job was submitted: the worker may commit until `workEnd`, with a seed from the pinned block.
    event JobSubmitted(
        bytes32 indexed jobId,
        address indexed requester,
        address indexed worker,
        JobTerms terms,
        bytes input,
        uint40 workEnd,
        uint40 pinnedBlock
    );

    /// @notice Nobody used the hash of the block pinned before, and the chain has forgotten it: now it is this one.
    /// `phaseEnd`: end of the phase the job is in.
    event BlockPinned(bytes32 indexed jobId, uint8 round, uint40 pinnedBlock, uint48 epoch, uint40 phaseEnd);

    /// @notice The job's seed is known.
    event SeedDrawn(bytes32 indexed jobId, bytes32 seed);

    /// @notice The worker committed. The committee will be drawn from the seats of `epoch` with the hash of the pinned
    /// block, and may commit until `commitEnd`.
    event WorkCommitted(bytes32 indexed jobId, bytes32 commitment, uint40 pinnedBlock, uint48 epoch, uint40 commitEnd);

    /// @notice The committee of a round. `key` keys the digests of an appeal; it is zero in round 0, which has none.
    event CommitteeDrawn(bytes32 indexed jobId, uint8 round, bytes32 key, Member[] members);

    /// @notice The worker (index 0, in appeals) or a member committed.
    event Committed(bytes32 indexed jobId, address indexed account, uint8 round, uint8 index, bytes32 commitment);

    /// @notice Everybody committed; the commitments can be opened until `revealEnd`.
    event RevealBegun(bytes32 indexed jobId, uint8 round, uint40 revealEnd);

    /// @notice A commitment was opened ahead of the decision.
    event Revealed(bytes32 indexed jobId, address indexed account, uint8 round, Opening opening);

    /// @notice A round was decided, with the masks of its RoundRecord; that can be appealed until `appealEnd`.
    /// @param distances Hamming distance of each member to the worker; 65535 where one of the two did not open
    event JobDecided(
        bytes32 indexed jobId,
        uint8 round,
        Verdict verdict,
        uint32 revealed,
        uint32 near,
        uint32 far,
        uint16[] distances,
        Opening[] openings,
        uint40 appealEnd
    );

    /// @notice `appellant` put up `bond` for a new round with a larger committee, half for its fees, half at stake.
    event Appealed(
        bytes32 indexed jobId,
        address indexed appellant,
        uint8 round,
        uint8 committeeSize,
        uint256 bond,
        uint40 pinnedBlock,
        uint48 epoch,
        uint40 commitEnd
    );

    /// @notice The job was a test: the worker's wrong answer was fixed before the seed was known.
    event RingerExposed(bytes32 indexed jobId, uint256 digest);

    /// @notice A member was paid, its fee or also its share of a ringer's bounty.
    event VerifierPaid(bytes32 indexed jobId, address indexed account, uint256 amount);

    /// @notice A member was against the verdict, or absent. The third strike slashes its seat, and the next is a first.
    event VerifierStruck(bytes32 indexed jobId, address indexed account, uint8 strikes, bool absent);

    /// @notice The job ended; requester and worker got their shares of what was locked, the rest of it was burned.
    event JobFinalized(
        bytes32 indexed jobId, Verdict verdict, uint256 requesterShare, uint256 workerShare, uint256 burned
    );

    /// @notice The worker never committed; the requester got `refund` back.
    event JobExpired(bytes32 indexed jobId, uint256 refund);

    /// @notice Only the curator registers classes.
    error Court_NotCurator(address account, address curator);
    /// @notice Above `maximum` unrelated digests would match too often.
    error Court_ThresholdOutOfRange(uint256 threshold, uint256 maximum);
    /// @notice The worker's bond must be at least `minimum`, so that a requester who appeals and wins loses nothing.
    error Court_BondTooSmall(uint256 bond, uint256 minimum);
    /// @notice Work and all rounds of a job may take `jobSeconds`, longer than the stake of verifiers stays locked.
    error Court_JobOutlastsThaw(uint256 jobSeconds, uint256 thawSeconds);
    /// @notice The description hashes to `have`, the terms say `want`.
    error Court_DescriptionMismatch(bytes32 have, bytes32 want);
    /// @notice The class was registered before.
    error Court_ClassExists(bytes32 classId);
    /// @notice No such class.
    error Court_UnknownClass(bytes32 classId);
    /// @notice The class is usable from `usableFrom` (seconds) on.
    error Court_ClassNotYetUsable(bytes32 classId, uint40 usableFrom);
    /// @notice Only the requester can do this.
    error Court_NotRequester(address account, address requester);
    /// @notice Only the worker can do this.
    error Court_NotWorker(address account, address worker);
    /// @notice The worker must be an account, and not the requester's.
    error Court_BadWorker(address worker);
    /// @notice The class asks for a fee of at least `minimum`.
    error Court_FeeTooSmall(uint256 fee, uint256 minimum);
    /// @notice The input hashes to `have`, the terms say `want`.
    error Court_InputMismatch(bytes32 have, bytes32 want);
    /// @notice The input has `length` bytes, more than `maximum`.
    error Court_InputTooLong(uint256 length, uint256 maximum);
    /// @notice The same terms were submitted before.
    error Court_JobExists(bytes32 jobId);
    /// @notice The job is in phase `have`, the call needs `want`.
    error Court_WrongPhase(bytes32 jobId, Phase have, Phase want);
    /// @notice A commitment cannot be zero.
    error Court_EmptyCommitment(bytes32 jobId);
    /// @notice The hash of the pinned block is known only after `pinnedBlock`.
    error Court_BlockPending(bytes32 jobId, uint256 pinnedBlock);
    /// @notice The chain has forgotten the hash of `pinnedBlock`: pinBlock() names a new one.
    error Court_BlockForgotten(bytes32 jobId, uint256 pinnedBlock);
    /// @notice The hash of `pinnedBlock` can still be used, so no other is pinned.
    error Court_BlockNotForgotten(bytes32 jobId, uint256 pinnedBlock);
    /// @notice What the pinned block was for has been drawn.
    error Court_AlreadyDrawn(bytes32 jobId);
    /// @notice The pool has `seats`, a committee of `size` is to be drawn.
    error Court_PoolTooSmall(uint256 seats, uint256 size);
    /// @notice The committee hashes to `have`, drawn was `want`.
    error Court_CommitteeMismatch(bytes32 jobId, bytes32 have, bytes32 want);
    /// @notice `account` is not who has this index.
    error Court_NotMember(bytes32 jobId, uint8 index, address account);
    /// @notice Who has this index committed before.
    error Court_AlreadyCommitted(bytes32 jobId, uint8 index);
    /// @notice The log hashes to `have`, the transcript is `want`.
    error Court_LogMismatch(bytes32 jobId, bytes32 have, bytes32 want);
    /// @notice The opening is not what was committed to with this index, or comes twice.
    error Court_OpeningMismatch(bytes32 jobId, uint8 index);
    /// @notice The openings are those of mask `have`, needed are exactly those of mask `want`.
    error Court_OpeningsDiffer(bytes32 jobId, uint256 have, uint256 want);
    /// @notice Acceptance is appealed by the requester, rejection by the worker, an inconclusive round by either.
    error Court_NotAppellant(bytes32 jobId, address account, Verdict verdict);
    /// @notice There is no committee above the last, and none above a ringer.
    error Court_NoFurtherAppeal(bytes32 jobId, uint8 round);
    /// @notice What was said of `round` is not what is on record.
    error Court_RecordMismatch(bytes32 jobId, uint256 round);
    /// @notice The worker did not commit to the answer that the terms fixed, or the job was appealed.
    error Court_NotRinger(bytes32 jobId);

    /// @notice Registers a class. For the curator; it cannot be changed or withdrawn.
    /// @param description What descriptionDigest is the digest of; published in the event
    function registerClass(ClassTerms calldata terms, bytes calldata description) external returns (bytes32 classId);

    /// @notice Submits a job and locks the worker's fee and those of the first committee. For the requester.
    /// @param input What to generate from, at most 1,024 bytes; published in the event
    function submitJob(JobTerms calldata terms, bytes calldata input) external returns (bytes32 jobId);

    /// @notice Pins a new block where the chain has forgotten the last one. In the commit phase the window begins
    /// again, with the seats of the current epoch. Anybody may.
    function pinBlock(JobTerms calldata terms) external;

    /// @notice Records the job's seed for work that takes longer than the chain remembers the pinned block. Else
    /// commitWork() does it. Anybody may.
    function drawSeed(JobTerms calldata terms) external returns (bytes32 seed);

    /// @notice Commits the worker to its output, and locks its bond.
    function commitWork(JobTerms calldata terms, bytes32 commitment) external;

    /// @notice Records the round's committee before anybody has committed. Else the first commit does it. Anybody may.
    function drawCommittee(JobTerms calldata terms) external returns (Member[] memory members);

    /// @notice Commits a member, or in appeals the worker, to the output it generated.
    /// @param members The committee, as committeeOf() tells it
    /// @param index 0 the worker, 1 and up the members
    function commit(JobTerms calldata terms, Member[] calldata members, uint8 index, bytes32 commitment) external;

    /// @notice Commits everybody who signed signedHashOf() its commitment, in one transaction instead of one each. Who
    /// has committed is passed over, so that nobody can make the call fail by being faster. Anybody may.
    function commitSigned(JobTerms calldata terms, Member[] calldata members, SignedEntry[] calldata entries) external;

    /// @notice Opens commitments ahead of the decision, so that nobody can leave them out of it. Anybody may.
    function reveal(
        JobTerms calldata terms, Member[] calldata members, Log calldata log, Opening[] calldata openings
    ) external;

    /// @notice Decides a round: at once with an opening for each commitment, and when the time to open is over with
    /// exactly those that reveal() brought in time. Anybody may.
    function decide(
        JobTerms calldata terms, Member[] calldata members, Log calldata log, Opening[] calldata openings
    ) external returns (Verdict verdict);

    /// @notice Calls the next larger committee: 7, 15, 31. Locks two verifier fees for each of its places.
    function appeal(JobTerms calldata terms) external;

    /// @notice Shows that the job was a test. For the requester, after the first decision.
    /// @param worker The worker's opening
    /// @param digest The digest that ringerHash fixed; the worker's is this, masked with the job's seed
    /// @param salt The salt of ringerHash
    function exposeRinger(
        JobTerms calldata terms, Log calldata log, Opening calldata worker, uint256 digest, bytes32 salt
    ) external;

    /// @notice Ends a decided job when nobody can appeal any more: pays, returns, strikes and slashes. Anybody may. Who
    /// alone could still appeal may at once: the requester after an acceptance, the worker after a rejection.
    /// @param rounds Every round, the first one first
    function finalize(JobTerms calldata terms, RoundRecord[] calldata rounds) external;

    /// @notice Ends a job whose worker never committed. Anybody may.
    function expireJob(JobTerms calldata terms) external;

    /// @notice Who registers classes.
    function curator() external view returns (address);

    /// @notice Time between the registration of a class and its first job, in seconds.
    function classDelaySeconds() external view returns (uint32);

    /// @notice A class by its id.
    function outputClass(bytes32 classId) external view returns (OutputClass memory);

    /// @notice A job by its terms.
    function job(JobTerms calldata terms) external view returns (JobView memory);

    /// @notice The committee of the job's round, drawn as of now: the pinned block's hash must be known.
    function committeeOf(JobTerms calldata terms) external view returns (Member[] memory);

    /// @notice Id of a class.
    function classIdOf(ClassTerms calldata terms) external pure returns (bytes32);

    /// @notice Id of a job in this court.
    function jobIdOf(JobTerms calldata terms) external view returns (bytes32);

    /// @notice The hash that commits `account` to an output in a round.
    function commitmentHash(
        bytes32 jobId, uint8 round, address account, uint256 digest, bytes32 outputDigest, bytes32 salt
    ) external pure returns (bytes32);

    /// @notice What the maker of a commitment signs for commitSigned().
    function signedHashOf(bytes32 jobId, uint8 round, bytes32 commitment) external pure returns (bytes32);

    /// @notice The hash that makes a job a ringer.
    function ringerHash(uint256 digest, bytes32 salt) external pure returns (bytes32);

    /// @notice The digest a ringer's worker commits to once the seed is known.
    function ringerDigest(uint256 digest, bytes32 seed) external pure returns (uint256);
}
