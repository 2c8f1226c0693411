"""An endpoint is whatever bytes an account sent; nobody who reads the registry's events may stumble over them."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from contracts.client import Registry
from contracts.events import EndpointChanged
from tests.support.stage import Stage


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
        (b"a\x00b", "a\x00b"),
        ("\u00e4".encode(), "\u00e4"),
    ],
)
async def test_bytes_that_are_no_text_are_read_escaped(stage: Stage, raw: bytes, url: str) -> None:
    registry = stage.registry
    assert isinstance(registry, Registry)
    selector = registry.abi.functions["setEndpoint"].selector
    receipt = await registry.chain.send(registry.address, selector + encode(["bytes", "bytes32"], [raw, bytes(32)]))
    assert receipt.event(EndpointChanged).url == url
    events = await registry.chain.logs([registry.address], receipt.block_number, receipt.block_number)
    assert [event.url for event in events if isinstance(event, EndpointChanged)] == [url]
