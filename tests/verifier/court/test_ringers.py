"""The secrets of ringers: kept whole, or refused in a sentence that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.verifier.court.test_decisions import ID, REQUESTER
from verifier.court.requester import see_through
from verifier.court.ringers import Ringers, RingerSecret, ringer_file
from verifier.errors import SecretUnreadable, SecretUnwritable

WORD = "0x" + "ab" * 32
DAMAGED = [
    (b"", "Expecting value"),
    (b"{", "Expecting property name"),
    (b"[" * 20_000, "recursion"),
    (b"\xff", "decode"),
    (b"7", "not subscriptable"),
    (b"[]", "list indices"),
    (json.dumps({"digest": WORD}).encode(), "it holds no salt"),
    (json.dumps({"digest": 7, "salt": WORD}).encode(), "7 is not 32 bytes"),
    (json.dumps({"digest": "0x7", "salt": WORD}).encode(), "'0x7' is not 32 bytes"),
    (json.dumps({"digest": WORD, "salt": WORD + "00"}).encode(), "is not 32 bytes"),
    (json.dumps({"digest": WORD, "salt": "0x" + "ab" * 31 + "  "}).encode(), "is not 32 bytes"),
]


def test_a_secret_is_found_again_and_only_for_its_job(tmp_path: Path) -> None:
    secret, folder = RingerSecret.make(), tmp_path / "not" / "there"
    assert RingerSecret.load(folder, ID) is None
    secret.save(folder, ID)
    assert RingerSecret.load(folder, ID) == secret
    assert RingerSecret.load(folder, bytes(32)) is None


@pytest.mark.parametrize(("data", "words"), DAMAGED)
def test_a_damaged_secret_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    file = ringer_file(tmp_path, ID)
    file.write_bytes(data)
    with pytest.raises(SecretUnreadable, match=words) as caught:
        RingerSecret.load(tmp_path, ID)
    assert (caught.value.file, caught.value.exit_code) == (file, 2)
    assert str(file) in str(caught.value)


def test_what_is_no_folder_or_no_file_is_refused_too(tmp_path: Path) -> None:
    ringer_file(tmp_path, ID).mkdir()
    with pytest.raises(SecretUnreadable, match="Is a directory"):
        RingerSecret.load(tmp_path, ID)
    with pytest.raises(SecretUnwritable, match="Is a directory"):
        RingerSecret.make().save(tmp_path, ID)
    (tmp_path / "file").touch()
    with pytest.raises(SecretUnwritable, match="file/ringers: Not a directory"):
        RingerSecret.make().save(tmp_path / "file" / "ringers", ID)


async def test_nobody_waits_for_a_ringer_that_could_not_be_exposed(tmp_path: Path) -> None:
    ringer_file(tmp_path, ID).write_text("{}")
    nothing_to_ask: Any = SimpleNamespace()
    with pytest.raises(SecretUnreadable, match="it holds no digest"):
        await see_through(nothing_to_ask, REQUESTER, ID, ringers=tmp_path)


def test_a_secret_that_is_damaged_meanwhile_is_reported_once_and_used_when_it_is_mended(tmp_path: Path) -> None:
    ringers, secret, file = Ringers(tmp_path), RingerSecret.make(), ringer_file(tmp_path, ID)
    file.write_text("{}")
    with capture_logs() as lines:
        assert [ringers.secret(ID), ringers.secret(ID)] == [None, None]
    assert [line["log_level"] for line in lines] == ["warning"]
    assert str(file) in lines[0]["cause"]
    secret.save(tmp_path, ID)
    assert ringers.secret(ID) == secret
