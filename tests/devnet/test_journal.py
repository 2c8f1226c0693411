"""What happened, for readers that each keep their own place."""

from __future__ import annotations

from devnet.journal import Journal


def test_a_reader_gets_what_came_after_its_place_as_far_as_it_is_kept() -> None:
    journal: Journal[int] = Journal(capacity=3)
    assert (journal.position, journal.since(0)) == (0, [])
    for entry in (10, 11, 12, 13):
        journal.append(entry)
    assert journal.position == 4
    assert [journal.since(position) for position in (0, 1, 2, 4)] == [[11, 12, 13], [11, 12, 13], [12, 13], []]


def test_listeners_hear_of_every_entry_from_then_on() -> None:
    journal: Journal[int] = Journal()
    heard: list[int] = []
    journal.append(1)
    journal.listen(lambda: heard.append(journal.position))
    journal.append(2)
    journal.append(3)
    assert heard == [2, 3]
