"""Audits of archives in both forms: nothing is read but the archive, and whatever byte changed is named."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node.storage.unixfs import root_of
from tests.verifier.swarm import FinishedProject
from verifier.archive.car_tree import CarTree
from verifier.audit import AuditSettings, audit
from verifier.errors import ArchiveUnreadable, ArchiveUnwritable
from verifier.verdict import Accept, Inconclusive, Reject, Verdict

Change = Callable[[bytes], bytes]
FORMS = ("folder", "car")


@pytest.fixture(params=FORMS)
def archive(request: pytest.FixtureRequest, archives: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the archive in one form."""
    original = archives[request.param]
    copy = tmp_path / original.name
    if original.is_dir():
        shutil.copytree(original, copy)
    else:
        shutil.copyfile(original, copy)
    return copy


def overwrite(archive: Path, path: str, change: Change) -> None:
    """Change a file of the archive without its length, as a failing disk would: hashes and index stay."""
    target = archive / path if archive.is_dir() else archive
    before = contents(archive, path)
    after = change(before)
    assert len(after) == len(before)
    assert after != before
    data = target.read_bytes()
    assert data.count(before) == 1
    target.write_bytes(data.replace(before, after))


def contents(archive: Path, path: str) -> bytes:
    """A file of the archive."""
    if archive.is_dir():
        return (archive / path).read_bytes()
    tree = CarTree(archive)
    try:
        data = tree.read(path)
    finally:
        tree.close()
    assert data is not None
    return data


def files_of(archive: Path) -> list[Path]:
    """The files an archive consists of on disk."""
    return sorted(item for item in archive.rglob("*") if item.is_file()) if archive.is_dir() else [archive]


def flip(position: int) -> Change:
    """Change one bit of the byte at `position`."""
    return lambda data: data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def substitute(old: str, new: str) -> Change:
    """Replace a text that is there exactly once."""

    def change(data: bytes) -> bytes:
        assert data.count(old.encode()) == 1
        return data.replace(old.encode(), new.encode())

    return change


async def audited(archive: Path, **options: int) -> Verdict:
    """Audit an archive."""
    return await audit(AuditSettings(offline=archive, **options))  # type: ignore[arg-type]


async def rejected(archive: Path) -> Reject:
    """Audit an archive that must be rejected."""
    verdict = await audited(archive)
    assert isinstance(verdict, Reject), verdict
    return verdict


async def test_an_archive_is_accepted(archive: Path, finished: FinishedProject) -> None:
    assert await audited(archive) == Accept((1, 3, 4), finished.outcomes[4].result.cid)


@pytest.mark.parametrize("number", [1, 3, 4])
async def test_one_round_of_an_archive_can_be_audited_alone(archive: Path, number: int) -> None:
    verdict = await audited(archive, round=number)
    assert isinstance(verdict, Accept)
    assert verdict.rounds == (number,)


@pytest.mark.parametrize("number", [0, 1, 3, 4])
async def test_a_flipped_byte_in_a_checkpoint_is_named(archive: Path, finished: FinishedProject, number: int) -> None:
    path = f"checkpoints/{number}"
    original = contents(archive, path)
    overwrite(archive, path, flip(2000))
    verdict = await rejected(archive)
    assert (verdict.round, verdict.object, verdict.name) == (number, f"checkpoint of round {number}", "digest")
    assert verdict.expected == "0x" + root_of(original).digest.hex()
    assert verdict.found == "0x" + root_of(flip(2000)(original)).digest.hex()


@pytest.mark.parametrize(("number", "seat"), [(1, 5), (3, 1), (4, 4)])
async def test_a_flipped_byte_in_a_message_is_named(archive: Path, number: int, seat: int) -> None:
    overwrite(archive, f"messages/{number}/{seat}", flip(100))
    verdict = await rejected(archive)
    assert (verdict.round, verdict.object, verdict.name) == (
        number,
        f"message of seat {seat} in round {number}",
        "digest",
    )


async def test_a_flipped_byte_in_a_reward_leaf_is_named(archive: Path, finished: FinishedProject) -> None:
    leaf = finished.outcomes[3].rewards[0]
    old = f'"account":"{leaf.account}","cumulative_wei":"{leaf.cumulative_wei}"'
    new = f'"account":"{leaf.account}","cumulative_wei":"{leaf.cumulative_wei ^ 1}"'
    overwrite(archive, "rounds/3.json", substitute(old, new))
    verdict = await rejected(archive)
    assert (verdict.round, verdict.object) == (3, "record of round 3")
    assert verdict.name == f"reward leaf of {leaf.account}: cumulative_wei"
    assert (verdict.expected, verdict.found) == (str(leaf.cumulative_wei), str(leaf.cumulative_wei ^ 1))


async def test_a_flipped_byte_in_the_account_of_a_reward_leaf_is_named(
    archive: Path, finished: FinishedProject
) -> None:
    account = finished.outcomes[1].rewards[0].account
    other = account[:-1] + ("0" if account[-1] != "0" else "1")
    overwrite(archive, "rounds/1.json", substitute(f'"account":"{account}"', f'"account":"{other}"'))
    verdict = await rejected(archive)
    assert (verdict.name, verdict.found) == (f"reward leaf of {account}: account", other)


async def test_a_flipped_byte_in_a_submitted_signature_is_named(archive: Path) -> None:
    signatures = json.loads(contents(archive, "chain.json"))["signatures"][1]
    assert signatures["round"] == 3
    old = signatures["signatures"][2]
    new = old[:30] + format(int(old[30], 16) ^ 1, "x") + old[31:]
    overwrite(archive, "chain.json", substitute(old, new))
    verdict = await rejected(archive)
    assert (verdict.round, verdict.object) == (3, "signature 2 of round 3")
    assert verdict.evidence["signature"] == new


async def test_a_flipped_byte_in_a_published_signature_is_named(archive: Path) -> None:
    item = json.loads(contents(archive, "rounds/4.json"))["signatures"][0]
    old = item["signature"]
    overwrite(archive, "rounds/4.json", substitute(old, old[:9] + format(int(old[9], 16) ^ 1, "x") + old[10:]))
    verdict = await rejected(archive)
    assert verdict.object == f"signature of {item['signer']} in the record of round 4"


async def test_a_flipped_byte_in_a_pinned_hash_names_the_seed_it_leads_to(archive: Path) -> None:
    old = json.loads(contents(archive, "chain.json"))["block_hashes"][1]["hash"]
    overwrite(
        archive, "chain.json", substitute(f'"hash": "{old}', f'"hash": "{old[:9]}{int(old[9], 16) ^ 1:x}{old[10:]}')
    )
    verdict = await rejected(archive)
    assert (verdict.object, verdict.name) == ("opening of round 4", "seed")


async def test_a_flipped_byte_in_an_event_is_named(archive: Path) -> None:
    events = json.loads(contents(archive, "chain.json"))["events"]
    index, event = next((i, item) for i, item in enumerate(events) if item["event"] == "RoundOpened")
    seed = event["fields"]["seed"]
    overwrite(archive, "chain.json", substitute(seed, seed[:9] + format(int(seed[9], 16) ^ 1, "x") + seed[10:]))
    verdict = await rejected(archive)
    assert verdict.object == f"chain.json: event {index}, RoundOpened of round 1"


async def test_a_flipped_byte_that_breaks_json_names_the_line(archive: Path) -> None:
    overwrite(archive, "chain.json", substitute('"signatures": [\n', '"signatures": {\n'))
    verdict = await rejected(archive)
    assert verdict.object == "chain record"
    assert "line" in verdict.found


async def test_a_flipped_byte_in_what_nobody_signed_is_named(archive: Path) -> None:
    overwrite(archive, "rounds/3.json", substitute('"loss":1.25', '"loss":1.26'))
    verdict = await rejected(archive)
    assert (verdict.round, verdict.object, verdict.name) == (3, "record of round 3", "bytes")
    assert verdict.rounds == (1, 3, 4)


async def test_a_flipped_byte_in_the_index_is_named(archive: Path) -> None:
    cid = json.loads(contents(archive, "index.json"))["files"]["checkpoints/1"]
    other = cid[:-1] + ("a" if cid[-1] != "a" else "b")
    overwrite(archive, "index.json", substitute(cid, other))
    assert (await rejected(archive)).object == "index.json"


@pytest.mark.parametrize("path", ["checkpoints/1", "messages/3/2", "rounds/4.json"])
async def test_a_file_that_is_gone_makes_no_verdict_and_is_named(
    archives: dict[str, Path], tmp_path: Path, path: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(archives["folder"], copy)
    (copy / path).unlink()
    verdict = await audited(copy)
    assert isinstance(verdict, Inconclusive)
    assert path in verdict.reason
    assert verdict.exit_code == 4


@pytest.mark.parametrize("flips", [60, pytest.param(600, marks=pytest.mark.slow)])
async def test_any_flipped_byte_rejects_and_names_something(archive: Path, flips: int) -> None:
    choose = random.Random(7)
    files = files_of(archive)
    for _ in range(flips):
        target = choose.choice(files)
        before = target.read_bytes()
        position, bit = choose.randrange(len(before)), 1 << choose.randrange(8)
        target.write_bytes(before[:position] + bytes([before[position] ^ bit]) + before[position + 1 :])
        verdict = await audited(archive)
        assert isinstance(verdict, Reject), (target, position, bit, verdict)
        assert verdict.object
        target.write_bytes(before)


@pytest.mark.parametrize("length", [0, 1, 20, 3000, 70000])
async def test_a_car_file_that_was_cut_short_is_rejected(
    archives: dict[str, Path], tmp_path: Path, length: int
) -> None:
    cut = tmp_path / "cut.car"
    cut.write_bytes(archives["car"].read_bytes()[:length])
    verdict = await rejected(cut)
    assert "CAR file" in verdict.object


async def test_no_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadable) as caught:
        await audited(tmp_path / "nothing")
    assert caught.value.exit_code == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveUnreadable, match=r"it has no chain\.json"):
        await audited(tmp_path / "empty")


async def test_an_archive_can_be_exported_again_in_the_other_form(archives: dict[str, Path], tmp_path: Path) -> None:
    verdict = await audit(AuditSettings(offline=archives["car"], export=tmp_path / "folder"))
    assert isinstance(verdict, Accept)
    for path in files_of(tmp_path / "folder"):
        assert path.read_bytes() == contents(archives["car"], str(path.relative_to(tmp_path / "folder")))
    await audit(AuditSettings(offline=tmp_path / "folder", export=tmp_path / "again.car"))
    assert (tmp_path / "again.car").read_bytes() == archives["car"].read_bytes()


async def test_an_export_overwrites_nothing(archives: dict[str, Path]) -> None:
    with pytest.raises(ArchiveUnwritable, match="something is there already"):
        await audit(AuditSettings(offline=archives["car"], export=archives["folder"]))


async def test_an_export_of_one_round_holds_all_of_them(archives: dict[str, Path], tmp_path: Path) -> None:
    await audit(AuditSettings(offline=archives["car"], export=tmp_path / "folder", round=3))
    assert isinstance(await audited(tmp_path / "folder"), Accept)
