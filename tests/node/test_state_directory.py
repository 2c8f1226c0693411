"""A state directory survives its process, belongs to one peer at a time, and is never repaired in secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.batches import batch_hash
from node.durable_directory import (
    StateDirectoryDamaged,
    StateDirectoryForeign,
    StateDirectoryInUse,
    StateDirectoryUnusable,
    write_durably,
)
from node.errors import StateError
from node.state_directory import PreparedUpdate, SignedResult, StateDirectory

IDENTITY = {"account": "0xA", "project": "0xP", "chain": "1"}
UPDATE = PreparedUpdate(3, 1, b"d" * 32, b"r" * 32, b"s" * 32)
SIGNED = SignedResult(3, b"h" * 32, b"g" * 65, frozenset({1, 4}))


def opened(path: Path) -> StateDirectory:
    return StateDirectory(path, identity=IDENTITY)


def test_what_was_saved_is_there_after_reopening(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.save_update(UPDATE, b"message")
    state.save_signed(SIGNED)
    state.save_record(3, b"{}")
    state.close()
    again = opened(tmp_path)
    assert again.update(3, 1) == UPDATE
    assert again.update(3, 2) is None
    assert again.outbox_file(3, 1).read_bytes() == b"message"
    assert again.signed(3) == SIGNED
    assert (again.latest(), again.get(3), again.get(4)) == (3, b"{}", None)
    again.close()


def test_a_second_result_for_a_round_is_refused_also_after_a_restart(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.save_signed(SIGNED)
    state.close()
    again = opened(tmp_path)
    again.save_signed(SIGNED)
    with pytest.raises(StateError, match="already signed 0x6868"):
        again.save_signed(SignedResult(3, b"x" * 32, b"g" * 65, frozenset({1})))
    assert again.signed(3) == SIGNED
    again.close()


def test_sequence_numbers_only_grow(tmp_path: Path) -> None:
    state = opened(tmp_path)
    first = [state.next_sequence() for _ in range(3)]
    state.close()
    again = opened(tmp_path)
    assert [*first, again.next_sequence()] == [1, 2, 3, 4]
    again.close()


def test_feedback_older_than_the_previous_round_is_removed_with_the_next_update(tmp_path: Path) -> None:
    state = opened(tmp_path)
    for number in (1, 2, 3):
        state.feedback_file(number, 1).write_bytes(b"f")
    state.feedback_file(1, 2).write_bytes(b"f")
    state.save_update(UPDATE, b"message")
    kept = {file.name for file in (tmp_path / "feedback").iterdir()}
    assert kept == {"1-2.safetensors", "1-3.safetensors", "2-1.safetensors"}
    state.close()


def test_two_processes_cannot_hold_it(tmp_path: Path) -> None:
    state = opened(tmp_path)
    with pytest.raises(StateDirectoryInUse):
        opened(tmp_path)
    state.close()
    opened(tmp_path).close()


def test_it_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys, os, signal; from pathlib import Path; from node.state_directory import StateDirectory;"
        f"StateDirectory(Path(sys.argv[1]), identity={IDENTITY!r}); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert killed.returncode == -9
    opened(tmp_path).close()


def test_another_account_or_project_is_told_whose_it_is(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with pytest.raises(StateDirectoryForeign, match="belongs to account 0xA, expected 0xB"):
        StateDirectory(tmp_path, identity={**IDENTITY, "account": "0xB"})


@pytest.mark.parametrize(
    "damage", [b"not a database, but long enough to look like one" * 40, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_database_is_reported_and_left_as_it_is(tmp_path: Path, damage: bytes) -> None:
    opened(tmp_path).close()
    database = tmp_path / "state.db"
    database.write_bytes(damage)
    with pytest.raises(StateDirectoryDamaged, match="nothing was changed"):
        opened(tmp_path)
    assert database.read_bytes() == damage
    # The lock was given back: whoever moves the damage aside can go on.
    database.unlink()
    opened(tmp_path).close()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "record"
    write_durably(file, b"old")
    with pytest.raises(TypeError):
        write_durably(file, "text")  # type: ignore[arg-type]
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("record", b"old")]


@pytest.mark.parametrize("emptied", [True, False])
def test_a_database_that_is_gone_is_not_taken_for_a_new_one(tmp_path: Path, emptied: bool) -> None:
    state = opened(tmp_path)
    state.save_record(3, b"{}")
    state.close()
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    if emptied:
        (tmp_path / "state.db").touch()
    with pytest.raises(StateDirectoryDamaged, match=r"state\.db is missing or empty"):
        opened(tmp_path)
    assert (tmp_path / "rounds" / "3.json").read_bytes() == b"{}"


def test_a_start_that_was_cut_off_before_anything_was_kept_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    opened(tmp_path).close()


def test_batches_are_kept_for_this_round_and_the_one_before(tmp_path: Path) -> None:
    state, entries = opened(tmp_path), (b"e" * 32, b"f" * 32)
    for number in (1, 2, 2, 3):
        state.save_batch(number, entries)
    state.close()
    again = opened(tmp_path)
    assert [again.batches(number) for number in (1, 2, 3)] == [{}, *[{batch_hash(entries): entries}] * 2]
    again.close()


def test_a_path_that_cannot_be_a_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateDirectoryUnusable, match="file/below cannot be used: Not a directory"):
        opened(tmp_path / "file" / "below")
