"""What may be kept, and what must be asked again."""

from __future__ import annotations

import pytest

from tests.support.world import World


@pytest.mark.parametrize(
    "path", ["/rounds/1", "/rounds/2", "/contributions/2/{account}", "/contributions/2/{account}?proof=true"]
)
def test_a_finalized_round_is_immutable_and_tells_the_block_that_finalized_it(world: World, path: str) -> None:
    path = "/api/v1" + path.format(account=world.swarm.accounts[1])
    first, second = world.api.get(path), world.api.get(path)
    assert "immutable" in first.headers["cache-control"]
    assert not first.headers["etag"].startswith("W/")
    assert (first.headers["etag"], first.content) == (second.headers["etag"], second.content)
    number = int(path.split("/")[4].partition("?")[0])
    finalized = world.get(f"/rounds/{number}")["round"]["finalized"]
    assert first.json()["head"]["block"] == finalized["block"]


@pytest.mark.parametrize("path", ["/rounds", "/rounds/5", "/rounds/3", "/rounds/6", "/status", "/peers"])
def test_everything_else_is_revalidated(world: World, path: str) -> None:
    assert world.api.get(f"/api/v1{path}").headers["cache-control"] == "no-cache"


def test_who_holds_the_bytes_gets_304_without_a_body(world: World) -> None:
    etag = world.api.get("/api/v1/rounds/1").headers["etag"]
    for header in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = world.api.get("/api/v1/rounds/1", headers={"If-None-Match": header})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert world.api.get("/api/v1/rounds/1", headers={"If-None-Match": '"other"'}).status_code == 200


def test_problems_are_never_kept(world: World) -> None:
    assert world.api.get("/api/v1/rounds/99").headers["cache-control"] == "no-store"
