"""Refusals in Graph's form: status, code, message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class GraphError(Exception):
    """An answer that is an error; `details` and `headers` go out with it."""

    status: int
    code: str
    message: str
    details: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str, client_request_id: str, date: str) -> dict[str, Any]:
        """`{"error": ...}` with the ids by which support finds the request."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        error["innerError"] = {
            "date": date,
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        return {"error": error}


def bad_request(message: str, **more: Any) -> GraphError:
    """The service's most frequent word for a body or a value that it does not take."""
    return GraphError(400, "Request_BadRequest", message, **more)


def not_found(identity: str) -> GraphError:
    """No such object, or none that this replica has seen yet."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{identity}' does not exist or one of its queried reference-property "
        "objects are not present.",
    )


def unsupported_query(message: str) -> GraphError:
    """A query option that the service refuses."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def not_modelled(what: str) -> GraphError:
    """The emulator's own word: it does not pretend."""
    return GraphError(501, "EmulatorDoesNotModel", f"the lab's tenant does not model {what}")


def conflicting(name: str) -> GraphError:
    """A second object with a value that has to be unique."""
    return bad_request(
        f"Another object with the same value for property {name} already exists.",
        details=[
            {
                "code": "ObjectConflict",
                "message": f"Another object with the same value for property {name} "
                "already exists.",
                "target": name,
            }
        ],
    )
