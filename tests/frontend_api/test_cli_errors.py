"""Bad input: one clear sentence on stderr, the right exit code, nothing lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Command, Outcome
from tests.support.devnet import Devnet
from tests.support.world import World

UNUSED_KEY = "0x" + "11" * 32
NODE = ["node", "--no-claim"]


def refused(found: Outcome, exit_code: int) -> str:
    """The one sentence of a refusal."""
    assert found.exit_code == exit_code, found
    assert found.stdout == ""
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1
    assert "Traceback" not in found.stderr
    return found.stderr.removeprefix("error: ").strip()


@pytest.fixture
def on_chain(world: World) -> list[object]:
    """Options that lead to the world's chain."""
    return ["--rpc-url", world.devnet.rpc_url, "--deployment", world.deployment_file]


def key_file(folder: Path, private_key: str) -> Path:
    """A key file that only we can read."""
    path = folder / "account.key"
    path.touch(mode=0o600)
    path.write_text(private_key + "\n", encoding="utf-8")
    return path


@pytest.fixture
def occupied_port() -> Iterator[int]:
    """A port somebody else listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


@pytest.mark.parametrize(
    "command", [["status"], ["contributions"], ["api", "--port", "0"], ["project", "show"], ["audit"], NODE, ["claim"]]
)
def test_an_unreachable_chain(swarmproof: Command, world: World, tmp_path: Path, command: list[str]) -> None:
    key = key_file(tmp_path, UNUSED_KEY)
    options = ["--rpc-url", "http://127.0.0.1:1", "--deployment", world.deployment_file, "--key-file", key]
    sentence = refused(swarmproof(*command, *options), 4)
    assert sentence.startswith("no Ethereum node answers at http://127.0.0.1:1")


@pytest.mark.parametrize("command", [["status"], ["api", "--port", "0"], ["audit"], NODE, ["deploy"]])
def test_a_wrong_chain_id(
    swarmproof: Command, on_chain: list[object], tmp_path: Path, command: list[str], world: World
) -> None:
    key = key_file(tmp_path, UNUSED_KEY)
    if command == ["deploy"]:
        on_chain = ["--rpc-url", world.devnet.rpc_url]
    sentence = refused(swarmproof(*command, *on_chain, "--chain-id", 5, "--key-file", key), 2)
    assert sentence.endswith("serves chain 31337, expected chain 5")


def test_a_deployment_record_of_another_chain(swarmproof: Command, world: World, tmp_path: Path) -> None:
    text = world.deployment_file.read_text(encoding="utf-8").replace("31337", "5")
    record = tmp_path / "other.json"
    record.write_text(text, encoding="utf-8")
    sentence = refused(swarmproof("status", "--rpc-url", world.devnet.rpc_url, "--deployment", record), 2)
    assert sentence == f"deployment record {record}: is of chain 5, the node serves chain 31337"


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense"])
def test_a_damaged_deployment_record(swarmproof: Command, tmp_path: Path, content: str) -> None:
    record = tmp_path / "record.json"
    record.write_text(content, encoding="utf-8")
    assert str(record) in refused(swarmproof("status", "--deployment", record), 2)
    assert record.read_text(encoding="utf-8") == content


def test_a_missing_deployment_record_says_which(swarmproof: Command) -> None:
    assert "swarmproof-deployment.json: cannot be read" in refused(swarmproof("status"), 2)


def test_deploy_never_overwrites_a_record(swarmproof: Command, world: World, tmp_path: Path) -> None:
    before = world.deployment_file.read_bytes()
    key = key_file(tmp_path, world.devnet.accounts[0].private_key)
    options = ["--rpc-url", world.devnet.rpc_url, "--deployment", world.deployment_file, "--key-file", key]
    assert "name another record" in refused(swarmproof("deploy", *options), 2)
    assert world.deployment_file.read_bytes() == before


@pytest.mark.parametrize("command", [["deploy"], ["project", "create", "--task", "digits"], ["claim"], NODE])
def test_sending_without_a_key(swarmproof: Command, world: World, command: list[str]) -> None:
    options = ["--rpc-url", world.devnet.rpc_url]
    assert "--key-file" in refused(swarmproof(*command, *options), 2)


def test_a_key_file_others_can_read(swarmproof: Command, on_chain: list[object], tmp_path: Path) -> None:
    key = key_file(tmp_path, UNUSED_KEY)
    key.chmod(0o644)
    sentence = refused(swarmproof("claim", *on_chain, "--key-file", key), 2)
    assert sentence == f"key file {key}: can be read by others (mode 644); run chmod 600 on it"


def test_an_unfunded_account(swarmproof: Command, world: World, tmp_path: Path) -> None:
    key = key_file(tmp_path, UNUSED_KEY)
    record = tmp_path / "new.json"
    options = ["--rpc-url", world.devnet.rpc_url, "--deployment", record, "--key-file", key]
    assert " has 0 wei, the transaction may cost up to " in refused(swarmproof("deploy", *options), 1)
    assert not record.exists()


def test_too_few_tokens_for_a_project_send_nothing(
    swarmproof: Command, world: World, on_chain: list[object], tmp_path: Path
) -> None:
    key = key_file(tmp_path, world.devnet.accounts[9].private_key)
    before = len(world.get("/projects")["items"])
    found = swarmproof("project", "create", "--task", "digits", *on_chain, "--key-file", key)
    assert "holds 0 wei of the token, this needs 2000000000000000000000 wei" in refused(found, 1)
    assert len(world.get("/projects")["items"]) == before


def test_not_enough_stake(swarmproof: Command, world: World, on_chain: list[object], tmp_path: Path) -> None:
    key = key_file(tmp_path, world.devnet.accounts[9].private_key)
    found = swarmproof(*NODE, *on_chain, "--key-file", key, "--state-dir", tmp_path / "state")
    assert "1 more seats cost 300000000000000000000" in refused_last(found, 1)


def refused_last(found: Outcome, exit_code: int) -> str:
    """The sentence of a refusal that log lines may stand before."""
    assert found.exit_code == exit_code, found
    assert "Traceback" not in found.stderr
    last = found.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ")
    return last


def test_a_corrupt_state_directory_is_left_as_it_is(
    swarmproof: Command, world: World, on_chain: list[object], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "state.db").write_bytes(b"no database" * 500)
    key = key_file(tmp_path, world.devnet.accounts[1].private_key)
    found = swarmproof(*NODE, *on_chain, "--key-file", key, "--state-dir", state)
    assert f"state directory {state} is damaged" in refused_last(found, 1)
    assert (state / "state.db").read_bytes() == b"no database" * 500


def test_a_missing_data_folder(swarmproof: Command, world: World, on_chain: list[object], tmp_path: Path) -> None:
    key = key_file(tmp_path, world.devnet.accounts[0].private_key)
    create = ["project", "create", "--task", "mnist", "--data-dir", tmp_path / "nothing", "--key-file", key]
    assert str(tmp_path / "nothing") in refused(swarmproof(*create, *on_chain), 2)


def test_an_unknown_task(swarmproof: Command, world: World, on_chain: list[object], tmp_path: Path) -> None:
    key = key_file(tmp_path, world.devnet.accounts[0].private_key)
    found = swarmproof("project", "create", "--task", "chess", *on_chain, "--key-file", key)
    assert refused(found, 2).startswith("task 'chess' is unknown; known tasks: ")


def test_an_unknown_rule(swarmproof: Command, world: World, on_chain: list[object], tmp_path: Path) -> None:
    key = key_file(tmp_path, world.devnet.accounts[0].private_key)
    found = swarmproof("project", "create", "--task", "digits", "--rule", "best", *on_chain, "--key-file", key)
    assert refused(found, 2).startswith("rule 'best' is unknown")


def test_too_few_seats_for_the_rule(swarmproof: Command, world: World, on_chain: list[object], tmp_path: Path) -> None:
    key = key_file(tmp_path, world.devnet.accounts[0].private_key)
    create = ["project", "create", "--task", "digits", "--minimum-seats", 4, "--key-file", key]
    sentence = refused(swarmproof(*create, *on_chain), 2)
    assert sentence.startswith("history-filter(f=2) needs n >= 2 f + 1 = 5 seats, got 4")


def test_an_occupied_port(swarmproof: Command, on_chain: list[object], occupied_port: int) -> None:
    sentence = refused(swarmproof("api", *on_chain, "--port", occupied_port), 1)
    assert sentence.startswith(f"cannot listen on 127.0.0.1:{occupied_port} (")
    assert sentence.endswith("choose another with --port")


def test_a_damaged_index(swarmproof: Command, on_chain: list[object], tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.write_bytes(b"not a database" * 500)
    sentence = refused(swarmproof("api", *on_chain, "--port", 0, "--database-url", f"sqlite+aiosqlite:///{path}"), 1)
    assert sentence.startswith(f"index database {path} cannot be used")


@pytest.mark.parametrize("url", ["nonsense", "oracle+nothing://x", "sqlite:///plain.db"])
def test_a_database_that_cannot_be_opened(swarmproof: Command, on_chain: list[object], url: str) -> None:
    sentence = refused(swarmproof("api", *on_chain, "--port", 0, "--database-url", url), 2)
    assert sentence.startswith("database ")
    assert "cannot be used: " in sentence


def test_a_configuration_with_an_unknown_key(swarmproof: Command) -> None:
    Path("swarmproof.toml").write_text('rpc_ulr = "http://127.0.0.1:8545"\n', encoding="utf-8")
    sentence = refused(swarmproof("status"), 2)
    assert sentence == "swarmproof.toml: unknown setting rpc_ulr; did you mean rpc_url?"


@pytest.mark.parametrize(
    ("url", "cause"),
    [("http://127.0.0.1:1", "127.0.0.1:1"), ("nonsense", ""), ("http://", "")],
)
def test_an_unreachable_api(swarmproof: Command, url: str, cause: str) -> None:
    sentence = refused(swarmproof("status", "--api-url", url), 4)
    assert sentence.startswith(f"REST API {url.rstrip('/')}: ")
    assert cause in sentence


def test_an_address_that_is_no_api_of_ours(swarmproof: Command, devnet: Devnet) -> None:
    sentence = refused(swarmproof("status", "--api-url", devnet.rpc_url), 4)
    assert sentence.startswith(f"REST API {devnet.rpc_url}: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["status", "--nothing"],
        ["rewards"],
        ["rewards", "0x12"],
        ["why", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "zero"],
        ["why", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0"],
        ["contributions", "--limit", "0"],
        ["project", "fund", "much"],
        ["project", "fund", "-1"],
        ["project", "fund", "0.0000000000000000001"],
        ["deploy", "--grant", "nobody"],
        ["api", "--port", "70000"],
    ],
)
def test_wrong_usage_exits_with_2(swarmproof: Command, arguments: list[str]) -> None:
    found = swarmproof(*arguments)
    assert found.exit_code == 2
    assert found.stdout == ""
    assert "Usage: " in found.stderr
