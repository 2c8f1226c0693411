"""How long the windows of a demonstration are."""

from __future__ import annotations

import pytest

from scripts.demo.settings import BATCHED_COMMIT_SECONDS, COMMIT_SECONDS, DemoSettings, commit_seconds


@pytest.mark.parametrize(
    ("task", "peers", "batched", "seconds"),
    [
        ("digits", 8, False, COMMIT_SECONDS),
        ("digits", 8, True, BATCHED_COMMIT_SECONDS),
        ("digits", 16, True, 64),
        ("text", 8, True, COMMIT_SECONDS),
    ],
)
def test_a_window_that_cannot_end_early_is_as_long_as_training_takes(
    task: str, peers: int, batched: bool, seconds: int
) -> None:
    assert commit_seconds(task, peers, batched=batched) == seconds


def test_a_round_takes_all_its_windows_at_most() -> None:
    alone = DemoSettings()
    assert DemoSettings(attest_commit_seconds=7).round_seconds == alone.round_seconds + 7
