"""The machine against py-evm's own slower ways: tries of lists, and whole blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import rlp
from eth.db.trie import make_trie_root_and_nodes
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from devnet.accounts import development_accounts
from devnet.chain import BLOCK_GAS_LIMIT, INITIAL_BALANCE_WEI, Chain
from devnet.evm import Machine
from devnet.listtrie import list_trie, rlp_bytes
from tests.devnet.programs import LOG_INPUT, STORE_INPUT, creation_code, word
from tests.devnet.signing import signed_by

CHAIN_ID = 7
ACCOUNTS = development_accounts(3)


@dataclass(frozen=True)
class Item:
    """Something with an encoding, as py-evm expects it."""

    content: bytes

    def encode(self) -> bytes:
        """Its bytes."""
        return self.content


@given(st.lists(st.binary(min_size=1, max_size=90), max_size=40))
def test_the_trie_of_a_list_has_the_root_and_the_nodes_of_a_trie_filled_one_by_one(items: list[bytes]) -> None:
    root, nodes = list_trie(items)
    expected_root, expected_nodes = make_trie_root_and_nodes(tuple(map(Item, items)))
    assert root == expected_root
    assert nodes.items() <= {**expected_nodes, root: nodes.get(root)}.items()
    assert all(keccak(node) == node_hash for node_hash, node in nodes.items())


@settings(max_examples=8)
@given(st.sampled_from([1, 15, 16, 17, 127, 128, 129, 255, 256, 257, 1_000, 1_500]), st.binary(min_size=1, max_size=3))
def test_long_lists_too(length: int, start: bytes) -> None:
    items = [start * (1 + index % 50) for index in range(length)]
    assert list_trie(items)[0] == make_trie_root_and_nodes(tuple(map(Item, items)))[0]


@given(st.binary(max_size=300))
def test_byte_strings_are_encoded_as_rlp_has_it(value: bytes) -> None:
    assert rlp_bytes(value) == rlp.encode(value)


def test_py_evm_imports_every_block_with_all_its_checks() -> None:
    """Another machine runs them as if they came from a peer: roots, gas, bloom and header rules are its own."""
    chain = Chain(chain_id=CHAIN_ID, accounts=ACCOUNTS, wall=lambda: 1_000.0)
    for nonce in range(20):
        chain.submit_raw(signed_by(ACCOUNTS[0], nonce, CHAIN_ID, to=bytes(19) + b"\xaa", value=nonce))
    creations = [bytes.fromhex(creation_code(program)[2:]) for program in (LOG_INPUT, STORE_INPUT)]
    for nonce, creation in enumerate(creations):
        chain.submit_raw(signed_by(ACCOUNTS[1], nonce, CHAIN_ID, to=b"", data=creation, gas=500_000))
    made = [bytes.fromhex(str(receipt["contractAddress"])[2:]) for receipt in chain.mine().receipts[-2:]]
    for nonce in range(2, 30):
        call: dict[str, Any] = {"to": made[nonce % 2], "data": bytes.fromhex(word(nonce) + word(nonce)), "gas": 90_000}
        chain.submit_raw(signed_by(ACCOUNTS[1], nonce, CHAIN_ID, **call))
    chain.submit_raw(signed_by(ACCOUNTS[2], 0, CHAIN_ID, to=made[1], data=b"\x01" * 64, gas=25_000))  # out of gas
    assert chain.mine().receipts[-1]["status"] == "0x0"
    chain.mine()
    judge = Machine(
        chain_id=CHAIN_ID,
        accounts=ACCOUNTS,
        balance_wei=INITIAL_BALANCE_WEI,
        gas_limit=BLOCK_GAS_LIMIT,
        genesis_time_seconds=1_000,
    )
    for number in range(1, chain.head.number + 1):
        found = chain.block(number)
        assert found is not None
        imported = judge._chain.import_block(found.block).imported_block
        assert imported.hash == found.block.hash
    assert judge._chain.get_canonical_head().hash == chain.head.header.hash
