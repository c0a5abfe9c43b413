"""Orders in batches of twenty, several under way, each part's throttling obeyed."""

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

from rollout.adapters.graph.calls import THROTTLED, Call, call, outcome
from rollout.adapters.graph.rates import Rates
from rollout.adapters.graph.transport import NoReply, Reply, Transport
from rollout.application.accounts.directory import DirectoryAway
from rollout.application.accounts.orders import (
    Answer,
    CheckLicences,
    CheckMailbox,
    Done,
    Doubtful,
    FindGroup,
    FindMember,
    FindUser,
    NotYet,
    Order,
    Outcome,
    Refused,
    SingleOrder,
    Taken,
)
from rollout.i18n import _

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Parts of a batch: the service takes no more."""
_READS_AGAIN = 6
"""A question whose answer is lost is asked again so often; it does no harm."""
_STEP = 0.05
"""Seconds between two looks whether something throttled may go, or all is to stop."""
_TEAMS = "teams"
_COLLECTED = 5.0
"""Seconds for which questions about a team are collected while batches go: what these do leads to
more of them, and each look into a team reads all of it."""


class _Part(NamedTuple):
    """An order with its request; the lower `number` came first."""

    number: int
    order: SingleOrder
    call: Call


class Pipeline:
    """Keeps its places full as long as there are orders that may go. Lives on one event loop.

    `members` reads everybody in a team, None when there is no such team; `answered` is told what
    came of orders.
    """

    def __init__(
        self,
        transport: Transport,
        rates: Rates,
        members: Callable[[str], Awaitable[frozenset[str] | None]],
        *,
        references: str,
        at_once: int,
        answered: Callable[[Sequence[Answer]], None],
        stop: Callable[[], bool],
    ) -> None:
        self._transport, self._rates, self._members = transport, rates, members
        self._references, self._at_once = references, at_once
        self._answered, self._stop = answered, stop
        self._numbers = count()
        self._waiting: dict[str, deque[_Part]] = {}
        """What has not been sent, by the quota that it counts against."""
        self._later: list[tuple[float, _Part]] = []
        """Questions that are asked again, and when."""
        self._teams: dict[str, tuple[float, list[FindMember]]] = {}
        """Questions about each team, and since when there are any."""
        self._asked: dict[int, int] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._sent = 0
        """Batches under way."""
        self._failure: BaseException | None = None
        self._ended = False
        self._news = asyncio.Event()

    def add(self, orders: Sequence[Order]) -> None:
        """Take more orders in."""
        for order in orders:
            if isinstance(order, FindMember):
                self._teams.setdefault(order.team, (self._now(), []))[1].append(order)
            else:
                part = _Part(next(self._numbers), order, call(order, self._references))
                self._waiting.setdefault(part.call.kind, deque()).append(part)
        self._news.set()

    async def run(self) -> None:
        """Until `stop`, or `end`; what is under way then is answered. Raises DirectoryAway."""
        try:
            while not self._ended and not self._stop():
                self._fill()
                await self._wait()
            await asyncio.gather(*self._under_way)
        finally:
            await self._abandon()

    async def end(self) -> Sequence[Order]:
        """Give up what is under way; the orders that were not sent."""
        self._ended = True
        self._news.set()
        await self._abandon()
        parts = [*(part for _at, part in self._later)]
        for waiting in self._waiting.values():
            parts += waiting
        asked = (order for _since, orders in self._teams.values() for order in orders)
        return [*(part.order for part in parts), *asked]

    async def _abandon(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _wait(self) -> None:
        """For an answer, for more orders, or a little while."""
        look = asyncio.get_running_loop().call_later(_STEP, self._news.set)
        await self._news.wait()
        look.cancel()
        self._news.clear()
        if self._failure is not None:
            raise self._failure

    def _fill(self) -> None:
        now = self._now()
        while self._later and self._later[0][0] <= now:
            part = heapq.heappop(self._later)[1]
            self._waiting.setdefault(part.call.kind, deque()).append(part)
        while len(self._under_way) < self._at_once:
            work = self._team(now, _COLLECTED) or self._batch(now)
            if work is None and self._sent == 0:
                work = self._team(now, 0)
            if work is None:
                return
            self._begin(work)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended_one)

    def _ended_one(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
        self._news.set()

    def _team(self, now: float, collected: float) -> Coroutine[Any, Any, None] | None:
        """A look into the team about which somebody asked first, if that was so long ago."""
        team, (since, orders) = next(iter(self._teams.items()), ("", (now, [])))
        if not orders or now - since < collected or self._rates.wait(_TEAMS, now) > 0:
            return None
        del self._teams[team]
        return self._look_into(team, orders)

    def _batch(self, now: float) -> Coroutine[Any, Any, None] | None:
        """Those that wait longest of the kinds that may go."""
        batch: list[_Part] = []
        may_go = {kind for kind, waiting in self._waiting.items() if waiting}
        while may_go and len(batch) < AT_ONCE:
            kind = min(may_go, key=lambda one: self._waiting[one][0].number)
            if self._rates.wait(kind, now) > 0:
                may_go.remove(kind)
                continue
            batch.append(self._waiting[kind].popleft())
            if not self._waiting[kind]:
                may_go.remove(kind)
        if not batch:
            return None
        self._sent += 1
        return self._send(batch)

    async def _look_into(self, team: str, orders: Sequence[FindMember]) -> None:
        inside = await self._members(team)
        if inside is None:
            self._answered([(one, NotYet("there is no such team")) for one in orders])
            return
        missing = NotYet("the team does not show the user")
        self._answered([(one, Done() if one.user in inside else missing) for one in orders])

    async def _send(self, batch: Sequence[_Part]) -> None:
        marks = [str(uuid4()) for _one in batch]
        body = {
            "requests": [
                _request(number, part.call, mark)
                for number, (mark, part) in enumerate(zip(marks, batch, strict=True))
            ]
        }
        try:
            reply = await self._transport.send("POST", "/$batch", body)
        except NoReply as lost:
            self._all_doubtful(batch, str(lost), None, marks)
            return
        finally:
            self._sent -= 1
        if reply.status == THROTTLED:
            for part in batch:
                self._throttled(part, _seconds(reply.headers))
        elif reply.status >= 500:
            self._all_doubtful(batch, f"HTTP {reply.status}", reply.request_id, marks)
        elif reply.status in (401, 403):
            raise DirectoryAway(
                _("the directory does not take the token: {why}").format(why=_said(reply))
            )
        elif reply.status >= 400:
            raise DirectoryAway(
                _("the directory does not take a batch: {why}").format(why=_said(reply))
            )
        else:
            self._take(batch, reply, marks)

    def _take(self, batch: Sequence[_Part], reply: Reply, marks: Sequence[str]) -> None:
        responses = {str(one["id"]): one for one in reply.body["responses"]}
        found: list[Answer] = []
        for number, (part, mark) in enumerate(zip(batch, marks, strict=True)):
            response = responses.get(str(number))
            if response is None:
                why = "no answer in the batch"
                found += self._doubtful(part, Doubtful(why, reply.request_id, mark))
                continue
            status = int(response["status"])
            headers = {name.lower(): str(v) for name, v in (response.get("headers") or {}).items()}
            if status == THROTTLED:
                self._throttled(part, _seconds(headers))
                continue
            self._rates.went_well(part.call.kind)
            number_there = headers.get("request-id", reply.request_id)
            result = _marked(outcome(part.order, status, response.get("body"), number_there), mark)
            found += (
                self._doubtful(part, result)
                if isinstance(result, Doubtful)
                else [(part.order, result)]
            )
        if found:
            self._answered(found)

    def _all_doubtful(
        self, batch: Sequence[_Part], why: str, request_id: str | None, marks: Sequence[str]
    ) -> None:
        found = [
            one
            for part, mark in zip(batch, marks, strict=True)
            for one in self._doubtful(part, Doubtful(why, request_id, mark))
        ]
        if found:
            self._answered(found)

    def _doubtful(self, part: _Part, doubt: Doubtful) -> list[Answer]:
        """A question is asked again after a while; everything else is answered as it is."""
        log.info(
            "%s: %s (request %s, ours %s)",
            type(part.order).__name__, doubt.why, doubt.request_id, doubt.client_request_id,
        )  # fmt: skip
        if isinstance(part.order, FindUser | FindGroup | CheckLicences | CheckMailbox):
            times = self._asked.get(part.number, 0) + 1
            if times < _READS_AGAIN:
                self._asked[part.number] = times
                heapq.heappush(self._later, (self._now() + 0.2 * 2**times, part))
                return []
        return [(part.order, doubt)]

    def _throttled(self, part: _Part, after: float | None) -> None:
        """Not done: it goes first when its kind may go again."""
        self._rates.throttled(part.call.kind, after, self._now())
        self._waiting.setdefault(part.call.kind, deque()).appendleft(part)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _request(number: int, made: Call, mark: str) -> dict[str, Any]:
    headers = {"client-request-id": mark}
    request: dict[str, Any] = {"id": str(number), "method": made.method, "url": made.path}
    if made.body is not None:
        request["body"] = made.body
        headers["Content-Type"] = "application/json"
    return request | {"headers": headers}


def _marked(found: Outcome, mark: str) -> Outcome:
    """With the number that we gave the request, where support may be asked about it."""
    if isinstance(found, NotYet | Taken | Refused | Doubtful):
        return replace(found, client_request_id=mark)
    return found


def _seconds(headers: dict[str, str]) -> float | None:
    """What Retry-After says, if it says seconds."""
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _said(reply: Reply) -> str:
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    return str(error.get("message")) if isinstance(error, dict) else f"HTTP {reply.status}"
