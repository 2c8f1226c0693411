"""The development accounts: keys everybody knows, from the mnemonic all development chains share.

Never use them anywhere else: whatever they hold on a public chain is taken at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.hdaccount import seed_from_mnemonic
from eth_account.hdaccount.deterministic import HDPath
from eth_keys.datatypes import PrivateKey

MNEMONIC = "test test test test test test test test test test test junk"
DERIVATION_PATH = "m/44'/60'/0'/0"


@dataclass(frozen=True)
class Account:
    """One development account. `address` is EIP-55 text, `raw_address` its 20 bytes."""

    address: str
    raw_address: bytes
    key: PrivateKey

    @property
    def private_key(self) -> str:
        """0x-prefixed hexadecimal."""
        return str(self.key.to_hex())


def development_accounts(count: int) -> tuple[Account, ...]:
    """The first `count` accounts of the mnemonic, in order (BIP-32 and BIP-44)."""
    seed = seed_from_mnemonic(MNEMONIC, "")
    accounts = []
    for index in range(count):
        key = PrivateKey(HDPath(f"{DERIVATION_PATH}/{index}").derive(seed))
        public = key.public_key
        accounts.append(Account(public.to_checksum_address(), public.to_canonical_address(), key))
    return tuple(accounts)
