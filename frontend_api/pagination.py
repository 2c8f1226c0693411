"""Lists: filters, sorting, limits and cursors, one rule for every route.

A list route takes `column=value` and `column__op=value` filters, `sort=column` or `sort=-column`, `limit`. The answer's
`next_url` holds one opaque cursor with all of these and the last row's key, so the next page needs nothing re-sent and
rows that arrive meanwhile neither repeat nor hide any (keyset pagination; there are no offsets).
A cursor is untrusted input: it passes the same checks as what a person typed.
"""

from __future__ import annotations

import base64
import binascii
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eth_utils.address import is_address, to_checksum_address
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from frontend_api.errors import InvalidParameter
from frontend_api.hashes import hash_of

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200
MAXIMUM_CURSOR_LENGTH = 2048
UNSIGNED_LIMIT = 1 << 256

Kind = Literal["number", "amount", "address", "hash", "text"]
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    # In SQL null differs from nothing; for people a missing reason differs from every reason.
    "ne": lambda column, value: column.is_distinct_from(value),
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_ORDERED = ("eq", "ne", "gt", "gte", "lt", "lte")
_EQUALITY = ("eq", "ne")


@dataclass(frozen=True)
class Column:
    """A column people may filter by and, unless it can be null, sort by."""

    expression: ColumnElement[Any] | InstrumentedAttribute[Any]
    kind: Kind
    choices: tuple[str, ...] = ()
    sortable: bool = True

    @property
    def operators(self) -> tuple[str, ...]:
        """What it can be compared with: numbers have an order worth asking for, identifiers only equality."""
        return _ORDERED if self.kind in ("number", "amount") else _EQUALITY

    def parse(self, parameter: str, value: str) -> Any:
        """A value typed by a stranger; raises InvalidParameter."""
        if self.choices and value not in self.choices:
            raise InvalidParameter(parameter, value, "one of " + ", ".join(self.choices))
        if self.kind in ("number", "amount"):
            return _unsigned(parameter, value, 1 << 63 if self.kind == "number" else UNSIGNED_LIMIT)
        if self.kind == "address":
            if not is_address(value):
                raise InvalidParameter(parameter, value, "an address, 0x and 40 hexadecimal digits")
            return str(to_checksum_address(value))
        if self.kind == "hash":
            try:
                return hash_of(value)
            except ValueError as error:
                raise InvalidParameter(parameter, value, str(error)) from error
        return value


@dataclass(frozen=True)
class Listing:
    """What one list offers. `key`: columns that together name a row, appended to every sort as its tie-breaker."""

    columns: Mapping[str, Column]
    key: tuple[str, ...]
    default_sort: str

    def parameters(self) -> list[dict[str, Any]]:
        """The query parameters, for OpenAPI."""
        sortable = [name for name, column in self.columns.items() if column.sortable]
        choices = [sign + name for name in sortable for sign in ("", "-")]
        found = [
            _parameter("cursor", {"type": "string"}, "From `next_url`; stands alone."),
            _parameter("sort", {"type": "string", "enum": choices, "default": self.default_sort}, "`-` = descending."),
            _parameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT},
                "Rows a page.",
            ),
        ]
        for name, column in self.columns.items():
            schema: dict[str, Any] = {"type": "integer" if column.kind == "number" else "string"}
            if column.choices:
                schema["enum"] = list(column.choices)
            for op in column.operators:
                label = name if op == "eq" else f"{name}__{op}"
                found.append(_parameter(label, schema, f"Only rows whose {name} is {_WORDS[op]} this."))
        return found


_WORDS = {
    "eq": "equal to",
    "ne": "not equal to",
    "gt": "greater than",
    "gte": "at least",
    "lt": "less than",
    "lte": "at most",
}


@dataclass(frozen=True)
class Page:
    """One checked request for a page. `filters`: (column, operator, typed text) ; `after`: key of the last row seen."""

    filters: tuple[tuple[str, str, str], ...]
    sort: str
    limit: int
    after: tuple[str, ...] | None
    fixed: Mapping[str, str]


def parse_page(listing: Listing, query: Sequence[tuple[str, str]], fixed: Sequence[str] = ()) -> Page:
    """Check a list request. `fixed`: further parameters of the route that a cursor must remember (`project`).

    Raises InvalidParameter with what would have been right.
    """
    names = [name for name, _ in query]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InvalidParameter(repeated, dict(query)[repeated], "at most once")
    given = dict(query)
    cursor = given.pop("cursor", None)
    if cursor is not None:
        if given:
            raise InvalidParameter("cursor", cursor, f"to stand alone, without {', '.join(sorted(given))}")
        given, after = _decode(cursor)
    else:
        after = None
    remembered = {name: given.pop(name) for name in fixed if name in given}
    sort = given.pop("sort", listing.default_sort)
    _sort_column(listing, sort)
    limit = given.pop("limit", str(DEFAULT_LIMIT))
    if not limit.isdecimal() or not limit.isascii() or len(limit) > 9 or not 1 <= int(limit) <= MAXIMUM_LIMIT:
        raise InvalidParameter("limit", limit, f"a number from 1 to {MAXIMUM_LIMIT}")
    filters = tuple(_filter(listing, name, value) for name, value in given.items())
    page = Page(filters, sort, int(limit), after, remembered)
    if after is not None:
        _parse_key(listing, page)
    return page


def select_page(statement: Select[*tuple[Any, ...]], listing: Listing, page: Page) -> Select[*tuple[Any, ...]]:
    """The statement narrowed to the page and one row more, which tells whether there is a next page."""
    for name, op, value in page.filters:
        column = listing.columns[name]
        statement = statement.where(_OPERATORS[op](column.expression, column.parse(name, value)))
    keys = [listing.columns[name].expression for name in _key_names(listing, page.sort)]
    descending = page.sort.startswith("-")
    if page.after is not None:
        # Bound through each column's own type, so that amounts compare as they are stored.
        bounds = [literal(value, key.type) for key, value in zip(keys, _parse_key(listing, page), strict=True)]
        left, right = tuple_(*keys), tuple_(*bounds)
        statement = statement.where(left < right if descending else left > right)
    return statement.order_by(*(key.desc() if descending else key.asc() for key in keys)).limit(page.limit + 1)


def next_cursor(listing: Listing, page: Page, last: object) -> str:
    """The cursor that continues after the item `last`, whose attributes bear the names of the columns."""
    document = {
        "q": [[_label(name, op), value] for name, op, value in page.filters]
        + [list(item) for item in page.fixed.items()],
        "s": page.sort,
        "l": page.limit,
        "k": [str(getattr(last, name)) for name in _key_names(listing, page.sort)],
    }
    return base64.urlsafe_b64encode(json.dumps(document, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _decode(cursor: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Back to parameters and key, all of them text to be checked as if typed."""
    wrong = InvalidParameter("cursor", cursor[:80], "one that `next_url` gave")
    if len(cursor) > MAXIMUM_CURSOR_LENGTH:
        raise wrong
    try:
        document = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        given = dict(document["q"])
        given |= {"sort": document["s"], "limit": str(document["l"])}
        after = tuple(document["k"])
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise wrong from error
    if not all(isinstance(text, str) for text in (*given, *given.values(), *after)):
        raise wrong
    return given, after


def _filter(listing: Listing, name: str, value: str) -> tuple[str, str, str]:
    column_name, _, op = name.partition("__")
    column = listing.columns.get(column_name)
    if column is None:
        raise InvalidParameter(name, value, "one of the columns " + ", ".join(listing.columns))
    op = op or "eq"
    if op not in column.operators:
        allowed = ", ".join(_label(column_name, each) for each in column.operators)
        raise InvalidParameter(name, value, f"one of {allowed}")
    column.parse(name, value)
    return column_name, op, value


def _label(name: str, op: str) -> str:
    return name if op == "eq" else f"{name}__{op}"


def _sort_column(listing: Listing, sort: str) -> str:
    name = sort.removeprefix("-")
    column = listing.columns.get(name)
    if column is None or not column.sortable:
        sortable = ", ".join(name for name, column in listing.columns.items() if column.sortable)
        raise InvalidParameter("sort", sort, f"one of {sortable}, with - in front to descend")
    return name


def _key_names(listing: Listing, sort: str) -> tuple[str, ...]:
    first = _sort_column(listing, sort)
    return (first, *(name for name in listing.key if name != first))


def _parse_key(listing: Listing, page: Page) -> list[Any]:
    names = _key_names(listing, page.sort)
    if page.after is None or len(page.after) != len(names):
        raise InvalidParameter("cursor", "", "one that `next_url` gave")
    return [listing.columns[name].parse("cursor", value) for name, value in zip(names, page.after, strict=True)]


def _unsigned(parameter: str, value: str, limit: int) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 80 and int(value) < limit):
        raise InvalidParameter(parameter, value[:80], f"a decimal number from 0 to {limit - 1}")
    return int(value)


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
