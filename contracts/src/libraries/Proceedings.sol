// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOutputCourt} from "../interfaces/IOutputCourt.sol";

/// @title What is hashed about a job
/// @dev Python mirror: contracts/court.py. A change here is a change there. Every hash starts with a domain of its own,
/// and a job's id holds chain, court and requester, so that nothing said in one place means anything in another.
library Proceedings {
    bytes32 internal constant JOB_DOMAIN = keccak256("SwarmProof job, version 1");
    bytes32 internal constant COMMIT_DOMAIN = keccak256("SwarmProof output commitment, version 1");
    bytes32 internal constant SIGN_DOMAIN = keccak256("SwarmProof signed commitment, version 1");
    bytes32 internal constant SEED_DOMAIN = keccak256("SwarmProof job seed, version 1");
    bytes32 internal constant KEY_DOMAIN = keccak256("SwarmProof appeal key, version 1");
    bytes32 internal constant DRAW_DOMAIN = keccak256("SwarmProof committee draw, version 1");
    bytes32 internal constant RINGER_DOMAIN = keccak256("SwarmProof ringer, version 1");
    bytes32 internal constant MASK_DOMAIN = keccak256("SwarmProof ringer mask, version 1");

    /// @notice Id of a job in this court.
    function jobId(IOutputCourt.JobTerms calldata terms) internal view returns (bytes32) {
        return keccak256(abi.encode(JOB_DOMAIN, block.chainid, address(this), terms));
    }

    /// @notice The hash that commits `account` to an output.
    /// @dev Job, round and account are inside, so a copied commitment opens for nobody else.
    function commitment(
        bytes32 id, uint8 round, address account, uint256 digest, bytes32 outputDigest, bytes32 salt
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(COMMIT_DOMAIN, id, round, account, digest, outputDigest, salt));
    }

    /// @notice What the maker of a commitment signs if somebody else is to send it.
    /// @dev The round is told openly: nobody can send in one round what was signed for another, where nothing opens it.
    function signedHash(bytes32 id, uint8 round, bytes32 made) internal pure returns (bytes32) {
        return keccak256(abi.encode(SIGN_DOMAIN, id, round, made));
    }

    /// @notice Seed of a job, from the hash of the block pinned when it was submitted.
    function seed(bytes32 id, bytes32 blockHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(SEED_DOMAIN, id, blockHash));
    }

    /// @notice Key of the digests of an appeal.
    function key(bytes32 id, uint8 round, bytes32 blockHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(KEY_DOMAIN, id, round, blockHash));
    }

    /// @notice What a committee is drawn with.
    function entropy(bytes32 id, uint8 round, bytes32 blockHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(DRAW_DOMAIN, id, round, blockHash));
    }

    /// @notice Hash of a committee that was drawn.
    function drawnHash(IOutputCourt.Member[] memory members) internal pure returns (bytes32) {
        return keccak256(abi.encode(members));
    }

    /// @notice Hash of a committee as a caller tells it; zero for none.
    function committeeHash(IOutputCourt.Member[] calldata members) internal pure returns (bytes32) {
        return members.length == 0 ? bytes32(0) : keccak256(abi.encode(members));
    }

    /// @notice The transcript of a round in which nobody has committed yet.
    /// @param seedOrKey The job's seed in round 0, the round's key later
    function transcript(bytes32 id, uint8 round, bytes32 seedOrKey) internal pure returns (bytes32) {
        return keccak256(abi.encode(id, round, seedOrKey));
    }

    /// @notice The transcript after one more commitment.
    function extend(bytes32 before, uint8 index, bytes32 added) internal pure returns (bytes32) {
        return keccak256(abi.encode(before, index, added));
    }

    /// @notice What is kept of a decided round.
    function record(bytes32 committee, uint32 revealed, uint32 near, uint32 far) internal pure returns (bytes32) {
        return keccak256(abi.encode(committee, revealed, near, far));
    }

    /// @notice The hash that makes a job a ringer.
    function ringerHash(uint256 digest, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(RINGER_DOMAIN, digest, salt));
    }

    /// @notice The digest that a ringer's worker commits to.
    /// @dev Masked with a seed that was unknown when `digest` was fixed, it is a random digest to everybody: whatever
    /// outputs are like, one is within 80 bits of it with a probability of 9.4e-10.
    function ringerDigest(uint256 digest, bytes32 jobSeed) internal pure returns (uint256) {
        return digest ^ uint256(keccak256(abi.encode(MASK_DOMAIN, jobSeed)));
    }
}
