"""Records on disk: a damaged one counts as missing, so that it is fetched again."""

from __future__ import annotations

from pathlib import Path

from node.rounds.record_book import RecordBook
from node.state_directory import StateDirectory
from tests.node.rounds.test_record_fetch import OWNER, RECORD


def test_a_damaged_record_is_missing_until_it_is_saved_again(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path, identity={})
    RecordBook(state, me=OWNER).save(RECORD)
    file = tmp_path / "rounds" / "1.json"
    file.write_bytes(file.read_bytes()[:100])
    book = RecordBook(state, me=OWNER)
    assert book.get(1) is None
    book.save(RECORD)
    assert RecordBook(state, me=OWNER).get(1) == RECORD
    state.close()
