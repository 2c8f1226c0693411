"""`swarmproof generate` on archives of projects that have not trained yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contracts.values import Address
from node.manifest import Manifest
from node.projects import configuration_of
from node.storage.unixfs import root_of
from node.tasks import load_task
from tests.support.command_line import Command
from verifier.archive.chain_json import encode_chain
from verifier.chain_record import ChainRecord, ProjectFacts

ACCOUNT = Address("0x" + "00" * 20)


def archive(folder: Path, manifest: Manifest) -> Path:
    """An archive in which the project was created and nothing else has happened."""
    configuration = configuration_of(
        manifest,
        token=ACCOUNT,
        owner=ACCOUNT,
        round_pool=1,
        rounds=1,
        minimum_seats=1,
        commit_seconds=1,
        reveal_seconds=1,
        attest_seconds=1,
        challenge_seconds=1,
    )
    facts = ProjectFacts(1, ACCOUNT, ACCOUNT, ACCOUNT, 1, configuration, manifest.to_bytes(), 1, bytes(32), 1)
    folder.mkdir()
    (folder / "chain.json").write_bytes(encode_chain(ChainRecord(facts, (), {}, {})))
    return folder


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("flow") / "project", load_task("flow").default_manifest())


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    (folder / "input.txt").write_bytes(b"to be or not to be, " * 400)
    task = load_task("text", data_dir=folder, options={"context": 32, "width": 16, "heads": 2, "blocks": 1})
    return archive(folder / "project", task.default_manifest())


def test_an_image_is_written_with_everything_that_pins_it(swarmproof: Command, drawing: Path, tmp_path: Path) -> None:
    def run(*options: object) -> Any:
        return swarmproof("generate", "--json", "--offline", drawing, "--prompt", "7", *options).document

    first = run("--output", tmp_path / "first.png", "--seed", 42)
    again = run("--output", tmp_path / "again.png", "--seed", "0x" + f"{42:064x}", "--round", 0)
    other = run("--output", tmp_path / "other.png", "--seed", 43)
    with Image.open(tmp_path / "first.png") as image:
        assert (image.size, image.mode) == ((8, 8), "L")
    assert first["cid"] == str(root_of((tmp_path / "first.png").read_bytes())) == again["cid"] != other["cid"]
    assert first["sampling"] == {
        "sampler": "euler",
        "steps": 20,
        "dtype": "float32",
        "temperature_q16": 1 << 16,
        "beams": 1,
    }
    assert first["checkpoint"]["round"] == 0
    assert {"phash", "simhash"} <= set(first["digests"])
    assert first["digests"] == again["digests"] != other["digests"]


def test_a_text_is_written_and_its_facts_are_shown(swarmproof: Command, writing: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    found = swarmproof(
        *("generate", "--offline", writing, "--prompt", "to be ", "--output", target),
        *("--sampler", "greedy", "--steps", 8),
    )
    assert found.exit_code == 0, found
    assert len(target.read_bytes()) == 8
    assert found.facts["media_type"] == "text/plain; charset=utf-8"
    assert "greedy" in found.facts["sampling"]
    assert found.facts["tokens"].startswith("0x")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--prompt", "seven"], "draws one digit"),
        (["--prompt", "\udcff\udcfe"], "is not text in UTF-8"),
        (["--prompt", "7", "--sampler", "greedy"], "euler, not greedy"),
        (["--prompt", "7", "--beams", 3], "no beams"),
        (["--prompt", "7", "--round", 3], "round 3 has no accepted checkpoint"),
        (["--prompt", "7", "--checkpoint", "bafy"], "bafy"),
        (["--prompt", "7", "--seed", "many"], "neither a number nor 32 bytes"),
        (["--prompt", "7", "--output", "/nowhere/at/all.png"], "cannot be written"),
        (["--prompt", "7", "--output", "/"], "it is a folder"),
    ],
)
def test_what_cannot_be_generated_is_refused(
    swarmproof: Command, drawing: Path, tmp_path: Path, options: list[object], said: str
) -> None:
    found = swarmproof("generate", "--output", tmp_path / "out.png", "--offline", drawing, *options)
    assert found.exit_code in (1, 2), found
    assert said in " ".join(found.stderr.replace("│", " ").split())
    assert found.stdout == ""


def test_a_task_that_only_classifies_generates_nothing(swarmproof: Command, tmp_path: Path) -> None:
    project = archive(tmp_path / "digits", load_task("digits").default_manifest())
    found = swarmproof("generate", "--prompt", "7", "--output", tmp_path / "out.png", "--offline", project)
    assert found.exit_code == 2
    assert "task digits generates nothing" in found.stderr
