"""Requests to Graph beside Microsoft's own description of the service.

The description (OpenAPI) is not ours to ship: `ROLLOUT_GRAPH_OPENAPI` names the file. One can be
had from github.com/microsoftgraph/msgraph-metadata (openapi/v1.0/openapi.yaml).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

VARIABLE = "ROLLOUT_GRAPH_OPENAPI"
MISSING = (
    f"{VARIABLE} names no file: Graph's own description is needed, "
    "see https://github.com/microsoftgraph/msgraph-metadata (openapi/v1.0/openapi.yaml)"
)

#: Calls that the trimmed description leaves out; the full one has them.
NOT_IN_A_SUBSET = (
    re.compile(r"/teams/[^/]+(/operations/[^/]+)?\Z"),
    re.compile(r"/teams\('[^']+'\)/operations\('[^']+'\)\Z"),
    re.compile(r"/servicePrincipals/"),
    re.compile(r"/users/[^/]+/(messages|mailFolders/[^/]+)\Z"),
)
METHODS_NOT_IN_A_SUBSET = ((re.compile(r"/groups/[^/]+\Z"), "PATCH"),)
"""Likewise, of paths that it has with other methods."""
_FREE_OPTIONS = {"$skiptoken", "$deltatoken"}
"""They come out of the service's own links."""


# Read once: the tests take every setting of ours out of their environment.
_NAMED = os.environ.get(VARIABLE)


def description_file() -> Path | None:
    """The file that the environment names, when it is there."""
    return Path(_NAMED) if _NAMED and Path(_NAMED).is_file() else None


@cache
def _read(file: Path) -> Json:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    described: Json = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    return described


class Contract:
    """Compares requests with a description."""

    def __init__(self, file: Path) -> None:
        self._described = _read(file)
        self._paths = [
            (re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(path)) + r"\Z"), operations)
            for path, operations in self._described["paths"].items()
        ]

    def findings(self, requests: Iterable[Json]) -> list[str]:
        """What does not agree, a line each; the keys of a request are those of the journal."""
        return [
            f"{request['method']} {request['path']}: {finding}"
            for request in requests
            for finding in self._of(request)
        ]

    def _of(self, request: Json) -> Iterator[str]:
        operations = self._operations(request["path"])
        if operations is None:
            if not any(known.match(request["path"]) for known in NOT_IN_A_SUBSET):
                yield "no such path"
            return
        operation = operations.get(request["method"].lower())
        if operation is None:
            called = request["method"], request["path"]
            if not any(known.match(called[1]) and method == called[0]
                       for known, method in METHODS_NOT_IN_A_SUBSET):  # fmt: skip
                yield "no such method"
            return
        yield from self._query(operation, request)
        yield from self._body(operation, request.get("body"))

    def _operations(self, path: str) -> Json | None:
        # A path without parameters goes before one with: `/users/delta` is no user.
        found = [known for pattern, known in self._paths if pattern.match(path)]
        exact = self._described["paths"].get(path)
        return exact or (found[0] if found else None)

    def _query(self, operation: Json, request: Json) -> Iterator[str]:
        known = {
            parameter["name"]: parameter["schema"]
            for parameter in map(self._resolved, operation.get("parameters", []))
            if parameter["in"] == "query"
        }
        for name, text in request["query"].items():
            if name in _FREE_OPTIONS:
                continue
            if name not in known:
                yield f"query option {name}"
                continue
            schema = known[name]
            if schema.get("type") == "array":
                allowed = schema["items"].get("enum")
                for item in text.split(","):
                    if allowed and item.strip() not in allowed:
                        yield f"{name}={item.strip()}"
            elif schema.get("type") == "integer" and not text.isdigit():
                yield f"{name}={text} is no number"
            elif schema.get("type") == "boolean" and text not in ("true", "false"):
                yield f"{name}={text} is neither true nor false"

    def _body(self, operation: Json, body: Any) -> Iterator[str]:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            if body not in (None, {}):
                yield "a body where none is described"
            return
        if body is None:
            if operation["requestBody"].get("required"):
                yield "no body"
            return
        yield from self._value(body, content["schema"], "")

    def _value(self, value: Any, schema: Json, at: str) -> Iterator[str]:
        schema = self._resolved(schema)
        if value is None:
            if not self._nullable(schema):
                yield f"{at or 'body'} is null"
            return
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            tried = [list(self._value(value, one, at)) for one in options if not _only_null(one)]
            if all(tried):
                yield from min(tried, key=len)
            return
        if isinstance(value, dict) and ("properties" in schema or "allOf" in schema):
            yield from self._properties(value, schema, at)
            return
        yield from self._plain(value, schema, at)

    def _properties(self, value: Json, schema: Json, at: str) -> Iterator[str]:
        known = self._all_properties(schema, value.get("@odata.type"))
        by_small = {name.lower(): name for name in known}
        for name, inner in value.items():
            if name == "@odata.type" or name.endswith("@odata.bind"):
                continue
            # Parameters of an action are described with a capital and sent as documented, without.
            described = by_small.get(name.lower()) if at == "" else name
            if described not in known:
                yield f"property {at}{name}"
            else:
                yield from self._value(inner, known[described], f"{at}{name}.")

    def _all_properties(self, schema: Json, named: str | None) -> Json:
        schema = self._resolved(schema)
        found: Json = dict(schema.get("properties", {}))
        # What leads to other objects may be written along with a new one.
        found |= {name: {} for name in schema.get("x-navigation-properties", ())}
        for part in schema.get("allOf", []):
            found |= self._all_properties(part, None)
        if named:
            more = self._described["components"]["schemas"].get(named.removeprefix("#"))
            if more is not None:
                found |= self._all_properties(more, None)
        return found

    def _plain(self, value: Any, schema: Json, at: str) -> Iterator[str]:
        kind, place = schema.get("type"), at.rstrip(".")
        kinds: dict[str, type | tuple[type, ...]] = {
            "string": str,
            "boolean": bool,
            "integer": int,
            "number": (int, float),
            "array": list,
            "object": dict,
        }
        if kind in kinds and (
            not isinstance(value, kinds[kind])
            or (isinstance(value, bool) and kind in ("integer", "number"))
        ):
            yield f"{place} is no {kind}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{place}={value}"
        if (
            isinstance(value, str)
            and "pattern" in schema
            and not re.search(schema["pattern"], value)
        ):
            yield f"{place}={value} is not of the form {schema.get('format', schema['pattern'])}"
        if isinstance(value, list):
            for place_in, item in enumerate(value):
                yield from self._value(item, schema.get("items", {}), f"{place}[{place_in}].")

    def _nullable(self, schema: Json) -> bool:
        options = schema.get("anyOf", []) + schema.get("oneOf", [])
        return bool(schema.get("nullable")) or any(_only_null(one) for one in options)

    def _resolved(self, node: Json) -> Json:
        while "$ref" in node:
            place: Any = self._described
            for step in node["$ref"].removeprefix("#/").split("/"):
                place = place[step.replace("~1", "/").replace("~0", "~")]
            node = place
        return node


def _only_null(schema: Json) -> bool:
    return schema.get("type") == "object" and bool(schema.get("nullable"))
