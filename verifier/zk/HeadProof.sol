// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The verifier that EZKL generates for one circuit
/// @notice Must not be called by anybody else: it takes the proof once from where the call data says it is and once
/// from where it usually is, so call data that nobody's encoder makes lets it judge numbers that were chosen after the
/// challenges. A call from Solidity is always encoded the usual way.
interface IGeneratedVerifier {
    /// @dev Reverts without data unless the proof holds.
    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool);
}

/// @title Checks that a head scored an image as claimed
/// @notice Head, circuit and reference string are those of the verification key that `keyDigest` names.
contract HeadProof {
    /// @dev Order of the scalar field of BN254, in which the circuit computes.
    uint256 private constant FIELD_ORDER =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    IGeneratedVerifier public immutable verifier;
    bytes32 public immutable keyDigest;
    uint256 public immutable pixelCount;
    uint256 public immutable classCount;

    /// @notice Pixels and scores have another shape than the head's.
    error HeadProof_WrongShape(uint256 pixels, uint256 scores);

    /// @notice The proof does not show that the head answers so.
    error HeadProof_NotProven();

    constructor(IGeneratedVerifier verifier_, bytes32 keyDigest_, uint256 pixelCount_, uint256 classCount_) {
        verifier = verifier_;
        keyDigest = keyDigest_;
        pixelCount = pixelCount_;
        classCount = classCount_;
    }

    /// @notice Returns only if `proof` shows that the head answers `scores` for `pixels`; reverts otherwise.
    /// @param pixels One byte a pixel
    /// @param scores One a class, scaled as the key's description says
    function requireProven(bytes calldata pixels, int64[] calldata scores, bytes calldata proof) external view {
        if (pixels.length != pixelCount || scores.length != classCount) {
            revert HeadProof_WrongShape(pixels.length, scores.length);
        }
        uint256[] memory instances = new uint256[](pixels.length + scores.length);
        for (uint256 i = 0; i < pixels.length; ++i) {
            instances[i] = uint8(pixels[i]);
        }
        for (uint256 i = 0; i < scores.length; ++i) {
            int256 score = scores[i];
            instances[pixels.length + i] = score < 0 ? FIELD_ORDER - uint256(-score) : uint256(score);
        }
        if (!verifier.verifyProof(proof, instances)) revert HeadProof_NotProven();
    }
}
