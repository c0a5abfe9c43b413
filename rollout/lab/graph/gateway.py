"""What happens to a request before and after its function: token, roles, quotas, faults, batch."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rollout.lab.graph import (
    delta,
    devices,
    directory,
    groups,
    licences,
    mail,
    mail_messages,
    mailboxes,
    teams,
    users,
)
from rollout.lab.graph.errors import GraphError, bad_request, not_modelled
from rollout.lab.graph.requests import Caller, GraphRequest, GraphResponse
from rollout.lab.graph.routes import Route, find
from rollout.lab.graph.tenant import Tenant

Json = dict[str, Any]
Journal = Callable[[GraphRequest, GraphResponse, bool], None]

_TABLES = (
    delta.table,  # before users: `/users/delta` is no user
    users.table,
    licences.table,
    mailboxes.table,
    groups.table,
    teams.table,
    mail.table,
    mail_messages.table,
    devices.table,
    directory.table,
)
_AT_ONCE = 20
_USER_OF = re.compile(r"/users/([^/]+)")


class Gateway:
    """Graph of one tenant. Not for several threads at once."""

    def __init__(self, tenant: Tenant, journal: Journal) -> None:
        self._tenant, self._journal = tenant, journal

    def answer(self, request: GraphRequest) -> GraphResponse:
        """The answer to a request from outside; `/$batch` is unpacked here."""
        self._tenant.catch_up()
        if request.path == "/$batch":
            return self._attempt(request, self._batch)
        return self._single(request, batched=False)

    def _attempt(
        self, request: GraphRequest, act: Callable[[GraphRequest], GraphResponse]
    ) -> GraphResponse:
        try:
            return act(request)
        except GraphError as error:
            number = self._tenant.new_id()
            client = request.headers.get("client-request-id", number)
            body = error.body(number, client, self._tenant.now_text())
            return GraphResponse(error.status, body, dict(error.headers))

    def _single(self, request: GraphRequest, *, batched: bool) -> GraphResponse:
        response = self._attempt(request, self._routed)
        self._journal(request, response, batched)
        return response

    def _routed(self, request: GraphRequest) -> GraphResponse:
        route, values, known = find(_TABLES, request.method, request.path)
        if route is None:
            if known:
                raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed.")
            raise not_modelled(f"{request.method} {request.path}")
        if not set(route.roles) & request.caller.roles:
            raise GraphError(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )
        self._throttle(route, request)
        draw, behaviour = self._tenant.random.random, self._tenant.behaviour
        if draw() < behaviour.unavailable_share:
            raise _unavailable(503)
        response = route.answer(self._tenant, request, values)
        if route.writes and draw() < behaviour.lost_answer_share:
            raise _unavailable(504 if draw() < 0.5 else 503)
        return response

    def _throttle(self, route: Route, request: GraphRequest) -> None:
        behaviour = self._tenant.behaviour
        key = request.caller.client_id
        if route.quota in ("mailbox", "mail-send"):
            match = _USER_OF.match(request.path)
            key += match[1] if match else ""
        wait = self._tenant.quotas.spend(
            behaviour.quotas, route.quota, key, route.units, self._tenant.clock.now()
        )
        if wait is None and self._tenant.random.random() < behaviour.throttled_share:
            wait = float(behaviour.retry_after_seconds)
        if wait is None:
            return
        told = behaviour.retry_after == "always" or (
            behaviour.retry_after == "sometimes" and self._tenant.random.random() < 0.5
        )
        headers = {"Retry-After": str(max(1, math.ceil(wait)))} if told else {}
        raise GraphError(429, "TooManyRequests", "Too many requests.", headers=headers)

    def _batch(self, request: GraphRequest) -> GraphResponse:
        parts = request.json("requests")["requests"]
        if not isinstance(parts, list) or len(parts) > _AT_ONCE:
            raise GraphError(
                400,
                "MaximumValueExceeded",
                f"Number of batch request steps exceeds the maximum value of {_AT_ONCE}.",
            )
        seen: dict[str, GraphResponse] = {}
        for part in parts:
            number = str(part.get("id") or "")
            if not number or number in seen:
                raise bad_request("Each batch request step must have a unique id.")
            before = part.get("dependsOn") or []
            if any(str(name) not in seen for name in before):
                raise bad_request("A step depends on one that does not come before it.")
            if any(seen[str(name)].status >= 400 for name in before):
                error = GraphError(424, "FailedDependency", "A step that this depends on failed.")
                body = error.body(self._tenant.new_id(), number, self._tenant.now_text())
                seen[number] = GraphResponse(424, body)
                continue
            seen[number] = self._single(_part(part, request.caller), batched=True)
        answers = [_answered(number, response) for number, response in seen.items()]
        if self._tenant.behaviour.shuffle_batch:
            self._tenant.random.shuffle(answers)
        return GraphResponse(200, {"responses": answers})


def _unavailable(status: int) -> GraphError:
    return GraphError(status, "ServiceUnavailable", "The service is temporarily unavailable.")


def _part(part: Json, caller: Caller) -> GraphRequest:
    address = urlsplit(str(part.get("url") or ""))
    headers = {name.lower(): str(value) for name, value in (part.get("headers") or {}).items()}
    body = part.get("body")
    if body is not None and headers.get("content-type", "").split(";")[0] != "application/json":
        raise bad_request("Write request with a body has no content type: application/json.")
    path = address.path if address.path.startswith("/") else f"/{address.path}"
    return GraphRequest(
        method=str(part.get("method") or "").upper(),
        path=path.removeprefix("/v1.0"),
        query=dict(parse_qsl(address.query, keep_blank_values=True)),
        headers=headers,
        body=body,
        caller=caller,
    )


def _answered(number: str, response: GraphResponse) -> Json:
    headers = {"Content-Type": "application/json"} | response.headers
    answer: Json = {"id": number, "status": response.status, "headers": headers}
    return answer if response.body is None else answer | {"body": response.body}


def located(response: GraphResponse, base: str) -> GraphResponse:
    """The response with the service's own address before its links."""
    return replace(response, body=_with_base(response.body, base)) if response.body else response


def _with_base(value: Any, base: str) -> Any:
    if isinstance(value, list):
        return [_with_base(item, base) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base + item
        if name in ("@odata.nextLink", "@odata.deltaLink")
        else _with_base(item, base)
        if name in ("responses", "body")
        else item
        for name, item in value.items()
    }
