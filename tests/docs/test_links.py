"""Every link inside the project leads somewhere."""

from __future__ import annotations

import pytest

from tests.support.markdown import ROOT, Document, documents

FILES = list(documents())


def test_the_documents_are_found() -> None:
    assert {"README.md", "docs/protocol.md", "hardhat-free-devnet/README.md"} <= {
        str(document.path.relative_to(ROOT)) for document in FILES
    }


@pytest.mark.parametrize("document", FILES, ids=lambda document: str(document.path.relative_to(ROOT)))
def test_every_relative_link_resolves(document: Document) -> None:
    for link in document.links:
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = Document((document.path.parent / name).resolve() if name else document.path)
        assert target.path.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in target.anchors, f"{link}: no such heading"
