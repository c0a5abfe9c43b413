"""Orders in batches of twenty, several under way, each part's throttling obeyed."""

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import uuid4

from rollout.adapters.graph.calls import THROTTLED, Call, call, outcome
from rollout.adapters.graph.rates import Rates
from rollout.adapters.graph.transport import NoReply, Reply, Transport
from rollout.application.accounts.directory import DirectoryAway
from rollout.application.accounts.orders import (
    CheckLicences,
    Doubtful,
    FindGroup,
    FindUser,
    NotYet,
    Order,
    Outcome,
    Refused,
    Report,
    Taken,
)
from rollout.i18n import _

AT_ONCE = 20
"""Parts of a batch: the service takes no more."""
_READS_AGAIN = 6
"""A question whose answer is lost is asked again so often; it does no harm."""
_STEP = 0.05
"""Seconds between two looks while nothing can be sent."""


class Pipeline:
    """One run over some orders."""

    def __init__(
        self,
        transport: Transport,
        rates: Rates,
        *,
        references: str,
        at_once: int,
        report: Report,
        stop: Callable[[], bool],
    ) -> None:
        self._transport, self._rates, self._references = transport, rates, references
        self._at_once, self._report, self._stop = at_once, report, stop
        self._later: list[tuple[float, int, Order]] = []
        self._numbers = count()
        self._asked: dict[int, int] = {}
        self._loop = asyncio.get_running_loop()

    async def run(self, orders: Iterator[Order]) -> None:
        """Until every order has its outcome, or `stop`. Raises DirectoryAway."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                batch = [] if self._stop() else self._next(orders)
                if batch:
                    under_way.add(asyncio.create_task(self._send(batch)))
                if not under_way and not batch and (self._stop() or not self._later):
                    return
                if len(under_way) >= self._at_once or not batch:
                    under_way = await self._settle(under_way)
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _settle(self, under_way: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
        if not under_way:
            await asyncio.sleep(_STEP)
            return under_way
        # Something throttled may become due before the next answer is there.
        wait = _STEP if self._later and len(under_way) < self._at_once else None
        done, left = await asyncio.wait(
            under_way, timeout=wait, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
        return left

    def _next(self, orders: Iterator[Order]) -> list[tuple[Order, Call]]:
        now = self._loop.time()
        batch: list[tuple[Order, Call]] = []
        while len(batch) < AT_ONCE:
            if self._later and self._later[0][0] <= now:
                order = heapq.heappop(self._later)[2]
            else:
                found = next(orders, None)
                if found is None:
                    break
                order = found
            made = call(order, self._references)
            wait = self._rates.wait(made.kind, now)
            if wait > 0:
                self._put_back(order, now + wait)
                if len(self._later) > AT_ONCE * self._at_once:
                    break  # enough is waiting: take no more orders in
            else:
                batch.append((order, made))
        return batch

    def _put_back(self, order: Order, at: float) -> None:
        heapq.heappush(self._later, (at, next(self._numbers), order))

    async def _send(self, batch: Sequence[tuple[Order, Call]]) -> None:
        marks = [str(uuid4()) for _one in batch]
        parts = zip(marks, batch, strict=True)
        body = {
            "requests": [
                _part(number, made, mark) for number, (mark, (_order, made)) in enumerate(parts)
            ]
        }
        try:
            reply = await self._transport.send("POST", "/$batch", body)
        except NoReply as lost:
            self._all_doubtful(batch, str(lost), None, marks)
            return
        now = self._loop.time()
        if reply.status == THROTTLED:
            for order, made in batch:
                self._throttled(order, made, _seconds(reply.headers), now)
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
            self._take(batch, reply, now, marks)

    def _take(
        self,
        batch: Sequence[tuple[Order, Call]],
        reply: Reply,
        now: float,
        marks: Sequence[str],
    ) -> None:
        parts = {str(part["id"]): part for part in reply.body["responses"]}
        found: list[tuple[Order, Outcome]] = []
        for number, (order, made) in enumerate(batch):
            part = parts.get(str(number))
            if part is None:
                found += self._doubtful(
                    order, "no answer in the batch", reply.request_id, marks[number]
                )
                continue
            status = int(part["status"])
            headers = {name.lower(): str(v) for name, v in (part.get("headers") or {}).items()}
            if status == THROTTLED:
                self._throttled(order, made, _seconds(headers), now)
                continue
            self._rates.went_well(made.kind)
            result = outcome(
                order, status, part.get("body"), headers.get("request-id", reply.request_id)
            )
            if isinstance(result, Doubtful):
                found += self._doubtful(order, result.why, result.request_id, marks[number])
            else:
                found.append((order, _marked(result, marks[number])))
        if found:
            self._report(found)

    def _all_doubtful(
        self,
        batch: Sequence[tuple[Order, Call]],
        why: str,
        request_id: str | None,
        marks: Sequence[str],
    ) -> None:
        found = [
            one
            for (order, _made), mark in zip(batch, marks, strict=True)
            for one in self._doubtful(order, why, request_id, mark)
        ]
        if found:
            self._report(found)

    def _doubtful(
        self, order: Order, why: str, request_id: str | None, mark: str
    ) -> list[tuple[Order, Outcome]]:
        """A question is asked again after a while; everything else is reported as it is."""
        if isinstance(order, FindUser | FindGroup | CheckLicences):
            times = self._asked.get(id(order), 0) + 1
            if times < _READS_AGAIN:
                self._asked[id(order)] = times
                self._put_back(order, self._loop.time() + 0.2 * 2**times)
                return []
        return [(order, Doubtful(why, request_id, mark))]

    def _throttled(self, order: Order, made: Call, after: float | None, now: float) -> None:
        self._rates.throttled(made.kind, after, now)
        self._put_back(order, now + (after if after is not None else 1.0))


def _part(number: int, made: Call, mark: str) -> dict[str, Any]:
    headers = {"client-request-id": mark}
    part: dict[str, Any] = {"id": str(number), "method": made.method, "url": made.path}
    if made.body is not None:
        part["body"] = made.body
        headers["Content-Type"] = "application/json"
    return part | {"headers": headers}


def _marked(found: Outcome, mark: str) -> Outcome:
    """With the number that we gave the request, where support may be asked about it."""
    if isinstance(found, NotYet | Taken | Refused):
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
