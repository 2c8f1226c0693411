"""Filters, sorting and cursors of lists, over HTTP and against the database."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.world import World


def numbers(world: World, **parameters: Any) -> list[int]:
    """Numbers of the rounds a request lists."""
    return [item["number"] for item in world.get("/rounds", **parameters)["items"]]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"status": "finalized"}, [4, 2, 1]),
        ({"status__ne": "finalized"}, [6, 5, 3]),
        ({"number__gte": 3, "number__lt": 5}, [4, 3]),
        ({"number__gt": 3, "number__lte": 5, "sort": "number"}, [4, 5]),
        ({"sort": "number", "limit": 2}, [1, 2]),
        ({"committed": 1}, [6]),
        ({"number": 77}, []),
    ],
)
def test_filters_and_sort_narrow_and_order(world: World, parameters: dict[str, Any], expected: list[int]) -> None:
    assert numbers(world, **parameters) == expected


def test_filters_by_hash_find_the_round_of_a_checkpoint(world: World) -> None:
    digest = world.get("/checkpoints")["items"][1]["digest"]
    assert numbers(world, checkpoint_digest=digest.upper().replace("0X", "0x")) == [4]


def test_amounts_compare_as_numbers_not_as_text(world: World) -> None:
    found = world.get("/contributions", reward_wei__gt="9", sort="reward_wei")["items"]
    rewards = [int(item["reward_wei"]) for item in found]
    assert rewards == sorted(rewards)
    assert len(rewards) == 14
    assert world.get("/contributions", reward_wei__gt=str((1 << 256) - 1))["items"] == []


def test_a_missing_reason_differs_from_every_reason(world: World) -> None:
    zeros = world.get("/contributions", reason="filtered")["items"]
    assert [(item["round"], item["seat"]) for item in zeros] == [(2, 2)]
    assert len(world.get("/contributions", reason__ne="filtered")["items"]) == 15


def test_contributions_of_one_owner(world: World) -> None:
    found = world.get("/contributions", owner=world.swarm.accounts[2].lower(), round=1)["items"]
    assert [(item["round"], item["seat"]) for item in found] == [(1, 3)]


def walk(world: World, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All items, page by page."""
    page = world.get(path, **parameters)
    items: list[dict[str, Any]] = list(page["items"])
    while page["next_url"] is not None:
        assert page["next_url"].startswith(f"/api/v1{path}?cursor=")
        page = world.get(page["next_url"].removeprefix("/api/v1"))
        assert page["items"]
        items += page["items"]
    return items


@pytest.mark.parametrize("limit", [1, 3, 16])
@pytest.mark.parametrize("sort", ["round", "-round", "reward_wei", "-score", "owner", "-seat"])
def test_cursors_walk_every_row_once_in_order(world: World, sort: str, limit: int) -> None:
    pages = walk(world, "/contributions", sort=sort, limit=limit)
    assert pages == world.get("/contributions", sort=sort, limit=200)["items"]
    assert len({(item["round"], item["seat"]) for item in pages}) == 16


def test_a_cursor_keeps_the_filter(world: World) -> None:
    pages = walk(world, "/contributions", round=2, limit=1)
    assert [(item["round"], item["seat"]) for item in pages] == [(2, 4), (2, 3), (2, 2), (2, 1)]


@pytest.mark.parametrize("sort", ["address", "-seats", "earned_wei", "-claimed_wei"])
def test_peers_can_be_walked_by_what_is_computed(world: World, sort: str) -> None:
    pages = walk(world, "/peers", sort=sort, limit=1)
    assert [item["address"] for item in pages] == [item["address"] for item in world.get("/peers", sort=sort)["items"]]
    assert len(pages) == 3


def test_peers_can_be_filtered_by_what_is_computed(world: World) -> None:
    assert [item["address"] for item in world.get("/peers", seats=2)["items"]] == [world.swarm.accounts[0]]
    assert len(world.get("/peers", claimed_wei="0")["items"]) == 2
