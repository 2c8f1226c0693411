// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAttendance} from "../../src/interfaces/IAttendance.sol";
import {IPeerRegistry} from "../../src/interfaces/IPeerRegistry.sol";
import {IProjectFactory} from "../../src/interfaces/IProjectFactory.sol";
import {IProjectTypes} from "../../src/interfaces/IProjectTypes.sol";
import {ITrainingProject} from "../../src/interfaces/ITrainingProject.sol";
import {Deployed} from "./Deployed.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @title A project with six peers of one seat each, whose rounds a test plays
/// @dev Peers are in ascending order of their accounts, and peer i holds seat i + 1. `result`, `contributions` and
/// `earned` are what the peers found last.
abstract contract SwarmTest {
    uint256 internal constant SEAT_STAKE = 1_000 ether;
    uint48 internal constant EPOCH_SECONDS = 1 days;
    uint48 internal constant THAW_SECONDS = 14 days;
    uint128 internal constant POOL = 90 ether;
    uint128 internal constant FUNDS = 1_000 ether;
    uint256 internal constant PEERS = 6;
    uint256 internal constant QUORUM = 5;
    uint256 internal constant RECORD_BYTES = 41;
    bytes internal constant MANIFEST = "a manifest";
    bytes32 internal constant GENESIS = keccak256("genesis");
    uint256 internal constant OWNER = 1;
    uint256 internal constant GUARDIAN = 2;
    uint256 internal constant INSURANCE = 3;
    uint256 internal constant STRANGER = 4;
    uint256 internal constant DISPUTES = 5;

    IERC20 internal token;
    IAttendance internal attendance;
    IProjectFactory internal factory;
    ITrainingProject internal project;
    IPeerRegistry internal registry;
    address internal owner = vm.addr(OWNER);
    address internal guardian = vm.addr(GUARDIAN);
    address internal insurance = vm.addr(INSURANCE);
    address internal stranger = vm.addr(STRANGER);
    address internal disputes;
    uint256[] internal keys;
    address[] internal peers;

    uint64 internal round;
    IProjectTypes.Result internal result;
    bytes internal contributions;
    uint256[] internal earned;

    function setUp() public virtual {
        vm.warp(1_000 * uint256(EPOCH_SECONDS));
        vm.roll(1_000);
        token = IERC20(_deployToken());
        attendance = IAttendance(Deployed.create("Attendance", ""));
        disputes = _deployDisputes();
        factory = IProjectFactory(
            Deployed.create("ProjectFactory", abi.encode(disputes, address(attendance), insurance))
        );
        for (uint256 i = 0; i < PEERS; ++i) {
            _addPeer(100 + i);
        }
        _create(_terms());
        for (uint256 i = 0; i < PEERS; ++i) {
            _stake(peers[i], 1);
        }
        _fund(FUNDS);
        vm.warp(1_001 * uint256(EPOCH_SECONDS));
    }

    function _deployToken() internal virtual returns (address) {
        return Deployed.create("SwarmToken", abi.encode(address(this), 1e9 ether));
    }

    /// @dev An account that may do what the disputes contract may do.
    function _deployDisputes() internal virtual returns (address) {
        return vm.addr(DISPUTES);
    }

    function _terms() internal view virtual returns (IProjectTypes.Configuration memory terms) {
        terms.token = address(token);
        terms.owner = owner;
        terms.guardian = guardian;
        terms.manifestDigest = sha256(MANIFEST);
        terms.genesisDigest = GENESIS;
        terms.genesisDataRoot = keccak256("words of genesis");
        terms.ruleHash = keccak256("mean");
        terms.roundPool = POOL;
        terms.rounds = 3;
        terms.minimumSeats = 2;
        terms.commitSeconds = 600;
        terms.revealSeconds = 300;
        terms.availabilitySeconds = 200;
        terms.attestSeconds = 400;
        terms.challengeSeconds = 1_200;
        terms.closeThawSeconds = 7 days;
        terms.silenceBondBps = 100;
    }

    function _seatTerms() internal view virtual returns (IProjectFactory.SeatTerms memory) {
        return IProjectFactory.SeatTerms(SEAT_STAKE, EPOCH_SECONDS, THAW_SECONDS);
    }

    function _create(IProjectTypes.Configuration memory terms) internal {
        project = ITrainingProject(factory.createProject(terms, _seatTerms(), MANIFEST));
        registry = IPeerRegistry(project.configuration().registry);
        delete earned;
        earned = new uint256[](PEERS);
    }

    function _stake(address account, uint32 count) internal {
        token.transfer(account, count * SEAT_STAKE);
        vm.startPrank(account);
        token.approve(address(registry), count * SEAT_STAKE);
        registry.stake(count);
        vm.stopPrank();
    }

    function _fund(uint128 amount) internal {
        token.approve(address(project), amount);
        project.fund(amount);
    }

    // Time.

    function _warpTo(uint256 time) internal {
        if (time > vm.getBlockTimestamp()) vm.warp(time);
    }

    function _nextBlocks(uint256 count) internal {
        vm.roll(vm.getBlockNumber() + count);
    }

    function _toReveal() internal {
        _warpTo(project.round(round).commitEnd);
    }

    function _toAvailability() internal {
        _warpTo(project.round(round).revealEnd);
    }

    function _toAttestCommit() internal {
        _warpTo(project.round(round).availabilityEnd);
    }

    function _toAttest() internal {
        _warpTo(project.round(round).attestStart);
    }

    function _toLapse() internal {
        _warpTo(project.round(round).attestEnd);
    }

    function _toSettled() internal {
        _warpTo(project.round(round).challengeEnd);
    }

    // Steps of a round.

    function _open() internal {
        uint256 pinned = project.status().pinnedBlock;
        if (pinned >= vm.getBlockNumber()) vm.roll(pinned + 1);
        round = project.openRound();
    }

    function _commit(uint256 i) internal {
        bytes32 commitment = _commitment(i);
        vm.prank(peers[i]);
        project.commit(round, _seat(i), commitment);
    }

    function _reveal(uint256 i) internal {
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _update(i);
        vm.prank(peers[i]);
        project.reveal(round, _seat(i), digest, dataRoot, salt);
    }

    function _commitAndReveal(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            _commit(i);
        }
        _toReveal();
        for (uint256 i = 0; i < count; ++i) {
            _reveal(i);
        }
    }

    /// @dev A batch with the commitments of peers first to last.
    function _post(uint256 first, uint256 last) internal returns (uint8 batch) {
        bytes32[] memory entries = _batchOf(first, last);
        vm.prank(peers[first]);
        batch = project.postCommits(round, keccak256(abi.encodePacked(entries)), uint16(entries.length));
    }

    function _batchOf(uint256 first, uint256 last) internal view returns (bytes32[] memory entries) {
        entries = new bytes32[](last - first + 1);
        for (uint256 i = first; i <= last; ++i) {
            entries[i - first] = _entry(i);
        }
    }

    /// @dev What stands in a batch for peer i.
    function _entry(uint256 i) internal view returns (bytes32) {
        bytes32 commitment = _commitment(i);
        IProjectTypes.Signature memory signature = _signedCommitment(i, commitment);
        return keccak256(abi.encode(commitment, signature.r, signature.vs));
    }

    /// @dev Reveals all of a batch posted with _post().
    function _revealBatch(uint8 batch, uint256 first, uint256 last) internal {
        project.revealBatch(round, batch, _openings(first, last), new bytes32[](last - first + 1));
    }

    /// @dev Packed openings of a whole batch posted with _post().
    function _openings(uint256 first, uint256 last) internal view returns (bytes memory openings) {
        for (uint256 i = first; i <= last; ++i) {
            openings = bytes.concat(openings, _opening(uint16(i - first), i));
        }
    }

    function _opening(uint16 index, uint256 i) internal view returns (bytes memory) {
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _update(i);
        IProjectTypes.Signature memory signature = _signedCommitment(i, _commitment(i));
        return abi.encodePacked(index, _seat(i), peers[i], digest, dataRoot, salt, signature.r, signature.vs);
    }

    function _signedCommitment(uint256 i, bytes32 commitment) internal view returns (IProjectTypes.Signature memory) {
        return _sign(keys[i], project.signedCommitmentHash(round, _seat(i), commitment));
    }

    /// @dev What honest peers find: peer i earned rewards[i]. `variant` tells results of a round apart.
    function _find(uint256[] memory rewards, bytes32 variant) internal {
        IProjectTypes.ProjectStatus memory status = project.status();
        bytes[] memory leaves = new bytes[](rewards.length);
        uint128 total = status.acceptedTotal;
        delete contributions;
        for (uint256 i = 0; i < rewards.length; ++i) {
            earned[i] += rewards[i];
            total += uint128(rewards[i]);
            uint128 score = uint128(1_000 + i);
            contributions = bytes.concat(
                contributions, abi.encodePacked(_seat(i), int32(65_536), score, uint8(0), uint128(rewards[i]))
            );
            leaves[i] = abi.encode(_seat(i), int32(65_536), score, uint8(0), rewards[i]);
        }
        result.prevCid = status.headDigest;
        result.inputRoot = keccak256(abi.encode("inputs", round, variant));
        result.cid = keccak256(abi.encode("checkpoint", round, variant));
        result.dataRoot = keccak256(abi.encode("words", round, variant));
        result.weightRoot = Trees.positionRoot(leaves);
        (result.rewardRoot,) = Trees.rewardRoot(peers, earned, 0);
        result.cumulativeTotal = total;
    }

    /// @dev The whole pool in equal parts.
    function _findEqual() internal {
        uint256[] memory rewards = new uint256[](PEERS);
        for (uint256 i = 0; i < PEERS; ++i) {
            rewards[i] = POOL / PEERS;
        }
        _find(rewards, 0);
    }

    /// @dev Signatures of the first `count` peers under what was found.
    function _signatures(uint256 count) internal view returns (IProjectTypes.Signature[] memory signatures) {
        bytes32 hash = project.resultHash(round, result);
        signatures = new IProjectTypes.Signature[](count);
        for (uint256 i = 0; i < count; ++i) {
            signatures[i] = _sign(keys[i], hash);
        }
    }

    function _custody(uint256 i) internal view returns (IProjectTypes.Custody memory) {
        return IProjectTypes.Custody(keccak256(abi.encode("custody", i, round)), keccak256(abi.encode("salt", i)));
    }

    function _custodies(uint256 count) internal view returns (IProjectTypes.Custody[] memory openings) {
        openings = new IProjectTypes.Custody[](count);
        for (uint256 i = 0; i < count; ++i) {
            openings[i] = _custody(i);
        }
    }

    function _attestation(uint256 i) internal view returns (bytes32) {
        bytes32 hash = project.resultHash(round, result);
        return attendance.attestationHash(address(project), round, peers[i], hash, _custody(i));
    }

    /// @dev Where all attest. What was found must be known.
    function _commitAttestation(uint256 i) internal {
        bytes32 commitment = _attestation(i);
        vm.prank(peers[i]);
        attendance.commitAttestation(address(project), round, commitment, new uint32[](0));
    }

    /// @dev Signed by the first `count` peers; with openings where they commit first.
    function _accept(uint256 count) internal {
        bool commits = project.configuration().attestCommitSeconds != 0;
        project.acceptSigned(
            round, result, contributions, _signatures(count), _custodies(commits ? count : 0)
        );
    }

    function _finalize() internal {
        _toSettled();
        project.finalize(round, result);
    }

    function _claim(uint256 i) internal {
        (, bytes32[] memory proof) = Trees.rewardRoot(peers, earned, i);
        project.claim(peers[i], earned[i], proof);
    }

    // Whole rounds, up to acceptance.

    function _playDirect() internal {
        _open();
        _commitAndReveal(PEERS);
        _findAndAccept();
    }

    function _playBatched() internal {
        _open();
        uint8 batch = _post(0, PEERS - 1);
        _toReveal();
        _revealBatch(batch, 0, PEERS - 1);
        _toAvailability();
        project.pinSeed();
        _findAndAccept();
    }

    /// @dev With commitments to results where the terms want them.
    function _findAndAccept() internal {
        _findEqual();
        if (project.configuration().attestCommitSeconds != 0) {
            _toAttestCommit();
            for (uint256 i = 0; i < QUORUM; ++i) {
                _commitAttestation(i);
            }
        }
        _toAttest();
        _accept(QUORUM);
    }

    /// @dev Opened, committed and revealed, and then no quorum.
    function _playSkipped() internal {
        _open();
        _commitAndReveal(PEERS);
        _toLapse();
        project.skipRound(round);
    }

    // Facts about peers.

    function _update(uint256 i) internal view returns (bytes32 digest, bytes32 dataRoot, bytes32 salt) {
        digest = keccak256(abi.encode("update", round, i));
        dataRoot = keccak256(abi.encode("records", round, i));
        salt = keccak256(abi.encode("salt", round, i));
    }

    function _commitment(uint256 i) internal view returns (bytes32) {
        (bytes32 digest, bytes32 dataRoot, bytes32 salt) = _update(i);
        return project.commitmentHash(round, _seat(i), peers[i], digest, dataRoot, salt);
    }

    function _seat(uint256 i) internal pure returns (uint32) {
        return uint32(i + 1);
    }

    function _seats(uint256 i) internal pure returns (uint32[] memory seatIds) {
        seatIds = new uint32[](1);
        seatIds[0] = _seat(i);
    }

    function _sign(uint256 key, bytes32 hash) internal pure returns (IProjectTypes.Signature memory signature) {
        (signature.r, signature.vs) = vm.signCompact(key, hash);
    }

    function _phase() internal view returns (IProjectTypes.Phase) {
        return project.round(round).phase;
    }

    function _assertPhase(IProjectTypes.Phase want) internal view {
        vm.assertEq(uint256(_phase()), uint256(want), "phase");
    }

    function _slashed(uint256 i) internal view returns (uint256) {
        return registry.seat(_seat(i)).slashed;
    }

    function _addPeer(uint256 key) private {
        address account = vm.addr(key);
        keys.push(key);
        peers.push(account);
        for (uint256 i = peers.length - 1; i > 0 && peers[i - 1] > account; --i) {
            (peers[i], peers[i - 1]) = (peers[i - 1], account);
            (keys[i], keys[i - 1]) = (keys[i - 1], key);
        }
    }
}
