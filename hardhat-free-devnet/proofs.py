"""`eth_getProof`: an account and its storage slots with the trie nodes that prove them to a header's state root.

Source: https://eips.ethereum.org/EIPS/eip-1186
"""

from __future__ import annotations

from collections.abc import Sequence

import rlp
from eth.abc import BlockHeaderAPI
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3
from eth.rlp.accounts import Account
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

from devnet.evm import Machine
from devnet.formats import Json
from devnet.hexing import data, quantity

HASH_BYTES = 32


def account_proof(machine: Machine, header: BlockHeaderAPI, address: bytes, slots: Sequence[tuple[str, int]]) -> Json:
    """The answer for the state after the block with this header; `slots` pairs each key as asked with its number."""
    trie = machine.trie(header.state_root)
    key = keccak(address)
    encoded = trie.get(key)
    account = rlp.decode(encoded, sedes=Account) if encoded else Account()
    storage = machine.trie(account.storage_root)
    return {
        "address": data(address),
        "accountProof": _nodes(trie, key),
        "balance": quantity(account.balance),
        "codeHash": data(account.code_hash or EMPTY_SHA3),
        "nonce": quantity(account.nonce),
        "storageHash": data(account.storage_root or BLANK_ROOT_HASH),
        "storageProof": [_slot_proof(storage, name, slot) for name, slot in slots],
    }


def _slot_proof(storage: HexaryTrie, name: str, slot: int) -> Json:
    key = keccak(slot.to_bytes(32, "big"))
    encoded = storage.get(key)
    value = int.from_bytes(rlp.decode(encoded), "big") if encoded else 0
    return {"key": name, "value": quantity(value), "proof": _nodes(storage, key)}


def _nodes(trie: HexaryTrie, key: bytes) -> list[str]:
    """The nodes from the root towards a key, as far as they go; those shorter than a hash are inside their parent."""
    encoded = [rlp.encode(node) for node in trie.get_proof(key)]  # type: ignore[no-untyped-call]
    return [data(node) for index, node in enumerate(encoded) if index == 0 or len(node) >= HASH_BYTES]
