"""What the directory says came and went: people are missed, or are gone on with.

Only where directory synchronisation makes the users. What a plan needs to know of them is still
read when it is made.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from rollout.application.accounts.deciding import NEEDED, NOT_THERE
from rollout.application.accounts.directory import Changes, Directory
from rollout.application.accounts.naming import upn_of
from rollout.domain.account import AccountState, AccountVerb, Aim
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import account_queue, accounts, directory_cursors, transitions
from rollout.store.database import Database
from rollout.store.tables import Account

ACTOR = "accounts"
USERS = "users"
REPLICATION = timedelta(hours=1)
"""So long after a user was found, a list of everybody may still come from a replica without it."""

GONE = msgid(
    "the directory has no user of this person any more: restore it there, or see why its "
    "synchronisation ended"
)
_BACK = msgid("the directory has a user of this person")
_OPEN = (AccountState.REQUESTED, AccountState.PENDING)


def notice(database: Database, settings: Settings, directory: Directory, at: datetime) -> bool:
    """Ask what changed when that is due, and move the accounts of it; whether it was asked.

    The moves and the place from which the next question goes on are one transaction: a change is
    neither lost nor, when it comes again, done twice. Raises DirectoryAway.
    """
    asked = settings.accounts
    if asked.identity != "synced":
        return False
    tenant = asked.tenant.tenant_id
    with database.read() as session:
        cursor = directory_cursors.of(session, USERS, tenant)
    if cursor is not None and at - cursor.read_at < timedelta(minutes=asked.changes_minutes):
        return False
    changes = directory.changed_users(cursor.link if cursor is not None else None)
    with database.write() as session:
        certain = True
        if changes.users or changes.removed or changes.whole:
            certain = _miss(session, changes, at)
            _find(session, settings, changes, at)
        directory_cursors.keep(session, USERS, tenant, changes.link if certain else None, at)
    return True


def _miss(session: Session, changes: Changes, at: datetime) -> bool:
    """Accounts of users that went; False when somebody is lacking who was found a moment ago."""
    there = {user.id for user in changes.users}
    gone: list[int] = []
    certain = True
    for row in accounts.identities(session):
        if row.external_id is None:
            continue
        if row.external_id in changes.removed:
            gone.append(row.person_id)
        elif changes.whole and row.external_id not in there:
            young = at - row.state_since < REPLICATION
            certain = certain and not young
            if not young:
                gone.append(row.person_id)
    rows = accounts.of_people(session, gone)
    # All of it went with the user: nothing of it is asked about by its old id.
    account_queue.write_work(
        session, Account, [{"id": row.id, "external_id": None} for row in rows]
    )
    _look(session, [row for row in rows if row.state in _OPEN], at)
    ready = [row.id or 0 for row in rows if row.state == AccountState.READY]
    transitions.apply(
        session, Account, ready, AccountVerb.MISS, actor=ACTOR, at=at, reason=told(GONE)
    )
    return certain


def _find(session: Session, settings: Settings, changes: Changes, at: datetime) -> None:
    """People whose users came: what waits for them goes on, what was missed is asked for again."""
    users = _users_of_people(session, settings, changes, at)
    again: list[Account] = []
    for row in accounts.of_people(session, users):
        missed = row.state == AccountState.ABSENT and row.cause is not None
        refused = row.state == AccountState.BLOCKED and _for_lack_of_a_user(row.cause)
        if row.aim == Aim.READY and (missed or refused):
            again.append(row)
    ids = [row.id or 0 for row in again]
    waiting = [
        row
        for row in accounts.identities(session, users)
        if row.external_id is None
        and row.aim == Aim.READY
        and (row.state in _OPEN or row.id in ids)
    ]
    if changes.whole:
        # Everybody is known: a single user is the one. Else another may have come before.
        known = [(row, users[row.person_id]) for row in waiting]
        single = [(row.id, next(iter(found))) for row, found in known if len(found) == 1]
        account_queue.write_work(
            session, Account, [{"id": id_, "external_id": user} for id_, user in single]
        )
    _look(session, [*waiting, *again], at)
    transitions.apply(
        session, Account, ids, AccountVerb.REQUEST, actor=ACTOR, at=at, reason=told(_BACK)
    )


def _users_of_people(
    session: Session, settings: Settings, changes: Changes, at: datetime
) -> Mapping[int, set[str]]:
    """Ids of users that changed and bear the name or number of somebody in service."""
    today = at.astimezone(settings.programme.zone).date()
    by_upn: dict[str, int] = {}
    by_number: dict[str, int] = {}
    for person in accounts.people(session, day=today):
        if person.left_on is None or person.left_on >= today:
            by_upn[upn_of(person, settings.accounts).casefold()] = person.id
            by_number[person.staff_number] = person.id
    by_upn.pop("", None)
    found: dict[int, set[str]] = defaultdict(set)
    for user in changes.users:
        for owner in (by_upn.get(user.upn.casefold()), by_number.get(user.employee_id or "")):
            if owner is not None:
                found[owner].add(user.id)
    return found


def _for_lack_of_a_user(cause: str | None) -> bool:
    return isinstance(cause, Told) and cause.message in (NOT_THERE, NEEDED)


def _look(session: Session, rows: Iterable[Account], at: datetime) -> None:
    """Look at these at once; not at what is in doubt, since somebody may be at it."""
    account_queue.write_work(
        session,
        Account,
        [{"id": row.id, "due_at": at, "attempts": 0} for row in rows if not row.in_doubt],
    )
