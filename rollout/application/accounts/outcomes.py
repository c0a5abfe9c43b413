"""What came of a row's orders: its move, the cause, and when it is looked at next."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollout.application.accounts.hints import hint
from rollout.application.accounts.ordering import Settled, Stuck, Wait
from rollout.application.accounts.orders import (
    AssignApp,
    CheckLicences,
    CheckMailbox,
    CreateTeam,
    Done,
    Doubtful,
    FindMember,
    FindUser,
    Missing,
    NotYet,
    Order,
    Refused,
    SetMailbox,
    Taken,
)
from rollout.application.accounts.under_way import Work
from rollout.domain.account import AccountState, AccountVerb, Aim, CloudService
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings.accounts import Accounts
from rollout.store.account_queue import GroupStanding, Standing

Row = Standing | GroupStanding

BY_GROUP = "group"
"""What a licence has for an id of the service: the groups that give it were joined."""
_FIRST_LOOK = timedelta(seconds=5)
LONGEST_LOOK = timedelta(hours=1)
_NEVER_THERE = timedelta(days=1)
"""What the directory still does not know so long after it was asked for is named wrongly."""
_GIVEN_UP = 40
"""After so many attempts without a clear answer a row waits for a person."""


@dataclass(frozen=True)
class Result:
    """A row's move, None when it stays in its state; `columns` are those of the work itself."""

    verb: AccountVerb | None
    cause: Told | str | None
    columns: dict[str, object] = field(default_factory=dict)


def result(work: Work, settings: Accounts, by_group: bool, at: datetime) -> Result:
    """What to write; `by_group`: groups give licences here."""
    row, outcome, following = work.row, work.worst, work.next
    columns = _columns(work, at)
    if isinstance(following, Settled):
        if _revoked(row) and work.lane == CloudService.MAILBOX:
            columns["external_id"] = None  # it goes with its licence; a later one is another
        return Result(_end(row), None, columns)
    if isinstance(following, Stuck):
        return Result(AccountVerb.BLOCK, following.why, columns)
    if isinstance(following, Wait):
        # What it waits for wakes it.
        return Result(None, None, columns | {"due_at": at + LONGEST_LOOK})
    if isinstance(outcome, Done):
        # The step may need what is noted of it.
        goes_on = _goes_on(work, following[0], settings, by_group)
        columns["external_id"] = work.found or row.external_id
        return Result(None if goes_on else _end(row), None, columns)
    if isinstance(outcome, Missing):
        return _missing(row, settings, at, columns)
    if isinstance(outcome, Taken | Doubtful):
        return _again(row, outcome.why, at, columns | {"in_doubt": True})
    if isinstance(outcome, Refused):
        return Result(AccountVerb.BLOCK, hint(outcome.code, outcome.why), columns)
    return _not_yet(row, following[0], outcome, settings, at, columns)


def overtaken(work: Work, at: datetime) -> dict[str, object]:
    """What to write of a row of which something else was asked while its orders were under way."""
    in_doubt = isinstance(work.worst, Taken | Doubtful)
    return _columns(work, at) | {"attempts": 0, "in_doubt": in_doubt}


def _columns(work: Work, at: datetime) -> dict[str, object]:
    return {
        "due_at": at,
        "attempts": work.row.attempts,
        "in_doubt": False,
        "taken_by": None,
        "external_id": work.found or work.row.external_id,
        "request_id": getattr(work.worst, "request_id", None),
        "client_request_id": getattr(work.worst, "client_request_id", None),
    }


def _missing(row: Row, settings: Accounts, at: datetime, columns: dict[str, object]) -> Result:
    if _revoked(row):
        return Result(AccountVerb.REVOKE, None, columns)
    if isinstance(row, Standing) and settings.identity == "synced":
        why = told(msgid("not in the directory yet: waits for its synchronisation"))
        return _wait(row, why, at, columns)
    return Result(None, None, columns)  # now it can be made


def _end(row: Row) -> AccountVerb:
    return AccountVerb.REVOKE if _revoked(row) else AccountVerb.CONFIRM


def _revoked(row: Row) -> bool:
    return isinstance(row, Standing) and row.aim == Aim.REVOKED


def _goes_on(work: Work, order: Order, settings: Accounts, by_group: bool) -> bool:
    """Whether a row whose orders went well has a further step; notes what that needs."""
    row = work.row
    if isinstance(order, FindUser | AssignApp):
        return True  # what was found is brought to what it should be
    if isinstance(order, SetMailbox):
        work.found = order.user  # set once, and not again
        return False
    if isinstance(order, CreateTeam):
        # The team has the id of its group, also when it was there already.
        work.found = order.group
        return bool(settings.chat.channels)
    licence = isinstance(row, Standing) and row.service == CloudService.LICENCE
    if licence and not _revoked(row) and by_group:
        work.found = work.found or BY_GROUP
        return not isinstance(order, CheckLicences)
    return False


def _not_yet(
    row: Row,
    order: Order,
    outcome: NotYet,
    settings: Accounts,
    at: datetime,
    columns: dict[str, object],
) -> Result:
    if isinstance(order, FindMember):
        return _wait(row, told(msgid("waits until the team shows its new member")), at, columns)
    pending = row.state == AccountState.PENDING
    waited = at - row.state_since
    if not isinstance(order, SetMailbox | CheckMailbox):
        if pending and waited > _NEVER_THERE:
            cause = told(
                msgid("not there a day later ({why}): are the ids in [accounts] right?"),
                why=outcome.why,
            )
            return Result(AccountVerb.BLOCK, cause, columns)
        return _wait(row, told(msgid("not there yet: {why}"), why=outcome.why), at, columns)
    limit = timedelta(hours=settings.mailbox_hours)
    if pending and waited > limit:
        cause = told(
            msgid("no mailbox {hours:g} {hours:hour|hours} after the licence: {why}"),
            hours=settings.mailbox_hours,
            why=outcome.why,
        )
        return Result(AccountVerb.BLOCK, cause, columns)
    return _wait(row, told(msgid("the mailbox is not there yet")), at, columns)


def _wait(row: Row, why: Told, at: datetime, columns: dict[str, object]) -> Result:
    """Pending, looked at again after growing pauses."""
    later = {"attempts": row.attempts + 1, "due_at": at + _pause(row.attempts)}
    accepted = row.state == AccountState.REQUESTED
    verb = AccountVerb.ACCEPT if accepted else None
    return Result(verb, why if accepted else None, columns | later)


def _again(row: Row, why: str, at: datetime, columns: dict[str, object]) -> Result:
    attempts = row.attempts + 1
    if attempts >= _GIVEN_UP:
        cause = told(
            msgid("no clear answer after {count} {count:attempt|attempts}: {why}"),
            count=attempts,
            why=why,
        )
        return Result(AccountVerb.BLOCK, cause, columns)
    later = {"attempts": attempts, "due_at": at + _pause(row.attempts)}
    return Result(None, None, columns | later)


def _pause(attempts: int) -> timedelta:
    return min(LONGEST_LOOK, _FIRST_LOOK * 1.6 ** min(attempts, 30))
