"""Content identifiers: written in one way, read in the ways that IPFS writes them."""

from __future__ import annotations

import base58
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.storage.cid import DAG_PB, RAW, Cid, sha2_256
from node.storage.errors import BadCid

HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"  # "hello world", raw
HELLO_V0 = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"  # "hello world", dag-pb

cids = st.builds(Cid, st.sampled_from([RAW, DAG_PB]), st.binary(min_size=32, max_size=32))


def test_names_raw_bytes_as_ipfs_does() -> None:
    assert str(Cid.of(RAW, b"hello world")) == HELLO


@given(cids)
def test_reads_back_every_spelling(cid: Cid) -> None:
    assert Cid.parse(str(cid)) == cid
    assert Cid.parse("z" + base58.b58encode(cid.to_bytes()).decode()) == cid
    assert Cid.read(b"xx" + cid.to_bytes() + b"yy", 2) == (cid, 2 + 36)


@given(st.binary(min_size=32, max_size=32))
def test_reads_version_0(digest: bytes) -> None:
    cid = Cid(DAG_PB, digest)
    text = base58.b58encode(cid.to_bytes(version=0)).decode()
    assert text.startswith("Qm")
    assert Cid.parse(text) == cid


def test_version_0_is_dag_pb_only() -> None:
    assert Cid.parse(HELLO_V0).codec == DAG_PB
    with pytest.raises(BadCid, match="always dag-pb"):
        Cid.parse(HELLO).to_bytes(version=0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "Qm",
        HELLO.upper(),
        HELLO[:-1],
        HELLO + "a",
        HELLO[:-1] + "f",  # the spare bits of the last character: a second spelling of the same digest
        "b" + HELLO[1:].replace("a", "1", 1),
        HELLO_V0[:-1] + "0",
        "z" + "1" * 60,
        "f0155" + "00" * 34,
        "b" * 129,
        "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua",  # dag-cbor
        "é" * 59,
    ],
)
def test_refuses_what_is_no_identifier_of_ours(text: str) -> None:
    with pytest.raises(BadCid):
        Cid.parse(text)


@given(st.text(max_size=140))
def test_any_text_is_an_identifier_or_a_clear_refusal(text: str) -> None:
    try:
        cid = Cid.parse(text)
    except BadCid as error:
        refused = error.text
    else:
        refused = text
        assert Cid.parse(str(cid)) == cid
    assert refused == text


@given(st.binary(max_size=80))
def test_any_bytes_are_an_identifier_or_a_clear_refusal(data: bytes) -> None:
    try:
        cid, end = Cid.read(data)
    except BadCid:
        return
    assert cid.digest in data[:end]


def test_refuses_a_digest_of_another_length() -> None:
    with pytest.raises(BadCid, match="31 bytes"):
        Cid(RAW, sha2_256(b"")[:31])
