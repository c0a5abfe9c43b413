"""One request to Graph and its answer, whether it came alone or inside a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rollout.lab.graph.errors import bad_request

Json = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """The application behind a token."""

    client_id: str
    roles: frozenset[str]


@dataclass(frozen=True)
class GraphRequest:
    """`path` begins after `/v1.0`; header names are in small letters; `body` is parsed JSON."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    caller: Caller

    def json(self, *required: str) -> Json:
        """The body. Raises GraphError 400 when it is no object or lacks one of `required`."""
        if not isinstance(self.body, dict):
            raise bad_request("Unable to read JSON request payload.")
        for name in required:
            if self.body.get(name) in (None, "", [], {}):
                raise bad_request(
                    f"A value is required for property '{name}' of resource.",
                    details=[
                        {"code": "PropertyRequired", "message": "required", "target": name},
                    ],
                )
        return self.body

    def properties(self, *required: str) -> Json:
        """The body of an object to write, without the kind that clients may name with it."""
        return {
            name: value for name, value in self.json(*required).items() if name != "@odata.type"
        }

    @property
    def eventual(self) -> bool:
        """Whether the caller accepts eventual consistency, as advanced queries demand."""
        return self.headers.get("consistencylevel", "").lower() == "eventual"


@dataclass
class GraphResponse:
    """`body` None means no content."""

    status: int
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)


NO_CONTENT = 204


def created(body: Json) -> GraphResponse:
    """201 with the new object."""
    return GraphResponse(201, body)


def done() -> GraphResponse:
    """204."""
    return GraphResponse(NO_CONTENT)
