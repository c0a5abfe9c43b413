"""The port `Directory` over Microsoft Graph. Owns its event loop; its callers know of none."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from rollout.adapters.graph.calls import THROTTLED, segment
from rollout.adapters.graph.changes import changed_users, expired
from rollout.adapters.graph.exchange import GraphExchange
from rollout.adapters.graph.loop import LoopThread
from rollout.adapters.graph.permissions import lacking
from rollout.adapters.graph.pipeline import AT_ONCE, Pipeline
from rollout.adapters.graph.rates import Rates
from rollout.adapters.graph.transport import NoReply, Reply, Transport
from rollout.application.accounts.directory import (
    Changes,
    DirectoryAway,
    DirectoryGroup,
    DirectoryUser,
    Inventory,
    LicenceError,
    Product,
    SignIn,
)
from rollout.application.accounts.orders import Answer
from rollout.i18n import _
from rollout.settings import Settings
from rollout.settings.accounts import Tenant

Json = dict[str, Any]

_PAGE = 999
_USERS = (
    "/users?$select=id,userPrincipalName,displayName,accountEnabled,employeeId,department,"
    "usageLocation,mail,onPremisesSyncEnabled,assignedLicenses,licenseAssignmentStates"
    f"&$top={_PAGE}"
)
_GROUPS = (
    "/groups?$select=id,displayName,mailNickname,mail,groupTypes,resourceProvisioningOptions"
    f"&$top={_PAGE}"
)
_PRODUCTS = "/subscribedSkus"
_ATTEMPTS = 8
"""Reads are repeated so often before the directory counts as away."""
_LONGEST_WAIT = 60.0
_NOT_FOUND = 404


class GraphDirectory:
    """One tenant. Not for several threads at once.

    `rates` are the published quotas, or those that a tenant was promised.
    """

    def __init__(self, tenant: Tenant, rates: Rates | None = None) -> None:
        self._tenant = tenant
        self._rates = rates or Rates()
        self._loop = LoopThread()
        self._made: Transport | None = None

    def sign_in(self, settings: Settings) -> SignIn:
        """The token's roles beside the least that is needed, and the service's clock."""
        roles = self._loop.run(self._ask_roles())
        return SignIn(lacking(settings, roles), self._loop.run(self._clock_ahead()))

    def inventory(self, *, with_groups: bool) -> Inventory:
        """Every kind a page after the other, the kinds beside each other."""
        return self._loop.run(self._inventory(with_groups))

    def changed_users(self, since: str | None) -> Changes:
        """A round of the delta query; a link of another Graph is none."""
        if since is not None and not since.startswith(f"{self._tenant.graph}/"):
            since = None
        return self._loop.run(changed_users(self._read, since))

    def products(self) -> Sequence[Product]:
        """`subscribedSkus`."""
        return [_product(row) for row in self._loop.run(self._all(_PRODUCTS))]

    def groups(self) -> Sequence[DirectoryGroup]:
        """Every group."""
        return [_group(row) for row in self._loop.run(self._all(_GROUPS))]

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Members of many groups."""
        return self._loop.run(self._each(groups, "/groups/{}/members?$select=id&$top=999"))

    def signed_in(self) -> Mapping[str, datetime]:
        """The directory's sign-in activity, which is some hours behind."""
        path = f"/users?$select=id,signInActivity&$top={_PAGE}"
        found = {}
        for row in self._loop.run(self._all(path)):
            moment = (row.get("signInActivity") or {}).get("lastSignInDateTime")
            if moment:
                found[row["id"]] = datetime.fromisoformat(moment)
        return found

    def registered(self) -> frozenset[str]:
        """The report of registrations, which is some hours behind."""
        path = f"/reports/authenticationMethods/userRegistrationDetails?$top={_PAGE}"
        rows = self._loop.run(self._all(path))
        return frozenset(row["id"] for row in rows if row.get("isMfaRegistered"))

    def exchange(self, stop: Callable[[], bool]) -> GraphExchange:
        """See the port."""
        transport = self._loop.run(self._ready())

        def make(answered: Callable[[Sequence[Answer]], None]) -> Pipeline:
            return Pipeline(
                transport,
                self._rates,
                self._members_of_team,
                references=self._tenant.canonical_graph,
                at_once=self._tenant.requests_at_once,
                answered=answered,
                stop=stop,
            )

        # Behind those that are under way as many again, so that no place is left empty.
        enough = 2 * AT_ONCE * self._tenant.requests_at_once
        return GraphExchange(self._loop, make, enough)

    def close(self) -> None:
        """Give the connections back."""
        if self._made is not None:
            self._loop.run(self._made.close())
        self._loop.close()

    async def _ready(self) -> Transport:
        return self._transport()

    def _transport(self) -> Transport:
        # The HTTP client belongs to the loop: it is made inside.
        if self._made is None:
            self._made = Transport(self._tenant)
        return self._made

    async def _inventory(self, with_groups: bool) -> Inventory:
        paths = (_USERS, _PRODUCTS, *((_GROUPS,) if with_groups else ()))
        users, products, *groups = await asyncio.gather(*(self._all(path) for path in paths))
        return Inventory(
            [_user(row) for row in users],
            [_product(row) for row in products],
            [_group(row) for rows in groups for row in rows],
        )

    async def _ask_roles(self) -> frozenset[str]:
        return await self._transport().roles()

    async def _clock_ahead(self) -> timedelta:
        """Ours before the service's, by the time it writes on every answer."""
        try:
            reply = await self._transport().send("GET", "/organization")
        except NoReply as lost:
            raise DirectoryAway(_away("/organization", str(lost))) from None
        told = reply.headers.get("date")
        return datetime.now(UTC) - parsedate_to_datetime(told) if told else timedelta()

    async def _members_of_team(self, team: str) -> frozenset[str] | None:
        try:
            rows = await self._all(f"/teams/{segment(team)}/members")
        except _NotThere:
            return None
        return frozenset(str(row["userId"]) for row in rows if row.get("userId"))

    async def _each(self, ids: Sequence[str], path: str) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        left = iter(ids)

        async def work() -> None:
            for one in left:
                try:
                    rows = await self._all(path.format(segment(one)))
                except _NotThere:
                    continue
                found[one] = frozenset(str(row["id"]) for row in rows)

        await asyncio.gather(*(work() for _ in range(self._tenant.requests_at_once)))
        return found

    async def _all(self, path: str) -> list[Json]:
        return [row async for row in self._pages(path)]

    async def _pages(self, path: str) -> AsyncIterator[Json]:
        link: str | None = path
        while link is not None:
            page = await self._read(link)
            for row in page["value"]:
                yield row
            # A page may be empty and still lead on.
            link = page.get("@odata.nextLink")

    async def _read(self, link: str) -> Json:
        why, gone = "", None
        for attempt in range(_ATTEMPTS):
            try:
                reply = await self._transport().send("GET", link)
            except NoReply as lost:
                why = str(lost)
                await asyncio.sleep(min(_LONGEST_WAIT, 0.2 * 2**attempt))
                continue
            if reply.status < 300:
                return dict(reply.body)
            if reply.status == _NOT_FOUND:
                raise _NotThere(_away(link, _said(reply)))
            why, gone = _said(reply), expired(reply.status, _code(reply))
            if reply.status != THROTTLED and reply.status < 500:
                break
            await asyncio.sleep(_pause(reply, attempt))
        raise (gone or DirectoryAway)(_away(link, why))


class _NotThere(DirectoryAway):
    """404: of what is asked about by id it says that there is none."""


def _away(link: str, why: str) -> str:
    what = link.partition("?")[0].rpartition("/v1.0")[2]
    return _("the directory does not answer {what}: {why}").format(what=what, why=why)


def _pause(reply: Reply, attempt: int) -> float:
    try:
        told = float(reply.headers["retry-after"])
    except (KeyError, ValueError):
        told = 0.5 * 2.0**attempt
    return min(_LONGEST_WAIT, told)


def _code(reply: Reply) -> str:
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    return str(error.get("code") or "") if isinstance(error, dict) else ""


def _said(reply: Reply) -> str:
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    if not isinstance(error, dict):
        return f"HTTP {reply.status}"
    return f"{error.get('code')}: {error.get('message')}"


def _user(row: Json) -> DirectoryUser:
    states = row.get("licenseAssignmentStates") or []
    return DirectoryUser(
        id=row["id"],
        upn=row.get("userPrincipalName") or "",
        display_name=row.get("displayName") or "",
        enabled=bool(row.get("accountEnabled")),
        employee_id=row.get("employeeId"),
        department=row.get("department"),
        usage_location=row.get("usageLocation"),
        mail=row.get("mail"),
        synced=bool(row.get("onPremisesSyncEnabled")),
        licences=frozenset(one["skuId"] for one in row.get("assignedLicenses") or []),
        inherited=frozenset(
            state["skuId"]
            for state in states
            if state.get("assignedByGroup") and state.get("state") == "Active"
        ),
        errors=tuple(
            LicenceError(state["skuId"], state.get("error") or "Other")
            for state in states
            if state.get("state") == "Error"
        ),
    )


def _product(row: Json) -> Product:
    units = row.get("prepaidUnits") or {}
    return Product(
        sku_id=row["skuId"],
        part_number=row["skuPartNumber"],
        # Seats in their grace period still work.
        enabled=int(units.get("enabled") or 0) + int(units.get("warning") or 0),
        consumed=int(row.get("consumedUnits") or 0),
        suspended=int(units.get("suspended") or 0),
    )


def _group(row: Json) -> DirectoryGroup:
    return DirectoryGroup(
        id=row["id"],
        display_name=row.get("displayName") or "",
        nickname=row.get("mailNickname") or "",
        mail=row.get("mail"),
        has_team="Team" in (row.get("resourceProvisioningOptions") or []),
    )
