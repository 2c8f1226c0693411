"""Filters, sorting, limits and cursors, without a database behind them."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from frontend_api.errors import InvalidParameter
from frontend_api.indexing.database import RoundView
from frontend_api.pagination import MAXIMUM_LIMIT, Page, next_cursor, parse_page, select_page
from frontend_api.reading.listings import CONTRIBUTIONS, PROJECTS, ROUNDS

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@dataclass
class Row:
    """The last row of a page."""

    number: int
    status: str = "open"


def test_defaults_are_the_listing_s_own() -> None:
    assert parse_page(ROUNDS, []) == Page((), "-number", 50, None, {})


def test_filters_take_an_operator_after_two_underscores() -> None:
    page = parse_page(ROUNDS, [("number__gte", "3"), ("status", "open")])
    assert page.filters == (("number", "gte", "3"), ("status", "eq", "open"))


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ([("limit", "0")], "limit"),
        ([("limit", str(MAXIMUM_LIMIT + 1))], "limit"),
        ([("limit", "-1")], "limit"),
        ([("limit", "1e1")], "limit"),
        ([("limit", "٣")], "limit"),
        ([("limit", "9" * 5000)], "limit"),
        ([("sort", "nothing")], "sort"),
        ([("sort", "result_hash")], "sort"),
        ([("sort", "--number")], "sort"),
        ([("colour", "red")], "colour"),
        ([("number__like", "3")], "number__like"),
        ([("status__gt", "open")], "status__gt"),
        ([("status", "asleep")], "status"),
        ([("number", "three")], "number"),
        ([("number", "-3")], "number"),
        ([("number", str(1 << 63))], "number"),
        ([("result_hash", "0x12")], "result_hash"),
        ([("number", "1"), ("number", "2")], "number"),
        ([("cursor", "!")], "cursor"),
        ([("cursor", "e30")], "cursor"),
        ([("cursor", "W10")], "cursor"),
        ([("cursor", "A" * 4000)], "cursor"),
    ],
)
def test_what_nobody_can_use_is_refused_by_name(query: list[tuple[str, str]], parameter: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_page(ROUNDS, query)
    assert caught.value.parameter == parameter
    assert caught.value.http_status == 422


def test_addresses_are_compared_in_their_checksum_form() -> None:
    column = CONTRIBUTIONS.columns["owner"]
    assert column.parse("owner", ADDRESS.lower()) == ADDRESS
    with pytest.raises(InvalidParameter):
        column.parse("owner", "0x12")


def test_a_cursor_holds_filters_sort_limit_and_key() -> None:
    page = parse_page(
        ROUNDS, [("status", "open"), ("sort", "number"), ("limit", "7"), ("project", ADDRESS)], ["project"]
    )
    again = parse_page(ROUNDS, [("cursor", next_cursor(ROUNDS, page, Row(12)))], ["project"])
    assert again == Page((("status", "eq", "open"),), "number", 7, ("12",), {"project": ADDRESS})


def test_a_cursor_stands_alone() -> None:
    cursor = next_cursor(ROUNDS, parse_page(ROUNDS, []), Row(12))
    with pytest.raises(InvalidParameter, match="stand alone"):
        parse_page(ROUNDS, [("cursor", cursor), ("limit", "5")])


def forged(**changes: object) -> str:
    """A cursor with some parts replaced."""
    document = {"q": [], "s": "-number", "l": 5, "k": ["3"], **changes}
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        forged(s="-secret"),
        forged(l=10**6),
        forged(l="many"),
        forged(k=[]),
        forged(k=["1", "2"]),
        forged(k=["one"]),
        forged(k=[1]),
        forged(k=None),
        forged(q=[["password", "x"]]),
        forged(q=[["status", ["open"]]]),
        forged(q="number"),
        forged(q=[["number"]]),
    ],
)
def test_a_forged_cursor_passes_the_same_checks_as_a_person(cursor: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_page(ROUNDS, [("cursor", cursor)])


@given(st.text(max_size=300))
def test_no_cursor_text_breaks_the_parser(cursor: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_page(PROJECTS, [("cursor", cursor)])


@given(
    st.lists(st.tuples(st.sampled_from(["number", "sort", "limit", "status", "x"]), st.text(max_size=20)), max_size=4)
)
def test_any_query_is_a_page_or_a_named_error(query: list[tuple[str, str]]) -> None:
    refused: str | None = None
    with contextlib.suppress(InvalidParameter):
        try:
            assert 1 <= parse_page(ROUNDS, query).limit <= MAXIMUM_LIMIT
        except InvalidParameter as error:
            refused = error.parameter
            raise
    assert refused is None or refused in dict(query)


def test_a_page_asks_for_one_row_more_than_it_shows() -> None:
    statement = select_page(select(RoundView), ROUNDS, parse_page(ROUNDS, [("limit", "7")]))
    assert "LIMIT 8" in str(statement.compile(compile_kwargs={"literal_binds": True}))


def test_openapi_names_every_filter() -> None:
    names = {parameter["name"] for parameter in ROUNDS.parameters()}
    assert {"cursor", "limit", "sort", "number", "number__gte", "status", "status__ne"} <= names
    assert "status__gt" not in names
