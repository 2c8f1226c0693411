// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../../src/interfaces/IOutputCourt.sol";
import {CourtTest} from "./CourtTest.sol";
import {vm} from "./Vm.sol";

/// @title Plays one job after the other, with a step of the job at each call, and keeps count of what has to be true
/// @dev Every verifier follows the protocol but four: one says what the worker says, one makes things up, two are
/// never there. The four cannot make a majority of any committee. Every call has to succeed.
contract CourtActor is CourtTest {
    uint256 private constant COLLUDER = 0;
    uint256 private constant MAKER_UP = 1;
    uint256 private constant FIRST_ABSENT = 2;
    uint256 private constant DISHONEST = 4;

    bytes32 private constant RINGER_SALT = keccak256("ringer");
    uint256 private constant WRONG = uint256(keccak256("a known wrong answer"));

    // Counted beside the court.
    uint256 public locked; // by the job that goes on
    uint256 public slashed;
    uint256 public submitted;
    uint256 public ended;
    uint256 public appeals;
    uint256 public ringers;
    mapping(IOutputCourt.Verdict => uint256) public verdicts;
    mapping(address => uint256) private _strikes;

    bool private _honestWorker;
    bool private _ringer;
    uint256 private _saidByWorker;

    function start() external {
        setUp();
    }

    /// @dev One step of the job, or the next job; `choice` decides whatever parties are free to decide.
    function step(uint256 choice) external {
        IOutputCourt.JobView memory job = court.job(terms);
        if (job.phase == IOutputCourt.Phase.None || job.phase == IOutputCourt.Phase.Closed) _begin(choice);
        else if (job.phase == IOutputCourt.Phase.Work) _workOrNot(choice);
        else if (job.phase == IOutputCourt.Phase.Expired) _expire();
        else if (job.phase == IOutputCourt.Phase.Commit) _nextCommit(choice, job);
        else if (job.phase == IOutputCourt.Phase.Reveal) _revealOrDecide(choice);
        else if (job.phase == IOutputCourt.Phase.Due) _decide();
        else if (job.phase == IOutputCourt.Phase.Appeal) _appealOrWait(choice, job);
        else _end(job);
    }

    /// @dev Money comes and goes while jobs go on.
    function move(uint128 amount) external {
        amount = uint128(1 + amount % 10 ether);
        _fund(requester, amount);
        vm.prank(worker);
        court.withdraw(amount);
        _fund(worker, amount);
    }

    /// @dev Everybody goes away, and what goes on ends all the same, whatever it is. Who is honest is then absent.
    function finish() external {
        for (uint256 i = 0; i < 40; ++i) {
            IOutputCourt.JobView memory job = court.job(terms);
            IOutputCourt.Phase phase = job.phase;
            if (phase == IOutputCourt.Phase.None || phase == IOutputCourt.Phase.Closed) return;
            // A worker that has gone before it opened is rejected, however honest.
            if (phase == IOutputCourt.Phase.Due && job.revealed & 1 == 0) _honestWorker = false;
            if (phase == IOutputCourt.Phase.Expired) _expire();
            else if (phase == IOutputCourt.Phase.Due) _decide();
            else if (phase == IOutputCourt.Phase.Settled) _end(court.job(terms));
            else _toPhaseEnd();
        }
    }

    function sumOfBalances() public view returns (uint256 sum) {
        sum = court.balanceOf(requester) + court.balanceOf(worker) + court.balanceOf(BURNED);
        for (uint256 i = 0; i < VERIFIERS; ++i) {
            sum += court.balanceOf(verifiers[i]);
        }
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(court));
    }

    function slashedSeats() external view returns (uint256 all, uint256 ofHonest, uint256 strikesOfHonest) {
        for (uint32 i = 1; i <= VERIFIERS; ++i) {
            uint256 lost = registry.seat(i).slashed;
            all += lost;
            if (i > DISHONEST) {
                ofHonest += lost;
                strikesOfHonest += court.strikesOf(verifiers[i - 1]);
            }
        }
    }

    function isEnded() external view returns (bool) {
        IOutputCourt.Phase phase = court.job(terms).phase;
        return phase == IOutputCourt.Phase.None || phase == IOutputCourt.Phase.Closed;
    }

    /// @dev Everybody takes out what they have; what stays was burned.
    function emptyAll() external returns (uint256 left) {
        _empty(requester);
        _empty(worker);
        for (uint256 i = 0; i < VERIFIERS; ++i) {
            _empty(verifiers[i]);
        }
        return token.balanceOf(address(court)) - court.balanceOf(BURNED);
    }

    function _begin(uint256 choice) private {
        delete entries;
        delete opened;
        delete records;
        delete members;
        _ringer = choice % 5 == 0;
        _honestWorker = !_ringer && choice % 2 == 0;
        terms.salt = bytes32(++submitted);
        terms.ringerHash = _ringer ? court.ringerHash(WRONG, RINGER_SALT) : keccak256(abi.encode(choice));
        jobId = court.jobIdOf(terms);
        uint256 missing = WORKER_FEE + 200 * uint256(VERIFIER_FEE);
        _fund(requester, missing);
        _fund(worker, WORKER_BOND + 200 * uint256(VERIFIER_FEE));
        _submit();
        locked = WORKER_FEE + 3 * uint256(VERIFIER_FEE);
    }

    function _workOrNot(uint256 choice) private {
        if (choice % 8 == 0) return _toPhaseEnd();
        _passPinned();
        bytes32 drawn = _seedOf(jobId, blockhash(court.job(terms).pinnedBlock));
        vm.roll(vm.getBlockNumber() - 2);
        _saidByWorker = _honestWorker ? _noisy(choice) : _ringer ? court.ringerDigest(WRONG, drawn) : LIE;
        _work(_saidByWorker);
        locked += WORKER_BOND;
    }

    function _expire() private {
        court.expireJob(terms);
        locked = 0;
        ++ended;
    }

    /// @dev Everybody who is there commits, one a step; when all have, the others are waited for.
    function _nextCommit(uint256 choice, IOutputCourt.JobView memory job) private {
        if (job.committeeHash == 0) _learnCommittee();
        if (job.round != 0 && job.committed & 1 == 0) {
            _saidByWorker = _honestWorker ? _noisy(choice) : uint256(keccak256(abi.encode(choice)));
            return _commit(0, _saidByWorker);
        }
        for (uint8 i = 1; i <= members.length; ++i) {
            uint256 who = _whoIs(members[i - 1].account);
            bool there = who < FIRST_ABSENT || who >= DISHONEST;
            if (!there || (job.committed >> i) & 1 != 0) continue;
            if (who == COLLUDER) return _commit(i, _saidByWorker);
            if (who == MAKER_UP) return _commit(i, uint256(keccak256(abi.encode(choice))));
            return _commit(i, _noisy(choice));
        }
        _toPhaseEnd();
    }

    function _revealOrDecide(uint256 choice) private {
        if (choice % 3 != 0) {
            _decide();
            return;
        }
        court.reveal(terms, members, _log(), opened);
        if (choice % 2 == 0) _toPhaseEnd();
    }

    function _appealOrWait(uint256 choice, IOutputCourt.JobView memory job) private {
        if (_ringer && job.round == 0) {
            vm.prank(requester);
            court.exposeRinger(terms, _log(), opened[0], WRONG, RINGER_SALT);
            ++ringers;
            return;
        }
        if (job.verdict == IOutputCourt.Verdict.Ringer || job.round == 2 || choice % 3 == 0) return _toPhaseEnd();
        bool byRequester = job.verdict == IOutputCourt.Verdict.Accept;
        _appeal(byRequester ? requester : worker);
        ++appeals;
        locked += 2 * uint256(court.job(terms).committeeSize) * VERIFIER_FEE;
    }

    function _end(IOutputCourt.JobView memory job) private {
        vm.assertFalse(_honestWorker && _rejects(job.verdict));
        vm.assertFalse(!_honestWorker && job.verdict == IOutputCourt.Verdict.Accept);
        _keepRecord();
        for (uint256 r = 0; r < records.length; ++r) {
            _expectSlashes(job.verdict, records[r]);
        }
        court.finalize(terms, records);
        ++verdicts[job.verdict];
        ++ended;
        locked = 0;
    }

    /// @dev What is lost by who was absent, struck for the third time, or confirmed a ringer; up to the stake.
    function _expectSlashes(IOutputCourt.Verdict verdict, IOutputCourt.RoundRecord memory record) private {
        for (uint256 i = 0; i < record.members.length; ++i) {
            IOutputCourt.Member memory member = record.members[i];
            if (member.account == address(0)) continue;
            bool absent = (record.revealed >> (i + 1)) & 1 == 0;
            bool near = (record.near >> (i + 1)) & 1 != 0;
            bool far = (record.far >> (i + 1)) & 1 != 0;
            bool judged = record.revealed & 1 != 0 && verdict != IOutputCourt.Verdict.Inconclusive;
            bool wrong = !absent && judged && !(verdict == IOutputCourt.Verdict.Accept ? near : far);
            uint256 amount = absent ? NO_SHOW_PENALTY : 0;
            if (near && wrong && verdict == IOutputCourt.Verdict.Ringer) {
                amount += STRIKE_PENALTY;
            } else if (absent || wrong) {
                _strikes[member.account] = (_strikes[member.account] + 1) % 3;
                if (_strikes[member.account] == 0) amount += STRIKE_PENALTY;
            }
            uint256 left = SEAT_STAKE - _lost[member.seat];
            if (amount > left) amount = left;
            _lost[member.seat] += amount;
            slashed += amount;
        }
    }

    mapping(uint32 => uint256) private _lost;

    function _empty(address account) private {
        uint256 balance = court.balanceOf(account);
        if (balance == 0) return;
        vm.prank(account);
        court.withdraw(uint128(balance));
    }

    function _rejects(IOutputCourt.Verdict verdict) private pure returns (bool) {
        return verdict == IOutputCourt.Verdict.RejectNoShow || verdict == IOutputCourt.Verdict.RejectDisagreement;
    }

    /// @dev Honest machines differ by at most three bits.
    function _noisy(uint256 choice) private pure returns (uint256) {
        return TRUTH ^ (choice % 8);
    }

    function _whoIs(address account) private view returns (uint256 index) {
        while (index < VERIFIERS && verifiers[index] != account) ++index;
        if (account == address(0)) return FIRST_ABSENT;
    }
}
