"""Archives as files on disk: both forms hold the same, objects of several blocks included."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from node.storage.local import LocalStore
from node.storage.unixfs import MEBIBYTE, root_of
from verifier.archive.car_tree import CarTree
from verifier.archive.tree import DirectoryTree, Tree, encode_index
from verifier.archive.write import FolderWriter, pack_car
from verifier.errors import ArchiveDamaged, ArchiveUnreadable, ArchiveUnwritable


def noise(length: int, label: str) -> bytes:
    """Bytes without a pattern."""
    return hashlib.shake_256(label.encode()).digest(length)


FILES = {
    "chain.json": b"{}",
    "rounds/1.json": b"[1]",
    "checkpoints/0": noise(3 * MEBIBYTE + 5, "a"),
    "checkpoints/1": noise(MEBIBYTE, "b"),
    "messages/1/1": noise(300, "c"),
    "messages/1/2": noise(300, "c"),
    "messages/2/1": b"",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files as a folder and as a CAR file."""
    base = tmp_path_factory.mktemp("trees")
    writer = FolderWriter(base / "folder")
    for path, data in FILES.items():
        writer.write(path, data)
    writer.finish()
    pack_car(base / "folder", base / "packed.car")
    return base / "folder", base / "packed.car"


def damaged_copy(original: Path, target: Path, position: int) -> Path:
    """A copy with one bit changed."""
    data = original.read_bytes()
    target.write_bytes(data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :])
    return target


def test_both_forms_hold_the_same_files(written: tuple[Path, Path]) -> None:
    folder, packed = written
    car = CarTree(packed)
    trees: list[Tree] = [DirectoryTree(folder), car]
    for tree in trees:
        assert {path: tree.read(path) for path in FILES} == FILES
        assert tree.read("checkpoints/9") is None
        assert list(tree.damages()) == []
    car.close()


def test_the_car_file_is_one_any_store_can_import(written: tuple[Path, Path], tmp_path: Path) -> None:
    with LocalStore(tmp_path / "store") as store:
        store.import_car(io.BytesIO(written[1].read_bytes()))
        for data in FILES.values():
            assert store.get(root_of(data)) == data


def test_a_changed_leaf_names_its_file_and_stays_readable(written: tuple[Path, Path], tmp_path: Path) -> None:
    second_leaf = FILES["checkpoints/0"][MEBIBYTE : 2 * MEBIBYTE]
    position = written[1].read_bytes().index(second_leaf) + 77
    tree = CarTree(damaged_copy(written[1], tmp_path / "x.car", position))
    data = tree.read("checkpoints/0")
    assert data is not None
    assert [index for index, byte in enumerate(data) if byte != FILES["checkpoints/0"][index]] == [MEBIBYTE + 77]
    assert {damage.part for damage in tree.damages()} == {"checkpoints/0"}
    tree.close()


def test_a_changed_name_of_a_block_is_reported_and_costs_nothing(written: tuple[Path, Path], tmp_path: Path) -> None:
    position = written[1].read_bytes().index(FILES["messages/1/1"]) - 10
    tree = CarTree(damaged_copy(written[1], tmp_path / "x.car", position))
    assert tree.read("messages/1/1") == FILES["messages/1/1"]
    assert [damage.part for damage in tree.damages()] == ["messages/1/1"]
    tree.close()


def test_a_changed_length_hides_what_follows(written: tuple[Path, Path], tmp_path: Path) -> None:
    position = written[1].read_bytes().index(FILES["messages/1/1"]) - 37
    with pytest.raises(ArchiveDamaged, match=r"(folder / of|section of) the CAR file"):
        CarTree(damaged_copy(written[1], tmp_path / "x.car", position))


def test_a_changed_folder_is_named(written: tuple[Path, Path], tmp_path: Path) -> None:
    position = written[1].read_bytes().rindex(b"checkpoints")
    with pytest.raises(ArchiveDamaged) as caught:
        CarTree(damaged_copy(written[1], tmp_path / "x.car", position))
    assert caught.value.part == "folder / of the CAR file"


def test_an_index_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"1")
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in ("../secret", str(tmp_path / "secret")):
        (folder / "index.json").write_bytes(encode_index({path: str(root_of(b"2"))}))
        assert [damage.found for damage in DirectoryTree(folder).damages()] == ["a path that leads out of it"]


def test_a_path_that_is_no_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadable):
        CarTree(tmp_path / "missing.car")
    with pytest.raises(ArchiveUnreadable):
        DirectoryTree(tmp_path / "missing")


def test_an_archive_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArchiveUnwritable, match="file/inside"):
        FolderWriter(tmp_path / "file" / "inside")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveUnwritable, match="nowhere"):
        pack_car(tmp_path / "empty", tmp_path / "nowhere" / "x.car")
