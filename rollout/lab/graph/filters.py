"""`$filter` as far as Graph's directory takes it; everything else is refused, nothing ignored.

Grammar: `or` < `and` < `not` < comparison, `in`, `startswith`/`endswith`, `any` with a lambda.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rollout.lab.graph.errors import unsupported_query

Json = dict[str, Any]
Test = Callable[[Json], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?(?![\w:-]))"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<name>[A-Za-z_][\w/]*)|(?P<sign>[(),:]))"
)
_COMPARISONS = {"eq", "ne", "ge", "le", "gt", "lt"}
_ADVANCED = {"ne", "not", "endswith"}


@dataclass(frozen=True)
class Filter:
    """A parsed filter: its test, the properties it reads, and whether it is an advanced query."""

    test: Test
    properties: frozenset[str]
    advanced: bool


def parse(text: str) -> Filter:
    """Raises GraphError 400 for what the grammar does not hold."""
    parser = _Parser(_tokens(text), text)
    test = parser.either()
    parser.end()
    return Filter(test, frozenset(parser.properties), bool(parser.words & _ADVANCED))


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise unsupported_query(f"Invalid filter clause: syntax error at position {at}.")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self._tokens, self._text, self._at = tokens, text, 0
        self.properties: set[str] = set()
        self.words: set[str] = set()

    def either(self) -> Test:
        tests = [self._both()]
        while self._take("name", "or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._wrong()

    def _both(self) -> Test:
        tests = [self._not()]
        while self._take("name", "and"):
            tests.append(self._not())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _not(self) -> Test:
        if self._take("name", "not"):
            self.words.add("not")
            test = self._not()
            return lambda row: not test(row)
        if self._take("sign", "("):
            test = self.either()
            self._need("sign", ")")
            return test
        return self._single(None)

    def _single(self, variable: str | None) -> Test:
        kind, name = self._next()
        if kind != "name":
            raise self._wrong()
        if name.lower() in ("startswith", "endswith"):
            return self._text_function(name.lower(), variable)
        if name.endswith("/any"):
            return self._any(name.removesuffix("/any"))
        read = self._reader(name, variable)
        word = self._next()[1].lower()
        self.words.add(word)
        if word == "in":
            values = self._list()
            return lambda row: _folded(read(row)) in values
        if word not in _COMPARISONS:
            raise self._wrong()
        value = self._value()
        return lambda row: _compares(word, _folded(read(row)), value)

    def _text_function(self, name: str, variable: str | None) -> Test:
        self.words.add(name)
        self._need("sign", "(")
        read = self._reader(self._next()[1], variable)
        self._need("sign", ",")
        value = str(self._value())
        self._need("sign", ")")
        if name == "startswith":
            return lambda row: str(_folded(read(row)) or "").startswith(value)
        return lambda row: str(_folded(read(row)) or "").endswith(value)

    def _any(self, name: str) -> Test:
        self.properties.add(name)
        self._need("sign", "(")
        variable = self._next()[1]
        self._need("sign", ":")
        inner = self._single(variable)
        self._need("sign", ")")
        return lambda row: any(inner({"": item}) for item in row.get(name) or [])

    def _reader(self, name: str, variable: str | None) -> Callable[[Json], Any]:
        if variable is not None:
            path = name.split("/")[1:]
            return lambda row: _inside(row[""], path)
        path = name.split("/")
        self.properties.add(path[0])
        return lambda row: _inside(row, path)

    def _list(self) -> set[Any]:
        self._need("sign", "(")
        values = {self._value()}
        while self._take("sign", ","):
            values.add(self._value())
        self._need("sign", ")")
        return values

    def _value(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return text[1:-1].replace("''", "'").casefold()
        if kind == "number":
            return float(text)
        if kind in ("moment", "guid"):
            return text.casefold()
        literals: dict[str, Any] = {"true": True, "false": False, "null": None}
        if kind == "name" and text in literals:
            return literals[text]
        raise self._wrong()

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == (kind, text):
            self._at += 1
            return True
        return False

    def _need(self, kind: str, text: str) -> None:
        if not self._take(kind, text):
            raise self._wrong()

    def _wrong(self) -> Exception:
        return unsupported_query(f"Invalid filter clause: {self._text}")


def _inside(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _folded(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    return float(value) if isinstance(value, int | float) else str(value).casefold()


def _compares(word: str, have: Any, want: Any) -> bool:
    if word == "eq":
        return bool(have == want)
    if word == "ne":
        return bool(have != want)
    if have is None or want is None or type(have) is not type(want):
        return False
    return bool(
        {"ge": have >= want, "le": have <= want, "gt": have > want, "lt": have < want}[word]
    )
