"""Where settings come from, and what is said about bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontend_api.errors import SettingsError
from frontend_api.settings import configuration_files, load_settings

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with user and system configuration folders beside it."""
    for name in ("work", "user/swarmproof", "system/swarmproof"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def test_flags_beat_environment_beats_project_beats_user_beats_system(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    write(home / "system/swarmproof/config.toml", 'rpc_url = "http://system"')
    seen.append(load_settings({}).rpc_url)
    write(home / "user/swarmproof/config.toml", 'rpc_url = "http://user"')
    seen.append(load_settings({}).rpc_url)
    write(home / "work/swarmproof.toml", 'rpc_url = "http://project"')
    seen.append(load_settings({}).rpc_url)
    monkeypatch.setenv("SWARMPROOF_RPC_URL", "http://environment")
    seen.append(load_settings({"rpc_url": None}).rpc_url)
    seen.append(load_settings({"rpc_url": "http://flag"}).rpc_url)
    assert seen == ["http://system", "http://user", "http://project", "http://environment", "http://flag"]


def test_tables_of_several_files_are_merged_key_by_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / "user/swarmproof/config.toml", '[api]\nport = 9000\nhost = "::1"\n[node]\nseats = 2')
    write(home / "work/swarmproof.toml", '[api]\nport = 9001\n[node]\nhost = "127.0.0.1"')
    monkeypatch.setenv("SWARMPROOF_NODE__PORT", "7000")
    settings = load_settings({})
    assert (settings.api.port, settings.api.host) == (9001, "::1")
    assert settings.node == {"seats": 2, "host": "127.0.0.1", "port": "7000"}


def test_only_files_that_exist_are_read(home: Path) -> None:
    assert list(configuration_files({"XDG_CONFIG_HOME": str(home / "user"), "XDG_CONFIG_DIRS": ""})) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('rpc_ur = "x"', "swarmproof.toml: unknown setting rpc_ur; did you mean rpc_url?"),
        ("[api]\nprot = 1", "swarmproof.toml: unknown setting api.prot; did you mean api.port?"),
        ("[node]\nstate = 1", "swarmproof.toml: unknown setting node.state; did you mean node.state_dir?"),
        ('[node]\nkey_file = "k"', "swarmproof.toml: unknown setting node.key_file"),
        ("zzz = 1", "swarmproof.toml: unknown setting zzz"),
    ],
)
def test_an_unknown_key_is_told_with_its_file(home: Path, text: str, sentence: str) -> None:
    write(home / "work/swarmproof.toml", text)
    with pytest.raises(SettingsError) as caught:
        load_settings({})
    assert str(caught.value) == sentence
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("content", [b"rpc_url = ", b"\xff\xfe", b"[api"])
def test_a_damaged_file_is_told(home: Path, content: bytes) -> None:
    (home / "work/swarmproof.toml").write_bytes(content)
    with pytest.raises(SettingsError, match="not a readable TOML file"):
        load_settings({})


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"project": "0x12"}, "setting project: '0x12' is not an address (found '0x12')"),
        ({"chain_id": "one"}, "setting chain_id: input should be a valid integer"),
        ({"api": {"port": 70000}}, "setting api.port: input should be less than or equal to 65535"),
    ],
)
def test_a_value_that_cannot_be_is_told(home: Path, flags: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags)
    assert str(caught.value).startswith(sentence)


def test_addresses_come_back_with_checksum(home: Path) -> None:
    assert load_settings({"project": ADDRESS.lower()}).project == ADDRESS


def test_an_empty_environment_variable_says_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWARMPROOF_RPC_URL", "")
    assert load_settings({}).rpc_url == "http://127.0.0.1:8545"
