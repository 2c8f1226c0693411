"""Private keys in files: 32 bytes in hexadecimal, or an encrypted keystore (Web3 Secret Storage, JSON).

Files that anybody but their owner can read are refused, as ssh does: such a key is no longer only ours.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from contracts.attestation import CURVE_ORDER
from contracts.errors import KeyFileError

KEY_BYTES = 32


def load_key(path: Path, *, password_path: Path | None = None) -> LocalAccount:
    """The account of a key file; `password_path` holds the password of an encrypted one. Raises KeyFileError."""
    text = _read_private(path)
    if text.lstrip().startswith("{"):
        return _account(path, _decrypt(path, text, password_path))
    digits = text.strip().removeprefix("0x")
    try:
        key = bytes.fromhex(digits)
    except ValueError as error:
        raise KeyFileError(str(path), "neither hexadecimal nor a keystore") from error
    return _account(path, key)


def _decrypt(path: Path, text: str, password_path: Path | None) -> bytes:
    if password_path is None:
        raise KeyFileError(str(path), "is encrypted, and no password file was given")
    password = _read_private(password_path).rstrip("\r\n")
    try:
        keystore: dict[str, Any] = json.loads(text)
        return bytes(Account.decrypt(keystore, password))
    except json.JSONDecodeError as error:
        raise KeyFileError(str(path), "is not a keystore: damaged JSON") from error
    except ValueError as error:
        raise KeyFileError(str(path), f"the password in {password_path} does not open it") from error
    except (AttributeError, KeyError, NotImplementedError, TypeError) as error:
        raise KeyFileError(str(path), f"is not a keystore: {error!r}") from error


def _account(path: Path, key: bytes) -> LocalAccount:
    if len(key) != KEY_BYTES or not 0 < int.from_bytes(key, "big") < CURVE_ORDER:
        raise KeyFileError(str(path), f"does not hold a private key of {KEY_BYTES} bytes")
    account: LocalAccount = Account.from_key(key)
    return account


def _read_private(path: Path) -> str:
    try:
        # Checked on the open file: what is read is what was checked.
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileError(str(path), f"can be read by others (mode {mode:o}); run chmod 600 on it")
            return file.read()
    except OSError as error:
        raise KeyFileError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeyFileError(str(path), "neither hexadecimal nor a keystore") from error
