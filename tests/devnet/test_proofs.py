"""`eth_getProof`: every answer verified against the header's state root, with hashing and RLP alone."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.devnet.programs import STORE_INPUT, word
from tests.devnet.signing import Wallet
from tests.support.rpc import Rpc, RpcFailure

EMPTY_CODE = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
EMPTY_TRIE = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


def proven(root: str, key: bytes, proof: list[str]) -> bytes | None:
    """What a proof shows to be under a key, None = nothing; walks the nodes as EIP-1186 lists them.

    Raises AssertionError for a node whose hash is not the one its parent names, and for nodes left over.
    """
    if root == EMPTY_TRIE:
        assert proof == []
        return None
    path = keccak(key).hex()
    rest = [bytes.fromhex(node[2:]) for node in proof]
    expected: Any = bytes.fromhex(root[2:])
    while True:
        if isinstance(expected, bytes):
            if expected == b"":
                assert rest == []
                return None
            assert keccak(rest[0]) == expected
            node = rlp.decode(rest.pop(0))
        else:
            node = expected  # shorter than a hash, hence inside its parent
        if len(node) == 17:
            expected, path = node[int(path[0], 16)], path[1:]
            continue
        compact = node[0].hex()
        nibbles = compact[1:] if int(compact[0]) % 2 else compact[2:]
        if not path.startswith(nibbles):
            assert rest == []
            return None
        path = path[len(nibbles) :]
        if int(compact[0]) >= 2:
            assert (path, rest) == ("", [])
            return bytes(node[1])
        expected = node[1]


def verify(rpc: Rpc, address: str, slots: list[str], tag: str) -> dict[str, Any]:
    """Ask for a proof and check all of it; returns the answer."""
    answer: dict[str, Any] = rpc("eth_getProof", address, slots, tag)
    root = rpc("eth_getBlockByNumber", tag, False)["stateRoot"]
    account = proven(root, bytes.fromhex(address[2:]), answer["accountProof"])
    if account is None:
        assert (answer["nonce"], answer["balance"]) == ("0x0", "0x0")
        assert (answer["codeHash"], answer["storageHash"]) == (EMPTY_CODE, EMPTY_TRIE)
    else:
        nonce, balance, storage, code = rlp.decode(account)
        assert int.from_bytes(nonce, "big") == int(answer["nonce"], 16)
        assert (
            int.from_bytes(balance, "big") == int(answer["balance"], 16) == rpc.integer("eth_getBalance", address, tag)
        )
        assert ("0x" + storage.hex(), "0x" + code.hex()) == (answer["storageHash"], answer["codeHash"])
        assert code == keccak(bytes.fromhex(rpc("eth_getCode", address, tag)[2:]))
    assert [item["key"] for item in answer["storageProof"]] == slots
    for item in answer["storageProof"]:
        slot = int(item["key"], 16).to_bytes(32, "big")
        found = proven(answer["storageHash"], slot, item["proof"])
        value = 0 if found is None else int.from_bytes(rlp.decode(found), "big")
        assert value == int(item["value"], 16) == rpc.integer("eth_getStorageAt", address, item["key"], tag)
    return answer


def test_accounts_and_slots_that_are_there_and_that_are_not_are_proven(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(STORE_INPUT)
    for slot, value in ((0, 1), (1, 2**255), (2, 3), (7, 9)):
        receipt = rpc.receipt(wallet.send(to=contract, data="0x" + word(slot) + word(value), gas=100_000))
    tag = receipt["blockNumber"]
    answer = verify(rpc, contract, ["0x0", "0x1", "0x2", "0x3", "0x" + word(7)], tag)
    assert [item["value"] for item in answer["storageProof"]] == ["0x1", hex(2**255), "0x3", "0x0", "0x9"]
    verify(rpc, wallet.address.lower(), ["0x0"], tag)
    verify(rpc, "0x" + "77" * 20, ["0x0"], tag)


def test_a_proof_of_the_past_stays_provable(rpc: Rpc, wallet: Wallet) -> None:
    contract = wallet.deploy(STORE_INPUT)
    tags = [
        rpc.receipt(wallet.send(to=contract, data="0x" + word(5) + word(value), gas=100_000))["blockNumber"]
        for value in (1, 2)
    ]
    values = [verify(rpc, contract, ["0x5"], tag)["storageProof"][0]["value"] for tag in tags]
    assert values == ["0x1", "0x2"]


def test_what_is_written_without_a_transaction_is_proven_too(fresh_rpc: Rpc) -> None:
    address = "0x" + "ab" * 20
    fresh_rpc("hardhat_setBalance", address, "0x5")
    fresh_rpc("anvil_setNonce", address, "0x7")
    fresh_rpc("evm_setAccountCode", address, "0x6001")
    fresh_rpc("hardhat_setStorageAt", address, "0x3", "0x" + word(8))
    answer = verify(fresh_rpc, address, ["0x3", "0x4"], "latest")
    assert (answer["balance"], answer["nonce"]) == ("0x5", "0x7")
    assert [item["value"] for item in answer["storageProof"]] == ["0x8", "0x0"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slots=st.dictionaries(st.integers(0, 40), st.integers(1, 2**256 - 1), min_size=1, max_size=12))
def test_storage_of_any_shape_is_proven(rpc: Rpc, slots: dict[int, int]) -> None:
    """Overrides and edits go the same way; tries with one node, with branches, with nodes inside their parents."""
    address = "0x" + keccak(repr(sorted(slots.items())).encode()).hex()[:40]
    rpc("evm_setAccountCode", address, "0x00")
    for slot, value in slots.items():
        rpc("evm_setStorageAt", address, hex(slot), "0x" + word(value))
    verify(rpc, address, [hex(slot) for slot in {*slots, 41, 42}], hex(rpc.integer("eth_blockNumber")))


def test_wrong_keys_are_named(rpc: Rpc) -> None:
    address = "0x" + "00" * 20
    with pytest.raises(RpcFailure, match="unable to decode storage key") as caught:
        rpc("eth_getProof", address, ["0xasdf"], "latest")
    assert caught.value.code == -32000
    with pytest.raises(RpcFailure, match="too many storage keys: 1025, at most 1024"):
        rpc("eth_getProof", address, ["0x0"] * 1025, "latest")
    with pytest.raises(RpcFailure, match="expected a list"):
        rpc("eth_getProof", address, "0x0", "latest")
