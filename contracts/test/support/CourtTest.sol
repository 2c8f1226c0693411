// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {Deployed} from "./Deployed.sol";
import {vm} from "./Vm.sol";

/// @title A court with a class, forty verifiers, and one job that a test plays through
/// @dev The job's text (terms, log, committee, openings) is kept as its parties would keep it.
abstract contract CourtTest {
    uint256 internal constant SEAT_STAKE = 1_000 ether;
    uint256 internal constant NO_SHOW_PENALTY = 10 ether;
    uint256 internal constant STRIKE_PENALTY = 200 ether;
    uint48 internal constant EPOCH_SECONDS = 3_600;
    uint48 internal constant THAW_SECONDS = 600 + 4 * 1_300 + 1;
    uint96 internal constant VERIFIER_FEE = 1 ether;
    uint96 internal constant WORKER_FEE = 50 ether;
    uint96 internal constant WORKER_BOND = 106 ether + 1;
    uint256 internal constant FUNDS = 100_000 ether;
    uint256 internal constant VERIFIERS = 40;
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;
    uint8 internal constant THRESHOLD = 8;
    uint8 internal constant APPEAL_THRESHOLD = 16;
    bytes internal constant INPUT = "a seven";
    bytes internal constant DESCRIPTION = "a class";

    // What is generated: everybody honest comes within the threshold of it.
    uint256 internal constant TRUTH = uint256(keccak256("the output"));
    uint256 internal constant LIE = uint256(keccak256("another output"));

    IERC20 internal token;
    IOutputCourt internal court;
    IPeerRegistry internal registry;
    address internal curator = vm.addr(1);
    address internal requester = vm.addr(2);
    address internal worker = vm.addr(3);
    address internal stranger = vm.addr(4);
    address[] internal verifiers;

    IOutputCourt.ClassTerms internal classTerms;
    IOutputCourt.JobTerms internal terms;
    bytes32 internal classId;
    bytes32 internal jobId;

    // The round that is going on.
    bytes32 internal seed;
    IOutputCourt.Member[] internal members;
    IOutputCourt.Entry[] internal entries;
    IOutputCourt.Opening[] internal opened;
    // Earlier rounds.
    IOutputCourt.RoundRecord[] internal records;

    function setUp() public virtual {
        vm.warp(1_000 * uint256(EPOCH_SECONDS));
        vm.roll(1_000);
        token = IERC20(Deployed.create("SwarmToken", abi.encode(address(this), 1e9 ether)));
        court = IOutputCourt(_deployCourt(address(token), curator, NO_SHOW_PENALTY, STRIKE_PENALTY));
        registry = IPeerRegistry(court.registry());
        classTerms = _classTerms();
        classId = court.classIdOf(classTerms);
        vm.prank(curator);
        court.registerClass(classTerms, DESCRIPTION);
        for (uint256 i = 0; i < VERIFIERS; ++i) {
            verifiers.push(vm.addr(100 + i));
            _stake(verifiers[i], 1);
        }
        _fund(requester, FUNDS);
        _fund(worker, FUNDS);
        vm.warp(1_001 * uint256(EPOCH_SECONDS));
        terms = _terms("first job");
        jobId = court.jobIdOf(terms);
    }

    function _deployCourt(
        address token_, address curator_, uint256 noShowPenalty, uint256 strikePenalty
    ) internal returns (address) {
        bytes memory arguments = abi.encode(
            token_, curator_, SEAT_STAKE, EPOCH_SECONDS, THAW_SECONDS, noShowPenalty, strikePenalty, uint32(60)
        );
        return Deployed.create("OutputCourt", arguments);
    }

    function _classTerms() internal pure returns (IOutputCourt.ClassTerms memory) {
        return IOutputCourt.ClassTerms({
            descriptionDigest: sha256(DESCRIPTION),
            threshold: THRESHOLD,
            appealThreshold: APPEAL_THRESHOLD,
            verifierFee: VERIFIER_FEE,
            workerBond: WORKER_BOND,
            minimumWorkerFee: 10 ether,
            workSeconds: 600,
            commitSeconds: 600,
            revealSeconds: 300,
            appealSeconds: 400
        });
    }

    function _terms(bytes32 salt) internal view returns (IOutputCourt.JobTerms memory) {
        return IOutputCourt.JobTerms({
            classId: classId,
            requester: requester,
            worker: worker,
            workerFee: WORKER_FEE,
            inputDigest: keccak256(INPUT),
            ringerHash: keccak256("no ringer"),
            salt: salt
        });
    }

    function _stake(address account, uint32 count) internal {
        token.transfer(account, count * SEAT_STAKE);
        vm.startPrank(account);
        token.approve(address(registry), count * SEAT_STAKE);
        registry.stake(count);
        vm.stopPrank();
    }

    function _fund(address account, uint256 amount) internal {
        token.transfer(account, amount);
        vm.startPrank(account);
        token.approve(address(court), amount);
        court.deposit(uint128(amount));
        vm.stopPrank();
    }

    function _nextBlock() internal {
        vm.roll(vm.getBlockNumber() + 1);
        vm.warp(vm.getBlockTimestamp() + 2);
    }

    /// @dev Lets the block that was pinned pass.
    function _passPinned() internal {
        _nextBlock();
        _nextBlock();
    }

    function _toPhaseEnd() internal {
        uint256 end = court.job(terms).phaseEnd;
        if (end > vm.getBlockTimestamp()) vm.warp(end);
    }

    function _submit() internal {
        vm.prank(requester);
        court.submitJob(terms, INPUT);
    }

    /// @dev The worker commits to a digest, in round 0.
    function _work(uint256 digest) internal {
        _passPinned();
        uint256 pinned = court.job(terms).pinnedBlock;
        seed = _seedOf(jobId, blockhash(pinned));
        IOutputCourt.Opening memory opening = _opening(0, digest);
        bytes32 commitment = _commitmentOf(0, worker, opening);
        vm.prank(worker);
        court.commitWork(terms, commitment);
        entries.push(IOutputCourt.Entry(0, commitment));
        opened.push(opening);
    }

    /// @dev Learns the committee of this round, as its members would.
    function _learnCommittee() internal {
        _passPinned();
        IOutputCourt.JobView memory job = court.job(terms);
        IOutputCourt.Member[] memory drawn = court.committeeOf(terms);
        delete members;
        for (uint256 i = 0; i < drawn.length; ++i) {
            members.push(drawn[i]);
        }
        if (job.round != 0) seed = _keyOf(jobId, job.round, blockhash(job.pinnedBlock));
    }

    /// @dev A member, or in appeals the worker, commits to a digest.
    function _commit(uint8 index, uint256 digest) internal {
        address account = index == 0 ? worker : members[index - 1].account;
        IOutputCourt.Opening memory opening = _opening(index, digest);
        bytes32 commitment = _commitmentOf(court.job(terms).round, account, opening);
        vm.prank(account);
        court.commit(terms, members, index, commitment);
        entries.push(IOutputCourt.Entry(index, commitment));
        opened.push(opening);
    }

    /// @dev Members 1 to `count` commit to the digest.
    function _commitMany(uint8 first, uint8 last, uint256 digest) internal {
        for (uint8 i = first; i <= last; ++i) {
            _commit(i, digest);
        }
    }

    /// @dev Everybody but the worker opens on the chain, in time.
    function _hide() internal {
        opened[0] = opened[opened.length - 1];
        opened.pop();
        court.reveal(terms, members, _log(), opened);
        _toPhaseEnd();
    }

    /// @dev With every opening, or once the time to open is over with those on the chain.
    function _decide() internal returns (IOutputCourt.Verdict) {
        IOutputCourt.JobView memory job = court.job(terms);
        if (job.committeeHash == 0) delete members; // nobody had it drawn
        if (job.transcript == 0) seed = 0;
        if (job.phase == IOutputCourt.Phase.Due) {
            for (uint256 i = opened.length; i > 0; --i) {
                if ((job.revealed >> opened[i - 1].index) & 1 != 0) continue;
                opened[i - 1] = opened[opened.length - 1];
                opened.pop();
            }
        }
        return court.decide(terms, members, _log(), opened);
    }

    /// @dev A whole first round in which the worker says one thing and the members others.
    function _playFirst(uint256 ofWorker, uint256 first, uint256 second, uint256 third) internal {
        _submit();
        _work(ofWorker);
        _learnCommittee();
        _commit(1, first);
        _commit(2, second);
        _commit(3, third);
        _decide();
    }

    /// @dev Appeals, and begins the next round with an empty log.
    function _appeal(address appellant) internal {
        _keepRecord();
        vm.prank(appellant);
        court.appeal(terms);
        delete entries;
        delete opened;
        _learnCommittee();
    }

    function _finalize() internal {
        _keepRecord();
        _toPhaseEnd();
        court.finalize(terms, records);
    }

    function _keepRecord() internal {
        IOutputCourt.JobView memory job = court.job(terms);
        IOutputCourt.RoundRecord storage record = records.push();
        record.revealed = job.revealed;
        record.near = job.near;
        record.far = job.far;
        for (uint256 i = 0; i < members.length; ++i) {
            record.members.push(members[i]);
        }
    }

    function _log() internal view returns (IOutputCourt.Log memory) {
        return IOutputCourt.Log(seed, entries);
    }

    function _opening(uint8 index, uint256 digest) internal pure returns (IOutputCourt.Opening memory) {
        return IOutputCourt.Opening(index, digest, keccak256(abi.encode(digest)), keccak256(abi.encode("salt", index)));
    }

    function _commitmentOf(
        uint8 round, address account, IOutputCourt.Opening memory opening
    ) internal view returns (bytes32) {
        return court.commitmentHash(jobId, round, account, opening.digest, opening.outputDigest, opening.salt);
    }

    function _seedOf(bytes32 id, bytes32 blockHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("SwarmProof job seed, version 1"), id, blockHash));
    }

    function _keyOf(bytes32 id, uint8 round, bytes32 blockHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("SwarmProof appeal key, version 1"), id, round, blockHash));
    }

    function _slashedOf(uint256 index) internal view returns (uint256) {
        return registry.seat(members[index - 1].seat).slashed;
    }

    function _keyOfVerifier(address account) internal pure returns (uint256 key) {
        for (key = 100; vm.addr(key) != account; ++key) {}
    }
}
