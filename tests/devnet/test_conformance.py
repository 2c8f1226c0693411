"""The public tests of Ethereum's JSON-RPC that apply, against a devnet; docs/devnet-conformance.md lists them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.devnet.conformance import blocks, execution, opcodes, state
from tests.devnet.conformance.document import DOCUMENT, document
from tests.devnet.conformance.inapplicable import ABSENT_METHODS
from tests.devnet.conformance.scene import Scene
from tests.support.devnet import running_devnet
from tests.support.rpc import Rpc, RpcFailure

EXPRESSIONS = {part.__name__.split(".")[-1]: part.EXPRESSIONS.by_name for part in (blocks, execution, opcodes, state)}
FUNCTIONS = {function.__name__: function for part in EXPRESSIONS.values() for function in part.values()}


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """A chain of the tests' own: some of them leave transactions waiting for a moment."""
    with running_devnet(heartbeat_seconds=0) as devnet, closing(Rpc(devnet.rpc_url)) as rpc:
        yield Scene(devnet, rpc)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_devnet_answers_as_the_public_tests_ask(scene: Scene, name: str) -> None:
    FUNCTIONS[name](scene)


def test_methods_said_to_be_absent_are_absent(scene: Scene) -> None:
    for method in ABSENT_METHODS:
        with pytest.raises(RpcFailure, match="does not exist/is not available") as caught:
            scene.ask(method)
        assert caught.value.code == -32601


def test_the_document_lists_every_public_test() -> None:
    assert document() == DOCUMENT.read_text(encoding="utf-8"), "run: python -m tests.devnet.conformance.document"
