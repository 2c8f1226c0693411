"""What peers hash and sign about a round: updates, votes, results, envelopes, and where its seed comes from.

Everything signed is EIP-712 typed data under the domain ("SwarmProof", "1", chain, project), so a signature is worth
nothing for another chain, project, round or kind of message. Encoded here by hand, word by word: the contracts' own
`src/libraries/Attestation.sol` is the mirror, and the tests compare both with a general encoder.

Signatures are 65 bytes r || s || v with v 27 or 28 and s in the lower half.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import coincurve
from eth_hash.auto import keccak
from eth_typing import HexAddress, HexStr

from contracts.errors import InvalidSignature
from contracts.values import Address

DOMAIN_NAME = "SwarmProof"
DOMAIN_VERSION = "1"
SIGNATURE_BYTES = 65
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
RESULT_TYPE = (
    "Result(uint64 round,bytes32 prevCid,bytes32 inputRoot,bytes32 cid,bytes32 dataRoot,bytes32 weightRoot,"
    "bytes32 rewardRoot,uint128 cumulativeTotal)"
)
COMMITMENT_TYPE = "Commitment(uint64 round,uint32 seat,bytes32 commitment)"
ENVELOPE_TYPE = "Envelope(string kind,uint64 round,uint64 sequence,uint64 expiry,bytes body)"
COMMIT_DOMAIN = keccak(b"SwarmProof update commitment, version 1")
NO_REVEALS = bytes(32)  # where the chain over reveals begins

_DOMAIN_TYPEHASH = keccak(DOMAIN_TYPE.encode())
_RESULT_TYPEHASH = keccak(RESULT_TYPE.encode())
_COMMITMENT_TYPEHASH = keccak(COMMITMENT_TYPE.encode())
_ENVELOPE_TYPEHASH = keccak(ENVELOPE_TYPE.encode())


@dataclass(frozen=True)
class Result:
    """What a round computed. Digests and roots are 32 bytes; `cumulative_total` is in the token's smallest unit.

    prev_cid: checkpoint it started from; input_root: updates that went in; cid, data_root: checkpoint it produced and
    its words; weight_root: weight, score and reason of every seat; reward_root: what each account ever earned.
    """

    prev_cid: bytes
    input_root: bytes
    cid: bytes
    data_root: bytes
    weight_root: bytes
    reward_root: bytes
    cumulative_total: int


@dataclass(frozen=True)
class Domain:
    """Where a signature counts: one project on one chain."""

    chain_id: int
    project: Address

    @property
    def separator(self) -> bytes:
        """EIP-712 domain separator, 32 bytes."""
        return domain_separator(DOMAIN_NAME, self.chain_id, self.project)

    @property
    def run_id(self) -> bytes:
        """keccak256(abi.encode(chain id, project)): names the project inside messages, 32 bytes."""
        return keccak(encoded_number(self.chain_id, 256) + encoded_address(self.project))


def result_digest(domain: Domain, round_number: int, result: Result) -> bytes:
    """The 32 bytes that attesters of a round sign; also the hash of the result that the project records."""
    words = [result.prev_cid, result.input_root, result.cid, result.data_root, result.weight_root, result.reward_root]
    return _typed(
        domain,
        _RESULT_TYPEHASH
        + encoded_number(round_number, 64)
        + b"".join(map(encoded_word, words))
        + encoded_number(result.cumulative_total, 128),
    )


def envelope_digest(domain: Domain, kind: str, round_number: int, sequence: int, expiry: int, body: bytes) -> bytes:
    """The 32 bytes that the sender of an envelope between peers signs. `expiry` in seconds of chain time."""
    return _typed(
        domain,
        _ENVELOPE_TYPEHASH
        + keccak(kind.encode())
        + encoded_number(round_number, 64)
        + encoded_number(sequence, 64)
        + encoded_number(expiry, 64)
        + keccak(body),
    )


def commitment_hash(
    domain: Domain, round_number: int, seat: int, account: Address, digest: bytes, data_root: bytes, salt: bytes
) -> bytes:
    """What a seat commits to before it reveals (digest, data_root); `salt` is 32 random bytes kept until then."""
    scope = keccak(
        COMMIT_DOMAIN
        + encoded_number(domain.chain_id, 256)
        + encoded_address(domain.project)
        + encoded_number(round_number, 64)
    )
    update = encoded_word(digest) + encoded_word(data_root) + encoded_word(salt)
    return keccak(scope + encoded_number(seat, 32) + encoded_address(account) + update)


def commitment_digest(domain: Domain, round_number: int, seat: int, commitment: bytes) -> bytes:
    """The 32 bytes that the owner of a seat signs to let its commitment stand in a batch."""
    return _typed(
        domain,
        _COMMITMENT_TYPEHASH + encoded_number(round_number, 64) + encoded_number(seat, 32) + encoded_word(commitment),
    )


def chain_reveal(reveals_hash: bytes, seat: int, digest: bytes, data_root: bytes, salt: bytes) -> bytes:
    """The chain over a round's reveals after one more; it begins with NO_REVEALS. Its last three bytes count them."""
    update = encoded_number(seat, 32) + encoded_word(digest) + encoded_word(data_root) + encoded_word(salt)
    return _link(reveals_hash, update, 1)


def chain_batch(reveals_hash: bytes, batch: int, openings: bytes, count: int) -> bytes:
    """The chain over a round's reveals after openings of a batch, packed; `count`: how many."""
    return _link(reveals_hash, encoded_number(batch, 8) + keccak(openings), count)


def quiet_seed(origin: bytes, round_number: int) -> bytes:
    """Seed of a round before which nobody revealed; `origin`: the seed before, of round 1 the genesis digest."""
    return keccak(encoded_word(origin) + encoded_number(round_number, 64))


def beacon_seed(block_hash: bytes, reveals_hash: bytes, round_number: int) -> bytes:
    """Seed of a round after one with reveals: of the pinned block's hash and of everything revealed."""
    return keccak(encoded_word(block_hash) + encoded_word(reveals_hash) + encoded_number(round_number, 64))


def sign_digest(key: bytes, digest: bytes) -> bytes:
    """Sign 32 bytes with a private key of 32 bytes; deterministic (RFC 6979)."""
    signature = coincurve.PrivateKey(key).sign_recoverable(encoded_word(digest), hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def recover(digest: bytes, signature: bytes) -> Address:
    """The account that signed. Raises InvalidSignature unless the signature has the one canonical form."""
    if len(signature) != SIGNATURE_BYTES:
        raise InvalidSignature(signature, f"{len(signature)} bytes instead of {SIGNATURE_BYTES}")
    if signature[64] not in (27, 28):
        raise InvalidSignature(signature, f"v is {signature[64]}, not 27 or 28")
    # The mirrored signature (r, n - s) would be a second valid one for the same message.
    if int.from_bytes(signature[32:64], "big") > CURVE_ORDER // 2:
        raise InvalidSignature(signature, "s is in the upper half")
    recoverable = signature[:64] + bytes([signature[64] - 27])
    message = encoded_word(digest)
    try:
        public_key = coincurve.PublicKey.from_signature_and_message(recoverable, message, hasher=None)
    except ValueError as error:
        raise InvalidSignature(signature, "no account could have made it") from error
    return checksum_address(keccak(public_key.format(compressed=False)[1:])[12:])


def compact_signature(signature: bytes) -> tuple[bytes, bytes]:
    """(r, vs) of ERC-2098: the parity of v in the top bit of s, which a canonical s leaves free."""
    if len(signature) != SIGNATURE_BYTES or signature[64] not in (27, 28) or signature[32] >= 0x80:
        raise InvalidSignature(signature, "not canonical, so it has no compact form")
    parity = signature[64] - 27
    return signature[:32], bytes([signature[32] | parity << 7]) + signature[33:64]


def expand_signature(r: bytes, vs: bytes) -> bytes:
    """The 65 bytes of a compact signature."""
    compact = encoded_word(r) + encoded_word(vs)
    return compact[:32] + bytes([compact[32] & 0x7F]) + compact[33:] + bytes([27 + (compact[32] >> 7)])


@lru_cache(maxsize=8192)
def checksum_address(raw: bytes) -> Address:
    """EIP-55 form of a 20-byte address."""
    if len(raw) != 20:
        raise ValueError(f"an address has 20 bytes, not {len(raw)}")
    text = raw.hex()
    shade = keccak(text.encode()).hex()
    return Address(
        HexAddress(
            HexStr("0x" + "".join(c.upper() if int(s, 16) >= 8 else c for c, s in zip(text, shade, strict=False)))
        )
    )


@lru_cache(maxsize=64)
def domain_separator(name: str, chain_id: int, contract: Address) -> bytes:
    """EIP-712 domain separator of version 1 of one of our contracts, 32 bytes."""
    names = keccak(name.encode()) + keccak(DOMAIN_VERSION.encode())
    return keccak(_DOMAIN_TYPEHASH + names + encoded_number(chain_id, 256) + encoded_address(contract))


def _link(reveals_hash: bytes, item: bytes, count: int) -> bytes:
    """29 bytes of a hash, and how many updates the chain is over."""
    revealed = int.from_bytes(reveals_hash[29:], "big") + count
    return keccak(encoded_word(reveals_hash) + item)[:29] + revealed.to_bytes(3, "big")


def _typed(domain: Domain, encoded: bytes) -> bytes:
    return keccak(b"\x19\x01" + domain.separator + keccak(encoded))


def encoded_word(value: bytes) -> bytes:
    """32 bytes as the ABI encodes them. Raises ValueError for any other length."""
    if len(value) != 32:
        raise ValueError(f"expected 32 bytes, got {len(value)}")
    return value


def encoded_number(value: int, bits: int) -> bytes:
    """An unsigned number of so many bits as the ABI encodes it. Raises ValueError when it does not fit."""
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{value} does not fit {bits} bits")
    return value.to_bytes(32, "big")


def encoded_address(address: Address) -> bytes:
    """An address as the ABI encodes it. Raises ValueError for anything else."""
    raw = bytes.fromhex(address.removeprefix("0x"))
    if len(raw) != 20:
        raise ValueError(f"{address!r} is not an address")
    return bytes(12) + raw
