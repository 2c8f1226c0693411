"""The routes, over HTTP."""

from __future__ import annotations

from tests.frontend_api.conftest import World


def test_world(world: World) -> None:
    import json

    for path in ("/projects", "/rounds", "/rounds/2", "/peers", "/contributions", "/checkpoints", "/status", "/health"):
        print(path, json.dumps(world.get(path), indent=1)[:3000])
    a = world.swarm.accounts
    print(json.dumps(world.get(f"/rewards/{a[0]}"), indent=1))
    print(json.dumps(world.get(f"/contributions/2/{a[1]}?proof=true"), indent=1))
    print(json.dumps(world.get(f"/peers/{a[0]}"), indent=1)[:2000])
