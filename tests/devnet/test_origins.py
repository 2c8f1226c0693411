"""Which web pages may use a devnet: preflights, refusals, WebSockets, `--cors-origin`."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from tests.devnet.sockets import open_socket
from tests.support.devnet import Devnet, running_devnet
from tests.support.rpc import Rpc

CHAIN_ID = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
LOCAL = [
    "http://localhost:3000",
    "https://localhost",
    "http://app.localhost:5173",
    "http://127.0.0.1:8080",
    "http://[::1]:80",
    "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn",
]
FOREIGN = [
    "https://example.org",
    "http://localhost.example.org",
    "http://127.0.0.1.example.org:8545",
    "http://127.0.0.1:8545@example.org",
    "null",
    "",
]


@pytest.mark.parametrize("origin", LOCAL)
def test_pages_of_this_machine_are_served(rpc: Rpc, origin: str) -> None:
    answer = rpc.http.post("/", json=CHAIN_ID, headers={"Origin": origin})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = rpc.http.options("/", headers={"Origin": origin, **wanted})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert preflight.headers["access-control-allow-headers"] == "content-type"
    assert "POST" in preflight.headers["access-control-allow-methods"]


@pytest.mark.parametrize("origin", FOREIGN)
def test_other_pages_are_refused_before_anything_is_done(rpc: Rpc, devnet: Devnet, origin: str) -> None:
    for method in ("POST", "OPTIONS"):
        # A page can send this type without asking first.
        answer = rpc.http.request(method, "/", json=CHAIN_ID, headers={"Origin": origin, "Content-Type": "text/plain"})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    with pytest.raises(InvalidStatus, match="403"), open_socket(devnet, additional_headers={"Origin": origin}):
        pass


def test_programs_name_no_page_and_are_served(rpc: Rpc) -> None:
    answer = rpc.http.post("/", json=CHAIN_ID)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_more_pages_can_be_named() -> None:
    named = "https://app.example.org"
    with running_devnet(arguments=["--cors-origin", named]) as devnet:
        _expect(devnet, {named: 200, "http://localhost:1": 200, "https://appXexample.org": 403})
        with open_socket(devnet, additional_headers={"Origin": named}) as socket:
            assert socket("eth_chainId") == hex(devnet.chain_id)
    with running_devnet(arguments=["--cors-origin", "*"]) as devnet:
        _expect(devnet, {"https://example.org": 200, "null": 200})


def _expect(devnet: Devnet, statuses: dict[str, int]) -> None:
    rpc = Rpc(devnet.rpc_url)
    answers = {origin: rpc.http.post("/", json=CHAIN_ID, headers={"Origin": origin}) for origin in statuses}
    assert {origin: answer.status_code for origin, answer in answers.items()} == statuses
    rpc.close()
