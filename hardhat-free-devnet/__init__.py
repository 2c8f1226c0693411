"""A local Ethereum node for development: JSON-RPC over HTTP in front of eth-tester's py-evm backend.

It imports nothing of the rest of the project and nothing of the project imports it: it is reached over JSON-RPC, like
any other chain. Start it with `python -m devnet`.
"""

from __future__ import annotations

import os

# Before anything hashes, which py-evm does while it is imported: Keccak in C without a Python object for each hash.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
