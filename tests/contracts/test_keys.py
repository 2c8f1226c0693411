"""Key files: ours alone, readable or refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from contracts.attestation import CURVE_ORDER
from contracts.errors import KeyFileError
from contracts.keys import load_key

KEY = bytes(range(1, 33))
ADDRESS = Account.from_key(KEY).address


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def encrypted(password: str) -> str:
    """A keystore with little work in it, so that tests are quick."""
    return json.dumps(Account.encrypt(KEY, password, kdf="pbkdf2", iterations=2))


@pytest.mark.parametrize("text", [KEY.hex(), "0x" + KEY.hex(), f"\n0x{KEY.hex().upper()}\n"])
def test_a_key_in_hexadecimal_is_read(tmp_path: Path, text: str) -> None:
    assert load_key(written(tmp_path / "key", text)).address == ADDRESS


def test_an_encrypted_key_needs_its_password(tmp_path: Path) -> None:
    path = written(tmp_path / "key.json", encrypted("correct horse"))
    right = written(tmp_path / "password", "correct horse\n")
    wrong = written(tmp_path / "wrong", "battery staple\n")
    assert load_key(path, password_path=right).address == ADDRESS
    with pytest.raises(KeyFileError, match="does not open it"):
        load_key(path, password_path=wrong)
    with pytest.raises(KeyFileError, match="is encrypted, and no password file was given"):
        load_key(path)
    with pytest.raises(KeyFileError, match=r"missing: cannot be read: No such file or directory"):
        load_key(path, password_path=tmp_path / "missing")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_files_that_others_can_touch_are_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "key", KEY.hex(), mode)
    with pytest.raises(KeyFileError, match="can be read by others") as refusal:
        load_key(path)
    assert refusal.value.exit_code == 2
    assert str(path) in str(refusal.value)
    keystore = written(tmp_path / "key.json", encrypted("secret"))
    with pytest.raises(KeyFileError, match="can be read by others"):
        load_key(keystore, password_path=written(tmp_path / "password", "secret", mode))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not hold a private key of 32 bytes"),
        ("hello", "neither hexadecimal nor a keystore"),
        (KEY.hex()[:-2], "does not hold a private key of 32 bytes"),
        (KEY.hex() + "00", "does not hold a private key of 32 bytes"),
        ("00" * 32, "does not hold a private key of 32 bytes"),
        (f"{CURVE_ORDER:064x}", "does not hold a private key of 32 bytes"),
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(KeyFileError, match=reason):
        load_key(written(tmp_path / "key", text))


@pytest.mark.parametrize("text", ["{", "{}", '{"crypto": 1, "version": 3}', '{"version": 9, "crypto": {}}'])
def test_what_is_no_keystore_is_refused(tmp_path: Path, text: str) -> None:
    password = written(tmp_path / "password", "secret")
    with pytest.raises(KeyFileError, match=r"is not a keystore|does not open it"):
        load_key(written(tmp_path / "key.json", text), password_path=password)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file or directory"):
        load_key(tmp_path / "missing")
    with pytest.raises(KeyFileError, match="Is a directory"):
        load_key(tmp_path)
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(KeyFileError, match="neither hexadecimal nor a keystore"):
        load_key(tmp_path / "key")
