// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {LibSort} from "solady/src/utils/LibSort.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {Attestation} from "./Attestation.sol";
import {Batches} from "./Batches.sol";
import {Revelations} from "./Revelations.sol";

/// @title Which update of a seat counts
/// @notice The first that its owner revealed, or that somebody opened out of a batch with the owner's signature. The
/// project takes openings as they come, so here, as everywhere a round is computed, the others are passed over.
/// @dev Python mirror: node/fraud/revealed.py.
library Revealed {
    /// @notice Everything revealed in a round, by seat and then in the order of the chain.
    /// @param places Seat, place of the revelation and of the opening in it
    struct Book {
        uint64 round;
        bytes32 scope;
        bytes32 domain;
        uint256[] places;
    }

    /// @notice An update that counts, if one does. `direct`: its owner revealed it.
    struct Update {
        bool found;
        bool direct;
        bytes32 digest;
        bytes32 dataRoot;
    }

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("SwarmProof");
    bytes32 private constant VERSION_HASH = keccak256("1");
    uint256 private constant SEAT_BITS = 64;
    uint256 private constant ITEM_BITS = 16;

    /// @notice Puts what was revealed in order.
    function read(IDisputes.Case calldata case_) internal view returns (Book memory book) {
        book.round = case_.round;
        book.scope = keccak256(abi.encode(Attestation.COMMIT_DOMAIN, block.chainid, case_.project, case_.round));
        book.domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, case_.project)
        );
        uint256 count = 0;
        for (uint256 i = 0; i < case_.revelations.length; ++i) {
            count += _countIn(case_.revelations[i]);
        }
        book.places = new uint256[](count);
        for (uint256 i = case_.revelations.length; i > 0; --i) {
            bytes calldata item = case_.revelations[i - 1];
            for (uint256 k = _countIn(item); k > 0; --k) {
                book.places[--count] = _seatOf(item, k - 1) << SEAT_BITS | (i - 1) << ITEM_BITS | (k - 1);
            }
        }
        LibSort.sort(book.places);
    }

    /// @notice The update of a seat that counts.
    /// @param owner Of the seat in the round's epoch; zero: it does not count
    function find(
        Book memory book, bytes[] calldata revelations, uint32 seat, address owner
    ) internal view returns (Update memory update) {
        uint256[] memory places = book.places;
        for (uint256 i = _firstOf(places, seat); i < places.length && places[i] >> SEAT_BITS == seat; ++i) {
            bytes calldata item = revelations[uint48(places[i] >> ITEM_BITS)];
            if (Revelations.isDirect(item)) {
                return Update(true, true, LibBytes.loadCalldata(item, 4), LibBytes.loadCalldata(item, 36));
            }
            Batches.Opening memory opening = Batches.get(item[1:], uint16(places[i]));
            if (owner != address(0) && opening.account == owner && _isSigned(book, opening)) {
                return Update(true, false, opening.digest, opening.dataRoot);
            }
        }
    }

    /// @notice Seat of a place in the book, and whether its owner revealed for it there.
    function seatAt(
        Book memory book, bytes[] calldata revelations, uint256 i
    ) internal pure returns (uint32 seat, bool direct) {
        uint256 place = book.places[i];
        return (uint32(place >> SEAT_BITS), Revelations.isDirect(revelations[uint48(place >> ITEM_BITS)]));
    }

    function _isSigned(Book memory book, Batches.Opening memory opening) private view returns (bool) {
        bytes32 commitment = Attestation.commitment(
            book.scope, opening.seat, opening.account, opening.digest, opening.dataRoot, opening.salt
        );
        bytes32 signed = Attestation.signedCommitmentHash(book.domain, book.round, opening.seat, commitment);
        return ECDSA.tryRecover(signed, opening.r, opening.vs) == opening.account;
    }

    function _countIn(bytes calldata item) private pure returns (uint256) {
        return Revelations.isDirect(item) ? 1 : Batches.count(item[1:]);
    }

    function _seatOf(bytes calldata item, uint256 k) private pure returns (uint256) {
        if (!Revelations.isDirect(item)) return Batches.get(item[1:], k).seat;
        return uint256(LibBytes.loadCalldata(item, 0)) >> 224;
    }

    /// @dev Where the seat's places begin, or would.
    function _firstOf(uint256[] memory places, uint256 seat) private pure returns (uint256 low) {
        uint256 high = places.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (places[middle] >> SEAT_BITS < seat) low = middle + 1;
            else high = middle;
        }
    }
}
