"""The court's commands: classes, jobs from submission to output, money."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from frontend_api.settings import Settings
from node.exchange.fetch import Fetcher
from tests.support.command_line import Command
from tests.support.court_world import FIRST_VERIFIER, TOKEN, WORKER, CourtWorld, open_court_world, sketch_class
from tests.support.devnet import running_devnet
from tests.support.loop_thread import LoopThread
from tests.support.sketch_task import ANNOUNCED
from verifier.classes import OutputClass
from verifier.court import requester
from verifier.court.job import Job
from verifier.court.requester import FetchedOutput
from verifier.court.surroundings import Surroundings
from verifier.errors import OutputUnavailable

CHEATING_WORKER = 5


def silence() -> None:
    """The parties of the world share the test's output: they keep their logs to themselves."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture(autouse=True)
def _silent(swarmproof: Command) -> None:
    silence()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CourtWorld]:
    """A court with three verifiers, an honest worker and one that uses another seed."""
    with (
        pytest.MonkeyPatch.context() as patch,
        running_devnet(heartbeat_seconds=0.2) as devnet,
        contextlib.closing(LoopThread()) as thread,
    ):
        silence()
        patch.syspath_prepend(str(ANNOUNCED))
        folder = tmp_path_factory.mktemp("court")
        opened = thread.enter(open_court_world(devnet, folder, verifiers=4))
        thread.run(_people(opened))
        yield opened


async def _people(world: CourtWorld) -> None:
    world.start(WORKER)
    world.start(CHEATING_WORKER, role="worker", cheat="other-seed")
    for index in range(FIRST_VERIFIER, FIRST_VERIFIER + 3):
        world.start(index)
    await world.seated(3)


@pytest.fixture
def arguments(world: CourtWorld) -> list[object]:
    """The deployment, and the key of the owner."""
    world.settings(0)  # writes the key file
    files = ["--deployment", world.folder / "deployment.json", "--key-file", world.folder / "key-0"]
    return ["--rpc-url", world.devnet.rpc_url, *files]


@pytest.fixture
def class_id(world: CourtWorld, arguments: list[object], swarmproof: Command) -> str:
    """A class whose jobs end soon after the decision, registered from its file once."""
    registered = world.around.observer.history.classes[world.class_id]
    project = OutputClass.from_bytes(registered.description).project
    file = world.folder / "sketch.class.json"
    file.write_text(sketch_class(project).to_json())
    found = swarmproof(*arguments, "classes", "--json").document
    for item in found["items"]:
        if item["appeal_seconds"] == 2:
            return str(item["class_id"])
    outcome = swarmproof(
        *arguments, "class", "register", file, "--appeal-seconds", 2, "--verifier-fee", "0.5", "--json"
    )
    assert outcome.exit_code == 0, outcome.stderr
    return str(outcome.document["class"])


def test_a_class_is_shown_as_it_was_registered(arguments: list[object], class_id: str, swarmproof: Command) -> None:
    shown = swarmproof(*arguments, "class", "show", class_id, "--json").document
    assert (shown["task"], shown["hash"], shown["threshold"]) == ("sketch", "phash", 8)
    assert shown["verifier_fee_wei"] == str(TOKEN // 2)
    assert shown["worker_bond_wei"] == str(53 * TOKEN)


def test_an_accepted_output_is_fetched(
    world: CourtWorld, arguments: list[object], class_id: str, swarmproof: Command, tmp_path: Path
) -> None:
    asked = ["submit-job", "--class", class_id, "--worker", world.address(WORKER), "--prompt", "3", "--fee", "2"]
    outcome = swarmproof(*arguments, *asked, "--output", tmp_path / "three.png", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    found = outcome.document
    assert (found["verdict"], found["distances"], found["paid_wei"]) == ("accept", [[0, 0, 0]], str(2 * TOKEN))
    assert len(found["output"]["holders"]) == 4
    assert (tmp_path / "three.png").read_bytes().startswith(b"\x89PNG")


def test_a_rejected_output_has_its_exit_code_and_is_not_fetched(
    world: CourtWorld, arguments: list[object], class_id: str, swarmproof: Command, tmp_path: Path
) -> None:
    cheater = world.address(CHEATING_WORKER)
    asked = ["submit-job", "--class", class_id, "--worker", cheater, "--prompt", "3", "--output", tmp_path / "wrong"]
    submitted = swarmproof(*arguments, *asked, "--no-wait", "--json")
    assert submitted.exit_code == 0, submitted.stderr
    outcome = swarmproof(*arguments, "submit-job", "--job", submitted.document["job"])
    assert outcome.exit_code == 3, outcome.stderr
    assert outcome.facts["verdict"] == "reject-disagreement"
    assert not (tmp_path / "wrong").exists()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--output", "file/out.png"], "the output cannot be written to file/out.png: there is no folder file"),
        (["--output", "."], "the output cannot be written to .: it is a folder"),
        (["--ringers", "file/ringers"], "the secret of a ringer cannot be kept in file/ringers: Not a directory"),
    ],
)
def test_what_cannot_be_kept_is_not_asked_for(
    world: CourtWorld, arguments: list[object], class_id: str, swarmproof: Command, option: list[str], words: str
) -> None:
    Path("file").touch()
    before = swarmproof(*arguments, "jobs", "--json").document["items"]
    asked = ["submit-job", "--class", class_id, "--worker", world.address(WORKER), "--prompt", "3"]
    outcome = swarmproof(*arguments, *asked, *option)
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (2, "", f"error: {words}\n")
    assert swarmproof(*arguments, "jobs", "--json").document["items"] == before


def test_the_verdict_is_told_even_where_the_output_cannot_be_written(
    world: CourtWorld, arguments: list[object], class_id: str, swarmproof: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    asked = ["submit-job", "--class", class_id, "--worker", world.address(WORKER), "--prompt", "4"]
    outcome = swarmproof(*arguments, *asked, "--output", "four.png", "--json")
    assert (outcome.exit_code, outcome.document["verdict"]) == (2, "accept")
    assert outcome.document["output"]["cid"].startswith("baf")
    assert "the output cannot be written to four.png: No space left on device" in outcome.stderr


def test_the_verdict_is_told_even_where_nobody_serves_the_output(
    world: CourtWorld, arguments: list[object], class_id: str, swarmproof: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(around: Surroundings, fetcher: Fetcher, job: Job) -> FetchedOutput:
        raise OutputUnavailable(job.job_id, ["nobody is there"])

    asked = ["submit-job", "--class", class_id, "--worker", world.address(WORKER), "--prompt", "5", "--json"]
    with monkeypatch.context() as patch:
        patch.setattr(requester, "fetch_output", nobody)
        outcome = swarmproof(*arguments, *asked, "--output", "five.png")
        again = swarmproof(*arguments, "submit-job", "--job", outcome.document["job"])
    found = outcome.document
    assert (outcome.exit_code, found["verdict"], found["distances"]) == (4, "accept", [[0, 0, 0]])
    assert found["output"] is None
    assert found["cause"] in outcome.stderr
    assert found["cause"].endswith("cannot be had: nobody is there")
    assert (again.exit_code, again.facts["verdict"]) == (4, "accept")
    assert again.facts["cause"] == found["cause"]
    assert swarmproof(*arguments, "submit-job", "--job", found["job"], "--json").document["output"]["holders"]


def test_what_is_free_can_be_withdrawn(arguments: list[object], class_id: str, swarmproof: Command) -> None:
    outcome = swarmproof(*arguments, "withdraw", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.document["left_wei"] == "0"
    assert swarmproof(*arguments, "withdraw", "--json").document["withdrawn_wei"] == "0"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["class", "register", "missing.json"], "class file missing.json cannot be read"),
        (["class", "show", "0x12"], "expected 0x and 64 hexadecimal digits"),
        (["class", "show", "0x" + "12" * 32], "is registered in this court"),
        (["submit-job", "--prompt", "3"], "a new job needs --class, --prompt and --worker"),
        (["submit-job", "--job", "0x" + "12" * 32], "was submitted to this court"),
        (["verifier", "--cheat", "kindness"], "unknown cheat 'kindness'"),
        (["submit-job", "--prompt", "\udcff\udcfe"], r"'\udcff\udcfe' is not text in UTF-8"),
        (["verifier", "--cheat", "colluding"], "no cheating with colluding: no accomplice_dir is set"),
        (["worker", "--public-url", "ftp://x y"], "setting public_url: expected http:// or https:// with a host"),
        (["withdraw", "--amount", "1e70"], "1e70 tokens are more than any token has"),
        (["withdraw", "--amount", "1e30"], "amount is a number of 160 bits, which does not fit its type uint128"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(
    arguments: list[object],
    swarmproof: Command,
    tmp_path: Path,
    command: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = swarmproof(*arguments, *command)
    assert outcome.exit_code == 2, outcome.stderr
    assert words in outcome.stderr.replace("\n", " ")


def test_keys_of_the_court_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "swarmproof.toml").write_text("[court]\nseats = 2\n")
    monkeypatch.chdir(tmp_path)
    assert Settings().court == {"seats": 2}
