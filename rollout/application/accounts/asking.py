"""Asking for what a plan says: rows become open, in the caller's transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session

from rollout.application.accounts.deciding import ACTING, Decision
from rollout.application.accounts.following import NewName
from rollout.application.accounts.naming import department_name, needs, nickname_of
from rollout.application.accounts.world import World
from rollout.application.operators import Operator
from rollout.domain.account import (
    AccountState,
    AccountVerb,
    Aim,
    CloudService,
    GroupKind,
    PlannedAction,
)
from rollout.domain.words import msgid
from rollout.i18n.told import Told, stored, told
from rollout.settings.accounts import Accounts
from rollout.store import account_queue, accounts, transitions
from rollout.store.account_queue import Standing
from rollout.store.tables import Account, CloudGroup

LATER = timedelta(hours=1)
"""When a row is looked at that waits for another; that other one wakes it before."""


def ask(
    session: Session,
    settings: Accounts,
    world: World,
    decisions: Sequence[Decision],
    operator: Operator,
    at: datetime,
    today: date,
) -> None:
    """Open what acts, block what cannot be, confirm what is there; groups first.

    `today` is the programme's day at `at`, by which it was decided who has left.
    """
    staying = [one for one in decisions if not _gone(one, today)]
    _ask_for_groups(session, settings, world, staying, operator, at)
    # What was asked for to take a leaver's services away goes on.
    decisions = [
        one for one in decisions if one.action is not PlannedAction.KEEP or not _gone(one, today)
    ]
    known = {(row.person_id, row.service): row for row in account_queue.standings(session)}
    acting: dict[int, set[CloudService]] = defaultdict(set)
    for one in decisions:
        if one.action in ACTING:
            acting[one.person.id].add(one.service)
    new: list[dict[str, object]] = []
    again: list[dict[str, object]] = []
    for one in decisions:
        row = known.get((one.person.id, one.service.value))
        # What of a leaver is blocked is blocked on its way out.
        revoking = one.action is PlannedAction.REVOKE or _gone(one, today)
        awaited = set() if revoking else acting[one.person.id]
        waits = awaited.intersection(needs(one.service, settings))
        work: dict[str, object] = {
            "aim": (Aim.REVOKED if revoking else Aim.READY).value,
            "due_at": at + LATER if waits else at,
            "attempts": 0,
            "external_id": one.external_id,
            "request_id": None,
            "client_request_id": None,
        }
        if row is None:
            new.append(_new_row(one, at) | work)
            continue
        work["external_id"] = one.external_id or row.external_id
        if is_taken(row):
            work["due_at"] = row.due_at
        again.append({"id": row.id, **work})
    accounts.add(session, Account, new)
    account_queue.write_work(session, Account, again)
    _move(session, decisions, known, operator, at)


def is_taken(row: Standing) -> bool:
    """Whether somebody may be at it, or an answer was lost: its time stays what it is."""
    return row.in_doubt and row.state in (AccountState.REQUESTED, AccountState.PENDING)


def _new_row(decision: Decision, at: datetime) -> dict[str, object]:
    return {
        "key": f"{decision.person.staff_number}/{decision.service.value}",
        "person_id": decision.person.id,
        "service": decision.service.value,
        "state": AccountState.ABSENT.value,
        "state_since": at,
        "version": 1,
        "in_doubt": False,
    }


def _move(
    session: Session,
    decisions: Sequence[Decision],
    known: Mapping[tuple[int, str], Standing],
    operator: Operator,
    at: datetime,
) -> None:
    ids = account_queue.ids(session)
    asked: list[int] = []
    blocked: dict[str, tuple[Told | str, list[int]]] = {}
    confirmed: list[int] = []
    for one in decisions:
        place = (one.person.id, one.service.value)
        key, state = ids[place], known[place].state if place in known else AccountState.ABSENT
        open_already = state == AccountState.REQUESTED
        if one.action in ACTING:
            if not open_already:
                asked.append(key)
        elif one.action is PlannedAction.BLOCKED:
            blocked.setdefault(stored(one.cause or ""), (one.cause or "", []))[1].append(key)
            if not open_already:
                asked.append(key)
        elif state != AccountState.READY:
            confirmed.append(key)
    actor = operator.name
    transitions.apply(session, Account, asked, AccountVerb.REQUEST, actor=actor, at=at)
    for cause, keys in blocked.values():
        transitions.apply(
            session, Account, keys, AccountVerb.BLOCK, actor=actor, at=at, reason=cause
        )
    transitions.apply(session, Account, confirmed, AccountVerb.CONFIRM, actor=actor, at=at)


def _gone(decision: Decision, today: date) -> bool:
    left_on = decision.person.left_on
    return left_on is not None and left_on < today


def _ask_for_groups(
    session: Session,
    settings: Accounts,
    world: World,
    decisions: Sequence[Decision],
    operator: Operator,
    at: datetime,
) -> None:
    """Groups and teams of the departments whose people get them; those that are there are noted.

    The decisions are those of people in service.
    """
    kinds = {CloudService.GROUPWARE: GroupKind.GROUP}
    if settings.chat.provider == "teams":
        kinds[CloudService.CHAT] = GroupKind.TEAM
    wanted: dict[tuple[int, GroupKind], str] = {}
    for one in decisions:
        kind = kinds.get(one.service)
        person = one.person
        if kind is None or one.action not in ACTING | {PlannedAction.KEEP}:
            continue
        if person.department_id is not None and person.bureau is not None:
            name = department_name(person.bureau, person.division or "")
            wanted[person.department_id, kind] = nickname_of(person.department_id, name, settings)
    known = {(row.department_id, row.kind) for row in account_queue.group_standings(session)}
    accounts.add(
        session,
        CloudGroup,
        [
            {
                "key": f"{nickname}/{kind.value}",
                "department_id": department,
                "kind": kind.value,
                "state": AccountState.ABSENT.value,
                "state_since": at,
                "version": 1,
                "attempts": 0,
                "in_doubt": False,
                "due_at": at,
            }
            for (department, kind), nickname in wanted.items()
            if (department, kind.value) not in known
        ],
    )
    asked: list[int] = []
    there: list[dict[str, object]] = []
    for row in account_queue.group_standings(session):
        nickname = wanted.get((row.department_id, GroupKind(row.kind)))
        if nickname is None or row.state not in (AccountState.ABSENT, AccountState.BLOCKED):
            continue
        group = world.groups.get(nickname.casefold())
        if group is not None and (row.kind == GroupKind.GROUP or group.has_team):
            there.append({"id": row.id, "external_id": group.id})
        else:
            asked.append(row.id)
    account_queue.write_work(session, CloudGroup, there)
    actor = operator.name
    ids = [int(str(row["id"])) for row in there]
    transitions.apply(session, CloudGroup, ids, AccountVerb.CONFIRM, actor=actor, at=at)
    transitions.apply(session, CloudGroup, asked, AccountVerb.REQUEST, actor=actor, at=at)


def ask_for_new_names(
    session: Session, new_names: Sequence[NewName], operator: Operator, at: datetime
) -> None:
    """Groups that are there get the name that their department has now."""
    rows = {
        row.department_id: row for row in accounts.groups(session) if row.kind == GroupKind.GROUP
    }
    for one in new_names:
        row = rows.get(one.keeper)
        if row is None or row.state != AccountState.READY or row.external_id is None:
            continue
        work = {"id": row.id, "due_at": at, "attempts": 0, "in_doubt": False}
        account_queue.write_work(session, CloudGroup, [work])
        transitions.apply(
            session,
            CloudGroup,
            [row.id or 0],
            AccountVerb.REQUEST,
            actor=operator.name,
            at=at,
            reason=told(_CALLED, before=one.before, after=one.after),
        )


_CALLED = msgid("the department {before} is called {after} now")
