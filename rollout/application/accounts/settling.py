"""Writing what came of rows: their moves, their next looks, and what waits for them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application.accounts.naming import needs
from rollout.application.accounts.outcomes import overtaken, result
from rollout.application.accounts.queue import Queue
from rollout.application.accounts.under_way import Work
from rollout.domain.account import AccountVerb, CloudService, GroupKind
from rollout.i18n.told import Told, stored
from rollout.settings.accounts import Accounts
from rollout.store import account_queue, transitions
from rollout.store.account_queue import Standing, WorkTable
from rollout.store.tables import Account, CloudGroup

ACTOR = "accounts"


@dataclass
class _Moves:
    """Rows that move alike, with what the history notes of single ones."""

    cause: Told | str | None
    works: list[Work] = field(default_factory=list)
    details: dict[int, dict[str, Any]] = field(default_factory=dict)


def settle(
    session: Session, works: Sequence[Work], settings: Accounts, queue: Queue, at: datetime
) -> int:
    """Write what came of these rows; how many reached an end.

    Of a row that is no more as it was taken only what was learnt of it is written, or nothing.
    """
    if not works:
        return 0
    by_group = bool(queue.licence_groups)
    columns: dict[WorkTable, list[dict[str, object]]] = defaultdict(list)
    moves: dict[tuple[WorkTable, AccountVerb, str], _Moves] = {}
    for work in _still_ours(session, works, columns, at):
        found = result(work, settings, by_group, at)
        columns[work.table].append({"id": work.row.id, **found.columns})
        if found.verb is None:
            continue
        key = (work.table, found.verb, stored(found.cause or ""))
        moving = moves.setdefault(key, _Moves(found.cause))
        moving.works.append(work)
        ids = {name: found.columns[name] for name in ("request_id", "client_request_id")}
        if any(ids.values()):
            moving.details[work.row.id] = ids
    for table, rows in columns.items():
        account_queue.write_work(session, table, rows)
    ended: list[Work] = []
    for (table, verb, _text), moving in moves.items():
        transitions.apply(
            session,
            table,
            [work.row.id for work in moving.works],
            verb,
            actor=ACTOR,
            at=at,
            reason=moving.cause,
            details=moving.details,
        )
        if verb is not AccountVerb.ACCEPT:
            ended += moving.works
    _wake(session, ended, settings, queue, at)
    return len(ended)


def _still_ours(
    session: Session,
    works: Sequence[Work],
    columns: dict[WorkTable, list[dict[str, object]]],
    at: datetime,
) -> list[Work]:
    """Those that nobody else took, and of which nothing else was asked meanwhile."""
    ours = []
    for table in (CloudGroup, Account):
        mine = [work for work in works if work.table is table]
        claims = account_queue.claims(session, table, [work.row.id for work in mine])
        for work in mine:
            claim = claims.get(work.row.id)
            if claim is None or claim.until != work.until or not claim.open:
                continue
            if isinstance(work.row, Standing) and claim.aim != work.row.aim:
                columns[table].append({"id": work.row.id, **overtaken(work, at)})
            else:
                ours.append(work)
    return ours


def _wake(
    session: Session, ended: Sequence[Work], settings: Accounts, queue: Queue, at: datetime
) -> None:
    """What waits for these is looked at now."""
    waiting: dict[CloudService, set[int]] = defaultdict(set)
    waits_for = {
        needed.value: [one for one in CloudService if needed in needs(one, settings)]
        for needed in CloudService
    }
    for work in ended:
        row = work.row
        if isinstance(row, Standing):
            for service in waits_for[row.service]:
                waiting[service].add(row.person_id)
        else:
            account_queue.wake_groups(session, [row.department_id], at)
            group = row.kind == GroupKind.GROUP
            service = CloudService.GROUPWARE if group else CloudService.CHAT
            waiting[service].update(queue.in_department(row.department_id))
    for service, people in waiting.items():
        account_queue.wake(session, service.value, people, needs(service, settings), at)
