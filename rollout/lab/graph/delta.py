"""`/users/delta`: everything once, then what changed since the token."""

from __future__ import annotations

from typing import Any

from rollout.lab.graph.errors import GraphError, unsupported_query
from rollout.lab.graph.requests import GraphRequest, GraphResponse
from rollout.lab.graph.routes import USERS_READ, RouteTable
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.users import SHAPE

Json = dict[str, Any]
table = RouteTable()

_PREFIX = "delta-"


@table.add("GET", "/users/delta", roles=USERS_READ, units=2)
@table.add("GET", "/users/delta()", roles=USERS_READ, units=2)
def changed_users(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """The first round with `$select`; later rounds carry their choice inside the token."""
    known = {"$select", "$top", "$skiptoken", "$deltatoken"}
    for option in request.query:
        if option not in known:
            raise unsupported_query(f"{option} is not supported for delta queries.")
    if "$skiptoken" in request.query:
        return GraphResponse(200, tenant.pages.next(request.query["$skiptoken"], "/users/delta"))
    if "$deltatoken" in request.query:
        since, names = _read(tenant, request.query["$deltatoken"])
    else:
        since, names = 0, SHAPE.selected(request.query.get("$select"))
    now = tenant.clock.now()
    users = tenant.collection("users")
    rows: list[Json] = []
    # A change that has not reached every replica is left to the next round, and all behind it.
    reached = len(tenant.user_changes)
    for place in range(since, len(tenant.user_changes)):
        key = tenant.user_changes[place]
        if users.believed(key, now) != users.truth(key):
            reached = place
            break
    for key in dict.fromkeys(tenant.user_changes[since:reached]):
        user = users.truth(key)
        if user is not None:
            rows.append({name: user.get(name) for name in names})
        elif since:
            rows.append({"id": key, "@removed": {"reason": "changed"}})
    issued = int(tenant.clock.now().timestamp())
    token = f"{_PREFIX}{reached}-{issued}-{','.join(names)}"
    tail = {
        "@odata.deltaLink": f"/users/delta?$deltatoken={token}",
    }
    size = int(request.query.get("$top", tenant.behaviour.page_size))
    return GraphResponse(200, tenant.pages.begin(rows, size, "/users/delta", tail))


def _read(tenant: Tenant, token: str) -> tuple[int, tuple[str, ...]]:
    number, _, rest = token.removeprefix(_PREFIX).partition("-")
    issued, _, names = rest.partition("-")
    if not (token.startswith(_PREFIX) and number.isdigit() and issued.isdigit()):
        raise GraphError(400, "BadRequest", "Badly formed token.")
    if tenant.clock.now().timestamp() - int(issued) > tenant.behaviour.delta_seconds:
        raise GraphError(
            400,
            "syncStateNotFound",
            "The sync state generation is not found. The delta token is expired and data must be "
            "synchronized again.",
        )
    if int(number) > len(tenant.user_changes) or int(issued) < tenant.synchronised_since:
        raise GraphError(
            410,
            "syncStateNotFound",
            "The sync state generation is not found; begin again without a token.",
        )
    return int(number), tuple(names.split(","))
