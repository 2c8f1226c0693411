"""What a process refuses to be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from node.__main__ import read_settings
from node.config import NodeSettings
from node.errors import ConfigurationError
from verifier.court.config import CourtSettings

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
COMMON = {"factory": ADDRESS, "key_file": "key", "state_dir": "state"}
NODE = {**COMMON, "project": ADDRESS}
COURT = {**COMMON, "role": "worker", "court": ADDRESS, "verifier_registry": ADDRESS}
KINDS = [(NodeSettings, NODE), (CourtSettings, COURT)]


@pytest.mark.parametrize(("kind", "values"), KINDS)
@pytest.mark.parametrize(
    "url", ["http://peer.example", "https://peer.example:8443/swarm/", "http://[::1]:80", "http://10.0.0.7:1"]
)
def test_a_public_url_is_an_address_that_peers_can_ask(
    kind: type[NodeSettings | CourtSettings], values: dict[str, Any], url: str
) -> None:
    assert kind(**values, public_url=url).public_url == url


@pytest.mark.parametrize(("kind", "values"), KINDS)
@pytest.mark.parametrize(
    "url",
    [
        *("", "peer.example:80", "ftp://x y", "ftp://peer.example", "http://", "http:///blocks", "http://:80"),
        *("http://x y", "http://peer\n.example", "http://peer.example:port", "http://peer.example:70000"),
        *("http://me:secret@peer.example", "http://peer.example?a=b", "http://peer.example/#top", "http://[::1"),
        *("http://peer.example:0", "http://pêer.example", "http://\udcff"),
    ],
)
def test_a_public_url_that_nobody_can_ask_is_refused(
    kind: type[NodeSettings | CourtSettings], values: dict[str, Any], url: str
) -> None:
    with pytest.raises(ValidationError, match="expected http:// or https:// with a host"):
        kind(**values, public_url=url)


def test_a_configuration_file_is_refused_in_our_words(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in {**NODE, "public_url": "ftp://x y"}.items()))
    with pytest.raises(ConfigurationError) as caught:
        read_settings(file)
    words = "expected http:// or https:// with a host, a port and a path at most"
    assert str(caught.value) == f"configuration {file}: public_url: {words}"
