"""Lists with OData's query options: each is honoured or refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

from rollout.lab.graph import filters
from rollout.lab.graph.behaviour import Behaviour
from rollout.lab.graph.errors import GraphError, not_modelled, unsupported_query
from rollout.lab.graph.requests import GraphRequest

Json = dict[str, Any]

_KNOWN_OPTIONS = frozenset({"$select", "$filter", "$top", "$count", "$orderby", "$skiptoken"})


@dataclass(frozen=True)
class Shape:
    """What can be asked of a kind of object.

    `standard` is returned without `$select`; `more` only with it.
    """

    name: str
    standard: tuple[str, ...]
    more: tuple[str, ...] = ()
    filterable: frozenset[str] = frozenset()
    top: int = 999
    """The largest page."""
    directory: bool = True
    """Whether advanced queries need `ConsistencyLevel: eventual` and `$count=true`."""

    @property
    def properties(self) -> frozenset[str]:
        """All that can be selected."""
        return frozenset(self.standard) | frozenset(self.more) | {"id"}

    def selected(self, text: str | None) -> tuple[str, ...]:
        """The properties to return. Raises GraphError for one that is not known."""
        if not text:
            return self.standard
        names = tuple(name.strip() for name in text.split(","))
        for name in names:
            if name not in self.properties:
                raise not_modelled(f"property '{name}' of '{self.name}'")
        return names if "id" in names else ("id", *names)


def one(request: GraphRequest, shape: Shape, row: Json) -> Json:
    """A single object with `$select`."""
    _only(request, {"$select"})
    return _cut(row, shape.selected(request.query.get("$select")))


def _only(request: GraphRequest, allowed: Iterable[str]) -> None:
    for option in request.query:
        if option not in allowed:
            raise unsupported_query(f"The query specified in the URI is not valid: {option}.")


def _cut(row: Json, names: tuple[str, ...]) -> Json:
    return {name: row.get(name) for name in names}


@dataclass
class _Rest:
    """The rows of a list that have not been fetched, behind an opaque token."""

    rows: list[Json]
    size: int
    tail: Json
    """What the last page ends with."""


class Pages:
    """Hands out lists page by page; the tokens mean nothing to the caller."""

    def __init__(self, behaviour: Behaviour, draw: Any) -> None:
        self._behaviour, self._draw = behaviour, draw
        self._rests: dict[str, _Rest] = {}
        self._numbers = count(1)

    def of(self, request: GraphRequest, shape: Shape, rows: Iterable[Json], link: str) -> Json:
        """One page of `rows`, or the next one of a list that was begun.

        `link` is this list's address, to which the next page's token is added.
        """
        _only(request, _KNOWN_OPTIONS)
        if "$skiptoken" in request.query:
            return self._next(request.query["$skiptoken"], link)
        names = shape.selected(request.query.get("$select"))
        found = self._filtered(request, shape, rows)
        found = self._ordered(request, shape, found)
        cut = [_cut(row, names) for row in found]
        size = self._size(request, shape)
        head: Json = {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{shape.name}"}
        if request.query.get("$count") == "true":
            head["@odata.count"] = len(cut)
        return head | self._page(_Rest(cut, size, {}), link)

    def begin(self, rows: list[Json], size: int, link: str, tail: Json) -> Json:
        """The first page of rows that are ready, whose last page ends with `tail`."""
        return self._page(_Rest(rows, size, tail), link)

    def next(self, token: str, link: str) -> Json:
        """A further page. Raises GraphError for a token that was not given or was used up."""
        return self._next(token, link)

    def _next(self, token: str, link: str) -> Json:
        rest = self._rests.get(token)
        if rest is None:
            raise GraphError(400, "Directory_ExpiredPageToken", "Specified page token has expired.")
        return self._page(rest, link)

    def _page(self, rest: _Rest, link: str) -> Json:
        empty = bool(rest.rows) and self._draw() < self._behaviour.empty_page_share
        taken = 0 if empty else rest.size
        value, left = rest.rows[:taken], rest.rows[taken:]
        if not left:
            return {"value": value} | rest.tail
        # The same token gives the same page again: an answer may have been lost.
        token = f"RFNwdAIAAQAAA{next(self._numbers):08X}"
        self._rests[token] = _Rest(left, rest.size, rest.tail)
        return {"@odata.nextLink": f"{link}?$skiptoken={token}", "value": value}

    def _size(self, request: GraphRequest, shape: Shape) -> int:
        if "$top" not in request.query:
            return self._behaviour.page_size
        text = request.query["$top"]
        if not text.isdigit() or not 1 <= int(text) <= shape.top:
            raise GraphError(
                400,
                "Request_UnsupportedQuery",
                f"Invalid page size specified: '{text}'. Must be between 1 and {shape.top} "
                "inclusive.",
            )
        return int(text)

    def _filtered(
        self, request: GraphRequest, shape: Shape, rows: Iterable[Json]
    ) -> Iterable[Json]:
        text = request.query.get("$filter")
        if "$count" in request.query and shape.directory and not request.eventual:
            raise unsupported_query("$count is not currently supported.")
        if text is None:
            return rows
        parsed = filters.parse(text)
        for name in parsed.properties:
            if name not in shape.filterable:
                raise unsupported_query(
                    f"Unsupported or invalid query filter clause specified for property '{name}' "
                    f"of resource '{shape.name}'."
                )
        accepted = request.eventual and request.query.get("$count") == "true"
        if parsed.advanced and shape.directory and not accepted:
            raise unsupported_query(
                "Operator is not supported because the 'ConsistencyLevel:eventual' header "
                "and '$count=true' are missing."
            )
        return (row for row in rows if parsed.test(row))

    def _ordered(self, request: GraphRequest, shape: Shape, rows: Iterable[Json]) -> Iterable[Json]:
        text = request.query.get("$orderby")
        if text is None:
            return rows
        name, _, direction = text.partition(" ")
        if name not in ("displayName", "userPrincipalName") or direction not in ("", "asc", "desc"):
            raise unsupported_query(f"Sorting by '{text}' is not supported.")
        if "$filter" in request.query and not request.eventual:
            raise unsupported_query("Sorting not supported for current query.")
        return sorted(
            rows, key=lambda row: str(row.get(name) or "").casefold(), reverse=direction == "desc"
        )
