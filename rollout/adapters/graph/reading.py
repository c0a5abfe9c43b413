"""Reading lists of a tenant whole: page by page, again after a refusal, or not at all."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from rollout.adapters.graph.calls import THROTTLED
from rollout.adapters.graph.changes import PageExpired, expired
from rollout.adapters.graph.transport import NoReply, Reply, Transport
from rollout.application.accounts.directory import DirectoryAway
from rollout.i18n import _
from rollout.settings.accounts import Tenant

Json = dict[str, Any]
_T = TypeVar("_T")

_ATTEMPTS = 8
_LONGEST_WAIT = 60.0
_ROUNDS = 3


class Reader:
    """Lists of one tenant. Owns its event loop; not for several threads at once."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._runner = asyncio.Runner()
        self._made: Transport | None = None

    def roles(self) -> frozenset[str]:
        """The application's roles. Raises DirectoryAway."""

        async def ask() -> frozenset[str]:
            return await self._transport().roles()

        return self._run(ask())

    def all(self, *paths: str) -> list[list[Json]]:
        """Every row of each list, the lists at the same time. Raises DirectoryAway."""

        async def ask() -> list[list[Json]]:
            return await asyncio.gather(*(self._all(path) for path in paths))

        return self._run(ask())

    def close(self) -> None:
        """Give the connections back."""
        if self._made is not None:
            self._run(self._made.close())
        self._runner.close()

    def _run(self, work: Awaitable[_T]) -> _T:
        async def wait() -> _T:
            return await work

        return self._runner.run(wait())

    def _transport(self) -> Transport:
        # The HTTP client belongs to the loop: it is made inside.
        if self._made is None:
            self._made = Transport(self._tenant)
        return self._made

    async def _all(self, path: str) -> list[Json]:
        for _round in range(_ROUNDS - 1):
            try:
                return await self._once(path)
            except PageExpired:
                continue  # the list has to be begun again
        return await self._once(path)

    async def _once(self, path: str) -> list[Json]:
        rows: list[Json] = []
        link: str | None = path
        while link is not None:
            page = await self._page(link)
            rows += page["value"]
            # A page may be empty and still lead on.
            link = page.get("@odata.nextLink")
        return rows

    async def _page(self, link: str) -> Json:
        why = ""
        for attempt in range(_ATTEMPTS):
            pause = 0.2 * 2.0**attempt
            try:
                reply = await self._transport().send("GET", link)
            except NoReply as lost:
                why = str(lost)
            else:
                if reply.status < 300:
                    return dict(reply.body)
                code, why = _said(reply)
                if expired(reply.status, code) is not None:
                    raise PageExpired(_away(link, why))
                if reply.status != THROTTLED and reply.status < 500:
                    break
                pause = _told(reply, pause)
            await asyncio.sleep(min(_LONGEST_WAIT, pause))
        raise DirectoryAway(_away(link, why))


def _away(link: str, why: str) -> str:
    what = link.partition("?")[0].rpartition("/v1.0")[2]
    return _("the directory does not answer {what}: {why}").format(what=what, why=why)


def _told(reply: Reply, otherwise: float) -> float:
    try:
        return max(0.0, float(reply.headers["retry-after"]))
    except (KeyError, ValueError):
        return otherwise


def _said(reply: Reply) -> tuple[str, str]:
    """The service's word for it, and that with its message."""
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    if not isinstance(error, dict):
        return "", f"HTTP {reply.status}"
    code = str(error.get("code") or "")
    return code, f"{code}: {error.get('message')}"
