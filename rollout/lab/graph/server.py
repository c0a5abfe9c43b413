"""The HTTPS face: token endpoint, Graph, and the control endpoint of tests and operators."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rollout.lab.errors import LabError
from rollout.lab.graph import devices, seed, users
from rollout.lab.graph.clock import moment_text
from rollout.lab.graph.errors import GraphError
from rollout.lab.graph.gateway import Gateway, located
from rollout.lab.graph.requests import GraphRequest, GraphResponse
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.tokens import TokenOffice, TokenRefused

Json = dict[str, Any]

_KEPT_HEADERS = ("consistencylevel", "prefer", "if-match", "content-type", "client-request-id")


class RequestLog:
    """Every request as a line of JSON, for the comparison with Microsoft's description.

    Tokens are not in it, and of a password only that there was one.
    """

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")

    def __call__(self, request: GraphRequest, response: GraphResponse, batched: bool) -> None:
        """Append one."""
        line = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": {
                name: value for name, value in request.headers.items() if name in _KEPT_HEADERS
            },
            "body": _without_password(request.body),
            "batched": batched,
            "status": response.status,
        }
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()


def _without_password(body: Any) -> Any:
    if isinstance(body, dict) and isinstance(body.get("passwordProfile"), dict):
        return body | {"passwordProfile": body["passwordProfile"] | {"password": "***"}}
    return body


def make_app(tenant: Tenant, office: TokenOffice, base: str, journal: RequestLog) -> Starlette:
    """The application; `base` is Graph's address up to `/v1.0`."""
    gateway = Gateway(tenant, journal)

    async def graph(request: Request) -> Response:
        await asyncio.sleep(tenant.behaviour.latency_ms / 1000)
        number = str(uuid4())
        common = {
            "request-id": number,
            "client-request-id": request.headers.get("client-request-id", number),
            "Date": tenant.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        try:
            asked = await _graph_request(request, office)
        except GraphError as error:
            body = error.body(number, common["client-request-id"], tenant.now_text())
            return JSONResponse(body, error.status, common)
        answer = located(gateway.answer(asked), base)
        headers = common | answer.headers
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        return JSONResponse(answer.body, answer.status, headers)

    async def configuration(request: Request) -> Response:
        if request.path_params["tenant"] != tenant.id:
            return _unknown_tenant(request.path_params["tenant"], tenant)
        return JSONResponse(office.configuration())

    async def token(request: Request) -> Response:
        if request.path_params["tenant"] != tenant.id:
            return _unknown_tenant(request.path_params["tenant"], tenant)
        fields = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            return JSONResponse(office.give(fields, tenant.behaviour.token_seconds))
        except TokenRefused as refused:
            return JSONResponse(refused.body(tenant.now_text()), refused.status)

    return Starlette(
        routes=[
            Route("/{tenant}/v2.0/.well-known/openid-configuration", configuration),
            Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
            *_control(tenant),
            Route("/v1.0/{rest:path}", graph, methods=["GET", "POST", "PATCH", "PUT", "DELETE"]),
        ]
    )


async def _graph_request(request: Request, office: TokenOffice) -> GraphRequest:
    caller = office.caller(request.headers.get("authorization", ""))
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        raise GraphError(
            400, "BadRequest", "Unable to read JSON request payload. Please ensure it is valid."
        ) from None
    return GraphRequest(
        method=request.method,
        path=request.scope["raw_path"].decode().removeprefix("/v1.0"),
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        caller=caller,
    )


def _unknown_tenant(name: str, tenant: Tenant) -> Response:
    refused = TokenRefused(
        "invalid_request", 90002, f"Tenant '{name}' not found. Check to make sure you have it.", 400
    )
    return JSONResponse(refused.body(tenant.now_text()), refused.status)


def _control(tenant: Tenant) -> list[Route]:
    """`/control/...`: what Graph has not, for whoever runs the lab."""

    def post(path: str, act: Callable[[Json], Json]) -> Route:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(act(await request.json()))
            except (LabError, GraphError, KeyError, ValueError) as error:
                return JSONResponse({"error": str(error)}, 400)

        return Route(f"/control/{path}", answer, methods=["POST"])

    def behave(values: Json) -> Json:
        tenant.behaviour.change(values)
        return {}

    def advance(values: Json) -> Json:
        tenant.clock.advance(float(values["seconds"]))
        tenant.catch_up()
        return {"now": moment_text(tenant.clock.now())}

    def arrive(values: Json) -> Json:
        return seed.add_user(tenant, values)

    def vanish(values: Json) -> Json:
        users.remove(tenant, str(values["user"]))
        return {}

    def drop_links(_: Json) -> Json:
        tenant.synchronised_since = int(tenant.clock.now().timestamp()) + 1
        return {}

    def choose(values: Json) -> Json:
        tenant.mailboxes[str(values["user"])].update(values["settings"])
        return {}

    def report(values: Json) -> Json:
        return devices.check_in(tenant, str(values["device"]))

    def plant(values: Json) -> Json:
        return devices.plant(tenant, str(values["kind"]), values["row"])

    def register(values: Json) -> Json:
        tenant.registrations[str(values["user"])] = {"methods": values.get("methods", [])}
        return {}

    def sign_in(values: Json) -> Json:
        user = tenant.truth("users", str(values["user"]))
        seen = {"lastSignInDateTime": tenant.now_text()}
        tenant.write("users", user["id"], user | {"signInActivity": seen})
        return {}

    async def dump(_: Request) -> Response:
        tenant.catch_up()
        return JSONResponse(tenant.dump())

    return [
        post("behaviour", behave),
        post("advance", advance),
        post("users", arrive),
        post("vanish", vanish),
        post("drop-delta-links", drop_links),
        post("mailbox", choose),
        post("check-in", report),
        post("plant", plant),
        post("registration", register),
        post("sign-in", sign_in),
        Route("/control/dump", dump),
    ]
